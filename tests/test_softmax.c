/* Softmax against its definition in double; and through it the exponential of a vector. */
#include "nn_fixture.h"

#include "nn/softmax.h"

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
        nn_near("softmax", (size_t)i, y[i], expected, allowed);
    }
}

static void hold(int rows, int n, float size, int place)
{
    size_t count = (size_t)rows * (size_t)n;
    float *x = nn_place(in, count, sizeof *x, place), *y = nn_place(out, count, sizeof *y, 0);
    nn_fill(x, count, (uint32_t)(n + rows), size);
    memset(y, 0xff, count * sizeof *y);
    softmax_rows(y, x, rows, n);
    for (int r = 0; r < rows; r++) compare(y + r * n, x + r * n, n);
    memcpy(y, x, count * sizeof *y); /* in its place */
    softmax_rows(y, y, rows, n);
    for (int r = 0; r < rows; r++) compare(y + r * n, x + r * n, n);
}

static void test_all_lengths_and_places(void)
{
    for (int n = 1; n <= 70; n++)
        for (int place = -1; place < 16; place++) hold(2 + place % 3, n, 5, place);
    hold(3, 4099, 5, 0);
}

static void test_large_numbers_do_not_overflow(void)
{
    for (float size = 1e-3f; size < 1e38f; size *= 10)
        for (int n = 1; n < 40; n += 3) hold(2, n, size, 0);
}

/* Far below the largest, or masked: no weight, or what is none beside 1. */
static void test_masks(void)
{
    static const float best[] = {1e30f, 0, -1e30f};
    for (int n = 2; n < 40; n++)
        for (int i = 0; i < 3 * n; i++) {
            float x[40], y[40];
            for (int j = 0; j < n; j++) x[j] = i < 2 * n && j % 3 ? -2e30f : -INFINITY;
            x[i % n] = best[i / n];
            softmax_rows(y, x, 1, n);
            for (int j = 0; j < n; j++)
                assert_true(j == i % n ? y[j] == 1 : y[j] >= 0 && y[j] < 2e-38f);
        }
}

static void test_same_bits_for_any_number_of_threads(void)
{
    enum { ROWS = 301, N = 333 };
    static float first[ROWS * N];
    static const int threads[] = {1, 2, 3, 7};
    float *x = nn_place(in, ROWS * N, sizeof *x, 0), *y = nn_place(out, ROWS * N, sizeof *y, 0);
    nn_fill(x, ROWS * N, 1, 9);
    for (int t = 0; t < 4; t++) {
        parallel_set_threads(threads[t]);
        softmax_rows(y, x, ROWS, N);
        if (t == 0) memcpy(first, y, sizeof first);
        assert_memory_equal(y, first, sizeof first);
    }
}

int main(void)
{
    in = fence_make((size_t)1 << 17);
    out = fence_make((size_t)1 << 17);
    return nn_run((const nn_test[]){NN_TEST(test_all_lengths_and_places),
                                    NN_TEST(test_large_numbers_do_not_overflow),
                                    NN_TEST(test_masks),
                                    NN_TEST(test_same_bits_for_any_number_of_threads)},
                  4);
}
