/* Consistency multistep: as LCM, for a model whose pictures keep the last trace of noise.
 *
 * Song, Dhariwal, Chen, Sutskever 2023, "Consistency Models", arXiv:2303.01469, Algorithm 1.
 *
 *     x' = x0 + sqrt(next^2 - sigma_min^2) z     rise from sigma_min to next
 *
 * The model was trained to lead to sigma_min (0.002) instead of 0, and the list ends there. With a
 * list that ends at 0 this is LCM. One denoiser call a step. What the network says becomes x0 in
 * network.h (sigma_min).
 */
#include "diffusion/sampler.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    tensor_copy(x, sampler_guess(s, x, sigma).x0);
    sampler_rise(s, x, s->walk.at[s->walk.n], next);
}

SAMPLER(consistency, "Consistency", "arXiv:2303.01469 Alg. 1",
        "CMStochasticIterativeScheduler, consistency multistep",
        "One to four steps, with a consistency model only.", .evals = 1, .stochastic = true);
