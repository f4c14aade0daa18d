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
 *     b1, b2, b3 = (p + i + d, -(p + 2 d), d) / order       accepted where factor >= safety
 *
 * The list tells where to begin and to end, no more. With eta the step goes down too far and noise
 * is added after it (ancestral.h); the controller then takes 1.5 for the order. A last step to 0 is
 * Euler's, from the smallest size before it, and so is one from a flow's sigma 1, to 0.999.
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

static tensor ask(sampler *s, tensor x, double sigma)
{
    answer guess = denoiser_room(s->model, &s->scratch, x);
    denoiser_ask(s->model, guess, x, sigma, s->scratch);
    s->evals++;
    return guess.x0;
}

static tensor eps(sampler *s, tensor x, double lambda)
{
    double sigma = sampler_sigma(s, lambda);
    tensor e = ask(s, x, sigma);
    tensor_mix(e, 1 / sigma, x, -sampler_alpha(s, sigma) / sigma, e);
    return e;
}

/* From x along e, as it is there, and e1, as it is at `middle`: exactly, or the half of it. */
static tensor move(sampler *s, tensor x, double from, double to, tensor e, tensor e1, double middle,
                   bool exact)
{
    double weight[2] = {0}, node[] = {from, middle}, sigma = sampler_sigma(s, to);
    double grow = sampler_alpha(s, sigma) / sampler_alpha(s, sampler_sigma(s, from));
    multistep_weights(weight, node, exact ? 2 : 1, from, to, -1);
    if (!exact) multistep_bend(weight, node, 2, weight[0] * (to - from) / 2);
    tensor y = tensor_like(&s->scratch, x);
    tensor_mix(y, grow, x, -sigma * weight[0], e);
    tensor_add_scaled(y, -sigma * weight[1], e1);
    return y;
}

/* Both rules: low and high. */
static void attempt(sampler *s, tensor x, double from, double to, int order, tensor e,
                    tensor both[2])
{
    double one = from + (to - from) / order, two = from + 2 * (to - from) / 3;
    tensor e1 = eps(s, move(s, x, from, one, e, e, one, false), one);
    both[order == 2] = move(s, x, from, to, e, e1, one, false);
    if (order == 2) {
        both[0] = move(s, x, from, to, e, e, one, false);
    } else {
        tensor e2 = eps(s, move(s, x, from, two, e, e1, one, true), two);
        both[1] = move(s, x, from, to, e, e2, two, true);
    }
}

static double error_of(const tensor both[2], tensor before, sampler_control c)
{
    double sum = 0;
    size_t count = tensor_count(before);
    for (size_t k = 0; k < count; k++) {
        double low = (double)both[0].data[k], high = (double)both[1].data[k];
        double size = fmax(fabs(low), fabs((double)before.data[k]));
        sum += pow((low - high) / fmax(c.atol, c.rtol * size), 2);
    }
    return sqrt(sum / (double)count);
}

/* How much longer the next step may be. */
static double factor(double v[3], sampler_control c, double off, double order)
{
    v[0] = 1 / (off + 1e-8);
    if (v[1] == 0) v[1] = v[2] = v[0];
    double b1 = (c.p + c.i + c.d) / order, b2 = -(c.p + 2 * c.d) / order, b3 = c.d / order;
    return 1 + atan(pow(v[0], b1) * pow(v[1], b2) * pow(v[2], b3) - 1);
}

static sampler_control usual(sampler_control c)
{
    if (c.rtol == 0) c.rtol = 0.05;
    if (c.atol == 0) c.atol = 0.0078;
    if (c.first == 0) c.first = 0.05;
    if (c.p == 0 && c.i == 0 && c.d == 0) c.i = 1;
    if (c.safety == 0) c.safety = 0.81;
    return c;
}

/* Why it goes no further, or NULL. */
static error stuck(int tries, double off, double h, double sigma, sampler_control c)
{
    if (!isfinite(off))
        return error_make("attempt %d, from sigma %g, gave a picture that is not finite: look at "
                          "what the denoiser answers",
                          tries, sigma);
    if (h >= SHORTEST && tries < ATTEMPTS) return NULL;
    return error_make("after %d attempts dpm_adaptive is at sigma %g with a step of %.2g in lambda "
                      "and %.2g times the error that rtol %g and atol %g allow: allow more, or "
                      "take a sampler that walks a list",
                      tries, sigma, h, off, c.rtol, c.atol);
}

/* x, one picture or as published all of them, from sigma to end. */
static void adapt(sampler *s, tensor x, double sigma, double end)
{
    sampler_control c = usual(s->options.control);
    int order = s->options.order ? s->options.order : 3;
    double h = c.first, v[3] = {0}, off = 0, last = sampler_lambda(s, end);
    tensor e = tensor_like(&s->scratch, x), before = tensor_like(&s->scratch, x), both[2];
    tensor_copy(before, x);
    arena room = s->scratch;
    for (int tries = 0, accepted = true; sigma > end && !s->stopped; tries++, s->scratch = room) {
        if ((s->wrong = stuck(tries, off, h, sigma, c))) return;
        double from = sampler_lambda(s, sigma), next = end;
        if (from + h < last - 1e-5) next = sampler_sigma(s, from + h);
        ancestral a = ancestral_split(s, sigma, next, end);
        if (accepted) tensor_copy(e, eps(s, x, from));
        attempt(s, x, from, sampler_lambda(s, a.down), order, e, both);
        off = error_of(both, before, c);
        double grow = factor(v, c, off, s->options.eta > 0 ? 1.5 : order);
        h *= grow;
        accepted = grow >= c.safety;
        if (!accepted) continue;
        v[2] = v[1], v[1] = v[0];
        tensor_copy(before, both[0]);
        tensor_copy(x, both[1]);
        ancestral_rise(s, x, a, sigma, next);
        sampler_show(s, x, sigma = next);
    }
}

static void euler(sampler *s, tensor x, double sigma, double next)
{
    if (s->stopped || s->wrong) return;
    sampler_follow(x, ask(s, x, sigma), sigma, next);
    if (!tensor_finite(x)) s->wrong = stuck(0, NAN, 0, sigma, s->options.control);
    if (!s->wrong) sampler_show(s, x, next);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    double end = next > 0 ? next : s->walk.at[s->walk.n - 1], start = sigma;
    if (!isfinite(sampler_lambda(s, sigma))) start = fmax(BELOW_ONE, end);
    int each = s->options.as_published ? x.n : 1;
    noise batch = s->noise;
    if (s->options.order == 1) s->wrong = error_make("dpm_adaptive compares orders: 2 or 3");
    for (int i = 0; i < x.n && !s->wrong; i += each) {
        arena room = s->scratch;
        tensor one = tensor_pictures(x, i, each);
        if (each == 1 && s->options.eta > 0) s->noise = noise_picture(&batch, i);
        if (start < sigma) euler(s, one, sigma, start);
        adapt(s, one, start, end);
        if (next == 0) euler(s, one, end, 0);
        s->scratch = room;
    }
}

SAMPLER(dpm_adaptive, .label = "DPM adaptive", .paper = "arXiv:2206.00927, k-diffusion",
        .also = "dpm_ad", .use = "When the error matters and the number of calls does not.",
        .order = 3, .max_order = 3, .evals = 3,
        .takes = SAMPLER_ETA | SAMPLER_CONTROL | SAMPLER_AS_PUBLISHED, .whole_walk = true);
