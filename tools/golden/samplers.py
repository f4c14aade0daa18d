# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1", "scipy==1.17.1",
# ]
# ///
"""What k-diffusion and diffusers make of two small models with the plainest samplers.

    python tools/golden/samplers.py > tests/golden/samplers.h

Three ways of the references are undone here, so that one rule is compared and not its surroundings:
  - k-diffusion's Euler, Heun and DPM2 draw a tensor at every step and throw it away where churn
    is off: the draw is made only where it is used;
  - diffusers' DDIM, DDPM and DPMSolverMultistep hold x / sqrt(1 + sigma^2): results are divided
    back;
  - diffusers' DDIM takes t - T // n for the next time whatever the spacing, so it walks "leading";
    its own way on "linspace" is asked for by as_published.
"""
import math

import diffusers

from walks import (MODELS, TRAINED, draws_where_used, karras, kd, keep, show_all, spaced_in_t,
                   start)

NAMES = {"s_churn": "churn", "s_tmin": "noise_min", "s_tmax": "noise_max"}


def in_c(kind, options):
    """The options of a call as sampler_options has them."""
    o = {"eta": 1} if kind in ("euler_ancestral", "ddpm") else {}
    o.update({NAMES.get(k, k): v for k, v in options.items()})
    if o.pop("variance", "fixed_small") == "fixed_large":
        o["variance"] = "SAMPLER_FIXED_LARGE"
    if kind == "lms":
        o["as_published"] = True  # the curve is drawn on to 0
    return o


def k_diffusion(kind, model, sigmas, seed=11, **options):
    x = start(sigmas[0], seed)
    denoise = lambda x, sigma: MODELS[model](x, sigma[0].item())
    low, high = options.get("s_tmin", 0), options.get("s_tmax", math.inf)
    used = [kind == "euler_ancestral" or (options.get("s_churn", 0) > 0 and low <= s <= high)
            for s in sigmas[:-1]]
    with draws_where_used(used):
        x = getattr(kd, "sample_" + kind)(denoise, x, sigmas, disable=True, **options)
    keep("k-diffusion", kind, model, sigmas, seed, x, **in_c(kind, options))


def ve(scheduler, kind, model, n, seed=12, first=0, **options):
    """The classes of diffusers that hold x = x0 + sigma eps."""
    scheduler.set_timesteps(n)
    asked = scheduler.sigmas.clone()
    walk = [float(asked[0])] + [float(s) for s in asked[1:]]
    if kind in ("heun", "dpm_2"):
        walk = [s for i, s in enumerate(walk) if i == 0 or s != walk[i - 1]]
    if kind == "dpm_2":
        asked[1::2] = scheduler.sigmas_interpol[1::2][: len(asked[1::2])]
    scheduler.set_begin_index(first)
    x = start(asked[first], seed)
    for i, t in enumerate(scheduler.timesteps[first:], first):
        sigma = asked[i].item()
        scheduler.scale_model_input(x, t)
        eps = (x - MODELS[model](x, sigma)) / sigma
        x = scheduler.step(eps, t, x).prev_sample
    keep("diffusers", kind, model, walk[first:], seed, x, **in_c(kind, options))


def vp(scheduler, kind, model, n, seed=13, first=0, **options):
    """The classes that hold sqrt(abar) x0 + sqrt(1 - abar) eps."""
    scheduler.set_timesteps(n)
    times = scheduler.timesteps[first:]
    if kind == "dpmpp_2m":
        walk = [s.item() for s in scheduler.sigmas[first:]]
        scheduler.set_begin_index(first)
    else:
        abar = [scheduler.alphas_cumprod[t].item() for t in times]
        last = scheduler.config.get("set_alpha_to_one", True)
        abar.append(1.0 if last else scheduler.alphas_cumprod[0].item())
        walk = [math.sqrt((1 - a) / a) for a in abar]
    call = {"eta": options["eta"]} if "eta" in options else {}
    if kind == "ddim" and options.get("cut") == "CUT":
        call["use_clipped_model_output"] = True
    grow = [math.sqrt(1 + s * s) for s in walk]
    x = start(walk[0], seed) / grow[0]
    for t, sigma, g in zip(times, walk, grow):
        x0 = MODELS[model](x * g, sigma)
        eps = (x * g - x0) / sigma
        x = scheduler.step(eps, t, x, **call).prev_sample
    keep("diffusers", kind, model, walk, seed, x * grow[-1], **in_c(kind, options))


