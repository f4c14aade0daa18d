/* DPM adaptive: try a step with two rules; where they agree it was short enough.
 *
 * Lu, Zhou, Bao, Chen, Li, Zhu 2022, arXiv:2206.00927, DPM-Solver-12 and DPM-Solver-23, with the
 * controller of Soderlind 2003, "Digital filters in adaptive time-stepping", as Crowson has them in
 * k-diffusion (sample_dpm_adaptive). In lambda = ln(alpha / sigma), e = eps(x, lambda),
 * phi(h) = expm1(h) / h - 1, r = 1 / order:
 *
 *     move(h)      = (alpha'/alpha) x - sigma' expm1(h) e
 *     e1           = eps(move(r h), lambda + r h)
 *     half(h)      = move(h) - sigma' expm1(h) / (2 r) (e1 - e)
 *     order 2        low = move(h), high = half(h)
 *     order 3        e2 = eps(move(2h/3) - 2 sigma_2 phi(2h/3) (e1 - e), lambda + 2h/3)
 *                    low = half(h), high = move(h) - sigma' (3/2) phi(h) (e2 - e)
 *
 *     delta  = max(atol, rtol max(|low|, |low of the step before|))         number by number
 *     error  = sqrt(mean(((low - high) / delta)^2)),   v = 1 / (error + 1e-8)
 *     factor = 1 + atan(v^b1 v_before^b2 v_before_that^b3 - 1)               times h: the next h
 *     b1, b2, b3 = (p + i + d, -(p + 2 d), d) / order      accepted where factor >= safety
 *
 * The list tells where to begin and to end, no more. With eta the step goes down too far and noise
 * is added after it (ancestral.h); the controller then takes 1.5 for the order, and what it watches
 * is the rule's error, not how far few noises are from the law: that wants a small rtol. A last
 * step to 0 is Euler's, from the smallest size before it, and so is one from a flow's sigma 1, to
 * 0.999; no error is measured there.
 *
 * Every picture walks alone, with its own steps and noise (noise_picture), so what becomes of it
 * does not depend on its batch; k-diffusion has one step for all: as_published. The model is asked
 * about one picture at a time, and so is the watcher told.
 */
#include "diffusion/ancestral.h"
#include "diffusion/multistep.h"
#include <math.h>

enum { ATTEMPTS = 10000 };
static const double SHORTEST = 1e-9, BELOW_ONE = 0.999;

static tensor eps(sampler *s, tensor x, double lambda)
{
    double sigma = sampler_sigma(s, lambda);
    answer guess = denoiser_room(s->model, &s->scratch, x);
    denoiser_ask(s->model, guess, x, sigma, s->scratch);
    s->evals++;
    tensor_mix(guess.x0, 1 / sigma, x, -sampler_alpha(s, sigma) / sigma, guess.x0);
    return guess.x0;
}

/* From x at lambda at[0], along e[0], found there, and e[1], found at at[1]: move, half, exact. */
static tensor follow(sampler *s, tensor x, const double at[2], double to, const tensor e[2],
                     bool exact)
{
    double weight[2] = {0}, sigma = sampler_sigma(s, to);
    tensor y = tensor_like(&s->scratch, x);
    multistep_weights(weight, at, exact ? 2 : 1, at[0], to, -1);
    if (!exact) multistep_bend(weight, at, 2, weight[0] * (to - at[0]) / 2);
    double grow = sampler_alpha(s, sigma) / sampler_alpha(s, sampler_sigma(s, at[0]));
    tensor_mix(y, grow, x, -sigma * weight[0], e[0]);
    tensor_add_scaled(y, -sigma * weight[1], e[1]);
    return y;
}

static void attempt(sampler *s, tensor x, double from, double to, int order, tensor first,
                    tensor *low, tensor *high)
{
    double h = to - from, at[] = {from, from + h / order};
    tensor e[] = {first, first}, y = follow(s, x, at, at[1], e, false);
    *low = follow(s, x, at, to, e, false);
    e[1] = eps(s, y, at[1]);
    *high = follow(s, x, at, to, e, false);
    if (order == 2) return;
    *low = *high;
    y = follow(s, x, at, from + h * 2 / 3, e, true);
    at[1] = from + h * 2 / 3;
    e[1] = eps(s, y, at[1]);
    *high = follow(s, x, at, to, e, true);
}

