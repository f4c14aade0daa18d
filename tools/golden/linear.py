# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1", "scipy==1.17.1",
# ]
# ///
"""What diffusers makes of two small models with PNDM, iPNDM, DEIS and UniPC.

    python tools/golden/linear.py > tests/golden/linear.h

Undone here:
  - all four hold alpha x, with alpha = 1 / sqrt(1 + sigma^2): results are divided back;
  - PNDM takes t - T // n for the next time whatever the spacing, so it walks "leading", and only
    with an even T // n is its middle the time that the model is asked at; as it has its own list,
    a walk that begins in the middle is one with its first times cut off;
  - iPNDM begins where alpha is 0 and its x is not the picture's any more: one step later here;
  - DEIS and UniPC take any list that is put in the place of their own.
"""
import math

import diffusers
import torch

from walks import MODELS, TRAINED, karras, keep, show_all, spaced_in_t, start


def vp(scheduler, kind, model, walk, calls, seed, **options):
    """A walk in alpha x: `calls` are (t, sigma) of each question."""
    grow = lambda sigma: math.sqrt(1 + sigma * sigma)
    x = start(walk[0], seed) / grow(walk[0])
    for t, sigma in calls:
        x0 = MODELS[model](x * grow(sigma), sigma)
        eps = (x * grow(sigma) - x0) / sigma
        if kind == "ipndm":  # it wants v
            i = scheduler.step_index if scheduler.step_index is not None else scheduler.begin_index
            alpha, noise = scheduler.alphas[i], scheduler.betas[i]
            eps = (eps - x * noise) / alpha
        x = scheduler.step(eps, t, x).prev_sample
    keep("diffusers", kind, model, walk, seed, x * grow(walk[-1]), **options)


