/* What simd.h promises of a function that is built twice. */
#include "base/simd.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
        cmocka_unit_test(test_both_builds_fuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
