# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1", "scipy==1.17.1",
# ]
# ///
"""What k-diffusion and diffusers make of two small models with samplers that ask more than once.

    python tools/golden/single.py > tests/golden/single.h

What is undone here, so that one rule is compared and not its surroundings:
  - DPM++ SDE draws from a Brownian tree: both programs are given a source that calls randn;
  - DPM fast holds t in float32, which moves its sizes by up to 1e-5: here t is float64, and pictures
    are float32 as always;
  - diffusers' DPMSolverSinglestep holds x / sqrt(1 + sigma^2): results are divided back; in the
    middle of a list it begins where a block does.
"""
import contextlib
import math

import diffusers
import torch

from walks import MODELS, TRAINED, karras, kd, keep, show_all, spaced_in_t, start

def randn(x):
    return lambda sigma, sigma_next: torch.randn_like(x)


@contextlib.contextmanager
def double_scalars():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def denoiser(model):
    return lambda x, sigma: MODELS[model](x, sigma[0].item())


def k_diffusion(kind, model, sigmas, seed=21, **options):
    x = start(sigmas[0], seed)
    x = getattr(kd, "sample_" + kind)(denoiser(model), x, sigmas, disable=True,
                                      noise_sampler=randn(x), **options)
    keep("k-diffusion", kind, model, sigmas, seed, x, **{"eta": 1.0, **options})


def all_of_k_diffusion():
    for kind in ("dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_sde"):
        for n in (1, 2, 3):
            k_diffusion(kind, "bells", karras(n))
        for model in MODELS:
            k_diffusion(kind, model, karras(7))
        k_diffusion(kind, "bells", spaced_in_t(7))
        k_diffusion(kind, "bells", kd.get_sigmas_exponential(6, 0.1, 10.0))
        k_diffusion(kind, "bells", karras(7)[3:])
        for eta in (0.0, 0.5):
            k_diffusion(kind, "bells", karras(7), eta=eta, s_noise=0.9)
    for r in (1 / 3, 0.75, 1.0):
        k_diffusion("dpmpp_sde", "bells", karras(7), r=r)


# ---- DPM fast: a list, and DPM-Solver singlestep on it ----


def fast_list(n, high, low):
    m = n // 3 + 1
    orders = [3] * (m - 2) + [2, 1] if n % 3 == 0 else [3] * (m - 1) + [n % 3]
    at = [b + j / k for b, k in enumerate(orders) for j in range(k)] + [m]
    return [high * (low / high) ** (u / m) for u in at]


def dpm_fast(model, n, high, low, seed=22, **options):
    walk = fast_list(n, high, low)
    x = start(high, seed)
    with double_scalars():
        x = kd.sample_dpm_fast(denoiser(model), x, low, high, n, disable=True, **options)
    keep("k-diffusion", "dpm_solver_singlestep", model, walk, seed, x, order=3,
         noise_prediction=True, **options)


def all_fast():
    for n in (1, 2, 3, 4, 5, 6, 20):
        dpm_fast("bells", n, 10.0, 0.1)
        dpm_fast("bells", n, 10.0, 0.1, eta=1.0)
    for model in MODELS:
        dpm_fast(model, 7, 14.6146, 0.0292)
        dpm_fast(model, 9, 14.6146, 0.0292, eta=0.5, s_noise=0.9)


# ---- diffusers ----


def singlestep(model, n, seed=24, first=0, use_karras_sigmas=False, **options):
    eta, form = options.get("eta", 0), options.get("form", "midpoint")
    noise = options.get("noise_prediction", False)
    scheduler = diffusers.DPMSolverSinglestepScheduler(
        **TRAINED, solver_order=options["order"], solver_type=form,
        algorithm_type="dpmsolver" if noise else "sde-dpmsolver++" if eta else "dpmsolver++",
        final_sigmas_type="sigma_min" if options.pop("to_min", noise) else "zero",
        lower_order_final=not options.get("keep_order", False),
        use_karras_sigmas=use_karras_sigmas)
    scheduler.set_timesteps(n)
    scheduler.set_begin_index(first)
    walk = [s.item() for s in scheduler.sigmas[first:]]
    grow = [math.sqrt(1 + s * s) for s in walk]
    x = start(walk[0], seed) / grow[0]
    for t, sigma, g in zip(scheduler.timesteps[first:], walk, grow):
        eps = (x * g - MODELS[model](x * g, sigma)) / sigma
        x = scheduler.step(eps, t, x).prev_sample
    options["form"] = "SAMPLER_" + form.upper()
    if options["order"] == 3 and form == "heun" and eta:
        options["as_published"] = True  # the sign
    keep("diffusers", "dpm_solver_singlestep", model, walk, seed, x * grow[-1], **options)


