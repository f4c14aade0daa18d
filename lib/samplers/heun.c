/* Heun: make Euler's step, look at the slope there, and walk along the mean of both.
 *
 * Karras, Aittala, Aila, Laine 2022, arXiv:2206.00364, Algorithm 2 (Algorithm 1 when churn is 0).
 *
 *     x, sigma = churn(x, sigma)
 *     d   = (x - D(x, sigma)) / sigma
 *     x'  = x + (next - sigma) d                     Euler; the end of it when next = 0
 *     d'  = (x' - D(x', next)) / next
 *     x'' = x + (next - sigma) (d + d') / 2
 *
 * Two denoiser calls a step, second order: half the step, a quarter of the error.
 */
#include "diffusion/sampler.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    sigma = sampler_churn(s, x, sigma);
    tensor d = sampler_slope(s, x, sigma);
    if (next > 0) {
        tensor d_there = sampler_slope(s, sampler_mix(s, 1, x, next - sigma, d), next);
        tensor_mix(d, 0.5, d, 0.5, d_there);
    }
    tensor_add_scaled(x, next - sigma, d);
}

SAMPLER(heun, "Heun", "arXiv:2206.00364 Alg. 2", "HeunDiscreteScheduler",
        "Exact ends where calls are cheap; with churn it mends its own errors.", .order = 2,
        .evals = 2, .takes = SAMPLER_CHURN | SAMPLER_CORRECT);
