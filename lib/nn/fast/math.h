/** @file math.h
 *  Functions of a vector.
 */
#ifndef NN_FAST_MATH_H
#define NN_FAST_MATH_H
#include "nn/activate.h"
#include "nn/fast/vec.h"

/* e^x = 2^n e^r with |r| <= ln 2 / 2, and e^r by its series up to r^7 (6e-9 of it). Below -87 it
 * stays at 1.6e-38, above 88 at 1.7e38. */
VEC_INLINE vec math_exp(vec x)
{
    x = vec_max(x, vec_all(-87));
    x = vec_choose(x > vec_all(88), vec_all(88), x);
    vec n = vec_round(x * vec_all(1.44269504f)),
        r = (x - n * vec_all(0.693359375f)) + n * vec_all(2.12194440e-4f);
    vec y = vec_all(1.0f / 5040);
    const float terms[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1, 1};
#pragma GCC unroll 7
    for (int i = 0; i < 7; i++) y = y * r + vec_all(terms[i]);
    vec_int power = (__builtin_convertvector(n, vec_int) + 127) << 23;
    return y * (vec)power;
}

VEC_INLINE vec math_activate(activation which, vec x)
{
    if (which == ACTIVATE_SILU) return x / (vec_all(1) + math_exp(-x));
    if (which == ACTIVATE_GELU_QUICK) return x / (vec_all(1) + math_exp(x * vec_all(-1.702f)));
    if (which == ACTIVATE_GELU)
        for (int i = 0; i < LANES; i++) x[i] = activate_one(which, x[i]);
    return x;
}
#endif
