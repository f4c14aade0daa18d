# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1", "scipy==1.17.1",
# ]
# ///
"""What diffusers makes of two small models with SA-Solver.

    python tools/golden/modern.py > tests/golden/modern.h

Undone here, so that one rule is compared and not its surroundings:
  - it holds x / sqrt(1 + sigma^2): results are divided back;
  - it draws a tensor at every step and throws it away where tau is 0: drawn only where it is used;
  - it has its weights from float32 lambdas, which is wrong by up to 4e-4 where steps are long: here
    from float64;
  - its lists karras, exponential and beta hold the last size twice, a step that does nothing: left
    out. It still counts when the order falls at the end, so these go with lower_order_final off.
tau is a function of t there and has a window in sigma here: the smallest and the largest size where
it is not 0.
"""
import math

import diffusers
import torch
from diffusers.schedulers import scheduling_sasolver

from walks import MODELS, TRAINED, keep, show_all, start

drawing = True
scheduling_sasolver.randn_tensor = lambda shape, generator, device, dtype: (
    torch.randn(shape) if drawing else torch.zeros(shape))


def sa_solver(model, n, seed=31, first=0, tau=(1.0, 0, 1000), points=(2, 2), **config):
    """points: of the predictor and of the corrector; tau: its value, and from which t to which."""
    global drawing
    tau_of = lambda t: tau[0] if tau[1] <= t <= tau[2] else 0
    predictor, corrector = points
    scheduler = diffusers.SASolverScheduler(
        **TRAINED, tau_func=tau_of, predictor_order=predictor, corrector_order=corrector, **config)
    scheduler.set_timesteps(n)
    scheduler.sigmas = scheduler.sigmas.double()
    walk = [s.item() for s in scheduler.sigmas]
    if walk[-1] == walk[-2]:
        walk.pop()
    times = scheduler.timesteps[first:len(walk) - 1]
    walk = walk[first:]
    scheduler.set_begin_index(first)
    x = start(walk[0], seed) / math.sqrt(1 + walk[0] ** 2)
    for t, sigma in zip(times, walk):
        grow = math.sqrt(1 + sigma * sigma)
        x0 = MODELS[model](x * grow, sigma)
        drawing = tau_of(t) > 0
        x = scheduler.step((x * grow - x0) / sigma, t, x).prev_sample
    loud = [s for t, s in zip(times, walk) if tau_of(t) > 0]
    options = dict(as_published=True, order=corrector, predictor=predictor,
                   eta=tau[0] if loud else 0,
                   noise_prediction=config.get("algorithm_type") == "noise_prediction",
                   keep_order=not config.get("lower_order_final", True))
    if loud and len(loud) < len(times):
        options.update(noise_min=min(loud), noise_max=max(loud))
    keep("diffusers", "sa_solver", model, walk, seed, x * math.sqrt(1 + walk[-1] ** 2), **options)


STILL, PART, WINDOW = (0.0, 0, 1000), (0.6, 0, 1000), (1.0, 200, 800)
for n in (1, 2, 3, 5, 7, 20):
    sa_solver("bells", n, tau=WINDOW)
    sa_solver("bells", n, points=(3, 4))
for points in ((1, 2), (2, 2), (3, 2), (1, 3), (2, 3), (3, 3), (3, 4), (4, 4), (2, 4)):
    for tau in (STILL, PART):
        sa_solver("bells", 9, tau=tau, points=points)
    sa_solver("line", 9, points=points)
    sa_solver("bells", 9, points=points, lower_order_final=False)
    sa_solver("bells", 9, tau=PART, points=points, algorithm_type="noise_prediction")
for algorithm in ("data_prediction", "noise_prediction"):
    more = dict(algorithm_type=algorithm, points=(3, 4), lower_order_final=False)
    for tau in (STILL, WINDOW):
        sa_solver("bells", 9, tau=tau, use_karras_sigmas=True, **more)
        sa_solver("line", 7, tau=tau, use_exponential_sigmas=True, **more)
        sa_solver("bells", 7, tau=tau, timestep_spacing="trailing", **more)
    for tau in (STILL, PART):
        sa_solver("bells", 9, tau=tau, first=4, algorithm_type=algorithm, points=(2, 2))
        sa_solver("line", 9, tau=tau, first=3, algorithm_type=algorithm, points=(3, 4))
show_all("modern")
