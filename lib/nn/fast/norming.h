/** @file norming.h
 *  norm.h for vectors: begun once for a row, then asked for LANES channels at a time.
 */
#ifndef NN_FAST_NORMING_H
#define NN_FAST_NORMING_H
#include "nn/fast/math.h"
#include "nn/norm.h"
#include <math.h>

/** x' = (x - mean) size scale[k] + shift[k] */
typedef struct {
    const float *scale, *shift; /**< NULL: x' = x */
    float mean, size;
    bool silu;
} norming;

/** The sum of x - mean, or of its square, in four parts that need not wait for each other. */
VEC_INLINE float norming_sum(const float *x, int n, float mean, bool square)
{
    vec sum[4] = {{0}};
    int k = 0;
    for (; k + 4 * LANES <= n; k += 4 * LANES) {
        UNROLL(4)
        for (int j = 0; j < 4; j++) {
            vec apart = vec_load(x + k + j * LANES) - vec_all(mean);
            sum[j] += square ? apart * apart : apart;
        }
    }
    float rest = 0;
    for (; k < n; k++) rest += square ? (x[k] - mean) * (x[k] - mean) : x[k] - mean;
    return vec_sum((sum[0] + sum[1]) + (sum[2] + sum[3])) + rest;
}

static inline norming norming_begin(const norm *n, int row, const float *x, int channels)
{
    norming r = {n->scale, n->shift, 0, 1, n->silu};
    if (n->scale && n->epsilon > 0) {
        r.mean = norming_sum(x, channels, 0, false) / (float)channels;
        r.size = 1 / sqrtf(norming_sum(x, channels, r.mean, true) / (float)channels + n->epsilon);
    } else if (n->scale) {
        size_t of = (size_t)(row / n->rows) * (size_t)channels;
        r.scale += of, r.shift += of;
    }
    return r;
}

/** Channels k .. k + some - 1 of it; other lanes are of no use. */
VEC_INLINE vec norming_at(const norming *r, const float *x, int k, int some)
{
    vec v = vec_load_upto(x + k, some);
    if (!r->scale) return v;
    vec scale = vec_load_upto(r->scale + k, some), shift = vec_load_upto(r->shift + k, some);
    v = (v - r->mean) * r->size * scale + shift;
    return r->silu ? math_activate(ACTIVATE_SILU, v) : v;
}
#endif
