/* PNDM: three steps by Runge and Kutta's rule, then mix the last four slopes.
 *
 * Liu, Ren, Lin, Zhao 2022, "Pseudo Numerical Methods for Diffusion Models on Manifolds",
 * arXiv:2202.09778, Algorithm 2. Its transfer phi(x, e, t, t') is DDIM's step along e, which in
 * x = x0 + sigma eps is x + (sigma' - sigma) e: the slope is walked.
 *
 *     d_1 at x, sigma;   d_2 at x + (mid - sigma) d_1, mid;   d_3 at x + (mid - sigma) d_2, mid;
 *     d_4 at x + (next - sigma) d_3, next
 *     x' = x + (next - sigma) (d_1 + 2 d_2 + 2 d_3 + d_4) / 6                 the first three
 *     x' = x + (next - sigma) (55 d_0 - 59 d_-1 + 37 d_-2 - 9 d_-3) / 24      the others
 *
 * form = SAMPLER_PLMS starts as Stable Diffusion's PLMS does, for two calls instead of twelve: one
 * step by (d_1 + d_4) / 2, where d_4 is looked at where d_1 leads, then the mixtures of 2, 3 and 4
 * slopes (ipndm.c).
 *
 * It wants a list with equal steps in t (spaced_in_t, ddim_uniform), for which its weights are made
 * and whose middle in t is looked at; that needs the schedule. Any list can be walked, with order
 * 2; without a schedule, in a flow, or below the sizes that were trained, the middle is that of the
 * two sizes. diffusers cannot walk fewer than 4 steps, which is mended here. The step to 0 is
 * Euler's; diffusers with set_alpha_to_one mixes there too: as_published.
 */
#include "diffusion/multistep.h"

static double middle(const sampler *s, double sigma, double next)
{
    const schedule *sd = s->model.flow ? NULL : s->schedule;
    double t = sd ? (schedule_t(sd, sigma) + schedule_t(sd, next)) / 2 : 0;
    double mid = sd ? schedule_sigma(sd, t) : sigma;
    return (mid - sigma) * (mid - next) < 0 ? mid : (sigma + next) / 2;
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    static const double share[][4] = {{1 / 6., 2 / 6., 2 / 6., 1 / 6.}, {0, 0, 1 / 2., 1 / 2.}};
    bool plms = s->options.form == SAMPLER_PLMS;
    int order = s->history < 3 ? s->history + 1 : 4;
    if (next == 0 && !s->options.as_published) order = 1;
    tensor d = sampler_slope(s, x, sigma);
    if (next > 0 && s->history < (plms ? 1 : 3)) {
        double mid = middle(s, sigma, next), at[] = {mid, mid, next};
        for (int j = plms ? 2 : 0; j < 4; j++) {
            tensor_add_scaled(x, share[plms][j] * (next - sigma), d);
            if (j == 3) return;
            d = sampler_slope(s, sampler_mix(s, 1, s->past[0].x, at[j] - sigma, d), at[j]);
        }
    }
    double weight[4];
    multistep_weights(weight, (const double[]){0, 1, 2, 3}, order, 0, -1, 0);
    for (int j = 0; j < order; j++)
        tensor_add_scaled(x, (sigma - next) * weight[j], sampler_past_slope(s, j));
}

SAMPLER(pndm, "PNDM", "arXiv:2202.09778 Alg. 2", "PNDMScheduler",
        "What early Stable Diffusion shipped with, as PLMS: to get its pictures again.", .order = 2,
        .evals = 4, .forms = "plms", .takes = SAMPLER_AS_PUBLISHED);
