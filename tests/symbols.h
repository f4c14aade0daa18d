/** @file symbols.h
 *  What tests of discrete noise share: one-hot pictures from digits, and back.
 */
#ifndef TESTS_SYMBOLS_H
#define TESTS_SYMBOLS_H
#include "../lessons/discrete_set.h"
#include "diffusion/sampler.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** All tables that have a name. */
enum { SYMBOLS_TABLES = 5 };
static const char *const symbols_tables[SYMBOLS_TABLES] = {"mask", "mask_cosine", "uniform",
                                                           "mask_uniform", "vq_diffusion"};

static inline discrete symbols_noise(const char *name, int codes, int times, arena *keep)
{
    discrete d;
    error wrong = discrete_make(name, codes, times, keep, &d);
    if (wrong) fail_msg("%s", wrong);
    return d;
}

static inline int symbols_count(const discrete *d)
{
    return d->codes + (d->masked != NULL);
}

static inline int symbols_at(tensor x, int place)
{
    for (int k = 0; k < x.c; k++)
        if (x.data[place * x.c + k] == 1) return k;
    return -1;
}

static inline void symbols_put(tensor x, int place, int symbol)
{
    for (int k = 0; k < x.c; k++) x.data[place * x.c + k] = k == symbol;
}

/** Pictures from a digit for each place. */
static inline tensor symbols_from(arena *keep, const char *digits, int n, int h, int w, int c)
{
    tensor x = tensor_new(keep, n, h, w, c);
    for (int i = 0; i < n * h * w; i++) symbols_put(x, i, digits[i] - '0');
    return x;
}

/** One symbol everywhere. */
static inline tensor symbols_all(arena *keep, int symbol, int n, int h, int w, int c)
{
    tensor x = tensor_new(keep, n, h, w, c);
    for (int i = 0; i < n * h * w; i++) symbols_put(x, i, symbol);
    return x;
}

/** A walk over every `stride`-th time from T, and 0. */
static inline sigmas symbols_walk(arena *keep, int T, int stride)
{
    sigmas walk = {(T + stride - 1) / stride, NULL, NULL};
    walk.at = arena_take(keep, (size_t)(walk.n + 1) * sizeof(double));
    for (int i = 0; i < walk.n; i++) walk.at[i] = T - i * stride;
    walk.at[walk.n] = 0;
    return walk;
}

/** Pearson 1900: of `count` cells it is some count - 1 +- sqrt(2 (count - 1)). */
static inline double symbols_chi_square(const int *seen, const double *law, int count, int draws)
{
    double sum = 0;
    for (int k = 0; k < count; k++) {
        double apart = seen[k] - draws * law[k];
        if (law[k] > 0) sum += apart * apart / (draws * law[k]);
        if (law[k] == 0 && seen[k] > 0) return HUGE_VAL;
    }
    return sum;
}

/** Four cells or fewer: beyond this one time in 5,000. */
static const double symbols_unlikely = 20;

#endif
