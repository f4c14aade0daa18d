/** @file vec.h
 *  A vector of LANES floats, by the compiler's own vector types: `a * b + c` is one instruction for
 *  all lanes. What is written with it is built once for each instruction set (isa.h), and LANES is
 *  what that set has: 4, 8 or 16.
 *
 *      for (int i = 0; i + LANES <= n; i += LANES)
 *          vec_store(y + i, a * vec_load(x + i) + vec_load(y + i));
 *
 *  What the vector types cannot say has a name here: loading halves, the larger of two.
 *  Only files in this folder include it.
 */
#ifndef NN_FAST_VEC_H
#define NN_FAST_VEC_H
#include "nn/weight.h"
#include <string.h>
#if defined(__F16C__)
#include <immintrin.h>
#endif

/* With -DVEC_WIDE the compiler makes two AVX2 instructions of each for 16 lanes. */
#if defined(__AVX512F__) || defined(VEC_WIDE)
enum { LANES = 16 };
#define VEC_REGISTERS 32
#elif defined(__AVX2__)
enum { LANES = 8 };
#define VEC_REGISTERS 16
#elif defined(__aarch64__)
enum { LANES = 4 };
#define VEC_REGISTERS 32
#else
enum { LANES = 4 };
#define VEC_REGISTERS 16
#endif

/* Whether linear layers and attention multiply bf16, two in a number. */
#if defined(ISA_BF16)
enum { PAIRS = 1 };
#else
enum { PAIRS = 0 };
#endif

/* Whether it is by whole matrices (matrix.h; avx2_bf16 takes the same blocks without them): then
 * convolutions take the direct way alone. */
#if defined(ISA_MATRIX)
enum { MATRIX = 1 };
#else
enum { MATRIX = 0 };
#endif

enum { VEC_LINE = 16 }; /**< floats of a cache's line: they are fetched together */

/* Before a loop whose turns are counted when it is compiled: nothing is left of the loop, so an
 * array of vectors is as many registers. clang must hear that all of it is meant: asked for a
 * number, it unrolls too late, and the array stays in memory. ROLLED leaves the loops, for
 * checks of every access: unrolled, clang 14 takes minutes to make those for one file. */
#define UNROLL_PRAGMA(text) _Pragma(#text)
#if defined(ROLLED)
#define UNROLL(n)
#elif defined(__clang__)
#define UNROLL(n) UNROLL_PRAGMA(clang loop unroll(full))
#else
#define UNROLL(n) UNROLL_PRAGMA(GCC unroll n)
#endif

#define VEC_INLINE static inline __attribute__((always_inline))
#define VEC_OF(T)  __attribute__((vector_size(sizeof(T) * LANES)))
#define VEC_ANY(T) VEC_OF(T) __attribute__((aligned(sizeof(T)), may_alias))

typedef float vec VEC_OF(float);
typedef int32_t vec_int VEC_OF(int32_t);
typedef uint32_t vec_bits VEC_OF(uint32_t);
typedef uint16_t vec_half VEC_OF(uint16_t);
typedef float vec_at VEC_ANY(float); /**< one that begins at any float */
typedef uint16_t vec_half_at VEC_ANY(uint16_t);

VEC_INLINE vec vec_load(const float *p)
{
    return *(const vec_at *)p;
}

VEC_INLINE void vec_store(float *p, vec v)
{
    *(vec_at *)p = v;
}

VEC_INLINE vec vec_all(float x)
{
    return x - (vec){0};
}

/** The first n floats, then zeros. */
VEC_INLINE vec vec_load_some(const float *p, int n)
{
    float all[LANES] = {0};
    memcpy(all, p, (size_t)n * sizeof *p);
    return vec_load(all);
}

/** Apart, so that v need not be in memory where all of it is stored. */
VEC_INLINE void vec_store_some(float *p, vec v, int n)
{
    memcpy(p, &v, (size_t)n * sizeof *p);
}

/** LANES floats, or as many as there are, then zeros; with a constant n one instruction. */
VEC_INLINE vec vec_load_upto(const float *p, int n)
{
    return n >= LANES ? vec_load(p) : n > 0 ? vec_load_some(p, n) : (vec){0};
}

/** Of a vector as many lanes as there is room for. */
VEC_INLINE void vec_store_upto(float *p, vec v, int n)
{
    if (n >= LANES)
        vec_store(p, v);
    else
        vec_store_some(p, v, n);
}

/** Into memory at `p`, a whole line of the cache, and past it: what it held stays, and the line
 * need not be read before. Other threads see it once this one has passed a locked instruction, as
 * each does when it asks for its next piece of work (atomic_fetch_add in conv.c). */
