# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1", "scipy==1.17.1",
# ]
# ///
"""What k-diffusion and diffusers make of two small models, for tests/test_samplers_golden.c.

    python tools/golden/samplers.py > tests/golden/samplers.h

Every case starts from sigma[0] * torch.randn(3, 2, 5, 3) of a seed, and later noise goes on with
the same generator. Three ways of the references are undone here, so that one rule is compared and not
its surroundings:
  - k-diffusion's Euler, Heun and DPM2 draw a tensor at every step and throw it away where churn
    is off: the draw is made only where it is used;
  - diffusers' DDIM, DDPM and DPMSolverMultistep hold x / sqrt(1 + sigma^2): results are divided
    back;
  - diffusers' DDIM takes t - T // n for the next time whatever the spacing, so it walks "leading".
"""
import contextlib
import math
import sys
import types

import diffusers
import torch

sys.modules["clip"] = types.ModuleType("clip")  # k-diffusion imports it for scores not used here
from k_diffusion import sampling as kd  # noqa: E402

SHAPE = (3, 2, 5, 3)  # n, c, h, w: 3 pictures of 5 rows, 3 columns, 2 channels
TRAINED = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def line(x, sigma):
    """One bell N(0.5, 0.6^2): linear in x."""
    v = 0.36 + sigma * sigma
    return (0.5 * sigma * sigma / v) + x * (0.36 / v)


def bells(x, sigma):
    """Two bells at -1 and 1 of width 0.3, number by number."""
    v = 0.09 + sigma * sigma
    return torch.tanh(x * (1 / v)) * (sigma * sigma / v) + x * (0.09 / v)


MODELS = {"line": line, "bells": bells}
CASES = []


def start(sigma, seed):
    torch.manual_seed(seed)
    return torch.randn(SHAPE) * sigma


def keep(source, kind, model, sigmas, seed, x, **options):
    CASES.append((source, kind, model, [float(s) for s in sigmas], seed, x, options))


@contextlib.contextmanager
def draws_where_used(used):
    """torch.randn_like as the samplers call it, but silent where the result is not used."""
    real, at = torch.randn_like, iter(used)
    torch.randn_like = lambda x: real(x) if next(at) else torch.zeros_like(x)
    try:
        yield
    finally:
        torch.randn_like = real


def k_diffusion(kind, model, sigmas, seed=11, **options):
    x = start(sigmas[0], seed)
    denoise = lambda x, sigma: MODELS[model](x, sigma[0].item())
    low, high = options.get("s_tmin", 0), options.get("s_tmax", math.inf)
    used = [kind == "euler_ancestral" or (options.get("s_churn", 0) > 0 and low <= s <= high)
            for s in sigmas[:-1]]
    with draws_where_used(used):
        x = getattr(kd, "sample_" + kind)(denoise, x, sigmas, disable=True, **options)
    keep("k-diffusion", kind, model, sigmas, seed, x, **options)


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
    keep("diffusers", kind, model, walk[first:], seed, x, **options)


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
    keep("diffusers", kind, model, walk, seed, x * grow[-1], **options)


def karras(n):
    return kd.get_sigmas_karras(n, 0.1, 10.0)


def spaced_in_t(n):
    scheduler = diffusers.EulerDiscreteScheduler(**TRAINED, timestep_spacing="linspace")
    scheduler.set_timesteps(n)
    return scheduler.sigmas


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


NAMES = {"s_churn": "churn", "s_tmin": "churn_min", "s_tmax": "churn_max"}


def options_in_c(kind, options):
    """All options, so that the test needs none of its own defaults."""
    o = {"eta": 1 if kind in ("euler_ancestral", "ddpm") else 0, "s_noise": 1}
    o.update({NAMES.get(k, k): v for k, v in options.items()})
    large = o.pop("variance", "fixed_small") == "fixed_large"
    words = [".%s = %.17g" % (k, v) for k, v in o.items() if v]
    words += [] if "churn_max" in o else [".churn_max = HUGE_VAL"]
    words += [".variance = SAMPLER_FIXED_LARGE"] if large else []
    words += [".as_published = true"] if kind == "lms" else []  # the curve is drawn on to 0
    return ", ".join(words)


def lines(numbers, fmt, per_line):
    for i in range(0, len(numbers), per_line):
        print("  " + " ".join(fmt % v + "," for v in numbers[i : i + per_line]))


def show(case):
    source, kind, model, sigmas, seed, x, options = case
    cut = options.pop("cut", "CUT_NOT")
    print('{"%s", "%s", "%s", %s, %d, %d,\n {%s},\n (const double[]){'
          % (source, kind, model, cut, seed, len(sigmas) - 1, options_in_c(kind, options)))
    lines(sigmas, "%.17g", 4)
    print(" }, {")
    lines(x.flatten().tolist(), "%.9g", 6)
    print(" }},")


print("""/* Written by tools/golden/samplers.py with torch %s, diffusers %s and
 * k-diffusion 0.1.1.post1. Do not edit. Numbers are in the field's order [n, c, h, w]. */
#ifndef GOLDEN_SAMPLERS_H
#define GOLDEN_SAMPLERS_H
#include "diffusion/sampler.h"
#include <math.h>

enum { GOLDEN_N = 3, GOLDEN_H = 5, GOLDEN_W = 3, GOLDEN_C = 2, GOLDEN_COUNT = 90 };

/* x0 cut to [-0.8, 0.8], noise from the cut x0 or the uncut (KEEP); dynamic: share 0.9, limit 1.05,
 * noise from the uncut */
typedef enum { CUT_NOT, CUT, CUT_KEEP, CUT_DYNAMIC } golden_cut;

typedef struct {
    const char *source, *kind, *model;
    golden_cut cut;
    unsigned seed;
    int n;
    sampler_options options;
    const double *sigma;     /* [n + 1] */
    double x[GOLDEN_COUNT];
} golden_walk;

/* clang-format off */
static const golden_walk golden_walks[] = {""" % (torch.__version__.split("+")[0],
                                                 diffusers.__version__))
torch.set_num_threads(1)
all_of_k_diffusion()
all_of_diffusers()
for case in CASES:
    show(case)
print("};\n/* clang-format on */\n\n#endif")
