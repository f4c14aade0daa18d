/** @file simd.h
 *  Several numbers in one instruction, without naming the instruction.
 *
 *  Most loops need nothing from here: the compiler does it. For a hot loop there are two helps. The
 *  first builds a function twice, for any processor of its kind and for one with AVX2 and FMA, and
 *  chooses while the program runs. Write it once as SIMD_INLINE; then
 *
 *      SIMD_INLINE void add(float *x, size_t n) { ... }
 *      static void add_plain(float *x, size_t n) { add(x, n); }
 *      SIMD_AVX2 static void add_avx2(float *x, size_t n) { add(x, n); }
 *      ...
 *      (simd_has_avx2() ? add_avx2 : add_plain)(x, n);
 *
 *  Both give the same bits as long as every fused multiply-add is written as fmaf(): one
 *  instruction in the second build, a slow call in the first.
 *
 *  The second are vectors of 4, 8 and 16 floats, for kernels that hold sums in registers. gcc and
 *  clang know `+ - * /` and `v[i]` on them for every processor; the rest is
 *
 *      f32x8 v;
 *      memcpy(&v, p, sizeof v);    // load, from any address; a store is the other way round
 *      v *= 3 - (f32x8){0};        // a number in all lanes (minus 0 keeps the sign of -0)
 *
 *  Inside one function only: how a wide vector travels as an argument depends on the processor.
 */
#ifndef BASE_SIMD_H
#define BASE_SIMD_H
#include <stdbool.h>

/** @def SIMD_INLINE
 *  Before a function whose body must end up inside its caller, built as the caller is. */
#if defined(__GNUC__)
#define SIMD_INLINE static inline __attribute__((always_inline))
#else
#define SIMD_INLINE static inline
#endif

/** @def SIMD_AVX2
 *  Before a function that only runs where simd_has_avx2() holds. */
#if defined(__GNUC__) && defined(__x86_64__)
#define SIMD_AVX2 __attribute__((target("avx2,fma")))
#else
#define SIMD_AVX2
#endif

/** Whether this processor runs what SIMD_AVX2 builds.
 *  @return false on other kinds of processor */
static inline bool simd_has_avx2(void)
{
#if defined(__GNUC__) && defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

#if defined(__GNUC__)
typedef float f32x4 __attribute__((vector_size(16)));  /**< 4 floats */
typedef float f32x8 __attribute__((vector_size(32)));  /**< 8 floats */
typedef float f32x16 __attribute__((vector_size(64))); /**< 16 floats */
#endif

#endif
