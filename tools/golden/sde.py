# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1", "scipy==1.17.1",
# ]
# ///
"""What diffusers makes of two small models with the samplers of the SDE, of consistency models, and
with a learned variance.

    python tools/golden/sde.py > tests/golden/sde.h

What is undone here, so that one rule is compared and not its surroundings:
  - ScoreSdeVe asks the network at a sigma beside the one that it steps from (1e-5 of t apart): the
    model is told the latter; its lists may be put in its place;
  - LCM and CM mix the network's word with x before they step: the model says the word that makes
    x0 of it;
  - classes that hold x / sqrt(1 + sigma^2): results are divided back;
  - KarrasVe draws a tensor at every step and multiplies it by 0 where churn is off: the draw is made
    only where it is used. Its list is sigma^2 where the paper has sigma; nothing is undone there.
"""
import contextlib
import math

import diffusers
import torch
from diffusers.schedulers.deprecated import scheduling_karras_ve, scheduling_sde_vp

from walks import MODELS, TRAINED, karras, keep, show_all, spaced_in_t, start

LARGE = "SAMPLER_FIXED_LARGE"


def grow(sigma):
    return math.sqrt(1 + sigma * sigma)


def ve(model, n, sigmas=None, first=0, correct=0, snr=0.15, seed=21):
    s = diffusers.ScoreSdeVeScheduler(sigma_min=0.1, sigma_max=10.0, snr=snr, correct_steps=correct)
    s.set_timesteps(n)
    s.set_sigmas(n)
    if sigmas is not None:
        s.discrete_sigmas = sigmas[:-1].flip(0)
    walk = s.discrete_sigmas.flip(0).tolist()[first:]
    x = start(walk[0], seed)
    for t, sigma in zip(s.timesteps[first:], walk):
        score = lambda: (MODELS[model](x, sigma) - x) / sigma ** 2
        for _ in range(correct):
            x = s.step_correct(score(), x).prev_sample
        out = s.step_pred(score(), t, x)
        x = out.prev_sample
    o = {"correct": correct, "snr": snr if correct else 0, "as_published": correct > 0}
    keep("diffusers", "score_sde_ve", model, walk + [0], seed, out.prev_sample_mean, eta=1, **o)


def vp(model, n, times=None, seed=22):
    s = scheduling_sde_vp.ScoreSdeVpScheduler()
    s.set_timesteps(n)
    if times is not None:
        s.timesteps = times
    walk = [math.sqrt(math.expm1(t * t * 19.9 / 2 + t * 0.1)) for t in s.timesteps.tolist()]
    x = start(walk[0], seed) / grow(walk[0])
    for t, sigma in zip(s.timesteps, walk):
        noisy = x * grow(sigma)
        x, mean = s.step_pred((noisy - MODELS[model](noisy, sigma)) / sigma, x, t)
    keep("diffusers", "score_sde_vp", model, walk + [0], seed, mean, eta=1,
         form="SAMPLER_EULER_MARUYAMA", as_published=True)


@contextlib.contextmanager
def normal_where_used(module, used):
    real, at = module.randn_tensor, iter(used)
    module.randn_tensor = lambda *a, **k: real(*a, **k) if next(at) else torch.zeros(a[0])
    try:
        yield
    finally:
        module.randn_tensor = real


def karras_ve(model, n, first=0, churn=80.0, s_noise=1.007, low=0.05, high=50.0, seed=23):
    s = scheduling_karras_ve.KarrasVeScheduler(0.3, 3.2, s_noise, churn, low, high)
    s.set_timesteps(n)
    walk = s.schedule.flip(0).tolist()[first:] + [0.0]
    x = start(walk[0], seed)
    with normal_where_used(scheduling_karras_ve, [low <= w <= high for w in walk]):
        for sigma, following in zip(walk, walk[1:]):
            residual = lambda x, sigma: (MODELS[model](x, float(sigma)) - x) / sigma
            x, hat = s.add_noise_to_input(x, torch.tensor(sigma))
            out = s.step(residual(x, hat), hat, following, x)
            if following:
                out = s.step_correct(residual(out.prev_sample, following), hat, following, x,
                                     out.prev_sample, out.derivative)
            x = out.prev_sample
    keep("diffusers", "heun", model, walk, seed, x, churn=churn * (n - first) / n, s_noise=s_noise,
         noise_min=low, noise_max=high)


def sigma_of(s, t):
    abar = s.alphas_cumprod[t].item()
    return torch.tensor(math.sqrt((1 - abar) / abar)).item()


def distilled(kind, model, first=0, eta=0.0, seed=24, **timesteps):
    """LCM and TCD, at times out of their 50."""
    cls = {"lcm": diffusers.LCMScheduler, "tcd": diffusers.TCDScheduler}[kind]
    s = cls(**TRAINED, prediction_type="sample")
    s.set_timesteps(**timesteps)
    s.set_begin_index(first)
    times = s.timesteps[first:]
    walk = [sigma_of(s, t) for t in times] + [0.0 if kind == "lcm" else sigma_of(s, 0)]
    x = start(walk[0], seed) / grow(walk[0])
    for t, sigma in zip(times, walk):
        says = MODELS[model](x * grow(sigma), sigma)
        if kind == "lcm":
            skip, out = s.get_scalings_for_boundary_condition_discrete(t)
            says = (says - skip * x) / out
        x = s.step(says, t, x, **({"eta": eta} if kind == "tcd" else {})).prev_sample
    o = {"eta": eta, "as_published": True} if kind == "tcd" else {}
    keep("diffusers", kind, model, walk, seed, x * grow(walk[-1]), **o)


