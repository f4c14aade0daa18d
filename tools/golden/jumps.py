# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1", "scipy==1.17.1",
# ]
# ///
"""What diffusers makes of two small models in walks that rise (RePaint, DDIM inversion) and in flows.

    python tools/golden/jumps.py > tests/golden/jumps.h

What is undone here, so that one rule is compared and not its surroundings:
  - RePaint and DDIM hold x / sqrt(1 + sigma^2): results are divided back;
  - RePaint and the flow's stochastic sampling draw a tensor at the last step too, and do not use it;
  - RePaint's clipping is at 1, where these models have little to clip: it is at 0.8 here, the test's;
  - RePaint climbs T // n times from one size to the next, each with its own noise and with the
    betas of later times than it should: where n < T one rise of the right height is made instead;
  - DDIM's inversion is meant to be fed with what the network says of x at the time where it is going
    to. Here the network speaks of the time where x is. (tests/double_jumps.c has both.);
  - the flows' shift is applied twice to the smallest size: here once.
"""
import contextlib
import math

import diffusers
import torch
from diffusers.schedulers import scheduling_flow_match_euler_discrete as flow_euler
from diffusers.schedulers import scheduling_repaint as repaint_module

from walks import MODELS, SHAPE, TRAINED, keep, show_all, start

STEEP = dict(num_train_timesteps=20, beta_start=0.02, beta_end=0.6, beta_schedule="scaled_linear")


@contextlib.contextmanager
def silent(module, unused):
    real = module.randn_tensor
    if unused:
        module.randn_tensor = lambda shape, **_: torch.zeros(shape)
    try:
        yield
    finally:
        module.randn_tensor = real


@contextlib.contextmanager
def clamped_to(limit):
    real = torch.clamp
    torch.clamp = lambda x, low, high: real(x, limit * low, limit * high)
    try:
        yield
    finally:
        torch.clamp = real


def known_and_mask():
    """As the test has them: number q, in the order n, c, h, w."""
    q = torch.arange(math.prod(SHAPE))
    known = torch.sin(q.double()).float().reshape(SHAPE)
    mask = torch.where(q % 3 == 0, 1.0, torch.where(q % 7 == 1, 0.5, 0.0))
    return known, mask.reshape(SHAPE)


class Level:
    """abar of a time; one past the last is the clean picture."""

    def __init__(self, scheduler):
        self.abar = scheduler.alphas_cumprod

    def at(self, t):
        return self.abar[t].item() if t >= 0 else 1.0

    def sigma(self, t):
        return math.sqrt((1 - self.at(t)) / self.at(t))


def climb(x, here, there):
    """From one abar to the next lower one, in one rise."""
    kept = there / here
    return math.sqrt(kept) * x + math.sqrt(1 - kept) * torch.randn(SHAPE)


def repaint(trained, model, n, j, r, seed=21, eta=1.0, first=0, cut=None):
    known, mask = known_and_mask()
    s = diffusers.RePaintScheduler(**trained, eta=eta, clip_sample=cut is not None)
    s.set_timesteps(n, j, r)
    T, level = s.config.num_train_timesteps, Level(s)
    times, ratio = [int(t) for t in s.timesteps][first:], T // n
    walk = [level.sigma(times[0])]
    x = start(walk[0], seed) * math.sqrt(level.at(times[0]))
    before, where = times[0] + 1, times[0]
    with clamped_to(0.8):
        for t in times:
            if t < before:
                assert where == t, (where, t)
                sigma, grow = level.sigma(t), 1 / math.sqrt(level.at(t))
                eps = (x * grow - MODELS[model](x * grow, sigma)) / sigma
                with silent(repaint_module, t - ratio < 0):
                    x = s.step(eps, t, x, known, mask).prev_sample
                where = t - ratio
            else:
                if ratio == 1:
                    x = s.undo_step(x, before)
                else:
                    x = climb(x, level.at(where), level.at(where + ratio))
                where += ratio
            walk.append(level.sigma(where))
            before = t
    more = {"cut": cut} if cut else {}
    keep("diffusers", "repaint", model, walk, seed, x / math.sqrt(level.at(where)), eta=eta, **more)


