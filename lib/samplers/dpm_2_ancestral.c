/* DPM2 ancestral: DPM2 to a size too far down, then back up with fresh noise.
 *
 * Lu, Zhou, Bao, Chen, Li, Zhu 2022, arXiv:2206.00927 (DPM-Solver-2), with the ancestral step of
 * k-diffusion (sample_dpm_2_ancestral) around it.
 *
 *     up, down as in euler_ancestral.c
 *     d   = (x - D(x, sigma)) / sigma
 *     mid = sqrt(sigma down)                         halfway in log sigma
 *     y   = x + (mid - sigma) d
 *     x'  = x + (down - sigma) (y - D(y, mid)) / mid + up z
 *
 * Two denoiser calls a step; second order but for the noise. With eta = 0 it is dpm_2. With eta = 1
 * down is next^2 / sigma, so that mid is next itself and the step before the noise is twice as long
 * as the list says: with few steps and strong guidance it overshoots.
 */
#include "diffusion/ancestral.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    ancestral a = ancestral_split(s, sigma, next, 0);
    tensor d = sampler_slope(s, x, sigma);
    if (a.down > 0) {
        double mid = sqrt(sigma * a.down);
        d = sampler_slope(s, sampler_mix(s, 1, x, mid - sigma, d), mid);
    }
    tensor_add_scaled(x, a.down - sigma, d);
    ancestral_rise(s, x, a, sigma, next);
}

SAMPLER(dpm_2_ancestral, "DPM2 a", "arXiv:2206.00927, k-diffusion",
        "dpm_discrete_ancestral, KDPM2AncestralDiscreteScheduler",
        "For pictures made with it; Euler a gives as much for half the calls.", .order = 2,
        .evals = 2, .eta = 1, .takes = SAMPLER_ETA, .stochastic = true);
