/* Softmax of every instruction set that is here against the definition in double; and through it
 * the exponential of a vector. */
#include "fence.h"

#include "base/parallel.h"
#include "nn/softmax.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "each_set.h"

enum { FLOATS = 1 << 17 };
static fence in, out;

/* In parts of its own size: the exponent x - most is rounded once, which e^ makes relative; e^, the
 * sum, 1 / sum and the product are rounded; and a long sum carries some more. */
static void compare(const float *y, const float *x, int n)
{
    double most = (double)x[0], sum = 0;
    for (int i = 1; i < n; i++) most = fmax(most, (double)x[i]);
    for (int i = 0; i < n; i++) sum += exp((double)x[i] - most);
    for (int i = 0; i < n; i++) {
        double apart = (double)x[i] - most, expected = exp(apart) / sum;
        double allowed = (4e-7 + 1e-10 * n - 6e-8 * apart) * expected + 2e-38;
        double off = fabs((double)y[i] - expected) / allowed;
        if (!(off <= 1))
            fail_msg("%s: number %d of %d is %.9g, not %.9g", isa_name(), i, n, (double)y[i],
                     expected);
        each_set_worst = fmax(each_set_worst, off);
    }
}

static void hold(int rows, int n, float size, int skip)
{
    size_t count = (size_t)rows * (size_t)n;
    float *x = fence_end(in, count + (size_t)skip), *y = fence_end(out, count);
    uint32_t seed = (uint32_t)(n + rows);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525 + 1013904223;
        x[i] = ((float)(seed >> 8) / (1 << 23) - 1) * size;
    }
    memset(y, 0xff, count * sizeof *y);
    softmax_rows(y, x, rows, n);
    for (int r = 0; r < rows; r++) compare(y + r * n, x + r * n, n);
    memcpy(y, x, count * sizeof *y); /* in its place */
    softmax_rows(y, y, rows, n);
    for (int r = 0; r < rows; r++) compare(y + r * n, x + r * n, n);
}

static void check_all_lengths(void)
{
    for (int n = 1; n <= 70; n++)
        for (int skip = 0; skip < 16; skip++) hold(1 + skip % 3, n, 5, skip);
    hold(3, 4099, 5, 0);
}

static void check_large_numbers(void)
{
    for (float size = 1e-3f; size < 1e38f; size *= 10)
        for (int n = 1; n < 40; n += 3) hold(2, n, size, 0);
}

static void check_same_bits(void)
{
    enum { ROWS = 301, N = 333 };
    static float first[ROWS * N];
    int before = parallel_threads();
    static const int threads[] = {1, 2, 3, 7};
    float *x = fence_end(in, ROWS * N), *y = fence_end(out, ROWS * N);
    for (int i = 0; i < ROWS * N; i++) x[i] = 9 * sinf((float)i);
    for (int t = 0; t < 4; t++) {
        parallel_set_threads(threads[t]);
        softmax_rows(y, x, ROWS, N);
        if (t == 0) memcpy(first, y, sizeof first);
        assert_memory_equal(y, first, sizeof first);
    }
    parallel_set_threads(before);
}

static void test_is_the_definition(void **state)
{
    (void)state;
    with_each_set(check_all_lengths);
}

static void test_large_numbers_do_not_overflow(void **state)
{
    (void)state;
    with_each_set(check_large_numbers);
}

static void test_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    with_each_set(check_same_bits);
}

static int set_up(void **state)
{
    (void)state;
    in = fence_make(FLOATS);
    out = fence_make(FLOATS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_the_definition),
        cmocka_unit_test(test_large_numbers_do_not_overflow),
        cmocka_unit_test(test_same_bits_for_any_number_of_threads),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
