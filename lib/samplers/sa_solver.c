/* SA-Solver: predict along the curve through the last guesses, look there, and go over the same
 * step again with the curve that knows the new guess too. Adams' way, with as much noise as asked.
 *
 * Xue, Yi, Luo, Zhang, Sun, Li, Ma 2023, "SA-Solver: Stochastic Adams Solver for Fast Sampling of
 * Diffusion Models", arXiv:2309.05019, Algorithm 1. tau is eta, M = 1 + tau^2:
 *
 *     x' = (next/sigma) e^(-tau^2 h) x + alpha' sum_j w_j x0_j + zeta      j = 0 .. predictor - 1
 *     zeta = next sqrt(1 - e^(-2 tau^2 h)) z                               eq. 14, 16
 *     x' = x' - alpha' sum w_j x0_j + alpha' sum v_j x0_j                  eq. 17: v has x0' in it
 *
 * w and v as in multistep_follow(). One denoiser call a step (PEC) or, asking again where the
 * corrector lands, two (pece); options.order points for the corrector, one less for the predictor.
 * The corrector is said as a difference: so zeta stays, and what a caller painted into x' too.
 * tau is 0 outside of noise_min <= sigma <= noise_max. Both look at fewer answers towards the end.
 * noise_prediction: the guess of eps makes the curve, the noise is tau next sqrt(e^(2h) - 1); it
 * needs small steps. as_published is the authors' program and diffusers: at two points h^2/2 in
 * place of the line's area, and a corrector that looks at fewer answers one step later.
 */
#include "diffusion/multistep.h"
#include <math.h>

/* 1 + tau^2 in the step that begins at sigma. */
static double pull(const sampler *s, double sigma)
{
    const sampler_options *o = &s->options;
    return sigma >= o->noise_min && sigma <= o->noise_max ? 1 + o->eta * o->eta : 1;
}

/* x' of a step along the curve through `count` answers, without its noise. */
static void move(sampler *s, tensor x, int count, double sigma, double next, double M)
{
    double node[MULTISTEP_MOST], weight[MULTISTEP_MOST] = {0}, alpha = sampler_alpha(s, next);
    double from = sampler_lambda(s, sigma), to = sampler_lambda(s, next), h = to - from;
    multistep_lambdas(s, node, count);
    if (!s->options.noise_prediction || !isfinite(h)) {
        multistep_follow(s, x, count, sigma, next, M);
        if (count != 2 || !s->options.as_published) return;
        multistep_bend(weight, node, 2, alpha * (M * h * h / 2 - h - expm1(-M * h) / M));
        for (int j = 0; j < 2; j++) tensor_add_scaled(x, weight[j], s->past[j].guess.x0);
        return;
    }
    tensor_scale(x, alpha / sampler_alpha(s, sigma), x);
    multistep_weights(weight, node, count, from, to, -1);
    for (int j = 0; j < count; j++) {
        double size = s->past[j].sigma, w = -next * M * weight[j] / size;
        tensor_add_scaled(x, w, s->past[j].x);
        tensor_add_scaled(x, -w * sampler_alpha(s, size), s->past[j].guess.x0);
    }
}

static void correct(sampler *s, tensor x, int count, double sigma)
{
    tensor area = tensor_like(&s->scratch, x);
    tensor_fill(area, 0);
    move(s, area, count, s->past[1].sigma, sigma, pull(s, s->past[1].sigma));
    tensor_add_scaled(x, 1, area);
    tensor_add_scaled(x, -1, s->past[1].carry);
    if (!s->options.pece) return;
    tensor_copy(s->past[0].guess.x0, sampler_guess(s, x, sigma).x0);
    tensor_copy(s->past[0].x, x);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    const sampler_options *o = &s->options;
    int order = o->order ? o->order : 4, ahead = o->predictor ? o->predictor : order - 1;
    int left = s->walk.n - s->i - (s->walk.at[s->walk.n] == 0);
    if (!o->keep_order && ahead > left) ahead = left;
    if (!o->keep_order && order > left + 1 + o->as_published) order = left + 1 + o->as_published;
    sampler_guess(s, x, sigma);
    order = multistep_reach(s, order, sigma);
    if (order > 1) correct(s, x, order, sigma);
    double M = next > 0 ? pull(s, sigma) : 1, up = multistep_noise(s, sigma, next, M);
    if (o->noise_prediction && up > 0 && isfinite(sampler_lambda(s, sigma)))
        up = next * sqrt((M - 1) * expm1(2 * (sampler_lambda(s, next) - sampler_lambda(s, sigma))));
    ahead = multistep_reach(s, ahead, next);
    tensor_fill(s->past[0].carry, 0);
    move(s, s->past[0].carry, ahead, sigma, next, M);
    move(s, x, 0, sigma, next, M);
    tensor_add_scaled(x, 1, s->past[0].carry);
    sampler_add_noise(s, x, up, sigma, next);
}

SAMPLER(sa_solver, .label = "SA-Solver", .paper = "arXiv:2309.05019 Alg. 1",
        .also = "SASolverScheduler, sa_solver_pece",
        .use = "Few calls with noise: 20 to 60, where other stochastic rules want hundreds.",
        .order = 4, .max_order = 4, .evals = 2, .eta = 1,
        .takes = SAMPLER_ETA | SAMPLER_NOISE_PREDICTION | SAMPLER_KEEP_ORDER | SAMPLER_PREDICTOR |
                 SAMPLER_PECE | SAMPLER_AS_PUBLISHED,
        .stochastic = true);
