/* Every 16-bit number there is, read one by one and by the kernels. */
#include "nn_fixture.h"

#include "nn/linear.h"

enum { ALL = 1 << 16 };
static uint16_t every[ALL];

/* What the bits mean, with e bits of exponent: IEEE 754-2008, 3.4. */
static double meaning(int bits, int e)
{
    int digits = 15 - e, bias = (1 << (e - 1)) - 1;
    int exponent = bits >> digits & ((1 << e) - 1), fraction = bits & ((1 << digits) - 1);
    double size = exponent ? ldexp(1 + ldexp(fraction, -digits), exponent - bias)
                           : ldexp(fraction, 1 - bias - digits);
    if (exponent == (1 << e) - 1) size = fraction ? (double)NAN : (double)INFINITY;
    return bits & 0x8000 ? -size : size;
}

static void same(dtype type, int bits, float got)
{
    double right = meaning(bits, type == DTYPE_F16 ? 5 : 8);
    if (isnan(right) ? !isnan(got) : (double)got != right)
        fail_msg("%s: type %d, 0x%04x is %g", isa_name(), type, bits, (double)got);
}

static void test_one_by_one(void)
{
    const dtype types[] = {DTYPE_F16, DTYPE_BF16};
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < ALL; i++) {
            float x = weight_at((weight){every, types[t]}, (size_t)i);
            same(types[t], i, x);
            assert_true(isnan(x) || !signbit(x) == !(i & 0x8000));
        }
    float x = 0x1.234567p-130f;
    assert_true(weight_at((weight){&x, DTYPE_F32}, 0) == x);
    assert_int_equal(dtype_size(DTYPE_F32), 4);
    assert_int_equal(dtype_size(DTYPE_F16), 2);
    assert_int_equal(dtype_size(DTYPE_BF16), 2);
}

/* As weights of a layer whose input is 0 but for a single 1, which picks one column of them.
 * Products of bf16 round f16 numbers, know no infinity, and on a processor that has them take
 * subnormal numbers for 0. */
static void through_a_layer(dtype type, arena scratch)
{
    enum { IN = 64, OUT = ALL / IN };
    static uint16_t w[ALL];
    static float y[OUT];
    memset(w, 0, sizeof w);
    for (int k = 0; k < IN; k++) {
        float x[IN] = {0};
        x[k] = 1;
        for (int o = 0; o < OUT; o++) w[o * IN + k] = every[o * IN + k];
        linear_apply((linear){.rows = 1, .in = IN, .out = OUT, .x = x, .w = {w, type}, .y = y},
                     scratch);
        for (int o = 0; o < OUT; o++) {
            int bits = every[o * IN + k];
            bool normal = isnormal((float)meaning(bits, 8)) || !(bits & 0x7fff);
            bool known = !nn_bf16() || (type == DTYPE_BF16 && normal);
            if (known) same(type, bits, y[o]);
            w[o * IN + k] = 0;
        }
    }
}

static void test_all_through_a_layer(void)
{
    arena scratch = arena_make((size_t)1 << 26);
    through_a_layer(DTYPE_F16, scratch);
    through_a_layer(DTYPE_BF16, scratch);
    arena_free(scratch);
}

/* The nearest number that has 16 bits less; of two the one whose last bit is 0. */
static float nearest(float x)
{
    uint32_t bits;
    float below, above;
    memcpy(&bits, &x, sizeof x);
    bits &= 0xffff0000;
    memcpy(&below, &bits, sizeof x);
    bits += 0x10000;
    memcpy(&above, &bits, sizeof x);
    double down = fabs((double)x - (double)below), up = fabs((double)above - (double)x);
    return down < up || (down == up && bits & 0x10000) ? below : above;
}

/* Ties, their neighbours, and what is nothing to round, as x and as w. Where products are not of
 * bf16 nothing is rounded. */
static void test_rounding(void)
{
    enum { EACH = 7, N = 8 * 8 * EACH };
    static const uint32_t lower[EACH] = {0, 1, 0x7fff, 0x8000, 0x8001, 0x9000, 0xffff};
    float x[N], y[N], one[1] = {1};
    arena scratch = arena_make((size_t)1 << 26);
    for (uint32_t i = 0; i < N;
         i++) { /* upper halves around 1.0, then of both signs and far away */
        uint32_t bits = (0x3f7c + i / EACH % 8) << 16 | lower[i % EACH];
        memcpy(x + i, &bits, sizeof bits);
        x[i] = ldexpf(i / EACH / 8 % 2 ? -x[i] : x[i], (int)(i / EACH / 16) * 30 - 45);
    }
    for (int as_w = 0; as_w < 2; as_w++) {
        linear l = {.rows = as_w ? 1 : N, .in = 1, .out = as_w ? N : 1, .y = y};
        l.x = as_w ? one : x, l.w.data = as_w ? x : one;
        linear_apply(l, scratch);
        for (size_t i = 0; i < N; i++)
            nn_near("rounded", i, y[i], (double)(nn_bf16() ? nearest(x[i]) : x[i]), 1e-38);
    }
    arena_free(scratch);
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_one_by_one),
        NN_TEST(test_all_through_a_layer),
        NN_TEST(test_rounding),
    };
    for (int i = 0; i < ALL; i++) every[i] = (uint16_t)i;
    return nn_run(tests, sizeof tests / sizeof *tests);
}
