# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1", "scipy==1.17.1",
# ]
# ///
"""What k-diffusion and diffusers make of two small models with the multistep DPM-Solvers.

    python tools/golden/dpm.py > tests/golden/dpm.h

What belongs to the surroundings is undone:
  - DPMSolverMultistepScheduler holds x / sqrt(1 + sigma^2), or (1 - sigma) x0 + sigma eps for a
    flow: results are divided back; it has eta 0 or 1 and nothing between;
  - it counts all steps of its list when it asks whether a walk is short, ours those that are walked;
  - a list of its own kind that has its smallest size twice (final_sigmas_type="sigma_min") ends with
    a step that stands still, of order 1: it is left out;
  - k-diffusion's and the cosine scheduler's noise comes from torch.randn_like, not from a path.
"""
import diffusers
import torch

from walks import MODELS, TRAINED, karras, kd, keep, show_all, spaced_in_t, start


def k_diffusion(kind, model, sigmas, seed=21, solver_type=None, **options):
    x = start(sigmas[0], seed)
    denoise = lambda x, sigma: MODELS[model](x, sigma[0].item())
    call = {"solver_type": solver_type} if solver_type else {}
    x = getattr(kd, "sample_" + kind)(denoise, x, sigmas, disable=True, **call, **options,
                                      noise_sampler=lambda a, b: torch.randn_like(x))
    o = {"eta": 1, **options}
    if solver_type == "heun":
        o["form"] = "SAMPLER_HEUN"
    if kind == "dpmpp_3m_sde":
        o["as_published"] = True
    keep("k-diffusion", kind, model, sigmas, seed, x, **o)


def in_c(config, full, walked):
    """Their configuration as sampler_options has it."""
    c = dict(config)
    o = {"order": c["solver_order"]}
    algorithm = c.get("algorithm_type", "sde-dpmsolver++")
    if algorithm.startswith("sde"):
        o["eta"] = 1
    if not algorithm.endswith("++"):
        o["noise_prediction"] = True
    if c["solver_type"] == "heun":
        o["form"] = "SAMPLER_HEUN"
    if c["solver_order"] == 3:
        o["as_published"] = True
    if c["euler_at_final"]:
        o["euler_last"] = True
    if not c["lower_order_final"] or (full >= 15 > walked):
        o["keep_order"] = True
    return o


def multistep(model, n, seed=22, first=0, **more):
    more = {"timestep_spacing": "linspace", **more}
    if not more.get("algorithm_type", "++").endswith("++"):
        more["final_sigmas_type"] = "sigma_min"
    scheduler = diffusers.DPMSolverMultistepScheduler(**TRAINED, **more)
    scheduler.set_timesteps(n)
    scheduler.set_begin_index(first)
    flow = model == "flow"
    walk = [s.item() for s in scheduler.sigmas[first:]]
    grow = [1.0 if flow else (1 + s * s) ** 0.5 for s in walk]
    x = start(walk[0], seed) / grow[0]
    for t, sigma, g in zip(scheduler.timesteps[first:], walk, grow):
        x0 = MODELS["bells" if flow else model](x * g, sigma)
        out = (x - (1 - sigma) * x0) / sigma if flow else (x * g - x0) / sigma
        x = scheduler.step(out, t, x).prev_sample
    o = in_c(scheduler.config, len(scheduler.timesteps), len(walk) - 1)
    if walk[-1] == walk[-2]:
        walk.pop()
        o["keep_order"] = True
    keep("diffusers", "dpm_solver_multistep", model, walk, seed, x * grow[-1], **o)


def edm(cls, model, n, seed=23, **more):
    """The two classes that hold x = x0 + sigma eps; the network's answer is undone to be ours."""
    scheduler = cls(sigma_min=0.05, sigma_max=20.0, **more)
    scheduler.set_timesteps(n)
    walk = [s.item() for s in scheduler.sigmas]
    x = start(walk[0], seed)
    scheduler.noise_sampler = lambda a, b: torch.randn_like(x)
    scheduler.convert_model_output = lambda output, sample: output
    for t, sigma in zip(scheduler.timesteps, walk):
        x = scheduler.step(MODELS[model](x, sigma), t, x).prev_sample
    keep("diffusers", "dpm_solver_multistep", model, walk, seed, x,
         **in_c(scheduler.config, n, n))


def all_of_k_diffusion():
    exponential = kd.get_sigmas_exponential(9, 0.05, 20.0)
    for kind, forms in (("dpmpp_2m_sde", ("midpoint", "heun")), ("dpmpp_3m_sde", (None,))):
        for form in forms:
            for eta in (0.0, 0.5, 1.0):
                k_diffusion(kind, "bells", karras(7), eta=eta, solver_type=form)
            for n in (2, 3):  # with n = 1 it stops with an error: h is not set
                k_diffusion(kind, "bells", karras(n), solver_type=form)
            k_diffusion(kind, "line", karras(7), solver_type=form)
            k_diffusion(kind, "bells", spaced_in_t(7), solver_type=form)
            k_diffusion(kind, "line", exponential, solver_type=form, s_noise=0.9)
            k_diffusion(kind, "bells", exponential[4:], solver_type=form)


def all_of_diffusers():
    for algorithm in ("dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver"):
        for order in (1, 2, 3):
            if algorithm == "sde-dpmsolver" and order == 3:
                continue  # the class has no such rule and stops with an error
            for form in ("midpoint", "heun")[: 2 if order == 2 else 1]:
                how = dict(algorithm_type=algorithm, solver_order=order, solver_type=form)
                for n in (1, 2, 3, 7):
                    multistep("bells", n, **how)
                multistep("line", 7, **how)
                multistep("bells", 17, **how)
        how = dict(algorithm_type=algorithm, solver_order=3 if algorithm.endswith("++") else 2)
        multistep("bells", 7, use_karras_sigmas=True, **how)
        multistep("line", 7, use_lu_lambdas=True, **how)
        multistep("bells", 8, use_exponential_sigmas=True, **how)
        if algorithm == "dpmsolver":
            how["solver_order"] = 3
        multistep("bells", 7, lower_order_final=False, **how)
        multistep("bells", 17, final_sigmas_type="sigma_min", euler_at_final=True, **how)
        multistep("bells", 9, first=4, **how)
        multistep("bells", 17, first=9, **how)
    multistep("bells", 7, solver_order=3, final_sigmas_type="sigma_min", lower_order_final=False)
    multistep("bells", 7, solver_order=2, timestep_spacing="trailing")
    for algorithm in ("dpmsolver++", "dpmsolver"):
        for order in (2, 3):
            multistep("flow", 8, solver_order=order, use_flow_sigmas=True, algorithm_type=algorithm)
    for algorithm in ("dpmsolver++", "sde-dpmsolver++"):
        for order in (1, 2) if algorithm.startswith("sde") else (1, 2, 3):
            edm(diffusers.EDMDPMSolverMultistepScheduler, "bells", 7, algorithm_type=algorithm,
                solver_order=order)
    edm(diffusers.EDMDPMSolverMultistepScheduler, "line", 16, sigma_schedule="exponential",
        solver_order=2, solver_type="heun")
    for order in (1, 2):
        edm(diffusers.CosineDPMSolverMultistepScheduler, "bells", 7, solver_order=order)
    edm(diffusers.CosineDPMSolverMultistepScheduler, "line", 16, solver_order=2, solver_type="heun")


all_of_k_diffusion()
all_of_diffusers()
show_all("dpm")
