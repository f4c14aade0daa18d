# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.15.0", "numpy==1.26.4", "scipy==1.17.1", "diffusers==0.42.0",
#                 "transformers==5.23.0", "k-diffusion==0.1.1.post1"]
# ///
"""Numbers of diffusers and k-diffusion for tests/test_schedule.c and tests/test_sigmas_foreign.c.
ComfyUI is no package: what its lists are is written down here a second time, with its own float32.

    python tools/golden/schedule.py > tests/golden/schedule.h
"""
import math
import sys
import types

import numpy as np
import torch
from diffusers import (DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler,
                       EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler,
                       HeunDiscreteScheduler, LMSDiscreteScheduler)
from diffusers.pipelines.mochi.pipeline_mochi import linear_quadratic_schedule
from diffusers.schedulers import AysSchedules
from scipy.stats import beta

sys.modules["clip"] = types.ModuleType("clip")  # k-diffusion rates pictures with it
from k_diffusion.external import DiscreteSchedule
from k_diffusion import sampling

SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
COUNTS = (1, 2, 3, 7, 15, 30, 1000)
BELOW_T = (1, 2, 3, 7, 15, 30, 999)  # at 1000 diffusers asks some time twice here
WITH_10 = (*COUNTS, 10)


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
        cls = HeunDiscreteScheduler if name == "exp" else DDPMScheduler
        s = cls(T, *ends, beta_schedule=name)
    return table(name, "SCHEDULE_DIFFUSERS", T, zero, s.alphas_cumprod)


def compvis():
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    return torch.from_numpy(np.cumprod(1 - betas.numpy())).float()


def print_tables():
    print("typedef struct {\n    int t;\n    double alpha_bar, sigma;\n} golden_time;\n")
    names = ("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace", "exp")
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

