/** @file symbols.h
 *  What tests of discrete noise share: one-hot pictures from digits, and back.
 */
#ifndef TESTS_SYMBOLS_H
#define TESTS_SYMBOLS_H
#include "diffusion/sampler.h"

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

#endif
