/* RES: follow the line through the last two guesses, exactly.
 *
 * Zhang, Song, Chen 2023, "Improved Order Analysis and Design of Exponential Integrator for
 * Diffusion Models Sampling", arXiv:2308.02157, the multistep rule of order 2, with eta as in
 * ComfyUI (res_multistep):
 *
 *     down = sqrt(next^2 - up^2),   up as in ddim.c                       eta = 0: down is next
 *     h  = ln(alpha' / down) - ln(alpha / sigma),   c = -h_before / h
 *     b2 = phi_2(-h) / c,   b1 = phi_1(-h) - b2
 *     x' = e^-h (alpha' / alpha) x + alpha' h (b1 x0 + b2 x0_before) + up z
 *
 * with phi_1(z) = (e^z - 1) / z, phi_2(z) = (phi_1(z) - 1) / z. One call a step. alpha' h b1 and
 * alpha' h b2 are the areas under the line through both guesses, here all + lean and -lean; the
 * first step and the step to 0 follow x0 alone. With eta = 0 it is DPM++ 2M SDE's heun form without
 * noise, with eta = 1 the same with it; between them the two put in different amounts. Under CFG++
 * the guesses are the other ones, and x0 takes the last one's place at the end of a step. ComfyUI
 * exchanges them before the step, but not before the first: as_published.
 */
#include "diffusion/sampler.h"
#include <math.h>

/* h, to the down of a step that leads to next. */
static double length(const sampler *s, double sigma, double next)
{
    double up = sampler_up(s, sigma, next), down = sqrt(next * next - up * up);
    return log(sampler_alpha(s, next) / down) - sampler_lambda(s, sigma);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    answer guess = sampler_guess(s, x, sigma);
    double alpha_next = sampler_alpha(s, next), up = sampler_up(s, sigma, next), lean = 0;
    double stay = sqrt(next * next - up * up) / sigma, h = length(s, sigma, next);
    double before = s->history > 0 ? length(s, s->past[1].sigma, sigma) : HUGE_VAL;
    if (isfinite(h)) lean = alpha_next * (h + expm1(-h)) / before;
    double all = alpha_next - stay * sampler_alpha(s, sigma);
    tensor_mix(x, stay, x, all + lean, sampler_along(guess));
    if (lean != 0) tensor_add_scaled(x, -lean, sampler_along(s->past[1].guess));
    sampler_exchange(x, guess, lean != 0 && s->options.as_published ? stay : alpha_next);
    sampler_add_noise(s, x, up, sigma, next);
}

SAMPLER(res_multistep, "RES multistep", "arXiv:2308.02157", "res_multistep_cfg_pp, res_2m",
        "As DPM++ 2M: now one is ahead, now the other.", .order = 2, .evals = 1,
        .takes = SAMPLER_ETA | SAMPLER_AWAY | SAMPLER_AS_PUBLISHED);
