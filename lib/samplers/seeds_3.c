/* SEEDS-3: look ahead twice within the step, at a third and at two thirds of it.
 *
 * Gonzalez et al. 2023, arXiv:2305.14267, SEEDS-3 for the guess of x0. h = lambda' - lambda,
 * M = 1 + eta; each x_c has the noise of the way to it, one path:
 *
 *     w(u)  = 1 + expm1(-u) / u
 *     x_1/3 = follow x0 there
 *     x_2/3 = follow x0 there + alpha_2/3 2 w(2 M h/3) (x0_1/3 - x0)
 *     x'    = follow x0       + alpha' 3/2 w(M h) (x0_2/3 - x0)
 *
 * That is multistep_chain() with two places on the way. Three denoiser calls a step, third order
 * without noise: at two thirds, a line through two guesses has the area of the parabola.
 */
#include "diffusion/multistep.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    multistep_chain(s, x, sigma, next, (const double[]){1.0 / 3, 2.0 / 3, 1, 0}, true);
}

SAMPLER(seeds_3, "SEEDS-3", "arXiv:2305.14267", NULL, "SEEDS-2 with a third call; for small steps.",
        .order = 3, .evals = 3, .eta = 1, .takes = SAMPLER_ETA, .stochastic = true);