def inversion(model, n, seed=22, back=False):
    """Up from the smallest trained size, and perhaps down again by DDIMScheduler."""
    s = diffusers.DDIMInverseScheduler(**TRAINED, clip_sample=False, set_alpha_to_one=False)
    s.set_timesteps(n)
    level, times = Level(s), [int(t) for t in s.timesteps]
    walk = [level.sigma(0)]
    x = start(walk[0], seed) * math.sqrt(level.at(0))

    def eps(x, t):
        grow = 1 / math.sqrt(level.at(t))
        return (x * grow - MODELS[model](x * grow, level.sigma(t))) / level.sigma(t)

    for here, t in zip(times, times[1:]):
        x = s.step(eps(x, here), t, x).prev_sample
        walk.append(level.sigma(t))
    down = diffusers.DDIMScheduler(**TRAINED, clip_sample=False, set_alpha_to_one=False)
    down.set_timesteps(n)
    for t, there in zip(times[:0:-1], times[-2::-1]) if back else ():
        x = down.step(eps(x, t), t, x).prev_sample
        walk.append(level.sigma(there))
    last = times[0] if back else times[-1]
    for kind in ("ddim", "euler"):
        keep("diffusers", kind, model, walk, seed, x / math.sqrt(level.at(last)), climb=True)


def once_shifted(scheduler):
    scheduler.sigma_min = 1 / scheduler.config.num_train_timesteps
    return scheduler


def flow(scheduler, kind, model, n, seed=23, first=0, **options):
    once_shifted(scheduler).set_timesteps(n)
    sigmas = scheduler.sigmas.tolist()
    scheduler.set_begin_index(first)
    x = start(sigmas[first], seed)
    for i, t in enumerate(scheduler.timesteps[first:], first):
        v = (x - MODELS[model](x, sigmas[i])) / sigmas[i]
        with silent(flow_euler, sigmas[i + 1] == 0):
            x = scheduler.step(v, t, x).prev_sample
    walk = [s for i, s in enumerate(sigmas) if i == first or (i > first and s != sigmas[i - 1])]
    keep("diffusers", kind, model + " in a flow", walk, seed, x, **options)


def ltx(model, n, eta, seed=24, first=0, s_noise=1.0):
    base = once_shifted(diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0))
    base.set_timesteps(n)
    sigmas = base.sigmas[first:]
    s = diffusers.LTXEulerAncestralRFScheduler(eta=eta, s_noise=s_noise)
    s.set_timesteps(sigmas=sigmas)
    x = start(sigmas[0].item(), seed)
    for sigma, t in zip(sigmas.tolist(), s.timesteps):
        v = (x - MODELS[model](x, sigma)) / sigma
        x = s.step(v, t, x).prev_sample
    keep("diffusers", "euler_ancestral", model + " in a flow", sigmas, seed, x, eta=eta,
         s_noise=s_noise, as_published=eta > 0)


def all_repaint():
    for eta in (0.0, 0.5, 1.0):
        repaint(STEEP, "bells", 20, 5, 2, eta=eta)
        repaint(STEEP, "line", 20, 5, 2, eta=eta, cut="CUT_KEEP")
        repaint(STEEP, "line", 20, 3, 3, eta=eta)
        repaint(dict(STEEP, num_train_timesteps=7), "bells", 7, 2, 4, eta=eta, first=2)
        repaint(TRAINED, "bells", 12, 4, 3, eta=eta)
    for n in (1, 2, 3):
        repaint(dict(STEEP, num_train_timesteps=n), "bells", n, 1, 2)
    repaint(TRAINED, "bells", 7, 10, 10)
    repaint(TRAINED, "line", 50, 10, 2)


def all_inversions():
    for model in MODELS:
        for n in (2, 3, 7, 50):
            inversion(model, n)
            inversion(model, n, back=True)


def all_flows():
    euler, heun = diffusers.FlowMatchEulerDiscreteScheduler, diffusers.FlowMatchHeunDiscreteScheduler
    for cls, kind in ((euler, "euler"), (heun, "heun")):
        for shift in (1.0, 3.0):
            for n in (1, 2, 3, 7):
                flow(cls(shift=shift), kind, "bells", n)
            flow(cls(shift=shift), kind, "line", 7)
            flow(cls(shift=shift), kind, "bells", 7, first=4 if kind == "euler" else 8)
    for n in (1, 2, 3, 7):
        flow(euler(shift=3.0, stochastic_sampling=True), "euler_ancestral", "bells", n, eta=1e9)
    for eta in (0.0, 0.5, 1.0):
        for n in (1, 2, 3, 7):
            ltx("bells", n, eta)
        ltx("line", 7, eta)
        ltx("bells", 7, eta, first=3, s_noise=0.9)


all_repaint()
all_inversions()
all_flows()
show_all("jumps")
