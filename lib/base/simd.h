/** @file simd.h
 *  Several numbers in one instruction, without naming the instruction.
 *
 *  Most loops need nothing from here: the compiler does it. For a hot loop there is a help: build
 *  a function twice, for any processor of its kind and for one with AVX2 and FMA, and choose while
 *  the program runs. Write it once as SIMD_INLINE; then
 *
 *      SIMD_INLINE void add(float *x, size_t n) { ... }
 *      static void add_plain(float *x, size_t n) { add(x, n); }
 *      SIMD_AVX2 static void add_avx2(float *x, size_t n) { add(x, n); }
 *      ...
 *      (simd_has_avx2() ? add_avx2 : add_plain)(x, n);
 *
 *  Both give the same bits as long as every fused multiply-add is written as fmaf(): one
 *  instruction in the second build, a slow call in the first.
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

#endif
