/* DPM++ 3M SDE: a parabola through three guesses, followed exactly, with fresh noise.
 *
 * Crowson 2023, k-diffusion (sample_dpmpp_3m_sde), after Lu et al. 2022, arXiv:2211.01095.
 *
 *     h = lambda' - lambda,  M = 1 + eta,  H = M h,  v = share of the step, 0 to 1
 *     x0(v) = x0 + d1 v + d2 v^2                    the parabola
 *     x' = (next / sigma) e^(-eta h) x + alpha' (-expm1(-H) x0 + a1 d1 + a2 d2)
 *          + next sqrt(1 - e^(-2 eta h)) z
 *     a1 = phi_2 = 1 + expm1(-H) / H,   a2 = 2 phi_3,   phi_3 = 1/2 - phi_2 / H
 *
 * One denoiser call a step. The areas are int_0^1 H e^(-H (1-v)) v^k dv, which is k! phi_(k+1);
 * k-diffusion has phi_3 in place of 2 phi_3, and so order 2 (as_published). The first two steps
 * have one and two guesses, the step to 0 one.
 */
#include "diffusion/multistep.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    double node[3], less[3] = {0}, M = 1 + s->options.eta;
    sampler_guess(s, x, sigma);
    int count = multistep_reach(s, 3, next);
    multistep_follow(s, x, count, sigma, next, M);
    if (count == 3 && s->options.as_published) {
        multistep_lambdas(s, node, 3);
        double h = sampler_lambda(s, next) - node[0], H = M * h;
        double phi_3 = 0.5 - (1 + expm1(-H) / H) / H;
        multistep_bend(less, node, 3, -phi_3 * h * h / M);
        multistep_add(s, x, less, 3, next, M);
    }
    sampler_add_noise(s, x, multistep_noise(s, sigma, next, M), sigma, next);
}

SAMPLER(dpmpp_3m_sde, "DPM++ 3M SDE", "arXiv:2211.01095, k-diffusion", "sample_dpmpp_3m_sde",
        "As DPM++ 2M SDE, for 30 steps or more.", .order = 3, .evals = 1, .eta = 1,
        .takes = SAMPLER_ETA | SAMPLER_AS_PUBLISHED, .stochastic = true);
