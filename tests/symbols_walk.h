/** @file symbols_walk.h
 *  Both samplers of symbols, and a walk of theirs with a model that looks at its neighbours.
 */
#ifndef TESTS_SYMBOLS_WALK_H
#define TESTS_SYMBOLS_WALK_H
#include "symbols.h"

static const sampler_kind *const kinds[] = {&sampler_vq_diffusion, &sampler_masked};
enum { K = 3, T = 6, KINDS = 2 };

/* Chances that look at the place, its left neighbour and the time. */
static void leaning(void *self, answer out, tensor x, double t, arena scratch)
{
    (void)scratch;
    tensor_fill(out.x0, 0);
    for (int i = 0; i < x.n * x.h * x.w; i++) {
        int left = symbols_at(x, i > 0 ? i - 1 : 0);
        double sum = 0;
        for (int k = 0; k < K; k++) sum += 1 + (i + 5 * k + 3 * left + (int)t) % 7;
        for (int k = 0; k < K; k++)
            out.x0.data[i * x.c + k] = (real)((1 + (i + 5 * k + 3 * left + (int)t) % 7) / sum);
    }
    if (self && t == 4) out.x0.data[1] = (real)NAN;
}

static const denoiser leans = {.guess = leaning};

static inline sampler walker(const sampler_kind *kind, const discrete *d, int stride, arena *keep)
{
    sampler s = sampler_make(kind, leans, symbols_walk(keep, T, stride), noise_fresh(rng_torch(3)));
    s.discrete = d;
    return s;
}

#endif
