/* DPM adaptive: DPM-Solver's rules of two orders make each step; where they agree it is accepted.
 *
 * Lu, Zhou, Bao, Chen, Li, Zhu 2022, arXiv:2206.00927, DPM-Solver-12 and DPM-Solver-23, with the
 * controller that adaptive.h describes, as Crowson has them in k-diffusion (sample_dpm_adaptive).
 * In lambda = ln(alpha / sigma), with e = eps(x, lambda), phi(h) = expm1(h) / h - 1, r = 1 / order:
 *
 *     move(h) = (alpha'/alpha) x - sigma' expm1(h) e
 *     e1      = eps(move(r h), lambda + r h)
 *     half(h) = move(h) - sigma' expm1(h) / (2 r) (e1 - e)
 *     order 2   low = move(h), high = half(h)
 *     order 3   e2 = eps(move(k) - 2 sigma_2 phi(k) (e1 - e), lambda + k),   k = 2h/3
 *               low = half(h), high = move(h) - sigma' (3/2) phi(h) (e2 - e)
 *
 * Two or three denoiser calls an attempt, one less after a rejected one.
 */
#include "diffusion/adaptive.h"
#include <math.h>

static tensor eps(sampler *s, tensor x, double lambda)
{
    double sigma = sampler_sigma(s, lambda);
    return sampler_eps(s, x, sampler_guess(s, x, sigma).x0, sigma);
}

/* move(h) - sigma' lean (e1 - e). */
static tensor move(sampler *s, tensor x, double from, double h, tensor e, double lean, tensor e1)
{
    double next = sampler_sigma(s, from + h), alpha = sampler_alpha(s, sampler_sigma(s, from));
    tensor y = sampler_mix(s, sampler_alpha(s, next) / alpha, x, next * (lean - expm1(h)), e);
    return sampler_mix(s, 1, y, -next * lean, e1);
}

static adaptive_pair attempt(sampler *s, tensor x, tensor x0, double sigma, double next)
{
    double from = sampler_lambda(s, sigma), h = sampler_lambda(s, next) - from, k = 2 * h / 3;
    int order = s->options.order == 2 ? 2 : 3;
    tensor e = sampler_eps(s, x, x0, sigma), r = move(s, x, from, h / order, e, 0, e);
    tensor e1 = eps(s, r, from + h / order), move_h = move(s, x, from, h, e, 0, e);
    tensor half = move(s, x, from, h, e, order * expm1(h) / 2, e1);
    if (order == 2) return (adaptive_pair){move_h, half};
    tensor e2 = eps(s, move(s, x, from, k, e, 2 * (expm1(k) / k - 1), e1), from + k);
    return (adaptive_pair){half, move(s, x, from, h, e, 1.5 * (expm1(h) / h - 1), e2)};
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    if (s->options.order == 1) s->wrong = error_make("dpm_adaptive compares orders: 2 or 3");
    adaptive_walk(s, x, sigma, next, attempt);
}

SAMPLER(dpm_adaptive, "DPM adaptive", "arXiv:2206.00927, k-diffusion", "dpm_ad",
        "When the error matters and the number of calls does not.", .order = 3, .whole_walk = true,
        .max_order = 3, .evals = 3, .takes = SAMPLER_ETA | SAMPLER_CONTROL | SAMPLER_AS_PUBLISHED);
