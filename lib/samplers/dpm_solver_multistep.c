/* DPM-Solver and DPM-Solver++, multistep: let a guess move along the curve through the last ones.
 *
 * Lu, Zhou, Bao, Chen, Li, Zhu 2022, arXiv:2206.00927 (the guess of eps: noise_prediction) and
 * arXiv:2211.01095 (the guess of x0), orders 1 to 3. With lambda = ln(alpha / sigma),
 * h = lambda' - lambda and M = 1 + eta, exactly:
 *
 *     x' = (next / sigma) e^(-eta h) x + alpha' M int_0^h e^(-M (h-u)) x0(u) du
 *          + next sqrt(1 - e^(-2 eta h)) z
 *     x' = (alpha' / alpha) x - next M int_0^h e^(h-u) eps(u) du + next sqrt(eta (e^(2h) - 1)) z
 *
 * One denoiser call a step. Order 2 takes the curve, a line, at the middle of the step for the
 * whole of it (midpoint; then it is dpmpp_2m.c) or integrates it (heun). Diffusers has eta 0 and 1
 * only. In long steps the second line puts in too much noise: the first is the one to use.
 *
 * Order 3 as published (the authors' program, diffusers, k-diffusion) is of order 2: it gives the
 * bend of the curve half its area. Diffusers' sde-dpmsolver++ has a wrong sign there too, and is of
 * order 1. Ours has the whole area; as_published has theirs.
 */
#include "diffusion/multistep.h"
#include <math.h>

static void weigh(const sampler *s, double *weight, int count, double from, double to, double M)
{
    const sampler_options *o = &s->options;
    double node[3], h = to - from, bend = 0;
    multistep_lambdas(s, node, count);
    multistep_weights(weight, node, count, from, to, M);
    if (count == 2 && o->form != SAMPLER_HEUN) multistep_shorten(weight, node, from, to, false);
    if (count < 3 || !o->as_published) return;
    for (int j = 0; j < 3; j++) bend -= weight[j] * (node[j] - from) * (node[j] - from) / 2;
    if (M > 1) bend -= h * h / M;
    multistep_bend(weight, node, 3, bend);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    const sampler_options *o = &s->options;
    double M = (o->noise_prediction ? -1 : 1) * (1 + o->eta), weight[3];
    double from = sampler_lambda(s, sigma), to = sampler_lambda(s, next);
    sampler_guess(s, x, sigma);
    int count = multistep_reach_final(s, o->order ? o->order : 2, next);
    if (count == 1 || (o->euler_last && s->i + 1 == s->walk.n)) {
        multistep_follow(s, x, 1, sigma, next, M);
    } else {
        weigh(s, weight, count, from, to, M);
        tensor_scale(x, multistep_stay(s, sigma, next, M), x);
        multistep_add(s, x, weight, count, next, M);
    }
    sampler_add_noise(s, x, multistep_noise(s, sigma, next, M), sigma, next);
}

SAMPLER(dpm_solver_multistep, "DPM-Solver multistep", "arXiv:2206.00927, arXiv:2211.01095",
        "DPM-Solver++ multistep, DPM++ 3M",
        "Order 3 for an unguided model and 20 steps or more; else take DPM++ 2M.", .order = 2,
        .max_order = 3, .evals = 1, .forms = "midpoint or heun",
        .takes = SAMPLER_ETA | SAMPLER_NOISE_PREDICTION | SAMPLER_KEEP_ORDER | SAMPLER_EULER_LAST |
                 SAMPLER_AS_PUBLISHED);
