/* ER-SDE: leave the amount of noise on the way open, a function phi, and follow the guess exactly
 * whatever phi is.
 *
 * Cui, Zhang, Wang, Wang, Liao 2023, "Elucidating the Solution Space of Extended Reverse-Time SDE
 * for Diffusion Models", arXiv:2309.06169, eq. 20 to 24 and Algorithms 1 to 3. Its clock is
 * l = sigma / alpha; l' is that of next.
 *
 *     x'/alpha' = (phi'/phi) x/alpha + phi' int_l'^l x0(u) d(-1/phi(u))
 *                 + sqrt(l'^2 - (l phi'/phi)^2) z
 *     phi(u) = u g(u)^eta,   g(u) = e^(u^0.3) + 10     the paper's choice 5; REVERSE: g(u) = u
 *
 * With x0(u) a curve through 1, 2 or 3 guesses (the paper's stages) the integral is x0 (1 - phi'/phi)
 * and its moments, by parts, with S_k = int_l'^l (u - l)^k / phi(u) du and d = l' - l:
 *
 *     lean = d + phi' S_0 for the slope,   bend = d^2 + 2 phi' S_1 for (u - l)^2
 *
 * One denoiser call a step. As published S_k are sums of 200 terms, and the third stage leaves out
 * that the slope between two guesses is not that at the last one: it is of order 2 then. Ours is of
 * order 3. eta 0 is the ODE, REVERSE with eta 1 the reverse SDE that DDPM follows.
 */
#include "diffusion/multistep.h"
#include <math.h>

static double g(const sampler *s, double u)
{
    return s->options.form == SAMPLER_REVERSE ? u : exp(pow(u, 0.3)) + 10;
}

/* S_0 and S_1. */
static void integrate(const sampler *s, double S[2], double l, double next)
{
    bool sums = s->options.as_published;
    int pieces = 1 + (int)(log(l / next) / 4), points = sums ? 200 : 16 * pieces;
    for (int i = 0; i < points; i++) {
        double share = (l - next) / 200, u = next + i * share;
        if (!sums) u = exp(multistep_point(i, pieces, log(next), log(l), &share)), share *= u;
        share /= u * pow(g(s, u), s->options.eta);
        S[0] += share, S[1] += share * (u - l);
    }
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    double alpha = sampler_alpha(s, next), eta = s->options.eta, S[2] = {0}, l[3], weight[3] = {0};
    sampler_guess(s, x, sigma);
    int count = multistep_reach(s, s->options.order ? s->options.order : 3, next);
    for (int j = 0; j < count; j++) l[j] = s->past[j].sigma / sampler_alpha(s, s->past[j].sigma);
    double to = next / alpha, d = to - l[0], change = pow(g(s, to) / g(s, l[0]), eta);
    weight[0] = alpha - next / sigma * change * sampler_alpha(s, sigma);
    if (count > 1) {
        integrate(s, S, l[0], to);
        double phi = alpha * to * pow(g(s, to), eta), lean = alpha * d + phi * S[0];
        multistep_bend(weight, l, 2, lean);
        if (s->options.as_published) lean = 0;
        if (count > 2)
            multistep_bend(weight, l, 3, alpha * d * d + 2 * phi * S[1] + lean * (l[0] - l[1]));
    }
    tensor_scale(x, next / sigma * change, x);
    for (int j = 0; j < count; j++) tensor_add_scaled(x, weight[j], s->past[j].guess.x0);
    sampler_add_noise(s, x, next * sqrt(1 - change * change), sigma, next);
}

SAMPLER(er_sde, .label = "ER-SDE", .paper = "arXiv:2309.06169 Alg. 1-3",
        .also = "extended_reverse_sde, ER-SDE-Solver-3",
        .use = "A little noise where there is little left: 10 to 30 steps.", .order = 3,
        .max_order = 3, .evals = 1, .eta = 1,
        .takes = SAMPLER_ETA | SAMPLER_FORM | SAMPLER_AS_PUBLISHED, .stochastic = true);
