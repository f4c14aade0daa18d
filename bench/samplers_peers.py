# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1"]
# ///
"""Microseconds of one step of diffusers' and k-diffusion's samplers, for bench/bench_samplers.c.

Prints lines `kind program microseconds`. The latent is [1, 4, 64, 64] in float32; the model gives
back one tensor, so its cost is none. diffusers: scheduler.step() alone. k-diffusion: a whole walk
of 50 steps, divided. The best of 7 rounds counts.
"""
import sys
import time
import types

import diffusers
import torch

sys.modules["clip"] = types.ModuleType("clip")
from k_diffusion import sampling as kd  # noqa: E402

STEPS, ROUNDS = 50, 7
TRAINED = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
torch.manual_seed(1)
x0, start = torch.randn(1, 4, 64, 64), 14 * torch.randn(1, 4, 64, 64)


def best(work):
    return min(work() for _ in range(ROUNDS))


def of_diffusers(make, **call):
    def work():
        scheduler, x, spent = make(), start, 0.0
        scheduler.set_timesteps(STEPS)
        for t in scheduler.timesteps:
            scheduler.scale_model_input(x, t)
            begin = time.perf_counter()
            x = scheduler.step(x0, t, x, **call).prev_sample
            spent += time.perf_counter() - begin
        return 1e6 * spent / STEPS  # Heun and DPM2 call twice a step

    return best(work)


def of_k_diffusion(name, **call):
    sigmas = kd.get_sigmas_karras(STEPS, 0.03, 14.6)

    def work():
        begin = time.perf_counter()
        getattr(kd, "sample_" + name)(lambda x, sigma: x0, start, sigmas, disable=True, **call)
        return 1e6 * (time.perf_counter() - begin) / STEPS

    return best(work)


d = diffusers
fresh = lambda a, b: torch.randn_like(start)
with torch.no_grad():
    for kind, cls in (("euler", d.EulerDiscreteScheduler),
                      ("euler_ancestral", d.EulerAncestralDiscreteScheduler),
                      ("heun", d.HeunDiscreteScheduler), ("dpm_2", d.KDPM2DiscreteScheduler),
                      ("ddim", d.DDIMScheduler), ("ddpm", d.DDPMScheduler),
                      ("lms", d.LMSDiscreteScheduler), ("dpmpp_2m", d.DPMSolverMultistepScheduler),
                      ("deis", d.DEISMultistepScheduler), ("uni_pc", d.UniPCMultistepScheduler)):
        print(kind, "diffusers", "%.2f" % of_diffusers(lambda: cls(**TRAINED)), flush=True)
    for kind in ("euler", "euler_ancestral", "heun", "dpm_2", "lms", "dpmpp_2m"):
        print(kind, "k-diffusion", "%.2f" % of_k_diffusion(kind), flush=True)
    for kind in ("dpmpp_2m_sde", "dpmpp_sde"):
        print(kind, "k-diffusion", "%.2f" % of_k_diffusion(kind, noise_sampler=fresh), flush=True)
