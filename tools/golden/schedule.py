# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.15.0", "numpy==1.26.4", "diffusers==0.42.0", "k-diffusion==0.1.1.post1"]
# ///
"""Numbers of diffusers and k-diffusion for tests/test_schedule.c and tests/test_sigmas.c.

    python tools/golden/schedule.py > tests/golden/schedule.h
"""
import sys
import types

import numpy as np
import torch
from diffusers import (DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler,
                       EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler,
                       LMSDiscreteScheduler)

sys.modules["clip"] = types.ModuleType("clip")  # k-diffusion rates pictures with it
from k_diffusion.external import DiscreteSchedule
from k_diffusion import sampling

SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
COUNTS = (1, 2, 3, 7, 15, 30, 1000)


def number(x):
    return repr(float(f"{float(x):.9g}"))  # nine digits name one float32


def print_array(head, items, per_line):
    print(f"static const {head}[] = {{")
    for i in range(0, len(items), per_line):
        print("    " + ", ".join(items[i:i + per_line]) + ",")
    print("};")


def fnv(data):
    """FNV-1a: one word that stands for all bytes."""
    h = 0xcbf29ce484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001b3 % 2**64
    return f"0x{h:016x}u"


# ---- Training tables: float32 alphas_cumprod (some entries and a hash of all) and sigmas ----
# A PyTorch with MKL takes every fifth square root one unit in the last place wrong.