def all_of_k_diffusion():
    for kind in ("euler", "euler_ancestral", "heun", "dpm_2", "lms", "dpmpp_2m"):
        for n in (1, 2, 3):
            k_diffusion(kind, "bells", karras(n))
        for model in MODELS:
            k_diffusion(kind, model, karras(7))
        k_diffusion(kind, "bells", spaced_in_t(7))
        k_diffusion(kind, "bells", karras(7)[3:])
    for kind in ("euler", "heun", "dpm_2"):
        k_diffusion(kind, "line", karras(7), s_churn=2.0, s_noise=1.003)
        k_diffusion(kind, "bells", karras(7), s_churn=40.0, s_tmin=0.3, s_tmax=5.0)
    for eta in (0.0, 0.5):
        k_diffusion("euler_ancestral", "bells", karras(7), eta=eta, s_noise=0.9)
    for order in (1, 2, 3):
        k_diffusion("lms", "bells", karras(7), order=order)


def all_of_diffusers():
    d = diffusers
    for cls, kind in ((d.EulerDiscreteScheduler, "euler"),
                      (d.EulerAncestralDiscreteScheduler, "euler_ancestral"),
                      (d.HeunDiscreteScheduler, "heun"), (d.KDPM2DiscreteScheduler, "dpm_2"),
                      (d.LMSDiscreteScheduler, "lms")):
        make = lambda **more: cls(**TRAINED, timestep_spacing="linspace", **more)
        for n in (2, 3, 7):
            ve(make(), kind, "bells", n)
        ve(make(), kind, "line", 7)
        if kind != "euler_ancestral":
            ve(make(use_karras_sigmas=True), kind, "bells", 7)
        if kind in ("euler", "euler_ancestral"):
            ve(make(), kind, "bells", 7, first=4)
    make = lambda **more: d.DPMSolverMultistepScheduler(
        **TRAINED, timestep_spacing="linspace", solver_order=2, solver_type="midpoint",
        algorithm_type="dpmsolver++", **more)
    for n in (2, 3, 7):
        vp(make(), "dpmpp_2m", "bells", n)
    vp(make(), "dpmpp_2m", "line", 7)
    vp(make(use_karras_sigmas=True), "dpmpp_2m", "bells", 7)
    vp(make(), "dpmpp_2m", "bells", 7, first=4)

    make = lambda **more: d.DDIMScheduler(**TRAINED, clip_sample=False, **more)
    for eta in (0.0, 0.5, 1.0):
        for n in (1, 2, 3, 7):
            vp(make(), "ddim", "bells", n, eta=eta)
        vp(make(), "ddim", "line", 7, eta=eta)
        vp(make(), "ddim", "bells", 7, eta=eta, first=3)
        vp(make(set_alpha_to_one=False, steps_offset=1), "ddim", "bells", 7, eta=eta)
    make = lambda: d.DDIMScheduler(**TRAINED, clip_sample=False, timestep_spacing="linspace")
    for eta in (0.0, 0.5):
        for n in (2, 3, 10):
            vp(make(), "ddim", "bells", n, eta=eta, as_published=True)
        vp(make(), "ddim", "line", 7, eta=eta, as_published=True)
    # What is cut is x0; whether the noise is worked out again from it is the other question.
    make = lambda **more: d.DDIMScheduler(**TRAINED, clip_sample_range=0.8, **more)
    for eta in (0.0, 0.7):
        vp(make(clip_sample=True), "ddim", "line", 7, eta=eta, cut="CUT_KEEP")
        vp(make(clip_sample=True), "ddim", "line", 7, eta=eta, cut="CUT")
        vp(make(clip_sample=False, thresholding=True, dynamic_thresholding_ratio=0.9,
                sample_max_value=1.05), "ddim", "line", 7, eta=eta, cut="CUT_DYNAMIC")
    make = lambda: d.DDPMScheduler(**TRAINED, clip_sample=True, clip_sample_range=0.8)
    vp(make(), "ddpm", "line", 7, cut="CUT")
    for variance in ("fixed_small", "fixed_large"):
        make = lambda: d.DDPMScheduler(**TRAINED, clip_sample=False, variance_type=variance)
        for n in (1, 2, 3, 7, 50):
            vp(make(), "ddpm", "bells", n, variance=variance)
        vp(make(), "ddpm", "line", 7, variance=variance)


all_of_k_diffusion()
all_of_diffusers()
show_all("samplers")
