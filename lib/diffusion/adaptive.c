#include "diffusion/adaptive.h"
#include <math.h>

enum { ATTEMPTS = 10000 };
static const double SHORTEST = 1e-9, BELOW_ONE = 0.999;

static sampler_control control(const sampler *s)
{
    sampler_control c = s->options.control;
    if (c.rtol == 0) c.rtol = 0.05;
    if (c.atol == 0) c.atol = 0.0078;
    if (c.first == 0) c.first = 0.05;
    if (c.safety == 0) c.safety = 0.81;
    if (c.p == 0 && c.i == 0 && c.d == 0) c.i = 1;
    return c;
}

static double error_of(adaptive_pair p, tensor before, sampler_control c)
{
    double sum = 0, count = (double)tensor_count(before);
    for (size_t k = 0; k < tensor_count(before); k++) {
        double low = (double)p.low.data[k], size = fmax(fabs(low), fabs((double)before.data[k]));
        double off = (low - (double)p.high.data[k]) / fmax(c.atol, c.rtol * size);
        sum += off * off / count;
    }
    return sqrt(sum);
}

/* v: of this attempt and the last two accepted. */
static double factor(double v[3], double off, sampler_control c, double order)
{
    v[0] = 1 / (off + 1e-8);
    if (v[1] == 0) v[1] = v[2] = v[0];
    double b1 = (c.p + c.i + c.d) / order, b2 = -(c.p + 2 * c.d) / order, b3 = c.d / order;
    return 1 + atan(pow(v[0], b1) * pow(v[1], b2) * pow(v[2], b3) - 1);
}

/* One picture, or as published all of them, down to the size `end`. */
static void adapt(sampler *s, tensor x, double sigma, double end, adaptive_rules *rules)
{
    sampler_control c = control(s);
    double order = s->options.order ? s->options.order : s->kind->order, off = 0, grow = HUGE_VAL;
    double h = c.first, v[3] = {0}, last = sampler_lambda(s, end);
    int tries = 0;
    tensor x0 = tensor_like(&s->scratch, x), before = tensor_like(&s->scratch, x);
    tensor_copy(before, x);
    arena room = s->scratch;
    for (; sigma > end && isfinite(off) && h >= SHORTEST && tries < ATTEMPTS; tries++) {
        double to = sampler_lambda(s, sigma) + h, next = end;
        if (to < last - 1e-5) next = sampler_sigma(s, to);
        ancestral a = ancestral_split(s, sigma, next, end);
        s->scratch = room;
        if (grow >= c.safety) tensor_copy(x0, sampler_guess(s, x, sigma).x0);
        adaptive_pair p = rules(s, x, x0, sigma, a.down);
        off = error_of(p, before, c);
        grow = factor(v, off, c, s->options.eta > 0 ? 1.5 : order);
        h *= grow;
        if (!(grow >= c.safety)) continue;
        v[2] = v[1], v[1] = v[0];
        tensor_copy(before, p.low), tensor_copy(x, p.high);
        ancestral_rise(s, x, a, sigma, next);
        if (!sampler_show(s, x, sigma = next)) return;
    }
    if (!isfinite(off))
        sampler_not_finite(s);
    else if (sigma > end)
        s->wrong = error_make("after %d attempts, at sigma %g, still %.2g times the error allowed: "
                              "allow more, or walk a list",
                              tries, sigma, off);
}

void adaptive_walk(sampler *s, tensor x, double sigma, double next, adaptive_rules *rules)
{
    double end = next > 0 ? next : s->walk.at[s->walk.n - 1], start = sigma;
    int each = s->options.as_published ? x.n : 1;
    if (!isfinite(sampler_lambda(s, sigma))) start = fmax(BELOW_ONE, end);
    if (start < sigma) sampler_follow(x, sampler_guess(s, x, sigma).x0, sigma, start);
    arena room = s->scratch;
    noise batch = s->noise;
    for (int i = 0; i < x.n && !s->wrong && !s->stopped; i += each, s->scratch = room) {
        if (each == 1 && s->options.eta > 0) s->noise = noise_picture(&batch, i);
        adapt(s, tensor_pictures(x, i, each), start, end, rules);
    }
    if (next == 0 && !s->wrong && !s->stopped)
        sampler_follow(x, sampler_guess(s, x, end).x0, end, 0);
}
