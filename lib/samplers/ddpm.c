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
 *     up   = small^((1 - v)/2) large^((1 + v)/2),  v in [-1, 1]   learned, number by number
 *
 * The last is Nichol, Dhariwal 2021, arXiv:2102.09672, eq. 15. A network knows its time but not how
 * far the next step goes, so what it can say is the place v between the two, and the rule works out
 * both. (SAMPLER_LEARNED, without a range, is the logarithm of the variance itself: only for a walk
 * over all trained times.)
 *
 * One denoiser call a step. It was made for a thousand small steps. The last one adds no noise; in
 * diffusers it does where the list's last time is not 0 (trailing). Its fixed_small_log is
 * fixed_small, its fixed_large_log takes the root of a logarithm and ends with NaN.
 */
#include "diffusion/sampler.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    double alpha = sampler_alpha(s, sigma), alpha_next = sampler_alpha(s, next);
    double s2 = sigma * sigma, n2 = next * next, keep = alpha / alpha_next * n2 / s2;
    double small = sampler_up(s, sigma, next), large = sqrt((s2 - n2) * (1 + n2) / (1 + s2));
    sampler_variance says = s->options.variance;
    answer guess = sampler_guess(s, x, sigma);
    tensor_mix(x, keep, x, alpha_next - keep * alpha, guess.x0);
    double up = says == SAMPLER_FIXED_LARGE ? large : small, spread = 0;
    if (says == SAMPLER_LEARNED) up = sqrt(1 + n2), spread = 1;
    if (says == SAMPLER_LEARNED_RANGE) up = sqrt(small * large), spread = log(large / small);
    if (next == 0) return;
    tensor z = tensor_like(&s->scratch, x), v = guess.log_variance;
    tensor_fill(z, 0);
    sampler_add_noise(s, z, up, sigma, next);
    for (size_t i = 0, count = tensor_count(x); i < count; i++)
        x.data[i] += z.data[i] * (v.data ? (real)exp(spread * (double)v.data[i] / 2) : 1);
}

SAMPLER(ddpm, "DDPM", "arXiv:2006.11239 Alg. 2", "DDPMScheduler, DDPMParallelScheduler",
        "Hundreds of small steps, as the model was trained; never few.", .order = 1, .evals = 1,
        .eta = 1, .takes = SAMPLER_VARIANCE | SAMPLER_CORRECT, .stochastic = true);