VEC_INLINE void vec_store_far(float *p, vec v)
{
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)v);
#else
    vec_store(p, v);
#endif
}

/** bit for bit: where mask has ones a, elsewhere b */
VEC_INLINE vec vec_choose(vec_int mask, vec a, vec b)
{
    return (vec)((mask & (vec_int)a) | (~mask & (vec_int)b));
}

/** b where one of them is no number */
VEC_INLINE vec vec_max(vec a, vec b)
{
#if defined(__AVX512F__)
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__) && !defined(VEC_WIDE)
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return vec_choose(a > b, a, b);
#endif
}

/** The largest lane. */
VEC_INLINE float vec_most(vec v)
{
#if defined(__AVX512F__)
    return _mm512_reduce_max_ps((__m512)v);
#else
    float most = v[0];
    for (int i = 1; i < LANES; i++) most = v[i] > most ? v[i] : most;
    return most;
#endif
}

/** The sum of all lanes, pair by pair. */
VEC_INLINE float vec_sum(vec v)
{
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) v[i] += v[i + width];
    return v[0];
}

/** Widened halves, as IEEE 754 has them. */
VEC_INLINE vec vec_from_f16(const uint16_t *p)
{
#if defined(__AVX512F__)
    return (vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
#elif defined(__F16C__) && !defined(VEC_WIDE)
    return (vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
#else
    /* Exponent and fraction in their new places, times 2^112 for the bias, which makes subnormals
     * right too; infinities and NaN are what was beyond the largest half. */
    vec_bits half = __builtin_convertvector(*(const vec_half_at *)p, vec_bits);
    vec size = (vec)((half & 0x7fff) << 13) * vec_all(0x1p112f);
    vec_bits beyond = (vec_bits)(size >= vec_all(65536.0f)) & 0x7f800000;
    return (vec)((vec_bits)size | beyond | ((half & 0x8000) << 16));
#endif
}

VEC_INLINE vec vec_from_bf16(const uint16_t *p)
{
#if defined(__AVX512F__) /* gcc 12 would do it in four parts */
    __m256i half = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return (vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16);
#else
    return (vec)(__builtin_convertvector(*(const vec_half_at *)p, vec_bits) << 16);
#endif
}

/** To the nearest bf16, ties to even, in the upper half of each lane; of finite numbers. */
VEC_INLINE vec_bits vec_to_bf16(vec x)
{
    vec_bits bits = (vec_bits)x;
    return (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
}

/** Two of them in a lane: a below, b above. */
VEC_INLINE vec vec_pairs(vec a, vec b)
{
#if defined(__AVX512BF16__)
    const vec_bits turn = {0x100000, 0x110001, 0x120002, 0x130003, 0x140004, 0x150005,
                           0x160006, 0x170007, 0x180008, 0x190009, 0x1a000a, 0x1b000b,
                           0x1c000c, 0x1d000d, 0x1e000e, 0x1f000f};
    __m512bh both = _mm512_cvtne2ps_pbh((__m512)b, (__m512)a);
    return (vec)_mm512_permutexvar_epi16((__m512i)turn, (__m512i)both);
#else
    return (vec)(vec_to_bf16(a) >> 16 | vec_to_bf16(b));
#endif
}

/** s + a b for each of the two in a lane, in float. */
VEC_INLINE vec vec_dot_pairs(vec s, vec a, vec b)
{
#if defined(__AVX512BF16__)
    return (vec)_mm512_dpbf16_ps((__m512)s, (__m512bh)a, (__m512bh)b);
#else
    s += (vec)((vec_bits)a << 16) * (vec)((vec_bits)b << 16);
    return s + (vec)((vec_bits)a & 0xffff0000) * (vec)((vec_bits)b & 0xffff0000);
#endif
}

/** LANES numbers rounded, one behind the other: pairs, when they are read by 32 bits. */
VEC_INLINE void vec_store_bf16(uint16_t *p, vec v)
{
#if defined(__AVX512BF16__)
    _mm256_storeu_si256((__m256i *)(void *)p, (__m256i)_mm512_cvtneps_pbh((__m512)v));
#else
    *(vec_half_at *)p = __builtin_convertvector(vec_to_bf16(v) >> 16, vec_half);
#endif
}

/** LANES weights from number i on. */
VEC_INLINE vec vec_weights(const void *data, dtype type, size_t i)
{
    if (type == DTYPE_F16) return vec_from_f16((const uint16_t *)data + i);
    if (type == DTYPE_BF16) return vec_from_bf16((const uint16_t *)data + i);
    return vec_load((const float *)data + i);
}

#endif
