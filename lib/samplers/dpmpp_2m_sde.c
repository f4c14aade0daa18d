/* DPM++ 2M SDE: DPM-Solver++(2M) with fresh noise.
 *
 * Crowson 2023, k-diffusion (sample_dpmpp_2m_sde), after Lu et al. 2022, arXiv:2211.01095.
 *
 *     h = lambda' - lambda,  M = 1 + eta,  H = M h,  r = (lambda - lambda_before) / h
 *     x' = (next / sigma) e^(-eta h) x - alpha' expm1(-H) x0
 *          + alpha' lean (x0 - x0_before) / r + next sqrt(1 - e^(-2 eta h)) z
 *
 *     lean = -expm1(-H) / 2           midpoint: the line halfway, for the whole step
 *     lean = 1 + expm1(-H) / H        heun: the area under the line
 *
 * One denoiser call a step. The old picture is shrunk more than an ODE would, and noise fills what
 * is missing; for a guess that stands still both are exact for any h. eta = 1 is as much noise as
 * the forward process had; between 0 and 1 it is not DDIM's eta, whose square it is for small
 * steps. eta = 0 and midpoint is dpmpp_2m.c. The first step and the step to 0 use x0 alone.
 */
#include "diffusion/multistep.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    double M = 1 + s->options.eta, alpha = sampler_alpha(s, next);
    double lambda = sampler_lambda(s, sigma), h = sampler_lambda(s, next) - lambda, H = M * h;
    tensor x0 = sampler_guess(s, x, sigma).x0;
    multistep_follow(s, x, 1, sigma, next, M);
    if (multistep_reach(s, 2, next) == 2) {
        double r = (lambda - sampler_lambda(s, s->past[1].sigma)) / h;
        double lean = s->options.form == SAMPLER_HEUN ? 1 + expm1(-H) / H : -expm1(-H) / 2;
        tensor_add_scaled(x, alpha * lean / r, x0);
        tensor_add_scaled(x, -alpha * lean / r, s->past[1].guess.x0);
    }
    sampler_add_noise(s, x, multistep_noise(s, sigma, next, M), sigma, next);
}

SAMPLER(dpmpp_2m_sde, "DPM++ 2M SDE", "arXiv:2211.01095, k-diffusion", "sde-dpmsolver++",
        "Fine detail in 20 to 50 steps; on a Brownian path the picture settles.", .order = 2,
        .evals = 1, .eta = 1, .forms = "midpoint or heun", .takes = SAMPLER_ETA,
        .stochastic = true);
