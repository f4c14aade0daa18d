/* SA-Solver: step along the curve through the last guesses, look there, and mend the step with the
 * curve that knows this guess too. Adams' way, with as much fresh noise as asked for.
 *
 * Xue et al. 2023, "SA-Solver: Stochastic Adams Solver for Fast Sampling of Diffusion Models",
 * arXiv:2309.05019. tau is eta, M = 1 + tau^2, M alpha' w_j the areas of multistep.h:
 *
 *     area(n) = M alpha' sum_j w_j x0_j, j < n    zeta = next sqrt(1 - e^(-2 tau^2 h)) z
 *     x'  = (next/sigma) e^(-tau^2 h) x + area(predictor) + zeta
 *     x'' = x' - area(predictor) + area(order)    order: with the guess at x', and the same zeta
 *
 * One denoiser call a step, or with pece two: the second at x''. tau is 0 outside of noise_min to
 * noise_max. Towards the end both look at fewer guesses. noise_prediction: of eps, not of x0; its
 * zeta, tau next sqrt(e^(2h) - 1), wants small steps. as_published is the authors' program and
 * diffusers: two guesses count as if the line's area were h^2/2, and the corrector has one more.
 */
#include "diffusion/multistep.h"
#include <math.h>

/* M in the step that begins at sigma; below 0 for eps. */
static double pull(const sampler *s, double sigma)
{
    const sampler_options *o = &s->options;
    double tau = sigma >= o->noise_min && sigma <= o->noise_max ? o->eta : 0;
    return (o->noise_prediction ? -1 : 1) * (1 + tau * tau);
}

/* x += area of the curve through `count` answers, from sigma to next. */
static void add(sampler *s, tensor x, int count, double sigma, double next)
{
    double node[MULTISTEP_MOST], weight[MULTISTEP_MOST], M = pull(s, sigma);
    double from = sampler_lambda(s, sigma), to = sampler_lambda(s, next);
    multistep_lambdas(s, node, count);
    multistep_weights(weight, node, count, from, to, M);
    if (count == 2 && s->options.as_published && M > 0)
        multistep_shorten(weight, node, from, to, true);
    multistep_add(s, x, weight, count, next, M);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    const sampler_options *o = &s->options;
    int order = o->order ? o->order : 4, ahead = o->predictor ? o->predictor : order - 1;
    int left = s->walk.n - s->i - (s->walk.at[s->walk.n] == 0);
    if (!o->keep_order && ahead > left) ahead = left;
    if (!o->keep_order && order > left + 1 + o->as_published) order = left + 1 + o->as_published;
    sampler_guess(s, x, sigma);
    order = multistep_reach(s, order, sigma), ahead = multistep_reach(s, ahead, next);
    if (order > 1) {
        add(s, x, order, s->past[1].sigma, sigma);
        tensor_add_scaled(x, -1, s->past[1].carry);
    }
    if (order > 1 && o->pece) {
        tensor_copy(s->past[0].guess.x0, sampler_guess(s, x, sigma).x0);
        tensor_copy(s->past[0].x, x);
    }
    double M = pull(s, sigma);
    tensor area = s->past[0].carry;
    tensor_fill(area, 0);
    if (ahead == 1)
        multistep_follow(s, area, 1, sigma, next, M);
    else
        add(s, area, ahead, sigma, next);
    tensor_mix(x, multistep_stay(s, sigma, next, M), x, 1, area);
    sampler_add_noise(s, x, multistep_noise(s, sigma, next, M), sigma, next);
}

SAMPLER(sa_solver, "SA-Solver", "arXiv:2309.05019", NULL, "Fresh noise in few calls, 20 to 60.",
        .order = 4, .max_order = 4, .evals = 2, .eta = 1, .stochastic = true,
        .takes = SAMPLER_ETA | SAMPLER_NOISE_PREDICTION | SAMPLER_KEEP_ORDER | SAMPLER_PREDICTOR |
                 SAMPLER_PECE | SAMPLER_AS_PUBLISHED);