def pndm(model, n, seed=21, first=0, plms=False, to_zero=True, **options):
    scheduler = diffusers.PNDMScheduler(**TRAINED, skip_prk_steps=plms, steps_offset=1,
                                        set_alpha_to_one=to_zero)
    scheduler.set_timesteps(n)
    if first:  # the same list, begun later: what set_timesteps does with what is left of it
        scheduler._timesteps = scheduler._timesteps[:-first]
        t = scheduler._timesteps
        half = torch.tensor([0, 1000 // n // 2])
        if plms:
            scheduler.timesteps = torch.tensor([*t[:-1], t[-2], t[-1]]).flip(0)
        else:
            prk = torch.tensor(t[-4:]).repeat_interleave(2) + half.repeat(4)
            scheduler.prk_timesteps = prk[:-1].repeat_interleave(2)[1:-1].flip(0).long()
            scheduler.timesteps = torch.cat([scheduler.prk_timesteps,
                                             torch.tensor(t[:-3]).flip(0).long()])
    at = lambda abar: math.sqrt((1 - abar) / abar)
    sigma = lambda t: at(scheduler.alphas_cumprod[int(t)].item())
    walk = [sigma(t) for t in scheduler._timesteps[::-1]]
    walk.append(0.0 if to_zero else sigma(0))
    if plms:
        options["form"] = "SAMPLER_PLMS"
    vp(scheduler, "pndm", model, walk, [(int(t), sigma(t)) for t in scheduler.timesteps], seed,
       as_published=to_zero, **options)


def ipndm(model, n, first=1, seed=22):
    scheduler = diffusers.IPNDMScheduler()
    scheduler.set_timesteps(n)
    scheduler.set_begin_index(first)
    walk = [(b / a).item() for a, b in zip(scheduler.alphas[first:], scheduler.betas[first:])]
    vp(scheduler, "ipndm", model, walk, list(zip(scheduler.timesteps[first:], walk)), seed,
       as_published=True)


def listed(cls, kind, model, walk, seed, first=0, flow=False, **config):
    """A class that looks at scheduler.sigmas only, on any list."""
    walk = [float(s) for s in walk]
    scheduler = cls(**TRAINED, **config, **(dict(use_flow_sigmas=True, prediction_type=
                                                 "flow_prediction") if flow else {}))
    scheduler.set_timesteps(len(walk) - 1)
    scheduler.sigmas = torch.tensor(walk)
    scheduler.set_begin_index(first)
    options = {"order": config["solver_order"]}
    options["keep_order"] = not config.get("lower_order_final", True)
    options["noise_prediction"] = not config.get("predict_x0", True)
    if config.get("solver_type") == "bh1":
        options["form"] = "SAMPLER_BH1"
    if kind == "uni_pc" and len(walk) > 15:
        options["as_published"] = True  # its order falls at the end of long walks too
    if not flow:
        calls = list(zip(scheduler.timesteps[first:], walk[first:]))
        return vp(scheduler, kind, model, walk[first:], calls, seed, **options)
    x = start(walk[first], seed)
    for t, sigma in zip(scheduler.timesteps[first:], walk[first:]):
        v = (x - MODELS[model](x, sigma)) / sigma
        x = scheduler.step(v, t, x).prev_sample
    keep("diffusers", kind, "flow " + model, walk[first:], seed, x, **options)


def ending(walk, last=0.05):
    """The list with a last size above 0."""
    return [float(s) for s in walk[:-1]] + [last]


def flowing(n, last):
    return [0.95] + [1 - i / n for i in range(1, n)] + [last]


def exponential(n):
    return [10.0 * 0.005 ** (i / n) for i in range(n + 1)]


def all_of_pndm():
    for plms in (False, True):
        for n in (4, 5, 10):
            pndm("bells", n, plms=plms)
            pndm("bells", n, plms=plms, to_zero=False)
        pndm("line", 10, plms=plms)
        pndm("bells", 10, plms=plms, first=3)
        pndm("line", 20, plms=plms, first=11, to_zero=False)
    for n in (1, 2):
        pndm("bells", n, plms=True)
    for n in (2, 3, 4, 8):
        ipndm("bells", n)
    ipndm("line", 8)
    ipndm("bells", 8, first=4)


def all_of_deis():
    cls = diffusers.DEISMultistepScheduler
    for order in (1, 2, 3):
        for n in (1, 2, 3):
            listed(cls, "deis", "bells", ending(karras(n)), 23, solver_order=order)
        for model in MODELS:
            listed(cls, "deis", model, ending(karras(7)), 23, solver_order=order)
        listed(cls, "deis", "bells", ending(spaced_in_t(7), 0.02), 23, solver_order=order)
        listed(cls, "deis", "bells", exponential(9), 23, solver_order=order,
               lower_order_final=False)
        listed(cls, "deis", "bells", ending(karras(7)), 23, first=3, solver_order=order)
        listed(cls, "deis", "bells", ending(karras(20)), 23, solver_order=order)
        listed(cls, "deis", "bells", flowing(7, 0.05), 23, flow=True, solver_order=order)


def all_of_uni_pc():
    cls = diffusers.UniPCMultistepScheduler
    for order in (1, 2, 3):
        for n in (1, 2, 3, 7):
            listed(cls, "uni_pc", "bells", karras(n), 24, solver_order=order)
        listed(cls, "uni_pc", "bells", spaced_in_t(7), 24, solver_order=order)
        listed(cls, "uni_pc", "bells", karras(20), 24, solver_order=order)
        listed(cls, "uni_pc", "bells", karras(7), 24, first=3, solver_order=order)
        listed(cls, "uni_pc", "bells", flowing(7, 0.0), 24, flow=True, solver_order=order)
        for solver in ("bh1", "bh2"):
            for predict in (True, False):
                how = dict(solver_order=order, solver_type=solver, predict_x0=predict)
                for n in (1, 2, 3):
                    listed(cls, "uni_pc", "bells", ending(karras(n)), 24, **how)
                for model in MODELS:
                    listed(cls, "uni_pc", model, ending(karras(7)), 24, **how)
                listed(cls, "uni_pc", "bells", ending(spaced_in_t(7), 0.02), 24, **how)
                listed(cls, "uni_pc", "bells", exponential(9), 24, lower_order_final=False, **how)
                listed(cls, "uni_pc", "line", ending(karras(7)), 24, first=3, **how)
                listed(cls, "uni_pc", "bells", exponential(18), 24, **how)
            listed(cls, "uni_pc", "bells", flowing(7, 0.05), 24, flow=True, solver_order=order,
                   solver_type=solver)


all_of_pndm()
all_of_deis()
all_of_uni_pc()
show_all("linear")
