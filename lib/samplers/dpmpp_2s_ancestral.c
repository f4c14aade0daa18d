/* DPM-Solver++(2S) ancestral: ask again halfway down, follow that answer, climb back with noise.
 *
 * Lu, Zhou, Bao, Chen, Li, Zhu 2022, arXiv:2211.01095, Algorithm 1 with r = 1/2, with the ancestral
 * step of k-diffusion (sample_dpmpp_2s_ancestral) around it. In lambda = ln(alpha / sigma):
 *
 *     up, down as in euler_ancestral.c
 *     mid = the size halfway from sigma to down
 *     y   = (mid / sigma) x + (1 - mid / sigma) D(x, sigma)        exact if D did not move
 *     x'  = (down / sigma) x + (1 - down / sigma) D(y, mid) + up z
 *
 * Two denoiser calls a step; second order but for the noise. It is dpm_2_ancestral with the guess,
 * not the slope, standing still in half a step, which guidance disturbs less. The step to 0, and
 * one from a flow's sigma 1, have no middle: Euler.
 */
#include "diffusion/ancestral.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    ancestral a = ancestral_split(s, sigma, next, 0);
    tensor x0 = sampler_guess(s, x, sigma).x0;
    double lambda = sampler_lambda(s, sigma), h = sampler_lambda(s, a.down) - lambda;
    if (isfinite(h)) {
        double mid = sampler_sigma(s, lambda + h / 2);
        tensor y = sampler_mix(s, mid / sigma, x, 1 - mid / sigma, x0);
        x0 = sampler_guess(s, y, mid).x0;
    }
    sampler_follow(x, x0, sigma, a.down);
    ancestral_rise(s, x, a, sigma, next);
}

SAMPLER(dpmpp_2s_ancestral, "DPM++ 2S a", "arXiv:2211.01095 Alg. 1, k-diffusion", "dpm++2s_a",
        "As Euler a, with half the steps and two calls each.", .order = 2, .evals = 2, .eta = 1,
        .takes = SAMPLER_ETA, .stochastic = true);
