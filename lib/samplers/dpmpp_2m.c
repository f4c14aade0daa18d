/* DPM-Solver++(2M): draw a line through this guess and the one before, and follow it exactly.
 *
 * Lu, Zhou, Bao, Chen, Li, Zhu 2022, "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion
 * Probabilistic Models", arXiv:2211.01095, Algorithm 2.
 *
 *     lambda = ln(alpha / sigma)                       the clock in which the curve is tame
 *     h = lambda' - lambda,  r = (lambda - lambda_before) / h
 *     x0^ = x0 + (x0 - x0_before) / (2 r)              the guess, leaned towards where it is going
 *     x'  = (next / sigma) x - alpha' expm1(-h) x0^    exact if x0^ did not move during the step
 *
 * One denoiser call a step, second order. The first step and the step to 0, where lambda is
 * infinite, use x0 alone. Where a guess's noise is to be walked along that is not x0's (CFG++,
 * Chung 2024, arXiv:2406.08070), that guess is followed, and exchanged for x0 at the end.
 */
#include "diffusion/sampler.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    answer guess = sampler_guess(s, x, sigma);
    tensor x0 = sampler_along(guess);
    double lambda = sampler_lambda(s, sigma), h = sampler_lambda(s, next) - lambda;
    if (s->history > 0 && isfinite(h)) {
        double r = (lambda - sampler_lambda(s, s->past[1].sigma)) / h;
        x0 = sampler_mix(s, 1 + 0.5 / r, x0, -0.5 / r, sampler_along(s->past[1].guess));
    }
    sampler_follow(x, x0, sigma, next);
    sampler_exchange(x, guess, sampler_alpha(s, next));
}

SAMPLER(dpmpp_2m, "DPM++ 2M", "arXiv:2211.01095 Alg. 2",
        "DPMSolverMultistepScheduler, multistep_dpm_solver, dpmsolver++, dpmpp_2m_cfg_pp, "
        "DPM++ 2M CFG++",
        "The first to try: 15 to 30 steps, one call each.", .order = 2, .evals = 1,
        .takes = SAMPLER_AWAY);
