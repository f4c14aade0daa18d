/* SEEDS-2: look ahead within the step, and let the noise of the look be the step's own noise.
 *
 * Gonzalez et al. 2023, "SEEDS: Exponential SDE Solvers for Fast High-Quality Sampling from
 * Diffusion Models", arXiv:2305.14267, SEEDS-2 for the guess of x0. h = lambda' - lambda,
 * M = 1 + eta, m is the size at lambda + r h:
 *
 *     y  = (m/sigma) e^(-eta r h) x - alpha_m expm1(-M r h) x0 + m n_1
 *     x' = (next/sigma) e^(-eta h) x - alpha' expm1(-M h) (x0 + (x0_y - x0)/(2 r)) + next n_2
 *     n_1 = sqrt(1 - e^(-2 eta r h)) z_1
 *     n_2 = e^(-eta (1-r) h) n_1 + sqrt(1 - e^(-2 eta (1-r) h)) z_2
 *
 * That is multistep_chain() with one place on the way; form HEUN has the exact area of the line
 * there. Two denoiser calls a step, second order without noise. eta 0 with r = 1/2 is DPM++ 2S;
 * form HEUN with r = 1 is what programs call exp_heun_2_x0.
 */
#include "diffusion/multistep.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    const double place[] = {s->options.r > 0 ? s->options.r : 0.5, 1, 0};
    multistep_chain(s, x, sigma, next, place, s->options.form == SAMPLER_HEUN);
}

SAMPLER(seeds_2, "SEEDS-2", "arXiv:2305.14267", NULL,
        "As DPM++ SDE: fresh noise, two calls a step.", .order = 2, .evals = 2, .eta = 1,
        .forms = "heun", .takes = SAMPLER_ETA | SAMPLER_R, .stochastic = true);
