/* Gradient estimation: lean each slope away from the one before.
 *
 * Permenter, Yuan 2024, "Interpreting and Improving Diffusion Models from an Optimization
 * Perspective", arXiv:2306.04848, Algorithm 2: denoising is a projection onto the pictures, D errs
 * most in the direction in which it has just changed, and gamma > 1 takes that error back.
 *
 *     d^ = gamma d + (1 - gamma) d_before                   gamma = 2 unless asked for
 *     x' = x + (next - sigma) d^
 *
 * One call a step. It is Euler with gamma = 1, ipndm.c with two slopes (order 2) with 1.5, and of
 * order 1 with any other: it is made for few steps, not for many. The first step
 * and the step to 0 are Euler's. Under CFG++ the slopes are those away from the other guess, and x0
 * takes its place at the end of a step.
 */
#include "diffusion/sampler.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    answer guess = sampler_guess(s, x, sigma);
    double gamma = s->options.gamma > 0 ? s->options.gamma : 2, h = next - sigma;
    bool lean = s->history > 0 && next > 0;
    tensor_add_scaled(x, lean ? gamma * h : h, sampler_past_slope(s, 0));
    if (lean) tensor_add_scaled(x, (1 - gamma) * h, sampler_past_slope(s, 1));
    sampler_exchange(x, guess, sampler_alpha(s, next));
}

SAMPLER(gradient_estimation, "Gradient estimation", "arXiv:2306.04848 Alg. 2",
        "gradient_estimation_cfg_pp", "Five to ten steps, where it beats Euler at the same price.",
        .order = 1, .evals = 1, .takes = SAMPLER_GAMMA | SAMPLER_AWAY);
