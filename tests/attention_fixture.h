/** @file attention_fixture.h
 *  For tests of attention: arrays that end where memory ends, with numbers in them, and scratch
 *  that holds no numbers. To be included first.
 */
#ifndef TESTS_ATTENTION_FIXTURE_H
#define TESTS_ATTENTION_FIXTURE_H
#include "nn_fixture.h"

#include "nn/attention.h"

enum { Q, K, V, Y, ARRAYS };
static fence fences[ARRAYS];
static arena scratch;

static inline void set_up(void)
{
    scratch = arena_make((size_t)1 << 28);
    for (int i = 0; i < ARRAYS; i++) fences[i] = fence_make((size_t)1 << 21);
}

static inline float *array(int which, size_t n)
{
    return nn_place(fences[which], n, sizeof(float), 0);
}

/** How many floats an array of these tokens has. */
static inline size_t floats(const attention *a, int tokens, int stride)
{
    int channels = a->heads * a->size;
    return (size_t)(a->n * tokens - 1) * (size_t)(stride ? stride : channels) + (size_t)channels;
}

/** Arrays for a: q and k up to `size`, v up to 1. */
static inline attention made(attention a, float size)
{
    size_t q = floats(&a, a.queries, a.q_stride), k = floats(&a, a.keys, a.k_stride),
           v = floats(&a, a.keys, a.v_stride);
    nn_fill(array(Q, q), q, 1, size);
    nn_fill(array(K, k), k, 2, size);
    nn_fill(array(V, v), v, 3, 1);
    a.q = array(Q, q), a.k = array(K, k), a.v = array(V, v);
    a.y = array(Y, floats(&a, a.queries, 0));
    return a;
}

/** In scratch as large as it is said to be. */
static inline void apply(attention a)
{
    float before = a.y[-1];
    memset(a.y, 0xff, floats(&a, a.queries, 0) * sizeof *a.y);
    attention_apply(a, nn_promised(scratch, attention_room(a)));
    assert_memory_equal(&before, a.y - 1, sizeof before);
}

#endif
