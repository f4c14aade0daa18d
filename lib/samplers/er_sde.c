/* ER-SDE: leave open how much noise there is on the way, a function phi, and solve for any phi.
 *
 * Cui et al. 2023, "Elucidating the Solution Space of Extended Reverse-Time SDE for Diffusion
 * Models", arXiv:2309.06169. The clock is l = sigma / alpha, l' at next.
 *
 *     x'/alpha' = (phi'/phi) x/alpha + phi' int_l'^l x0(u) d(-1/phi(u))
 *                 + sqrt(l'^2 - (l phi'/phi)^2) z
 *     phi(u) = u g(u)^eta,   g(u) = e^(u^0.3) + 10, the authors' choice;   form REVERSE: g(u) = u
 *
 * x0(u) is the curve through the last one, two or three guesses (the paper's stages). By parts,
 * with S_k = int_l'^l (u - l)^k / phi(u) du and d = l' - l, the integral has phi' times as much of
 *
 *     x0: 1/phi' - 1/phi      its slope at l: d / phi' + S_0      half its bend: d^2 / phi' + 2 S_1
 *
 * One denoiser call a step, order 3. eta 0 is the ODE; REVERSE with eta 1 is the reverse SDE, which
 * DDPM follows. As published S_k are sums of 200 terms, and the third stage, too, takes the slope
 * of the line through two guesses for that at l: order 2, and with the sums 1 in small steps.
 */
#include "diffusion/multistep.h"
#include <math.h>

static double g(const sampler *s, double u)
{
    return s->options.form == SAMPLER_REVERSE ? u : exp(pow(u, 0.3)) + 10;
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    const sampler_options *o = &s->options;
    double alpha = sampler_alpha(s, next), l[3], weight[3] = {1}, S[2] = {0};
    sampler_guess(s, x, sigma);
    int count = multistep_reach(s, o->order ? o->order : 3, next);
    for (int j = 0; j < count; j++) l[j] = s->past[j].sigma / sampler_alpha(s, s->past[j].sigma);
    double to = next / alpha, d = to - l[0], change = pow(g(s, to) / g(s, l[0]), o->eta);
    for (int i = 0; count > 1 && i < (o->as_published ? 200 : 64); i++) {
        double share = -d / 200, u = to + i * share;
        if (!o->as_published)
            u = exp(multistep_point(i, 4, log(to), log(l[0]), &share)), share *= u;
        share /= u * pow(g(s, u), o->eta);
        S[0] += share, S[1] += share * (u - l[0]);
    }
    double phi = to * pow(g(s, to), o->eta), lean = d + phi * S[0], bend = d * d + 2 * phi * S[1];
    if (!o->as_published && count > 2) bend += lean * (l[0] - l[1]);
    weight[0] -= to / l[0] * change;
    if (count > 1) multistep_bend(weight, l, 2, lean);
    if (count > 2) multistep_bend(weight, l, 3, bend);
    tensor_scale(x, next / sigma * change, x);
    multistep_add(s, x, weight, count, next, 1);
    sampler_add_noise(s, x, next * sqrt(1 - change * change), sigma, next);
}

SAMPLER(er_sde, "ER-SDE", "arXiv:2309.06169", "ER-SDE-Solver-3",
        "A little fresh noise, in 10 to 30 steps.", .order = 3, .max_order = 3, .evals = 1,
        .eta = 1, .forms = "reverse", .takes = SAMPLER_ETA | SAMPLER_AS_PUBLISHED,
        .stochastic = true);
