# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.15.0", "diffusers==0.42.0"]
# ///
"""What diffusers makes of pictures of symbols, for tests/test_discrete_golden.c.

    python tools/golden/discrete.py > tests/golden/discrete.h

Two pictures of 3 x 5 places, and a model that is a formula. One way of the reference is undone, so
that one rule is compared and not its surroundings: AmusedScheduler draws symbols with
torch.multinomial, whose generator on a processor depends on how torch was built. In its place stand
the uniform numbers of torch.rand(n, codes, places) and Gumbel's rule, as VQDiffusionScheduler has
them.
"""
import diffusers
import torch

N, PLACES = 2, 15


def model(x, t, codes):
    """Chances [n, places, codes] that look at the place, at its left neighbour and at the time."""
    left = torch.roll(x, 1, dims=1)
    place = torch.arange(x.shape[1])[None, :, None]
    k = torch.arange(codes)[None, None, :]
    weight = (1 + (3 * place + 5 * k + 7 * left[:, :, None] + 2 * t) % 11).float()
    return weight / weight.sum(-1, keepdim=True)


def digits(x):
    return "".join(str(int(v)) for v in x.flatten())


def show(kind, tables, codes, seed, heat, start, trace):
    ends = ", ".join("%g" % v for v in tables)
    print('{"%s", {%s}, %d, %d, %d, %g,\n "%s", {'
          % (kind, ends, codes, len(trace), seed, heat, digits(start)))
    for x in trace:
        print('  "%s",' % digits(x))
    print(" }},")


def vq_make(codes, T, tables):
    return diffusers.VQDiffusionScheduler(
        num_vec_classes=codes + 1, num_train_timesteps=T, alpha_cum_start=tables[0],
        alpha_cum_end=tables[1], gamma_cum_start=tables[2], gamma_cum_end=tables[3])


def vq(codes, T, tables, seed, start):
    scheduler, x, trace = vq_make(codes, T, tables), start, []
    scheduler.set_timesteps(T)
    torch.manual_seed(seed)
    for t in scheduler.timesteps:
        log_p = model(x, int(t) + 1, codes).log().permute(0, 2, 1)
        x = scheduler.step(log_p, t, x).prev_sample
        trace.append(x)
    show("vq_diffusion", tables, codes, seed, 1, start, trace)


def multinomial(p, count, generator=None):
    """torch.multinomial for one draw, with numbers that can be had elsewhere."""
    codes = p.shape[-1]
    u = torch.rand(N, codes, PLACES).permute(0, 2, 1).reshape(-1, codes)
    return (p.log() - torch.log(-torch.log(u + 1e-30))).argmax(-1, keepdim=True)


def amused(codes, n, schedule, seed, heat, start):
    scheduler = diffusers.AmusedScheduler(mask_token_id=codes, masking_schedule=schedule)
    scheduler.set_timesteps(n, temperature=(heat, 0))
    x, trace = start, []
    torch.multinomial = multinomial
    torch.manual_seed(seed)
    for t in scheduler.timesteps:
        log_p = model(x, int(t) + 1, codes).log()
        x = scheduler.step(log_p, t, x).prev_sample
        trace.append(x)
    show("masked", [int(schedule == "cosine"), 0, 0, 0], codes, seed, heat, start, trace)


def posterior(codes, T, tables):
    """Of the picture "0, 2, MASK", at the first times, in the middle and at the last."""
    scheduler, x = vq_make(codes, T, tables), torch.tensor([[0, 2, codes]])
    for t in (1, T // 2, T - 1):
        log_p = model(x, t + 1, codes).log().permute(0, 2, 1)
        law = scheduler.q_posterior(log_p, x, t)[0].exp().T
        print("{%d, {" % (t + 1))
        for row in law:
            print("  " + " ".join("%.9g," % v for v in row))
        print(" }},")


VQ, MIXED, UNIFORM = (0.99999, 9e-6, 9e-6, 0.99999), (0.95, 0.05, 0.02, 0.65), (0.9, 1e-5, 0, 0)
print("""/* Written by tools/golden/discrete.py with torch %s and diffusers %s. Do not edit. */
#ifndef GOLDEN_DISCRETE_H
#define GOLDEN_DISCRETE_H

enum { GOLDEN_N = 2, GOLDEN_H = 3, GOLDEN_W = 5, GOLDEN_CODES = 4, GOLDEN_LONGEST = 12 };

/* keep and masked at times 1 and T, straight lines in between; masked: cosine or not. Symbols as
 * digits, MASK is the number of codes. */
typedef struct {
    const char *kind;
    double tables[4];
    int codes, T;
    unsigned seed;
    double heat;
    const char *start, *x[GOLDEN_LONGEST];
} golden_walk;

typedef struct {
    int t;
    double law[3 * (GOLDEN_CODES + 1)];
} golden_law;

/* clang-format off */
static const double golden_tables[4] = {%s};
static const golden_law golden_laws[] = {""" % (torch.__version__.split("+")[0], diffusers.__version__,
                                              ", ".join("%g" % v for v in MIXED)))
posterior(4, 12, MIXED)
print("};\nstatic const golden_walk golden_walks[] = {")
torch.set_num_threads(1)
masks = lambda codes: torch.full((N, PLACES), codes)
some = lambda codes: (torch.arange(N * PLACES).reshape(N, PLACES) * 7 // 3) % (codes + 1)
vq(4, 12, VQ, 21, masks(4))
vq(4, 12, MIXED, 22, masks(4))
vq(3, 9, MIXED, 23, some(3))
vq(3, 7, UNIFORM, 24, some(2))
amused(4, 6, "cosine", 25, 2, masks(4))
amused(6, 11, "cosine", 26, 4.5, masks(6))
amused(3, 4, "linear", 27, 2, masks(3))
half = some(3)
half[0] = 3
amused(3, 4, "cosine", 28, 0.5, half)
print("};\n/* clang-format on */\n\n#endif")
