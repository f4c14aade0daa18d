/* Layers of every instruction set that is here, against PyTorch (tools/golden/nn.py). */
#include "nn_fixture.h"

#include "golden/nn.h"
#include "nn/activate.h"
#include "nn/attention.h"
#include "nn/conv.h"
#include "nn/embed.h"
#include "nn/linear.h"

static arena memory;
static const dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};

static float *numbers(arena *keep, uint32_t seed, float size, size_t n)
{
    float *x = arena_take(keep, n * sizeof *x);
    nn_fill(x, n, seed, size);
    return x;
}

/* The same numbers as weights of another type. */
static weight weights(arena *keep, dtype type, uint32_t seed, float size, size_t n)
{
    float *x = numbers(keep, seed, size, n);
    return nn_weights(type, arena_take(keep, n * dtype_size(type)), x, n);
}

/* y[n], of which every seventh is golden. */
#define HOLD(name, y, n, allowed) \
    hold(#name, y, n, golden_##name, sizeof golden_##name / sizeof *golden_##name, allowed)
static void hold(const char *what, const float *y, size_t n, const double *golden, size_t count,
                 double allowed)
{
    assert_int_equal(count, (n + 6) / 7);
    for (size_t i = 0; i < count; i++) nn_near(what, 7 * i, y[7 * i], golden[i], allowed);
}

/* Products of these numbers, and their sums, are exact in float; the rest is what is allowed. */
static void test_linear(void)
{
    enum { ROWS = 5, IN = 37, OUT = 46 };
    for (int t = 0; t < 3; t++) {
        arena scratch = memory;
        linear l = {.rows = ROWS, .in = IN, .out = OUT};
        l.x = numbers(&scratch, 1, 1, ROWS * IN);
        l.w = weights(&scratch, types[t], 2, 0.5f, OUT * IN);
        l.bias = numbers(&scratch, 3, 1, OUT);
        l.y = arena_take(&scratch, ROWS * OUT * sizeof *l.y);
        linear_apply(l, scratch);
        HOLD(linear, l.y, ROWS * OUT, 1e-8);
        l.out = OUT / 2, l.gate = true, l.after = ACTIVATE_GELU;
        linear_apply(l, scratch);
        HOLD(geglu, l.y, ROWS * OUT / 2, 3e-7);
    }
}

static void test_norms(void)
{
    enum { ROWS = 5, WIDE = 37, PICTURES = 2, PIXELS = 5 * 7, CHANNELS = 24 };
    enum { N = PICTURES * PIXELS * CHANNELS };
    arena keep = memory;
    const float *w = numbers(&keep, 2, 0.5f, 2 * WIDE), *x = numbers(&keep, 1, 1, ROWS * WIDE);
    float *y = arena_take(&keep, N * sizeof *y);
    norm_apply((norm){.scale = w, .shift = w + WIDE, .epsilon = 1e-5f}, x, ROWS, WIDE, y);
    HOLD(layer_norm, y, ROWS * WIDE, 5e-7);
    x = numbers(&keep, 4, 1, N);
    norm_groups g = {.pictures = PICTURES,
                     .rows = PIXELS,
                     .channels = CHANNELS,
                     .groups = 4,
                     .x = x,
                     .epsilon = 1e-5f};
    g.weight = numbers(&keep, 5, 1, CHANNELS), g.bias = numbers(&keep, 6, 1, CHANNELS);
    norm_apply(norm_group(g, &keep), x, PICTURES * PIXELS, CHANNELS, y);
    HOLD(group_norm, y, N, 1e-6);
    g.silu = true;
    norm_apply(norm_group(g, &keep), x, PICTURES * PIXELS, CHANNELS, y);
    HOLD(group_norm_silu, y, N, 1e-6);
}

static void test_activations(void)
{
    enum { N = 300 };
    float x[N], y[N];
    nn_fill(x, N, 7, 8);
    activate(ACTIVATE_SILU, y, x, N);
    HOLD(silu, y, N, 1e-6);
    activate(ACTIVATE_GELU, y, x, N);
    HOLD(gelu, y, N, 1e-6);
    activate(ACTIVATE_GELU_QUICK, y, x, N);
    HOLD(gelu_quick, y, N, 1e-6);
}

/* Theirs are angles in float: off by some 2^-23 of themselves. */
static void test_waves(void)
{
    for (size_t i = 0; i < sizeof golden_waves / sizeof *golden_waves; i++) {
        float out[321];
        int width = golden_waves[i].width;
        embed_time(golden_waves[i].t,
                   (embed_form){width, golden_waves[i].sines_first, golden_waves[i].shift}, out);
        for (int k = 0; k < 6; k++)
            nn_near("wave", i, out[k * (width - 1) / 5], golden_waves[i].out[k],
                    1e-7 + golden_waves[i].t * 0x1p-23);
    }
}

static void test_halves(void)
{
    for (size_t i = 0; i < sizeof golden_halves / sizeof *golden_halves; i++) {
        uint32_t right[] = {golden_halves[i].f16, golden_halves[i].bf16};
        for (int t = 0; t < 2; t++) {
            float wide, got = weight_at((weight){&golden_halves[i].half, types[1 + t]}, 0);
            memcpy(&wide, &right[t], sizeof wide);
            if (isnan(wide))
                assert_true(isnan(got));
            else
                assert_memory_equal(&got, &wide, sizeof got);
        }
    }
}

/* Winograd's way has rounded sums and differences, some 1e-6 of sums of size 3; 3 channels of y are
 * computed without it, exactly. */
static void hold_conv(const char *what, conv_sides sides, dtype type, const double *few,
                      size_t few_count, const double *many, size_t many_count)
{
    enum { N = 2, H = 5, W = 7, IN = 17 };
    for (int outs = 3; outs <= 18; outs += 15) {
        arena scratch = memory;
        conv c = {.n = N, .h = H, .w = W, .in = IN, .out = outs, .sides = sides};
        c.x = numbers(&scratch, 9, 1, N * H * W * IN);
        c.weights = weights(&scratch, type, 10, 0.25f, (size_t)outs * IN * 9);
        c.bias = numbers(&scratch, 11, 1, (size_t)outs);
        size_t n = (size_t)(N * conv_side(sides, H) * conv_side(sides, W) * outs);
        c.y = arena_take(&scratch, n * sizeof *c.y);
        conv_apply(c, scratch);
        hold(what, c.y, n, outs == 3 ? few : many, outs == 3 ? few_count : many_count,
             outs == 3 ? 1e-8 : 1e-5);
    }
}
#define HOLD_CONV(name, sides, type)                                                            \
    hold_conv(#name, sides, type, golden_##name##_3, sizeof golden_##name##_3 / sizeof(double), \
              golden_##name##_18, sizeof golden_##name##_18 / sizeof(double))

static void test_conv(void)
{
    for (int t = 0; t < 3; t++) {
        HOLD_CONV(conv_same, CONV_SAME, types[t]);
        HOLD_CONV(conv_double, CONV_DOUBLE, types[t]);
        HOLD_CONV(conv_halve, CONV_HALVE, types[t]);
        HOLD_CONV(conv_halve_late, CONV_HALVE_LATE, types[t]);
    }
}

/* Weights e^s, of scores s up to 20: rounding in float leaves 1e-7 of them, bf16 2^-9 of each factor
 * (1.5e-3 is seen). */
static double attention_allowed(void)
{
    return nn_bf16() ? 0x1p-8 : 1e-6;
}

static void test_attention(void)
{
    enum { N = 2, HEADS = 3, SIZE = 5, ASK = 7, ASKED = 9, C = HEADS * SIZE };
    arena scratch = memory;
    attention a = {.n = N, .heads = HEADS, .size = SIZE, .queries = ASK, .keys = ASKED};
    float y[N * ASK * C], k[N * ASK * C], v[N * ASK * C];
    a.q = numbers(&scratch, 12, 2, N * ASK * C), a.k = numbers(&scratch, 13, 2, N * ASKED * C);
    a.v = numbers(&scratch, 14, 1, N * ASKED * C), a.y = y;
    attention_apply(a, scratch);
    HOLD(attention, y, N * ASK * C, attention_allowed());
    for (int p = 0; p < N; p++) { /* as many keys as queries */
        memcpy(k + p * ASK * C, a.k + p * ASKED * C, ASK * C * sizeof *k);
        memcpy(v + p * ASK * C, a.v + p * ASKED * C, ASK * C * sizeof *v);
    }
    a.k = k, a.v = v, a.keys = ASK, a.causal = true;
    attention_apply(a, scratch);
    HOLD(attention_causal, y, N * ASK * C, attention_allowed());
}

/* Row i of a matrix is asked for by a query that is 1 at i, and v gives back which key it was. */
static void test_softmax(void)
{
    enum { N = 4, SIZE = 9 };
    float x[N * SIZE * SIZE], k[N * SIZE * SIZE], one[N * SIZE * SIZE] = {0}, y[N * SIZE * SIZE];
    nn_fill(x, N * SIZE * SIZE, 8, 4);
    for (int p = 0; p < N; p++)
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) {
                k[(p * SIZE + j) * SIZE + i] = x[(p * SIZE + i) * SIZE + j];
                one[(p * SIZE + i) * SIZE + j] = i == j;
            }
    attention_apply((attention){.n = N,
                                .heads = 1,
                                .size = SIZE,
                                .queries = SIZE,
                                .keys = SIZE,
                                .q = one,
                                .k = k,
                                .v = one,
                                .scale = 1,
                                .y = y},
                    memory);
    HOLD(softmax, y, N * SIZE * SIZE, attention_allowed());
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_linear), NN_TEST(test_norms), NN_TEST(test_activations), NN_TEST(test_waves),
        NN_TEST(test_halves), NN_TEST(test_conv),  NN_TEST(test_attention),   NN_TEST(test_softmax),
    };
    memory = arena_make((size_t)1 << 26);
    return nn_run(tests, sizeof tests / sizeof *tests);
}