def all_singlestep():
    for order in (1, 2, 3):
        for n in (1, 2, 3, 4, 5, 6, 7):
            singlestep("bells", n, order=order)
        for form in ("midpoint", "heun"):
            for model in MODELS:
                singlestep(model, 7, order=order, form=form)
                singlestep(model, 8, order=order, form=form, eta=1.0)
                singlestep(model, 9, order=order, form=form, noise_prediction=True)
            singlestep("bells", 6, order=order, form=form, noise_prediction=True, keep_order=True)
            singlestep("bells", 6, order=order, form=form, to_min=True, keep_order=True)
        singlestep("bells", 7, order=order, use_karras_sigmas=True)
        singlestep("bells", 9, order=order, first=order + 3 - 3 % order)


def two_calls(cls, kind, model, n, seed=25, first=0, **options):
    """The classes that make a step in two calls and hold x = x0 + sigma eps."""
    scheduler = cls(**TRAINED, timestep_spacing="linspace", **options)
    scheduler.set_timesteps(n)
    scheduler.set_begin_index(2 * first)
    sizes = [s.item() for s in scheduler.sigmas]
    walk = [s for i, s in enumerate(sizes) if i == 0 or s != sizes[i - 1]]
    x = start(walk[first], seed)
    if kind == "dpmpp_sde":
        scheduler.noise_sampler = randn(x)
    for t in scheduler.timesteps[2 * first:]:
        scheduler.scale_model_input(x, t)
        if scheduler.state_in_first_order:
            sigma = scheduler.sigmas[scheduler.step_index].item()
        elif kind == "dpmpp_sde":
            sigma = scheduler.mid_point_sigma.item()
        else:
            sigma = scheduler.sigmas_interpol[scheduler.step_index - 1].item()
        eps = (x - MODELS[model](x, sigma)) / sigma
        x = scheduler.step(eps, t, x).prev_sample
    keep("diffusers", kind, model, walk[first:], seed, x, eta=1.0)


def all_two_calls():
    for cls, kind in ((diffusers.KDPM2AncestralDiscreteScheduler, "dpm_2_ancestral"),
                      (diffusers.DPMSolverSDEScheduler, "dpmpp_sde")):
        for n in (3, 7):  # in 2 steps next^2 / sigma has no digits left as a difference of float32
            two_calls(cls, kind, "bells", n)
        two_calls(cls, kind, "line", 7)
        two_calls(cls, kind, "bells", 7, use_karras_sigmas=True)
        two_calls(cls, kind, "bells", 7, first=4)


def law_of_dpm_solver_sde(count=40000):
    """Where count numbers end on diffusers' own Brownian tree: means of x, |x|, x^2 and x^4, with
    their standard errors."""
    scheduler = diffusers.DPMSolverSDEScheduler(**TRAINED, noise_sampler_seed=7)
    scheduler.set_timesteps(8)
    sizes = [s.item() for s in scheduler.sigmas]
    torch.manual_seed(26)
    x = torch.randn(1, 1, 1, count) * sizes[0]
    for t in scheduler.timesteps:
        scheduler.scale_model_input(x, t)
        first = scheduler.state_in_first_order
        sigma = (scheduler.sigmas[scheduler.step_index] if first else scheduler.mid_point_sigma)
        eps = (x - MODELS["bells"](x, sigma.item())) / sigma.item()
        x = scheduler.step(eps, t, x).prev_sample
    walk = [s for i, s in enumerate(sizes) if i == 0 or s != sizes[i - 1]]
    x = x.double()
    features = [x, x.abs(), x**2, x**4]
    rows = ["{%.9g, %.9g}" % (f.mean(), f.std() / count**0.5) for f in features]
    return """
/* DPMSolverSDEScheduler on a Brownian tree, two bells: the list, and of %d numbers the means of x,
 * |x|, x^2, x^4 with their standard errors. */
static const double golden_sde_list[] = {%s};
static const double golden_sde_law[4][2] = {%s};
""" % (count, ", ".join("%.17g" % s for s in walk), ", ".join(rows))


all_of_k_diffusion()
all_fast()
all_singlestep()
all_two_calls()
show_all("single", law_of_dpm_solver_sde())
