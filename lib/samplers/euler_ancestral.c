/* Euler ancestral: step too far down, then climb back up with fresh noise.
 *
 * Ho, Jain, Abbeel 2020, "Denoising Diffusion Probabilistic Models", arXiv:2006.11239, eq. 6 and 7,
 * written for x = x0 + sigma eps as Crowson does in k-diffusion (get_ancestral_step).
 *
 *     up   = min(next, eta sqrt(next^2 (sigma^2 - next^2) / sigma^2))    noise to add
 *     down = sqrt(next^2 - up^2)                                         size to step down to
 *     x'   = x + (down - sigma) d + up z,    z ~ N(0, 1)
 *
 * With eta = 1 this is DDPM, with any eta DDIM; it stands here under the name programs list it by.
 * One denoiser call a step. The fresh noise washes out earlier errors, and with new noise another
 * number of steps ends in another picture. In a flow the picture grows by alpha' / alpha too, so
 * the step is written with x0, which for alpha = 1 is the line above:
 *
 *     x'   = alpha' x0 + down (x - alpha x0) / sigma + up z
 *
 * (With another guess `away` for the noise, (x - alpha away) / sigma: CFG++, arXiv:2406.08070.)
 * ComfyUI and diffusers (LTXEulerAncestralRF) divide a flow's noise otherwise: down = next (1 + eta
 * (next / sigma - 1)), then a rise back to next. Both are right for any eta: what comes out has
 * noise of size next in it. as_published is theirs.
 */
#include "diffusion/sampler.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    double up = sampler_up(s, sigma, next), down = sqrt(next * next - up * up);
    answer guess = sampler_guess(s, x, sigma);
    if (s->options.as_published && s->model.flow) {
        down = next * (1 + s->options.eta * (next / sigma - 1));
        sampler_follow(x, guess.x0, sigma, down);
        sampler_rise(s, x, down, next);
        return;
    }
    tensor eps = sampler_eps(s, x, sampler_along(guess), sigma);
    tensor_mix(x, sampler_alpha(s, next), guess.x0, down, eps);
    sampler_add_noise(s, x, up, sigma, next);
}

SAMPLER(euler_ancestral, "Euler a", "arXiv:2006.11239 eq. 6-7, k-diffusion",
        "EulerAncestralDiscreteScheduler, euler_ancestral_cfg_pp",
        "Soft, varied pictures in 20 to 40 steps; another number of steps is another picture.",
        .order = 1, .evals = 1, .eta = 1, .stochastic = true,
        .takes = SAMPLER_ETA | SAMPLER_CORRECT | SAMPLER_AWAY | SAMPLER_AS_PUBLISHED);