def consistency(model, n=None, low=0.125, high=10.0, first=0, s_noise=1.0, seed=25, **timesteps):
    s = diffusers.CMStochasticIterativeScheduler(sigma_min=low, sigma_max=high, s_noise=s_noise,
                                                 clip_denoised=False)
    s.set_timesteps(n, **timesteps)
    s.set_begin_index(first)
    walk = s.sigmas.tolist()[first:]
    x = start(walk[0], seed)
    for t, sigma in zip(s.timesteps[first:], walk):
        s.scale_model_input(x, t)
        skip, out = s.get_scalings_for_boundary_condition(torch.tensor(sigma))
        x = s.step((MODELS[model](x, sigma) - skip * x) / out, t, x).prev_sample
    keep("diffusers", "consistency", model, walk, seed, x, s_noise=s_noise)


def ddpm(variance, n, in_c, seed=26, first=0, **spacing):
    """The bells, with a place in the range of variances that moves with x0."""
    s = diffusers.DDPMScheduler(**TRAINED, clip_sample=False, variance_type=variance, **spacing)
    s.set_timesteps(n)
    times = s.timesteps[first:]
    walk = [sigma_of(s, t) for t in times] + [0.0]
    if spacing.get("timestep_spacing") == "trailing":
        walk.pop()  # its last time is not 0, and the last step then has noise in it
    x = start(walk[0], seed) / grow(walk[0])
    for t, sigma in zip(times, walk[:-1]):
        x0 = MODELS["bells"](x * grow(sigma), sigma)
        says = (x * grow(sigma) - x0) / sigma
        place = 0.7 * x0
        if variance == "learned":
            place = torch.exp(place)  # diffusers' name for the variance itself
        if variance.startswith("learned"):
            says = torch.cat([says, place], dim=1)
        x = s.step(says, t, x).prev_sample
    if variance == "fixed_large_log":
        assert n == 1 or not torch.isfinite(x).any()  # the root of a logarithm
        return
    model = "unsure" if in_c.startswith("SAMPLER_LEARNED") else "bells"
    keep("diffusers", "ddpm", model, walk, seed, x * grow(walk[-1]), eta=1, variance=in_c)


def sde():
    for n in (1, 2, 3):
        ve("bells", n, correct=1)
        vp("bells", n)
    for model in MODELS:
        for correct in (0, 1, 2):
            ve(model, 7, correct=correct)
        vp(model, 7)
        vp(model, 30)
    ve("bells", 7, snr=0.4, correct=1)
    for sigmas in (karras(7), spaced_in_t(7)):
        ve("bells", 7, sigmas=sigmas)
        ve("bells", 7, sigmas=sigmas, correct=1)
    ve("bells", 7, first=4, correct=1)
    vp("bells", 7, times=torch.linspace(0.5, 0.01, 7))
    vp("bells", 7, times=torch.linspace(1, 0.04, 7) ** 2)
    for n in (2, 3):
        karras_ve("bells", n)
    for model in MODELS:
        karras_ve(model, 7)
        karras_ve(model, 7, churn=2.0, s_noise=1.0)
    karras_ve("bells", 7, churn=0.0)
    karras_ve("bells", 7, low=0.2, high=5.0)
    karras_ve("bells", 7, first=3, churn=2.0)


def few_steps():
    for n in (1, 2, 3, 4, 7):
        distilled("lcm", "bells", num_inference_steps=n)
        consistency("bells", n)
        for eta in (0.0, 0.3, 1.0):
            distilled("tcd", "bells", eta=eta, num_inference_steps=n)
    distilled("lcm", "line", num_inference_steps=7)
    consistency("line", 7)
    consistency("line", 7, s_noise=1.003)
    consistency("bells", 7, first=3)
    consistency("bells", 3, low=2**-9, high=80.0)
    consistency("bells", timesteps=[22, 5, 0])
    for kind, eta in (("lcm", 0.0), ("tcd", 0.3), ("tcd", 0.0), ("tcd", 1.0)):
        distilled(kind, "line", eta=eta, num_inference_steps=7)
        distilled(kind, "bells", eta=eta, num_inference_steps=7, first=3)
        distilled(kind, "bells", eta=eta, num_inference_steps=4, strength=0.5)
        distilled(kind, "bells", eta=eta, timesteps=[999, 759, 499, 259, 19])


def variances():
    for n in (1, 2, 3, 7):
        ddpm("learned_range", n, "SAMPLER_LEARNED_RANGE")
        ddpm("learned", n, "SAMPLER_LEARNED")
        ddpm("fixed_small_log", n, "SAMPLER_FIXED_SMALL")
        ddpm("fixed_large_log", n, LARGE)
    for spacing in ("trailing", "linspace"):
        ddpm("learned_range", 7, "SAMPLER_LEARNED_RANGE", timestep_spacing=spacing)
    ddpm("learned_range", 7, "SAMPLER_LEARNED_RANGE", first=3)
    ddpm("learned_range", 40, "SAMPLER_LEARNED_RANGE")


sde()
few_steps()
variances()
show_all("sde")
