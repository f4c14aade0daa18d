"""What the scripts that print walks of samplers share: the two models, the noise, the printing.

A script makes walks with keep() and ends with show_all("name"), which prints tests/golden/NAME.h
for tests/test_samplers_golden.c. Every walk starts from sigma[0] * torch.randn(3, 2, 5, 3) of a
seed, and later noise goes on with the same generator. Of the 90 numbers where a walk ends every
seventh is kept.
"""
import contextlib
import sys
import types

import diffusers
import torch

sys.modules["clip"] = types.ModuleType("clip")  # k-diffusion imports it for scores not used here
from k_diffusion import sampling as kd  # noqa: E402

SHAPE = (3, 2, 5, 3)  # n, c, h, w: 3 pictures of 5 rows, 3 columns, 2 channels
TRAINED = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
torch.set_num_threads(1)


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


def start(sigma, seed, dtype=torch.float32):
    torch.manual_seed(seed)
    return torch.randn(SHAPE, dtype=dtype) * sigma


def keep(source, kind, model, sigmas, seed, x, **options):
    """A walk: `options` are fields of sampler_options, as C would have them, and perhaps `cut`."""
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


def karras(n):
    return kd.get_sigmas_karras(n, 0.1, 10.0)


def spaced_in_t(n):
    scheduler = diffusers.EulerDiscreteScheduler(**TRAINED, timestep_spacing="linspace")
    scheduler.set_timesteps(n)
    return scheduler.sigmas


def options_in_c(options):
    """All options, so that the test needs none of its own defaults."""
    o = {"s_noise": 1, "noise_max": "HUGE_VAL"}
    o.update({k: v for k, v in options.items() if v})
    word = lambda v: "true" if v is True else v if isinstance(v, str) else "%.17g" % v
    return ", ".join(".%s = %s" % (k, word(v)) for k, v in o.items())


def row(numbers, fmt):
    return "{" + ", ".join(fmt % v for v in numbers) + "}"


def show(case):
    source, kind, model, sigmas, seed, x, options = case
    cut = options.pop("cut", "CUT_NOT")
    print('{"%s", "%s", "%s", %s, %d, %d, {%s},'
          % (source, kind, model, cut, seed, len(sigmas) - 1, options_in_c(options)))
    print(" (const double[])" + row(sigmas, "%.17g") + ",")
    print(" " + row(x.flatten().tolist()[::7], "%.9g") + "},")


def show_all(name, more=""):
    print("""/* Written by tools/golden/%s.py with torch %s, diffusers %s and
 * k-diffusion 0.1.1.post1. Do not edit. */
#ifndef GOLDEN_%s_H
#define GOLDEN_%s_H
#include "walks.h"

/* clang-format off */
static const golden_walk golden_%s[] = {""" % (name, torch.__version__.split("+")[0],
                                               diffusers.__version__, name.upper(), name.upper(),
                                               name))
    for case in CASES:
        show(case)
    print("};\n%s/* clang-format on */\n\n#endif" % more)
