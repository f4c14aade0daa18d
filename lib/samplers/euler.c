/* Euler: walk along the slope as it is now.
 *
 * Karras, Aittala, Aila, Laine 2022, "Elucidating the Design Space of Diffusion-Based Generative
 * Models", arXiv:2206.00364, Algorithm 2 without lines 9 to 11 (and Algorithm 1 when churn is 0).
 *
 *     x, sigma = churn(x, sigma)        noise put back; nothing unless asked for
 *     d  = (x - D(x, sigma)) / sigma    the slope dx/dsigma
 *     x' = x + (next - sigma) d
 *
 * One denoiser call a step, first order: half the step, half the error. DDIM is this rule.
 */
#include "diffusion/sampler.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    sigma = sampler_churn(s, x, sigma);
    tensor d = sampler_slope(s, x, sigma);
    tensor_add_scaled(x, next - sigma, d);
}

SAMPLER(euler, "Euler", "arXiv:2206.00364 Alg. 2", "EulerDiscreteScheduler",
        "The plainest: what others are measured against, and never far off with 50 steps.",
        .order = 1, .evals = 1, .takes = SAMPLER_CHURN | SAMPLER_CORRECT);
