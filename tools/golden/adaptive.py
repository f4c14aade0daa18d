# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch==2.15.0", "diffusers==0.42.0", "k-diffusion==0.1.1.post1", "scipy==1.17.1",
# ]
# ///
"""What k-diffusion's DPM adaptive makes of two small models, and in how many attempts.

    python tools/golden/adaptive.py > tests/golden/adaptive.h

In float64 throughout: its steps are chosen by the difference of two rules, of which float32 leaves
two digits where steps are small. Run on the batch as a whole (as_published) and on each picture
alone, with eta > 0 on the noise that noise_picture() gives it.
"""
import torch

from walks import MODELS, kd, keep, show_all, start

COUNTS = []
torch.set_default_dtype(torch.float64)

NAMES = {"rtol": "control.rtol", "atol": "control.atol", "h_init": "control.first",
         "pcoeff": "control.p", "icoeff": "control.i", "dcoeff": "control.d",
         "accept_safety": "control.safety"}


def adaptive(model, high, low, seed=23, to_zero=False, alone=True, **options):
    denoise = lambda x, sigma: MODELS[model](x, sigma[0].item())
    run = lambda x: kd.sample_dpm_adaptive(denoise, x, low, high, disable=True, return_info=True,
                                           **options)
    ends, infos = [], []
    batch = start(high, seed, torch.float64)
    after = torch.get_rng_state()
    for x in batch.split(1) if alone else [batch]:
        torch.set_rng_state(after)
        if alone:
            seed_of_picture = int(torch.rand(1).item() * 2.0**53)
            after = torch.get_rng_state()
            torch.manual_seed(seed_of_picture)
        x, info = run(x)
        ends.append(x)
        infos.append(info)
    x = torch.cat(ends)
    if to_zero:
        x = MODELS[model](x, low)
    walk = [high, low] + [0.0] * to_zero
    total = lambda key: sum(info[key] for info in infos)
    COUNTS.append((total("n_accept"), total("n_reject"), total("nfe")))
    keep("k-diffusion", "dpm_adaptive", model, walk, seed, x, as_published=not alone,
         **{NAMES.get(k, k): v for k, v in options.items()})


def all_adaptive():
    for alone in (True, False):
        for model in MODELS:
            for order in (2, 3):
                adaptive(model, 10.0, 0.1, order=order, alone=alone)
                adaptive(model, 14.6146, 0.0292, order=order, alone=alone, eta=1.0)
        adaptive("bells", 10.0, 0.1, alone=alone, to_zero=True)
        adaptive("bells", 1.5, 0.1, alone=alone)
        adaptive("bells", 10.0, 0.1, alone=alone, rtol=0.01, atol=0.001, h_init=0.5)
        adaptive("bells", 10.0, 0.1, alone=alone, pcoeff=0.2, icoeff=0.4, dcoeff=0.1,
                 accept_safety=0.9)
        adaptive("bells", 10.0, 0.1, alone=alone, eta=0.5, s_noise=0.9, order=2)


all_adaptive()
show_all("adaptive", """
/* How often it tried in each of these: accepted, rejected, and calls where a rejected step asks its
 * first question again. */
static const int golden_adaptive_tries[][3] = {
%s
};
""" % ",\n".join("{%d, %d, %d}" % c for c in COUNTS))
