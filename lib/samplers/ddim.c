/* DDIM: rebuild the picture at the next size from the guess and the noise it implies.
 *
 * Song, Meng, Ermon 2021, "Denoising Diffusion Implicit Models", arXiv:2010.02502, eq. 12 and 16.
 * The paper writes alpha_t for the field's alpha_bar_t; divided by sqrt(alpha_bar') it reads
 *
 *     eps = (x - alpha x0) / sigma
 *     up  = eta next sqrt(1 - r^2),   r = (next / alpha') / (sigma / alpha)       eq. 16
 *     x'  = alpha' x0 + sqrt(next^2 - up^2) eps + up z                            eq. 12
 *
 * One denoiser call a step, first order. eta = 0 adds no noise and is Euler's rule; eta = 1 is
 * DDPM.
 *
 * as_published steps from time t to t - T/n whatever comes next in the list, as diffusers does; on
 * lists other than leading the model is then told the wrong size of noise.
 */
#include "diffusion/sampler.h"
#include <math.h>

static double time_less_stride(const sampler *s, double sigma)
{
    double t = rint(schedule_t(s->schedule, sigma)) - s->schedule->T / s->walk.n;
    return t < 0 ? s->walk.at[s->walk.n] : schedule_sigma(s->schedule, t);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    double to = s->options.as_published ? time_less_stride(s, sigma) : next;
    double up = sampler_up(s, sigma, to);
    answer guess = sampler_guess(s, x, sigma);
    tensor eps = sampler_eps(s, x, sampler_along(guess), sigma);
    tensor_mix(x, sampler_alpha(s, to), guess.x0, sqrt(to * to - up * up), eps);
    sampler_add_noise(s, x, up, sigma, to);
    if (to != next) tensor_scale(x, hypot(1, next) / hypot(1, to), x); /* VP's x stays as it is */
}

SAMPLER(ddim, "DDIM", "arXiv:2010.02502 eq. 12, 16",
        "DDIMScheduler, DDIMParallelScheduler, euler_cfg_pp, DDIM CFG++",
        "Few steps with a VP network; eta turns it into DDPM, and it can be walked backwards.",
        .order = 1, .evals = 1,
        .takes = SAMPLER_ETA | SAMPLER_CORRECT | SAMPLER_AWAY | SAMPLER_AS_PUBLISHED);
