/** @file math.h
 *  Functions of a vector.
 */
#ifndef NN_FAST_MATH_H
#define NN_FAST_MATH_H
#include "nn/activate.h"
#include "nn/fast/vec.h"

/* 2^n (1 + terms[0] r + terms[1] r^2 + ...). n stands in the lowest bits of `whole`, as adding
 * MATH_WHOLE left it there, and is added to the exponent of the sum, which is near 1. */
#define MATH_WHOLE 0x1.8p23f
VEC_INLINE vec math_power(vec whole, vec r, const float terms[6])
{
    vec y = vec_all(terms[5]);
    UNROLL(6)
    for (int i = 4; i >= 0; i--) y = y * r + vec_all(terms[i]);
    y = y * r + vec_all(1);
    return (vec)((vec_bits)y + ((vec_bits)whole << 23));
}

/* e^x = 2^n e^r with |r| <= ln 2 / 2, and e^r by the polynomial whose largest error is the least
 * (3e-9 of it): within 1.0 units in the last place with FMA. ln 2 has two parts, so that n times
 * the first is exact. Below -87.3 it stays at 1.2e-38, above 88.7 at 3.4e38. */
VEC_INLINE vec math_exp(vec x)
{
    static const float terms[] = {
        1, 0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558acp-5, 0x1.123986p-7, 0x1.6a524ap-10};
    x = vec_max(vec_all(-87.33f), x); /* what is no number stays none */
    x = -vec_max(vec_all(-88.72f), -x);
    vec whole = x * vec_all(1.44269504f) + MATH_WHOLE, n = whole - MATH_WHOLE;
    return math_power(whole, (x - n * 0.693359375f) + n * 2.12194440e-4f, terms);
}

/* 2^x for x <= 0 in the same way, for softmax, where log2 e is part of the scale already. 0 from
 * -127 on: there n is -127, the sum 1, and its exponent less 127 that of 0. */
VEC_INLINE vec math_exp2(vec x)
{
    static const float terms[] = {0x1.62e430p-1, 0x1.ebfbdcp-3,  0x1.c6af7ap-5,
                                  0x1.3b2dd8p-7, 0x1.5f0976p-10, 0x1.41771ep-13};
    x = vec_max(vec_all(-127), x);
    vec whole = x + MATH_WHOLE;
    return math_power(whole, x - (whole - MATH_WHOLE), terms);
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
    UNROLL(8)
    for (int i = 0; i < 8; i++) r = r * s + vec_all(terms[i]);
    return vec_choose(x < vec_all(0), vec_all(0), x) - bell * s * r;
}

/* x / (1 + e^z). e^z grows no more from z = 88.7 on, so x must not, either. */
VEC_INLINE vec math_sigmoid_of(vec x, vec z)
{
    return vec_max(vec_all(-88.72f), x) / (vec_all(1) + math_exp(z));
}

VEC_INLINE vec math_activate(activation which, vec x)
{
    if (which == ACTIVATE_SILU) return math_sigmoid_of(x, -x);
    if (which == ACTIVATE_GELU) return math_gelu(x);
    if (which == ACTIVATE_GELU_QUICK) return math_sigmoid_of(x, x * vec_all(-1.702f));
    return x;
}
#endif
