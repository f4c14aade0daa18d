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

/* x Phi(x) = max(x, 0) - t Phi(-t) with t = |x|: nothing cancels, and NaN stays NaN.
 *
 *      t Phi(-t) = e^(-t^2 / 2) s R(s),   s = t / (1 + 11/32 t)
 *
 * with a polynomial R whose relative error is 2e-8: tools/golden/gelu.py finds it. A rounded t^2
 * would cost the bell its last digits, so `high` is t with 12 of its 24 bits: its square is exact,
 * and what is left of t^2 follows as a factor. */
VEC_INLINE vec math_gelu(vec x)
{
    vec t = (vec)((vec_int)x & 0x7fffffff);
    t = vec_choose(t < vec_all(14), t, vec_all(14));
    vec high = (vec)(((vec_int)t + 0x800) & ~0xfff), rest = (high - t) * (high + t) * vec_all(0.5f);
    vec bell = math_exp(high * high * vec_all(-0.5f));
    bell += bell * (rest + rest * rest * vec_all(0.5f));
    vec s = t / (t * vec_all(11.0f / 32) + vec_all(1)), r = vec_all(-5.42163773e-6f);
    const float terms[] = {4.45923427e-5f, -7.16561585e-5f, -1.15897039e-4f, -1.01014111e-3f,
                           3.74683258e-3f, 0.0348042568f,   -0.227067046f,   0.5f};
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) r = r * s + vec_all(terms[i]);
    return vec_choose(x < vec_all(0), vec_all(0), x) - bell * s * r;
}

VEC_INLINE vec math_activate(activation which, vec x)
{
    if (which == ACTIVATE_SILU) return x / (vec_all(1) + math_exp(-x));
    if (which == ACTIVATE_GELU) return math_gelu(x);
    if (which == ACTIVATE_GELU_QUICK) return x / (vec_all(1) + math_exp(x * vec_all(-1.702f)));
    return x;
}
#endif
