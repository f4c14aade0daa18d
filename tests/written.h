/** @file written.h
 *  A sampler beside its paper's own form, written out for one number at a time: what such tests
 *  share. In double.
 */
#ifndef TESTS_WRITTEN_H
#define TESTS_WRITTEN_H
#include "diffusion/schedule.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STEPS = 12 };
static arena memory, noise_room;
static schedule trained;
static double karras[STEPS + 1], above[STEPS + 1], flowing[STEPS + 1];

/* ---- What the samplers make ---- */

/* z of a step depends on where it starts only, so that both sides meet the same. */
static inline void noise_at(void *self, tensor z, int draw, double from, double to)
{
    (void)self, (void)draw, (void)to;
    rng r = rng_torch((uint64_t)(from * 1e6));
    rng_normal(&r, z, noise_room);
}

static inline tensor walk_of(denoiser d, const char *name, const double *sigma, sampler_options o)
{
    const sampler_kind *kind;
    assert_null(sampler_find(name, &kind));
    d.flow = sigma == flowing;
    sampler s = sampler_make(kind, d, toy_list(&memory, STEPS, sigma), noise_given(noise_at, NULL));
    o.s_noise = 1, o.noise_max = HUGE_VAL;
    s.options = o;
    s.schedule = &trained;
    tensor x = toy_start(&memory, 2, sigma[0]);
    error wrong = sampler_run(&s, x, memory);
    if (wrong) fail_msg("%s", wrong);
    return x;
}

static inline tensor walk(const char *name, const double *sigma, sampler_options o)
{
    return walk_of(toy_bells, name, sigma, o);
}

/* Numbers of size 10, rounded some hundred times, are apart by up to 1e-13. */
static inline void assert_same(tensor x, tensor y)
{
    for (size_t i = 0; i < tensor_count(x); i++)
        if (!(fabs((double)(x.data[i] - y.data[i])) <= 1e-12))
            fail_msg("number %zu: %.17g and %.17g", i, (double)x.data[i], (double)y.data[i]);
}

/* ---- What the papers' forms are made of ---- */

typedef double rule(sampler_options o, const double *sigma, double x, const double *z);

/* The whole walk of every number by itself. */
static inline tensor written_out(rule *f, const double *sigma, sampler_options o)
{
    tensor x = toy_start(&memory, 2, sigma[0]), noises[STEPS];
    for (int i = 0; i < STEPS; i++) {
        noises[i] = tensor_like(&memory, x);
        noise_at(NULL, noises[i], i, sigma[i], 0);
    }
    for (size_t p = 0; p < tensor_count(x); p++) {
        double z[STEPS];
        for (int i = 0; i < STEPS; i++) z[i] = (double)noises[i].data[p];
        x.data[p] = (real)f(o, sigma, (double)x.data[p], z);
    }
    return x;
}

/* D, as toy_bells has it, and the slope. */
static inline double D(double x, double sigma)
{
    double s2 = 0.09, v = s2 + sigma * sigma;
    return (sigma * sigma * tanh(x / v) + s2 * x) / v;
}

static inline double slope(double x, double sigma)
{
    return (x - D(x, sigma)) / sigma;
}

static inline double alpha_of(const double *list, double sigma)
{
    return list == flowing ? 1 - sigma : 1;
}

/* ---- Lists: Karras to 0 and to 0.1, and a flow's from pure noise to 0 ---- */

static inline void begin_written(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 20);
    assert_null(schedule_make("scaled_linear", (schedule_options){0}, &memory, &trained));
    sigmas to_zero = toy_walk(&memory, STEPS, 10, 0.1, true);
    sigmas ends_above = toy_walk(&memory, STEPS, 10, 0.1, false);
    for (int i = 0; i <= STEPS; i++) {
        karras[i] = to_zero.at[i], above[i] = ends_above.at[i];
        flowing[i] = 1 - (double)i / STEPS;
    }
}

static inline int end_written(int failed)
{
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}

#endif
