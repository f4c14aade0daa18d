/** @file shuffle.h
 *  A square of LANES x LANES floats, in LANES vectors, turned over its diagonal: in squares of 4
 *  first, then the squares change places.
 */
#ifndef NN_FAST_SHUFFLE_H
#define NN_FAST_SHUFFLE_H
#include "nn/fast/vec.h"

/* Lanes of a are 0 .. LANES-1, those of b follow. MIX repeats a pattern of four for each quarter of
 * a vector: A(i) is lane i of a's quarter, B(i) of b's. */
#define A(i) i
#define B(i) i + LANES
#if defined(__AVX512F__) || defined(VEC_WIDE)
#define MIX(a, b, i, j, k, l)                                                                  \
    __builtin_shufflevector(a, b, i, j, k, l, 4 + i, 4 + j, 4 + k, 4 + l, 8 + i, 8 + j, 8 + k, \
                            8 + l, 12 + i, 12 + j, 12 + k, 12 + l)
#elif defined(__AVX2__)
#define MIX(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l, 4 + i, 4 + j, 4 + k, 4 + l)
#else
#define MIX(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#endif

/* Rows 0 to 3 of each quarter: a square of 4 turned in 8 shuffles. */
VEC_INLINE void shuffle_fours(vec r[4])
{
    vec low = MIX(r[0], r[1], A(0), B(0), A(1), B(1)),
        high = MIX(r[0], r[1], A(2), B(2), A(3), B(3));
    vec low2 = MIX(r[2], r[3], A(0), B(0), A(1), B(1)),
        high2 = MIX(r[2], r[3], A(2), B(2), A(3), B(3));
    r[0] = MIX(low, low2, A(0), A(1), B(0), B(1));
    r[1] = MIX(low, low2, A(2), A(3), B(2), B(3));
    r[2] = MIX(high, high2, A(0), A(1), B(0), B(1));
    r[3] = MIX(high, high2, A(2), A(3), B(2), B(3));
}
#undef MIX
#undef A
#undef B

#if defined(__AVX512F__) || defined(VEC_WIDE)
#define LOW_8(a, b) \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define HIGH_8(a, b) \
    __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#define LOW_4(a, b) \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27)
#define HIGH_4(a, b) \
    __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31)
#elif defined(__AVX2__)
#define LOW_4(a, b)  __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HIGH_4(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#endif

/** r[i][j] becomes r[j][i]. */
VEC_INLINE void shuffle_turn(vec r[LANES])
{
    UNROLL(4)
    for (int i = 0; i < LANES; i += 4) shuffle_fours(r + i);
#if defined(__AVX2__)
    UNROLL(16)
    for (int i = 0; i < LANES; i++) {
        if (i & 4) continue;
        vec low = LOW_4(r[i], r[i + 4]), high = HIGH_4(r[i], r[i + 4]);
        r[i] = low, r[i + 4] = high;
    }
#endif
#if defined(__AVX512F__) || defined(VEC_WIDE)
    UNROLL(8)
    for (int i = 0; i < 8; i++) {
        vec low = LOW_8(r[i], r[i + 8]), high = HIGH_8(r[i], r[i + 8]);
        r[i] = low, r[i + 8] = high;
    }
#endif
}
#endif
