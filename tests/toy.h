/** @file toy.h
 *  What several tests of samplers walk on: two small models, and walks put together by hand.
 */
#ifndef TESTS_TOY_H
#define TESTS_TOY_H
#include "diffusion/exact.h"
#include "diffusion/sampler.h"
#include <math.h>
#include <string.h>

/** One bell N(0.5, 0.6^2), number by number: linear in x. */
static inline void toy_line_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)self, (void)scratch;
    double s2 = 0.36, v = s2 + sigma * sigma;
    tensor_fill(out.x0, 0.5 * sigma * sigma / v);
    tensor_add_scaled(out.x0, s2 / v, x);
}

/** Two bells at -1 and 1 of width 0.3, number by number: as far from a straight line as it gets. */
static inline void toy_bells_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)self, (void)scratch;
    double s2 = 0.09, v = s2 + sigma * sigma;
    for (size_t i = 0; i < tensor_count(x); i++) {
        double at = (double)x.data[i];
        out.x0.data[i] = (real)((sigma * sigma * tanh(at / v) + s2 * at) / v);
    }
}

static const denoiser toy_line = {.guess = toy_line_guess};
static const denoiser toy_bells = {.guess = toy_bells_guess};

/** The bells' guess, to be walked along another guess's noise. */
static inline void toy_leaning_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    toy_bells_guess(self, out, x, sigma, scratch);
    tensor_mix(out.away, 0.8, out.x0, 0, out.x0);
}

static const denoiser toy_leaning = {.guess = toy_leaning_guess, .gives_away = true};

/** The bells' guess, and a place within the range of variances that moves with it. */
static inline void toy_unsure_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    toy_bells_guess(self, out, x, sigma, scratch);
    tensor_scale(out.log_variance, 0.7, out.x0);
}

static const denoiser toy_unsure = {.guess = toy_unsure_guess, .gives_variance = true};

/** A walk that rises twice, and one in a flow that rises once. */
static const double toy_rising[] = {10, 4, 1.5, 0.6, 1, 4, 1.5, 0.5, 0.2, 0};
static const double toy_flowing[] = {1, 0.8, 0.5, 0.7, 0.4, 0.2, 0.1, 0};

/** A sampler with the paper's VP schedule, for the kinds that ask for t. */
static inline sampler toy_sampler(const sampler_kind *kind, denoiser d, sigmas walk, noise source)
{
    static schedule vp;
    if (vp.kind != SCHEDULE_VP) (void)schedule_make("vp", (schedule_options){0}, NULL, &vp);
    sampler s = sampler_make(kind, d, walk, source);
    s.schedule = &vp;
    return s;
}

/** A walk from a list of n + 1 sizes. */
static inline sigmas toy_list(arena *keep, int n, const double *at)
{
    sigmas walk = {.n = n, .at = arena_take(keep, (size_t)(n + 1) * sizeof *at)};
    for (int i = 0; i <= n; i++) walk.at[i] = at[i];
    return walk;
}

/** What kinds with a mask want, for others nothing: where `some` are known, every third number of x
 * is known to be 0.25; else none is, and the mask changes nothing. */
static inline void toy_mask(sampler *s, arena *keep, tensor x, bool some)
{
    if (!(s->kind->takes & SAMPLER_MASK)) return;
    s->mask = tensor_like(keep, x), s->known = tensor_like(keep, x);
    tensor_fill(s->known, 0.25);
    for (size_t i = 0; i < tensor_count(x); i++) s->mask.data[i] = (real)(some && i % 3 == 0);
}

static inline bool toy_same_bits(tensor x, tensor y)
{
    return memcmp(x.data, y.data, tensor_count(x) * sizeof(real)) == 0;
}

/** n steps from high to low, spaced as Karras has them; a last step to 0 where `to_zero`. */
static inline sigmas toy_walk(arena *keep, int n, double high, double low, bool to_zero)
{
    sigmas walk = {.n = n, .at = arena_take(keep, (size_t)(n + 1) * sizeof(double))};
    int last = to_zero ? n - 1 : n;
    double a = pow(high, 1 / 7.0), b = pow(low, 1 / 7.0);
    for (int i = 0; i <= n; i++) walk.at[i] = pow(a + (b - a) * i / (last > 0 ? last : 1), 7);
    walk.at[0] = high;
    walk.at[last] = last > 0 ? low : high;
    if (to_zero) walk.at[n] = 0;
    return walk;
}

/** Noise of one size, [n, h, w, c]. */
static inline tensor toy_noise(arena *keep, int n, int h, int w, int c, double sigma)
{
    tensor x = tensor_new(keep, n, h, w, c);
    rng r = rng_torch((uint64_t)(n + 1000 * sigma));
    rng_normal(&r, x, *keep);
    tensor_scale(x, sigma, x);
    return x;
}

/** The small batch of odd size that most walks here start from: noise of one size. */
static inline tensor toy_start(arena *keep, int n, double sigma)
{
    return toy_noise(keep, n, 5, 3, 2, sigma);
}

/* Where the ODE takes x when the data are one Gaussian of width s: the answer that samplers are
 * measured against.
 *
 *     x' = alpha' m + (x - alpha m) sqrt((alpha'^2 s^2 + next^2) / (alpha^2 s^2 + sigma^2)) */
static inline void toy_follow(const exact_mixture *m, tensor x, double sigma, double next)
{
    PROMISE(m->centre.n == 1, "toy_follow: one component only");
    double s = m->width ? m->width[0] : 0, now = m->flow ? 1 - sigma : 1;
    double then = m->flow ? 1 - next : 1, a = then * s, b = now * s;
    double grow = sqrt((a * a + next * next) / (b * b + sigma * sigma));
    for (int i = 0; i < x.n; i++) {
        tensor one = tensor_pictures(x, i, 1);
        tensor_mix(one, grow, one, then - grow * now, m->centre);
    }
}

#endif
