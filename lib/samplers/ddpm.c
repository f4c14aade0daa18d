/* DDPM: draw the next picture from what it may have been, given the guess.
 *
 * Ho, Jain, Abbeel 2020, "Denoising Diffusion Probabilistic Models", arXiv:2006.11239, Algorithm 2
 * and eq. 6 and 7. Its letters are for x_t = sqrt(abar) x0 + sqrt(1 - abar) eps; here, where the
 * picture is not shrunk, the same Gaussian is
 *
 *     keep = (alpha / alpha') (next / sigma)^2          share of x that stays
 *     mu   = keep x + (alpha' - keep alpha) x0          eq. 7
 *     x'   = mu + up z
 *
 *     up^2 = next^2 (1 - r^2)                           beta~_t, "fixed small", r as in ddim.c
 *     up^2 = (sigma^2 - next^2) (1 + next^2) / (1 + sigma^2)      beta_t, "fixed large"
 *
 * One denoiser call a step. It was made for a thousand small steps. The last one adds no noise.
 */
#include "diffusion/sampler.h"
#include <math.h>

static double fixed_large(double sigma, double next)
{
    double s2 = sigma * sigma, n2 = next * next;
    return next > 0 ? sqrt((s2 - n2) * (1 + n2) / (1 + s2)) : 0;
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    double alpha = sampler_alpha(s, sigma), alpha_next = sampler_alpha(s, next);
    double keep = alpha / alpha_next * (next / sigma) * (next / sigma);
    tensor x0 = sampler_guess(s, x, sigma).x0;
    tensor_mix(x, keep, x, alpha_next - keep * alpha, x0);
    bool large = s->options.variance == SAMPLER_FIXED_LARGE;
    sampler_add_noise(s, x, large ? fixed_large(sigma, next) : sampler_up(s, sigma, next), sigma,
                      next);
}

SAMPLER(ddpm, .label = "DDPM", .paper = "arXiv:2006.11239 Alg. 2",
        .also = "DDPMScheduler, DDPMParallelScheduler",
        .use = "Hundreds of small steps, as the model was trained; never few.", .order = 1,
        .evals = 1, .eta = 1, .takes = SAMPLER_VARIANCE, .stochastic = true);