static double error_of(tensor low, tensor high, tensor before, sampler_control c)
{
    double sum = 0, count = (double)tensor_count(low);
    for (size_t k = 0; k < tensor_count(low); k++) {
        double a = (double)low.data[k], b = (double)high.data[k];
        double size = fmax(fabs(a), fabs((double)before.data[k]));
        sum += pow((a - b) / fmax(c.atol, c.rtol * size), 2) / count;
    }
    return sqrt(sum);
}

/* How much longer the next step may be; v: 1 / error, of this attempt and the last two accepted. */
static double factor(double v[3], double off, sampler_control c, double order)
{
    v[0] = 1 / (off + 1e-8);
    if (v[1] == 0) v[1] = v[2] = v[0];
    double b1 = (c.p + c.i + c.d) / order, b2 = -(c.p + 2 * c.d) / order, b3 = c.d / order;
    return 1 + atan(pow(v[0], b1) * pow(v[1], b2) * pow(v[2], b3) - 1);
}

static error lost(int tries, double sigma)
{
    return error_make("attempt %d, from sigma %g, gave a picture that is not finite: look at what "
                      "the denoiser answers",
                      tries, sigma);
}

/* One picture, or as published all of them, down to the size `end`. */
static void adapt(sampler *s, tensor x, double sigma, double end)
{
    sampler_control c = s->options.control;
    if (c.rtol == 0) c.rtol = 0.05;
    if (c.atol == 0) c.atol = 0.0078;
    if (c.first == 0) c.first = 0.05;
    if (c.safety == 0) c.safety = 0.81;
    if (c.p == 0 && c.i == 0 && c.d == 0) c.i = 1;
    int order = s->options.order ? s->options.order : 3, tries = 0;
    double h = c.first, v[3] = {0}, off = 0, last = sampler_lambda(s, end), grow = HUGE_VAL;
    tensor e = tensor_like(&s->scratch, x), before = tensor_like(&s->scratch, x), low, high;
    tensor_copy(before, x);
    arena room = s->scratch;
    for (; sigma > end && isfinite(off) && h >= SHORTEST && tries < ATTEMPTS; tries++) {
        double from = sampler_lambda(s, sigma), next = end;
        if (from + h < last - 1e-5) next = sampler_sigma(s, from + h);
        ancestral a = ancestral_split(s, sigma, next, end);
        s->scratch = room;
        if (grow >= c.safety) tensor_copy(e, eps(s, x, from));
        attempt(s, x, from, sampler_lambda(s, a.down), order, e, &low, &high);
        off = error_of(low, high, before, c);
        grow = factor(v, off, c, s->options.eta > 0 ? 1.5 : order);
        h *= grow;
        if (!(grow >= c.safety)) continue;
        v[2] = v[1], v[1] = v[0];
        tensor_copy(before, low), tensor_copy(x, high);
        ancestral_rise(s, x, a, sigma, next);
        if (!sampler_show(s, x, sigma = next)) return;
    }
    if (!isfinite(off))
        s->wrong = lost(tries, sigma);
    else if (sigma > end)
        s->wrong = error_make("after %d attempts dpm_adaptive is at sigma %g with a step of %.2g "
                              "in lambda and %.2g times the error that rtol %g and atol %g allow: "
                              "allow more, or take a sampler that walks a list",
                              tries, sigma, h, off, c.rtol, c.atol);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    double end = next > 0 ? next : s->walk.at[s->walk.n - 1], start = sigma;
    int each = s->options.as_published ? x.n : 1;
    arena room = s->scratch;
    noise batch = s->noise;
    if (s->options.order == 1) s->wrong = error_make("dpm_adaptive compares orders: 2 or 3");
    if (!isfinite(sampler_lambda(s, sigma))) start = fmax(BELOW_ONE, end);
    if (start < sigma) sampler_follow(x, sampler_guess(s, x, sigma).x0, sigma, start);
    for (int i = 0; i < x.n && !s->wrong && !s->stopped; i += each, s->scratch = room) {
        if (each == 1 && s->options.eta > 0) s->noise = noise_picture(&batch, i);
        adapt(s, tensor_pictures(x, i, each), start, end);
    }
    if (next > 0 || s->wrong || s->stopped) return;
    sampler_follow(x, sampler_guess(s, x, end).x0, end, 0);
    if (!tensor_finite(x)) s->wrong = lost(0, end);
}

SAMPLER(dpm_adaptive, .label = "DPM adaptive", .paper = "arXiv:2206.00927, k-diffusion",
        .also = "dpm_ad", .use = "When the error matters and the number of calls does not.",
        .order = 3, .max_order = 3, .evals = 3,
        .takes = SAMPLER_ETA | SAMPLER_CONTROL | SAMPLER_AS_PUBLISHED, .whole_walk = true);
