/* Property: the same bits for any number of threads. */
#include "base/parallel.h"
#include "base/tensor.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N = PARALLEL_WORTH + 12345 }; /* enough to wake the others, and not a round number */

static void test_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    arena memory = arena_make(0);
    tensor x = tensor_new(&memory, 1, 1, 1, N), y = tensor_like(&memory, x);
    tensor first = tensor_like(&memory, x), out = tensor_like(&memory, x);
    for (int i = 0; i < N; i++) x.data[i] = sinf((float)i), y.data[i] = cosf((float)(7 * i));
    int before = parallel_threads();
    static const int threads[] = {7, 2, 1};
    for (int t = 0; t < 3; t++) {
        parallel_set_threads(threads[t]);
        tensor_fill(out, (double)NAN);
        tensor_mix(out, 0.3, x, -1.7, y);
        tensor_add_scaled(out, 0.1, y);
        if (t == 0) tensor_copy(first, out);
        assert_memory_equal(first.data, out.data, N * sizeof *out.data);
    }
    parallel_set_threads(before);
    assert_true(tensor_finite(first)); /* every number was written */
    arena_free(memory);
}

static void test_threads_are_as_many_as_we_say(void **state)
{
    (void)state;
    int before = parallel_threads();
    assert_true(before >= 1);
    static int seen[7];
    parallel_set_threads(7);
    PARALLEL_FOR(1)
    for (int i = 0; i < 7; i++) seen[i] = parallel_threads();
    int now = parallel_threads();
    parallel_set_threads(before);
#ifdef _OPENMP
    assert_int_equal(now, 7);
#else
    assert_int_equal(now, 1);
#endif
    for (int i = 0; i < 7; i++) assert_true(seen[i] >= 1); /* every iteration ran */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits_for_any_number_of_threads),
        cmocka_unit_test(test_threads_are_as_many_as_we_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
