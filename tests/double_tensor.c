/* What the double build is for: digits that float does not have, in tensors and their noise. */
#include "base/rng.h"
#include "golden/rng.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_mix_keeps_what_float_loses(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 16);
    tensor x = tensor_new(&memory, 1, 1, 1, 1), y = tensor_like(&memory, x);
    tensor_fill(x, 1);
    tensor_fill(y, 1);
    tensor_mix(x, 1 + 0x1p-40, x, 0x1p-50, y);
    assert_true(*x.data == 1 + 0x1p-40 + 0x1p-50);
    tensor_add_scaled(x, -1, y);
    assert_true(*x.data == 0x1p-40 + 0x1p-50);
    assert_true(tensor_distance(x, y) == 1 - 0x1p-40 - 0x1p-50);
    arena_free(memory);
}

/* torch.randn(2, 3, 2, 5, dtype=torch.float64), up to the C library's last bits (test_rng.c). */
static void test_noise_is_pytorchs_float64(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 20);
    tensor x = tensor_new(&memory, 2, 2, 5, 3);
    rng r = rng_torch(7);
    rng_normal(&r, x, memory);
    double drawn[60], golden[60];
    tensor_to_nchw(drawn, x);
    memcpy(golden, golden_nchw64, sizeof golden);
    for (int i = 0; i < 60; i++)
        assert_true(fabs(drawn[i] - golden[i]) <= 4 * 0x1p-52 * fabs(golden[i]));
    rng same = rng_torch(7);
    rng_normal64(&same, golden, 60);
    assert_memory_equal(drawn, golden, sizeof drawn);
    rng_uniform(&r, x, memory);
    rng_uniform64(&same, golden, 60);
    tensor_to_nchw(drawn, x);
    assert_memory_equal(drawn, golden, sizeof drawn);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mix_keeps_what_float_loses),
        cmocka_unit_test(test_noise_is_pytorchs_float64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
