/* VQ-Diffusion: draw each symbol from what it may have been, given the guess.
 *
 * Gu et al. 2021, "Vector Quantized Diffusion Model for Text-to-Image Synthesis", arXiv:2111.14822,
 * eq. 11; Austin et al. 2021 (D3PM), arXiv:2107.03006, eq. 4. As DDPM's bell, for symbols:
 *
 *     law(j) ~ Q_next,t(j, x) sum_k Q_0,next(k, j) x0_k / Q_0,t(k, x)        discrete.h
 *     x'     = the j with the largest ln law(j) + heat g_j,   g_j = -ln(-ln u_j)     Gumbel
 *
 * One denoiser call a step. A list that skips times uses the law over the stretch that it skips.
 * For a single place that is exact in any number of steps; but all places are drawn at once, and
 * what two of them have to do with each other is lost when both change in one step. heat
 * (options.temperature) is 1; less prefers the likely, 0 takes the likeliest. In the last step no
 * MASK is drawn.
 */
#include "diffusion/sampler.h"

static void step(sampler *s, tensor x, double t, double next)
{
    tensor x0 = sampler_guess(s, x, t).x0, law = tensor_like(&s->scratch, x);
    discrete_posterior(s->discrete, law, x, x0, (int)next, (int)t);
    discrete_draw(x, law, next > 0 ? x.c : s->discrete->codes, s->options.temperature,
                  &s->noise.rng, s->scratch);
}

SAMPLER(vq_diffusion, "VQ-Diffusion", "arXiv:2111.14822 eq. 11", "VQDiffusionScheduler, D3PM",
        "Pictures of symbols, any table of noise; a step may skip times.", .evals = 1,
        .takes = SAMPLER_TEMPERATURE, .stochastic = true, .discrete = true, .temperature = 1);
