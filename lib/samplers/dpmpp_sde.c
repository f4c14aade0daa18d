/* DPM-Solver++ SDE: ask again between sigma and next, where fresh noise has been added too.
 *
 * Lu, Zhou, Bao, Chen, Li, Zhu 2022, arXiv:2211.01095, Algorithm 1 (r: where the second question
 * lies, usually 1/2), each of its two moves made ancestral, as Crowson has it in k-diffusion
 * (sample_dpmpp_sde). In lambda = ln(alpha / sigma), with x0 = D(x, sigma):
 *
 *     mid = the size that lies r of the way from sigma to next
 *     y   = ancestral step of x to mid along x0                    euler_ancestral.c
 *     x0^ = (1 - 1/(2r)) x0 + 1/(2r) D(y, mid)
 *     x'  = ancestral step of x to next along x0^
 *
 * Two denoiser calls a step; second order but for the noise. Both moves start at x, so their noises
 * belong to overlapping stretches of sigma: take a Brownian path, where they are two looks at one
 * path. Drawn fresh they are strangers, and then even the law of the pictures is right to first
 * order only: where 0.5 is the right spread, it is .342 .397 .436 .463 .480 in 5, 10, 20, 40, 80
 * steps, on a path .424 .474 .493 .4986 .4998 (lessons/15_ancestral_sde.c measures it). The step to
 * 0, and one from a flow's sigma 1, are Euler's.
 */
#include "diffusion/ancestral.h"
#include <math.h>

static void move(sampler *s, tensor x, tensor x0, double sigma, double next)
{
    ancestral a = ancestral_split(s, sigma, next, 0);
    sampler_follow(x, x0, sigma, a.down);
    ancestral_rise(s, x, a, sigma, next);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    double r = s->options.r > 0 ? s->options.r : 0.5;
    double lambda = sampler_lambda(s, sigma), h = sampler_lambda(s, next) - lambda;
    tensor x0 = sampler_guess(s, x, sigma).x0;
    if (isfinite(h)) {
        double mid = sampler_sigma(s, lambda + r * h);
        tensor y = tensor_like(&s->scratch, x);
        tensor_copy(y, x);
        move(s, y, x0, sigma, mid);
        x0 = sampler_mix(s, 1 - 0.5 / r, x0, 0.5 / r, sampler_guess(s, y, mid).x0);
    }
    move(s, x, x0, sigma, next);
}

SAMPLER(dpmpp_sde, "DPM++ SDE", "arXiv:2211.01095 Alg. 1, k-diffusion", "DPMSolverSDEScheduler",
        "Much detail in 10 to 15 steps of two calls; take a Brownian path with it.", .order = 2,
        .evals = 2, .eta = 1, .takes = SAMPLER_ETA | SAMPLER_R, .stochastic = true);
