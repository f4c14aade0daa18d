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

static void weigh(const sampler *s, double *weight, int count, double from, double to, double pull)
{
    const sampler_options *o = &s->options;
    bool middle = count == 2 && o->form != SAMPLER_HEUN;
    double node[3], h = to - from, bend = 0;
    multistep_lambdas(s, node, count);
    multistep_weights(weight, node, middle ? 1 : count, from, to, pull);
    if (middle) multistep_bend(weight, node, 2, weight[0] * h / 2);
    if (count < 3 || !o->as_published) return;
    for (int j = 0; j < 3; j++) bend -= weight[j] * (node[j] - from) * (node[j] - from) / 2;
    if (o->eta > 0 && !o->noise_prediction) bend -= h * h / (1 + o->eta);
    multistep_bend(weight, node, 3, bend);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    const sampler_options *o = &s->options;
    double alpha = sampler_alpha(s, sigma), alpha_next = sampler_alpha(s, next), M = 1 + o->eta;
    double from = sampler_lambda(s, sigma), to = sampler_lambda(s, next), weight[3] = {0};
    sampler_guess(s, x, sigma);
    int count = multistep_reach_final(s, o->order ? o->order : 2, next);
    if (o->euler_last && s->i + 1 == s->walk.n) count = 1;
    double up = multistep_noise(s, sigma, next, M);
    if (!isfinite(to - from)) {
        multistep_follow(s, x, 1, sigma, next, M);
    } else if (o->noise_prediction) {
        up = next * sqrt(o->eta * expm1(2 * (to - from)));
        weigh(s, weight, count, from, to, -1);
        tensor_scale(x, alpha_next / alpha, x);
        for (int j = 0; j < count; j++) {
            double size = s->past[j].sigma, w = -next * M * weight[j] / size;
            tensor_add_scaled(x, w, s->past[j].x);
            tensor_add_scaled(x, -w * sampler_alpha(s, size), s->past[j].guess.x0);
        }
    } else {
        weigh(s, weight, count, from, to, M);
        tensor_scale(x, next / sigma * exp(-o->eta * (to - from)), x);
        for (int j = 0; j < count; j++)
            tensor_add_scaled(x, alpha_next * M * weight[j], s->past[j].guess.x0);
    }
    sampler_add_noise(s, x, up, sigma, next);
}

SAMPLER(dpm_solver_multistep, .label = "DPM-Solver multistep",
        .paper = "arXiv:2206.00927, arXiv:2211.01095", .also = "DPM-Solver++ multistep, DPM++ 3M",
        .use = "Order 3 for an unguided model and 20 steps or more; else take DPM++ 2M.",
        .order = 2, .max_order = 3, .evals = 1,
        .takes = SAMPLER_ETA | SAMPLER_FORM | SAMPLER_NOISE_PREDICTION | SAMPLER_KEEP_ORDER |
                 SAMPLER_EULER_LAST | SAMPLER_AS_PUBLISHED);