def walk(array, one, counts=COUNTS, whole=7):
    """one(n) -> (sigmas with the end, timesteps or None); for long lists only some entries."""
    items = []
    for n in counts:
        sigma, t = one(n)
        assert len(sigma) == n + 1, (array, n)
        for i in range(n + 1) if n <= whole else sorted({0, 1, n // 3, n // 2, n - 2, n - 1, n}):
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


def flow_twice(n):
    s = FlowMatchEulerDiscreteScheduler(shift=3.0)
    s.set_timesteps(n)
    return s.sigmas, None


def ddim(n):
    s = DDIMScheduler(**SD, timestep_spacing="linspace")
    s.set_timesteps(n)
    abar = s.alphas_cumprod[s.timesteps]
    return [*((1 - abar) / abar) ** 0.5, 0.0], s.timesteps


def crowson(get, **options):
    return lambda n: (get(n, **options), None)


# ComfyUI: Stable Diffusion's sizes in double, then rounded to float32.

def comfy_sizes():
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    ac = torch.cumprod(1 - betas, dim=0)
    return (((1 - ac) / ac) ** 0.5).float()


SIZES = comfy_sizes()
LOW, HIGH = float(SIZES[0]), float(SIZES[-1])


def comfy_beta_times(n, a=0.6, b=0.6):
    return np.rint(beta.ppf(1 - np.linspace(0, 1, n, endpoint=False), a, b) * 999).astype(int)


def comfy_beta(n):
    t = comfy_beta_times(n)
    return [*SIZES[t], 0], t


def linear_quadratic(n):
    shape = linear_quadratic_schedule(n, 0.025) if n > 1 else [1.0]
    return torch.FloatTensor(shape + [0]) * SIZES[-1], None


def kl_optimal(n, nodes):
    u = torch.arange(nodes, dtype=torch.float32) / max(nodes - 1, 1)
    sigma = (u * math.atan(LOW) + (1 - u) * math.atan(HIGH)).tan()
    return torch.cat([sigma, torch.zeros(n + 1 - nodes)]), None


def laplace(n):
    x = torch.linspace(0, 1, n)
    log = -0.5 * torch.sign(0.5 - x) * torch.log(1 - 2 * torch.abs(0.5 - x) + 1e-5)
    return [*torch.clamp(log.exp(), LOW, HIGH), 0], None


def along(row, n):
    """n + 1 sizes along a table, the last of them 0."""
    at = np.linspace(0, len(row) - 1, n + 1)
    sizes = np.exp(np.interp(at, np.arange(len(row)), np.log(row)))
    return [*(sizes if n + 1 != len(row) else row)[:-1], 0], None


AYS = {  # NVIDIA's, https://research.nvidia.com/labs/toronto-ai/AlignYourSteps/howto.html
    "sd15": [14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092,
             0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582],
    "sdxl": [14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141,
             0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582],
    "svd": AysSchedules["StableDiffusionVideoSigmas"][:-1] + [0.002],
}

# ComfyUI, comfy_extras/nodes_gits.py, coefficient 1.20, without the first and the last of a row.
GITS = """
0.803307
1.56271636 0.52423614
2.36326075 0.92192322 0.36617002
2.84484982 1.24153244 0.59516323 0.25053367
5.85520077 2.05039096 0.95350921 0.45573691 0.17026083
5.85520077 2.45070267 1.24153244 0.64427125 0.29807833 0.09824532
5.85520077 2.45070267 1.36964464 0.803307 0.45573691 0.25053367 0.09824532
5.85520077 2.84484982 1.61558151 0.95350921 0.59516323 0.36617002 0.19894916 0.09824532
5.85520077 2.84484982 1.67050016 1.08895338 0.74807048 0.50118381 0.32104823 0.19894916 0.09824532
5.85520077 2.95596409 1.84880662 1.24153244 0.83188516 0.59516323 0.41087446 0.27464288 0.17026083 0.09824532
5.85520077 3.07277966 1.98035145 1.36964464 0.95350921 0.69515091 0.50118381 0.36617002 0.25053367 0.17026083 0.09824532
6.77309084 3.46139455 2.36326075 1.56271636 1.08895338 0.803307 0.59516323 0.45573691 0.34370604 0.25053367 0.17026083 0.09824532
6.77309084 3.46139455 2.45070267 1.61558151 1.162866 0.86115354 0.64427125 0.50118381 0.38853383 0.29807833 0.22545385 0.17026083 0.09824532
7.49001646 4.65472794 3.07277966 2.12350607 1.51179266 1.08895338 0.83188516 0.64427125 0.50118381 0.38853383 0.29807833 0.22545385 0.17026083 0.09824532
7.49001646 4.65472794 3.07277966 2.12350607 1.51179266 1.08895338 0.83188516 0.64427125 0.50118381 0.41087446 0.32104823 0.25053367 0.19894916 0.13792117 0.09824532
7.49001646 4.65472794 3.07277966 2.12350607 1.51179266 1.08895338 0.83188516 0.64427125 0.50118381 0.41087446 0.34370604 0.27464288 0.22545385 0.17026083 0.13792117 0.09824532
7.49001646 4.65472794 3.07277966 2.19988537 1.61558151 1.20157266 0.92192322 0.72133851 0.57119018 0.45573691 0.36617002 0.29807833 0.25053367 0.19894916 0.17026083 0.13792117 0.09824532
7.49001646 4.65472794 3.07277966 2.19988537 1.61558151 1.24153244 0.95350921 0.74807048 0.59516323 0.4783645 0.38853383 0.32104823 0.27464288 0.22545385 0.19894916 0.17026083 0.13792117 0.09824532
7.49001646 4.65472794 3.07277966 2.19988537 1.61558151 1.24153244 0.95350921 0.74807048 0.59516323 0.50118381 0.41087446 0.34370604 0.29807833 0.25053367 0.22545385 0.19894916 0.17026083 0.13792117 0.09824532
"""


def gits(n):
    rows = [[14.61464119, *map(float, row.split()), 0.02916753] for row in GITS.split("\n")[:-1]]
    return along(rows[min(n, 20) - 1], n)


def print_ays():
    """What diffusers has of these tables: trained times, and sizes with three digits."""
    print()
    for name, there in (("sd15", "StableDiffusion"), ("sdxl", "StableDiffusionXL")):
        times = AysSchedules[there + "Timesteps"]
        print_array(f"int ays_{name}_times", [str(t) for t in times], 10)
    for name, there in (("sd15", ""), ("sdxl", "XL"), ("svd", "Video")):
        sizes = AysSchedules[f"StableDiffusion{there}Sigmas"]
        print_array(f"double ays_{name}_sizes", [number(s) for s in sizes], 11)


def print_beta():
    """ComfyUI's beta for all n: how many steps before two times fall together, a hash of all."""
    print("\nstatic const struct {\n    double a, b;\n    int fine; /* n up to here, then not */\n"
          "    uint64_t times; /* FNV-1a, int32 */\n} comfy_beta_all[] = {")
    for a, b in ((0.6, 0.6), (0.4, 0.7), (1.2, 0.9), (3, 2.2)):
        data, n = b"", 1
        while len(set(t := comfy_beta_times(n, a, b))) == n:
            data += t.astype("<i4").tobytes()
            n += 1
        print(f"    {{{a}, {b}, {n - 1}, {fnv(data)}}},")
    print("};")


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
        ("ddim_linspace", "linspace_rounded", ddim),
        ("dpm_linspace", "linspace_multistep",
         of(DPMSolverMultistepScheduler, timestep_spacing="linspace"), BELOW_T),
        ("dpm_leading", "leading_multistep",
         of(DPMSolverMultistepScheduler, timestep_spacing="leading"), BELOW_T),
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
        ("twice_shift_3", "flow", flow_twice),
        ("lms_beta", "beta_sigmas", of(LMSDiscreteScheduler, False, use_beta_sigmas=True)),
        ("dpm_beta", "beta_sigmas", of(DPMSolverMultistepScheduler, False, use_beta_sigmas=True)),
        ("comfy_beta", "beta", comfy_beta, (1, 2, 3, 7, 15, 30, 138)),
        ("comfy_linear_quadratic", "linear_quadratic", linear_quadratic),
        ("comfy_kl_optimal", "kl_optimal", lambda n: kl_optimal(n, n)),
        ("a1111_kl_optimal", "kl_optimal", lambda n: kl_optimal(n, n + 1)),
        ("comfy_laplace", "laplace", laplace, (1, 2, 3, 7, 15, 30, 425)),
        ("comfy_ays_sd15", "align_your_steps", lambda n: along(AYS["sd15"], n), WITH_10, 10),
        ("comfy_ays_sdxl", "align_your_steps_sdxl", lambda n: along(AYS["sdxl"], n), WITH_10, 10),
        ("comfy_ays_svd", "align_your_steps_svd", lambda n: along(AYS["svd"], n), WITH_10, 10),
        ("comfy_gits", "gits", gits, (*range(1, 21), 30, 1000), 20),
    ]
    print("typedef struct {\n    int n, i;\n"
          "    double t, sigma; /* t is -1 where there is none */\n} golden_node;\n")
    for name, _, *one in walks:
        walk(name, *one)
    print("\n#define GOLDEN_WALKS(X) \\")
    print(" \\\n".join(f"    X({name}, \"{ours}\")" for name, ours, *_ in walks))

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
print_ays()
print_beta()
print_spacing()
print("/* clang-format on */")
