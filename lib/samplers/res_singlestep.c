/* RES, single step: look ahead once, and follow the line through both guesses exactly.
 *
 * Zhang, Song, Chen 2023, "Improved Order Analysis and Design of Exponential Integrator for
 * Diffusion Models Sampling", arXiv:2308.02157, Algorithm 1: the refined exponential solver (RES).
 * c_2 is options.r, h = lambda' - lambda, m the size at lambda + c_2 h:
 *
 *     x, sigma = churn(x, sigma)
 *     y  = (m/sigma) x + alpha_m h c_2 phi_1(-c_2 h) x0            phi_1(u) = (e^u - 1) / u
 *     x' = (next/sigma) x + alpha' h (b_1 x0 + b_2 x0_y)           phi_2(u) = (phi_1(u) - 1) / u
 *     b_1 = phi_1(-h) - phi_2(-h) / c_2,   b_2 = phi_2(-h) / c_2
 *
 * Two denoiser calls a step, second order: multistep_chain() with one place on the way.
 * DPM-Solver++(2S) has phi_1 / 2 in place of phi_2, which in long steps is too little.
 */
#include "diffusion/multistep.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    const double place[] = {s->options.r > 0 ? s->options.r : 0.5, 1, 0};
    sigma = sampler_churn(s, x, sigma);
    multistep_chain(s, x, sigma, next, place, true);
}

SAMPLER(res_singlestep, "RES 2S", "arXiv:2308.02157 Alg. 1", "res_2s",
        "As DPM++ 2S, better in long steps.", .order = 2, .evals = 2,
        .takes = SAMPLER_CHURN | SAMPLER_R);
