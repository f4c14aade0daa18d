/* LCM: guess the picture, put new noise in, guess again.
 *
 * Luo, Tan, Huang, Li, Zhao 2023, "Latent Consistency Models", arXiv:2310.04378, Algorithm 3.
 *
 *     x' = alpha' x0 + next z                    rise from 0 to next
 *
 * For networks that were trained to say where the ODE ends rather than the mean of all that x may
 * have been: two to eight steps. With any other network it blurs. One denoiser call a step. The
 * network's x0 is c_skip x + c_out F with a c_skip of 7e-6 and less at the times it was trained for
 * (19, 39, ..., 999), which is left out here.
 */
#include "diffusion/sampler.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    tensor_copy(x, sampler_guess(s, x, sigma).x0);
    sampler_rise(s, x, 0, next);
}

SAMPLER(lcm, "LCM", "arXiv:2310.04378 Alg. 3", "LCMScheduler, FlowMatchLCMScheduler",
        "Two to eight steps, with a consistency model only.", .evals = 1, .stochastic = true);
