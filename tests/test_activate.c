/* Activations of every instruction set that is here, against the formulas in double. */
#include "nn_fixture.h"

#include "nn/activate.h"

enum { MOST = 1 << 17 };
static const activation which[] = {ACTIVATE_SILU, ACTIVATE_GELU, ACTIVATE_GELU_QUICK};
static const char *const names[] = {"SiLU", "GELU", "quick GELU"};

static double formula(int w, double x)
{
    if (w == 1) return x * erfc(-x * sqrt(0.5)) / 2;
    return x / (1 + exp(w == 0 ? -x : -1.702 * x));
}

static double last_place(double y)
{
    float size = fabsf((float)y);
    return (double)nextafterf(size, INFINITY) - (double)size;
}

/* In units in the last place. The exponent of quick GELU is a rounded product with a rounded 1.702,
 * off by up to 1.3 x 2^-24 of it, and e^z is off by as much of itself as z is. What e^x cannot have
 * in float counts as 0. */
static double allowed(int w, double x)
{
    double units = w == 0 ? 3 : w == 1 ? (x > 0 ? 4 : 8) : 3 + 2.2 * fabs(x);
    return w == 1 && x < -8 ? 1e-20 : units * last_place(formula(w, x)) + 1e-35;
}

static void hold(int w, float x, float y)
{
    nn_near(names[w], 0, y, formula(w, (double)x), allowed(w, (double)x));
}

/* 2^17 numbers, from -100 to 100 but mostly small. */
static void test_within_last_places(void)
{
    static float x[MOST], y[MOST];
    for (int i = 0; i < MOST; i++) {
        double v = (i + 0.5) / MOST * 2 - 1;
        x[i] = (float)(100 * v * v * v);
    }
    for (int w = 0; w < 3; w++) {
        activate(which[w], y, x, MOST);
        for (int i = 0; i < MOST; i++) hold(w, x[i], y[i]);
        for (int i = 0; i < MOST; i++) x[i] *= 0.37f;
    }
}

static void test_tiny_numbers(void)
{
    float x[2 * 120], y[2 * 120];
    for (int i = 0; i < 240; i++) x[i] = ldexpf(i % 2 ? 1.3f : -1.7f, -i / 2);
    for (int w = 0; w < 3; w++) {
        activate(which[w], y, x, 240);
        for (int i = 0; i < 240; i++) hold(w, x[i], y[i]);
    }
}

static void test_what_is_no_usual_number(void)
{
    float x[] = {NAN, INFINITY, 3e38f, 0, -3e38f, -1e10f}, y[6];
    for (int w = 0; w < 3; w++) {
        activate(which[w], y, x, 6);
        assert_true(isnan(y[0]));
        assert_true(y[1] == INFINITY && y[2] == 3e38f && y[3] == 0);
        for (int i = 4; i < 6; i++) hold(w, x[i], y[i]); /* not |x| / e^88, which is 1 at most */
    }
}

static void test_every_length_everywhere(void)
{
    enum { LONG = 2 * 32 + 1, ROOM = 1 << 16 };
    fence from = fence_make(ROOM / sizeof(float)), to = fence_make(ROOM / sizeof(float));
    static char before[ROOM];
    for (int n = 0; n <= LONG; n++)
        for (int place = -1; place <= 16; place++)
            for (int w = 0; w < 4; w++) {
                size_t count = (size_t)n, bytes = count * sizeof(float);
                float *x = nn_place(from, count, sizeof *x, place);
                float *y = w == 3 ? x : nn_place(to, count, sizeof *y, w == 0 ? place : 16 - place);
                fence around = w == 3 ? from : to;
                size_t room = (size_t)(around.end - around.begin);
                assert_true(room <= ROOM);
                nn_fill(x, count, (uint32_t)n, 4);
                if (w < 3) memset(around.begin, 0x7a, room);
                memcpy(before, around.begin, room);
                float old[LONG];
                memcpy(old, x, bytes);
                activate(which[w % 3], y, x, count);
                for (int i = 0; i < n; i++) hold(w % 3, old[i], y[i]);
                size_t at = (size_t)((char *)y - around.begin);
                assert_memory_equal(before, around.begin, at);
                assert_memory_equal(before + at + bytes, around.begin + at + bytes,
                                    room - at - bytes);
            }
}

static void test_nothing_is_done_when_nothing_is_asked(void)
{
    float x[37], y[37];
    nn_fill(x, 37, 1, 100);
    activate(ACTIVATE_NOT, y, x, 37);
    assert_memory_equal(x, y, sizeof x);
}

static void test_same_bits_for_any_number_of_threads(void)
{
    static float x[MOST], y[MOST], first[MOST];
    static const int threads[] = {7, 3, 2, 1};
    nn_fill(x, MOST, 1, 5);
    for (int t = 0; t < 4; t++) {
        parallel_set_threads(threads[t]);
        memset(y, 0xff, sizeof y);
        activate(ACTIVATE_GELU, y, x, MOST - 5);
        if (t == 0) memcpy(first, y, sizeof y);
        assert_memory_equal(first, y, sizeof y);
    }
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_within_last_places),
        NN_TEST(test_tiny_numbers),
        NN_TEST(test_what_is_no_usual_number),
        NN_TEST(test_every_length_everywhere),
        NN_TEST(test_nothing_is_done_when_nothing_is_asked),
        NN_TEST(test_same_bits_for_any_number_of_threads),
    };
    return nn_run(tests, sizeof tests / sizeof *tests);
}