def table(name, manner, T, zero, ac):
    sigma = ((1 - ac) / ac) ** 0.5
    at = sorted({0, 1, T // 4, T // 2, 3 * T // 4, T - 2, T - 1} & set(range(T)))
    rows = ", ".join(f"{{{t}, {number(ac[t])}, {number(sigma[t])}}}" for t in at)
    return (f'{{"{name}", {manner}, {T}, {zero}, {fnv(ac.numpy().tobytes())}, {len(at)},\n'
            f"     {{{rows}}}}}")


def diffusers_table(name, T, zero=0):
    ends = (0.00085, 0.012) if name == "scaled_linear" else (1e-4, 0.02)
    if zero:
        s = EulerDiscreteScheduler(T, *ends, beta_schedule=name, rescale_betas_zero_snr=True)
    else:
        s = DDPMScheduler(T, *ends, beta_schedule=name)
    return table(name, "SCHEDULE_DIFFUSERS", T, zero, s.alphas_cumprod)


def compvis():
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    return torch.from_numpy(np.cumprod(1 - betas.numpy())).float()


def print_tables():
    print("typedef struct {\n    int t;\n    double alpha_bar, sigma;\n} golden_time;\n")
    names = ("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid")
    rows = [diffusers_table(name, T) for name in names for T in (1000, 50, 1)]
    rows += [diffusers_table("scaled_linear", 1000, 1),
             table("scaled_linear", "SCHEDULE_COMPVIS", 1000, 0, compvis())]
    print("static const struct {\n    const char *name;\n    schedule_manner manner;\n"
          "    int T, zero_snr;\n    uint64_t alpha_bars; /* FNV-1a of all T float32 */\n"
          "    int count;\n    golden_time at[7];\n} golden_tables[] = {")
    for row in rows:
        print("    " + row + ",")
    print("};\n")


# ---- Walks ----

def walk(array, one):
    """one(n) -> (sigmas with the end, timesteps or None); for long lists only some entries."""
    items = []
    for n in COUNTS:
        sigma, t = one(n)
        assert len(sigma) == n + 1, (array, n)
        for i in range(n + 1) if n <= 7 else sorted({0, 1, n // 3, n // 2, n - 2, n - 1, n}):
            time = -1 if t is None or i == n else t[i]
            items.append(f"{{{n}, {i}, {number(time)}, {number(sigma[i])}}}")
    print_array(f"golden_node {array}", items, 3)


def of(cls, timed=True, **options):
    def one(n):
        s = cls(**SD, **options)
        s.set_timesteps(n)
        return s.sigmas, s.timesteps if timed else None
    return one


def flow(n):
    s = FlowMatchEulerDiscreteScheduler(shift=3.0)
    s.set_timesteps(sigmas=np.linspace(1, 1 / 1000, n))  # else the low end is shifted twice
    return s.sigmas, None


def crowson(get, **options):
    return lambda n: (get(n, **options), None)


def print_walks():
    ac = compvis()
    discrete = DiscreteSchedule(((1 - ac) / ac) ** 0.5, quantize=False)
    ends = dict(sigma_min=0.0291675, sigma_max=14.6146421)
    walks = [  # name there, name here, walk
        ("lms_linspace", "linspace", of(LMSDiscreteScheduler)),
        ("euler_linspace", "linspace", of(EulerDiscreteScheduler)),
        ("euler_leading", "leading", of(EulerDiscreteScheduler, timestep_spacing="leading")),
        ("euler_trailing", "trailing", of(EulerDiscreteScheduler, timestep_spacing="trailing")),
        ("lms_karras", "karras", of(LMSDiscreteScheduler, False, use_karras_sigmas=True)),
        ("lms_exponential", "exponential",
         of(LMSDiscreteScheduler, False, use_exponential_sigmas=True)),
        ("dpm_trailing", "trailing",
         of(DPMSolverMultistepScheduler, timestep_spacing="trailing")),
        ("dpm_karras", "karras", of(DPMSolverMultistepScheduler, False, use_karras_sigmas=True)),
        ("crowson_karras", "karras", crowson(sampling.get_sigmas_karras, **ends)),
        ("crowson_exponential", "exponential", crowson(sampling.get_sigmas_exponential, **ends)),
        ("crowson_polyexponential", "polyexponential",
         crowson(sampling.get_sigmas_polyexponential, rho=2.0, **ends)),
        ("crowson_vp", "vp", crowson(sampling.get_sigmas_vp)),
        ("crowson_discrete", "normal", crowson(discrete.get_sigmas)),
        ("flow_shift_3", "flow", flow),
    ]
    print("typedef struct {\n    int n, i;\n"
          "    double t, sigma; /* t is -1 where there is none */\n} golden_node;\n")
    for name, _, one in walks:
        walk(name, one)
    print("\n#define GOLDEN_WALKS(X) \\")
    print(" \\\n".join(f"    X({name}, \"{ours}\")" for name, ours, _ in walks))

    points = [0, 0.25, 1.5, 10.75, 123.456, 499.5, 713.571428, 998.5, 999]
    sizes = [0.01, 0.0291675, 0.03, 0.1, 0.5, 1, 3, 9.9, 14.6, 14.6146421, 80]
    print("\ntypedef struct {\n    double from, to;\n} golden_pair;\n")
    print_array("golden_pair crowson_t_to_sigma",
                [f"{{{number(np.float32(t))}, {number(discrete.t_to_sigma(torch.tensor(t)))}}}"
                 for t in points], 4)
    print_array("golden_pair crowson_sigma_to_t",
                [f"{{{number(np.float32(s))}, {number(discrete.sigma_to_t(torch.tensor([s])))}}}"
                 for s in sizes], 4)


def print_spacing():
    """DDIM's whole-numbered times, all n up to 1000 as one hash; trailing errs for some n."""
    for spacing in ("leading", "trailing"):
        data, wrong = b"", []
        s = DDIMScheduler(**SD, timestep_spacing=spacing)
        for n in range(1, 1001):
            s.set_timesteps(n)
            if len(s.timesteps) == n:
                data += s.timesteps.numpy().astype("<i4").tobytes()
            else:
                wrong.append(str(n))
        print(f"\nstatic const uint64_t ddim_{spacing} = {fnv(data)}; /* FNV-1a, int32 */")
        if wrong:
            print("/* For these n diffusers makes n + 1 times; the hash leaves them out. */")
            print_array(f"int ddim_{spacing}_wrong", wrong, 16)


print("/* Made by tools/golden/schedule.py with torch 2.15.0, diffusers 0.42.0,\n"
      " * k-diffusion 0.1.1.post1. */")
print("/* clang-format off */")
print_tables()
print_walks()
print_spacing()
print("/* clang-format on */")
