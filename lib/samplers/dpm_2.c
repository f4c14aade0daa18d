/* DPM2: look at the slope halfway, and walk the whole step along that one.
 *
 * Lu, Zhou, Bao, Chen, Li, Zhu 2022, "DPM-Solver", arXiv:2206.00927 (DPM-Solver-2), in the
 * coordinate of Karras et al. 2022, arXiv:2206.00364, as in k-diffusion.
 *
 *     x, sigma = churn(x, sigma)
 *     d   = (x - D(x, sigma)) / sigma
 *     mid = sqrt(sigma next)                         halfway in log sigma
 *     y   = x + (mid - sigma) d
 *     x'  = x + (next - sigma) (y - D(y, mid)) / mid
 *
 * Two denoiser calls a step, second order. The step to 0 has no middle: Euler.
 */
#include "diffusion/sampler.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    sigma = sampler_churn(s, x, sigma);
    tensor d = sampler_slope(s, x, sigma);
    if (next > 0) {
        double mid = sqrt(sigma * next);
        d = sampler_slope(s, sampler_mix(s, 1, x, mid - sigma, d), mid);
    }
    tensor_add_scaled(x, next - sigma, d);
}

SAMPLER(dpm_2, "DPM2", "arXiv:2206.00927, k-diffusion",
        "DPM2, dpm_discrete, KDPM2DiscreteScheduler",
        "As Heun, with the second look in the middle; rarely the best.", .order = 2, .evals = 2,
        .takes = SAMPLER_CHURN);
