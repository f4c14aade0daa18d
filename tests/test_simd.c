/* The idioms that simd.h promises, at every misalignment. */
#include "base/simd.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_vectors_load_compute_and_store(void **state)
{
    (void)state;
    float in[40], out[40];
    for (int i = 0; i < 40; i++) in[i] = (float)i;
    for (int off = 0; off <= 16; off++) {
        f32x4 a;
        f32x8 b;
        f32x16 c;
        memcpy(&a, in + off, sizeof a);
        memcpy(&b, in + off, sizeof b);
        memcpy(&c, in + off, sizeof c);
        a = a * (3 - (f32x4){0}) + a, b = b * (3 - (f32x8){0}) + b, c = c * (3 - (f32x16){0}) + c;
        memset(out, 0, sizeof out);
        memcpy(out + off, &c, sizeof c);
        for (int i = 0; i < 16; i++) assert_true(out[off + i] == 4 * in[off + i]);
        for (int i = 0; i < 8; i++) assert_true(b[i] == c[i]);
        for (int i = 0; i < 4; i++) assert_true(a[i] == c[i]);
    }
}

static void test_splat_keeps_the_sign_of_zero(void **state)
{
    (void)state;
    volatile float minus_zero = -0.0f;
    f32x8 v = minus_zero - (f32x8){0};
    for (int i = 0; i < 8; i++) assert_true(signbit(v[i]));
}

SIMD_INLINE float fused(float a, float b, float c)
{
    return fmaf(a, b, c);
}
SIMD_AVX2 static float fused_avx2(float a, float b, float c)
{
    return fused(a, b, c);
}
static float fused_plain(float a, float b, float c)
{
    return fused(a, b, c);
}

static void test_both_builds_fuse(void **state)
{
    (void)state;
    volatile float x = 1 + 0x1p-12f; /* x^2 = 1 + 2^-11 + 2^-24, the last of which float drops */
    assert_true(fused_plain(x, x, -(1 + 0x1p-11f)) == 0x1p-24f);
    if (!simd_has_avx2()) skip();
    assert_true(fused_avx2(x, x, -(1 + 0x1p-11f)) == 0x1p-24f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_load_compute_and_store),
        cmocka_unit_test(test_splat_keeps_the_sign_of_zero),
        cmocka_unit_test(test_both_builds_fuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
