/* RePaint: where the picture is known, put in what it would be with this much noise.
 *
 * Lugmayr, Danelljan, Romero, Yu, Timofte, Van Gool 2022, "RePaint: Inpainting using Denoising
 * Diffusion Probabilistic Models", arXiv:2201.09865, eq. 8 and Algorithm 1, with mask m (1: known):
 *
 *     known   = alpha' x0_known + next z                             eq. 8a
 *     unknown = alpha' x0 + sqrt(next^2 - up^2) eps + up z           eq. 8b, as ddim.c has it
 *     x'      = m known + (1 - m) unknown                            eq. 8c
 *
 * The network is not trained for this, and any will do. One denoiser call a step. But the unknown
 * part of a step was made before the known part of that step was drawn, so the two do not fit. The
 * paper therefore goes back up, where all of x gets noise, and comes down again, many times: take a
 * list that does so ("repaint", or any with options.jump). It goes up one step at a time, as in the
 * paper; one rise over all of them has the same law. eta = 1 is the paper's DDPM.
 *
 * Algorithm 1, line 5, has the variance where eq. 8a has its root: a slip of the pen. One z serves
 * both halves, as in diffusers: where m is 0 or 1 only one of them is used, and in between the
 * mixture keeps more of its noise than with two. diffusers jumps from one size lower than the
 * authors, the last time from the clean picture; and with fewer than T steps its way up takes the
 * betas of later times, so that x holds more noise than its network is told.
 */
#include "diffusion/sampler.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    noise source = s->noise;
    sampler_ddim.step(s, x, sigma, next);
    s->noise = source; /* the same z again */
    tensor known = tensor_like(&s->scratch, x);
    tensor_scale(known, sampler_alpha(s, next), s->known);
    sampler_add_noise(s, known, next, sigma, next);
    for (size_t i = 0; i < tensor_count(x); i++)
        x.data[i] = s->mask.data[i] * known.data[i] + (1 - s->mask.data[i]) * x.data[i];
}

SAMPLER(repaint, "RePaint", "arXiv:2201.09865 Alg. 1", "RePaintPipeline",
        "Fills holes in a picture with a network that knows nothing of holes.", .evals = 1,
        .eta = 1, .takes = SAMPLER_ETA | SAMPLER_AWAY | SAMPLER_MASK, .stochastic = true);
