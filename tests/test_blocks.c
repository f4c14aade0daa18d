/* Blocks on pictures that are too large to be done at once, and sides that are not doubled. */
#include "nn_fixture.h"

#include "models/transformer.h"

enum { H = 70, W = 60, PIXELS = H * W /* more rows than are taken at a time */ };

static arena memory;

static const float *numbers(arena *keep, uint32_t seed, size_t n)
{
    float *x = arena_take(keep, n * sizeof *x);
    nn_fill(x, n, seed, 0.5f);
    return x;
}

static linear matrix(arena *keep, uint32_t seed, int in, int out)
{
    return (linear){.in = in,
                    .out = out,
                    .w = {numbers(keep, seed, (size_t)(in * out)), DTYPE_F32},
                    .bias = numbers(keep, seed + 1, (size_t)out)};
}

static conv filter(arena *keep, uint32_t seed, int in, int out)
{
    return (conv){.in = in,
                  .out = out,
                  .weights = {numbers(keep, seed, (size_t)(9 * in * out)), DTYPE_F32},
                  .bias = numbers(keep, seed + 1, (size_t)out)};
}

static norm_groups group_norm(arena *keep, uint32_t seed, int channels)
{
    size_t n = (size_t)channels;
    return (norm_groups){.channels = channels,
                         .groups = 2,
                         .weight = numbers(keep, seed, n),
                         .bias = numbers(keep, seed + 1, n),
                         .epsilon = 1e-6f,
                         .silu = true};
}

/* A picture with room for `channels` channels in both rooms. */
static blocks_stream picture(arena *keep, int n, int h, int w, int c, int channels)
{
    blocks_stream s = {tensor_new(keep, n, h, w, channels), NULL};
    s.spare = tensor_like(keep, s.x).data;
    s.x.c = c;
    nn_fill(s.x.data, tensor_count(s.x), 1, 1);
    return s;
}

/* A resnet in its two rooms against the same with a new room for each result. */
static void resnet_of(int in, int out)
{
    arena keep = memory;
    blocks_resnet r = {.norm1 = group_norm(&keep, 2, in),
                       .norm2 = group_norm(&keep, 4, out),
                       .conv1 = filter(&keep, 6, in, out),
                       .conv2 = filter(&keep, 8, out, out),
                       .time = matrix(&keep, 10, 5, out),
                       .shortcut = matrix(&keep, 12, in, out)};
    const float *time = numbers(&keep, 14, 5);
    blocks_stream s = picture(&keep, 1, H, W, in, in > out ? in : out);
    tensor x = tensor_new(&keep, 1, H, W, in), y = tensor_new(&keep, 1, H, W, out);
    tensor between = tensor_like(&keep, y), beside = tensor_like(&keep, y);
    tensor_copy(x, s.x);
    blocks_resnet_apply(&r, &s, time, keep);
    linear told = r.time, shortcut = r.shortcut;
    told.rows = 1, told.x = time, told.y = arena_take(&keep, (size_t)out * sizeof(float));
    linear_apply(told, keep);
    conv first = r.conv1, second = r.conv2;
    first.shift = told.y;
    blocks_norm_convolve(r.norm1, first, x, between.data, keep);
    shortcut.rows = PIXELS, shortcut.x = x.data, shortcut.y = beside.data;
    linear_apply(shortcut, keep);
    second.add = beside.data;
    blocks_norm_convolve(r.norm2, second, between, y.data, keep);
    assert_true(tensor_same_shape(s.x, y));
    assert_memory_equal(s.x.data, y.data, tensor_count(y) * sizeof *y.data);
}

static void test_resnet(void)
{
    resnet_of(6, 4);
    resnet_of(4, 6);
}

/* Rows that are taken together may belong to two pictures: each is what it is alone. */
static void test_transformer(void)
{
    enum { N = 2, C = 8, TEXT = 3, TOKENS = 4 };
    arena keep = memory;
    const float *ones = numbers(&keep, 20, C);
    norm usual = {.scale = ones, .shift = ones, .epsilon = 1e-5f};
    transformer_layer l = {0};
    linear *square[] = {&l.self_q, &l.self_k, &l.self_v, &l.self_out, &l.text_q, &l.text_out};
    for (uint32_t i = 0; i < 6; i++) *square[i] = matrix(&keep, 30 + 2 * i, C, C);
    l.text_k = matrix(&keep, 50, TEXT, C), l.text_v = matrix(&keep, 52, TEXT, C);
    l.widen = matrix(&keep, 54, C, 8 * C), l.narrow = matrix(&keep, 56, 4 * C, C);
    l.self_q.before = l.self_k.before = l.self_v.before = usual;
    l.text_q.before = l.widen.before = usual;
    l.widen.out = 4 * C, l.widen.gate = true, l.widen.after = ACTIVATE_GELU;
    transformer t = {.form = {C, 2, 1, TEXT, 0}, .norm = group_norm(&keep, 60, C), .layer = &l};
    t.norm.silu = false;
    t.in = matrix(&keep, 62, C, C), t.out = matrix(&keep, 64, C, C);
    tensor text = tensor_new(&keep, N, 1, TOKENS, TEXT);
    nn_fill(text.data, tensor_count(text), 66, 1);
    float *known[1 + N]; /* of both texts, then of each */
    tensor y[1 + N];
    for (int p = 0; p <= N; p++) {
        blocks_stream s = picture(&keep, N, 50, 45, C, C);
        tensor words = p ? tensor_pictures(text, p - 1, 1) : text;
        if (p) s.x = tensor_pictures(s.x, p - 1, 1);
        known[p] = arena_take(&keep, N * TOKENS * 2 * C * sizeof *known[p]);
        transformer_remember(&t, words, known[p], keep);
        transformer_apply(&t, &s, (transformer_text){words.n, TOKENS, known[p]}, keep);
        y[p] = s.x;
        if (p)
            assert_memory_equal(tensor_pictures(y[0], p - 1, 1).data, s.x.data,
                                tensor_count(s.x) * sizeof *s.x.data);
    }
}

/* Each pixel of the larger picture is its nearest one; the border comes after that. */
static void test_enlarge(void)
{
    for (int odd = 0; odd < 4; odd++) {
        arena keep = memory;
        int h = 8 - odd % 2, w = 6 - odd / 2;
        conv c = filter(&keep, 70, 3, 5), same = c;
        blocks_stream s = picture(&keep, 2, 4, 3, 3, 20);
        tensor large = tensor_new(&keep, 2, h, w, 3), y = tensor_new(&keep, 2, h, w, 5);
        for (int row = 0; row < 2 * h; row++)
            for (int j = 0; j < w; j++)
                memcpy(large.data + (row * w + j) * 3,
                       s.x.data + ((row / h * 4 + row % h / 2) * 3 + j / 2) * 3,
                       3 * sizeof *s.x.data);
        blocks_convolve(same, large, y.data, keep);
        blocks_enlarge(c, &s, h, w, keep);
        assert_true(tensor_same_shape(s.x, y));
        for (size_t i = 0; i < tensor_count(y); i++)
            nn_near("enlarged", i, s.x.data[i], (double)y.data[i], 1e-6);
    }
}

int main(void)
{
    static const nn_test tests[] = {NN_TEST(test_resnet), NN_TEST(test_transformer),
                                    NN_TEST(test_enlarge)};
    memory = arena_make((size_t)1 << 28);
    int failed = nn_run(tests, sizeof tests / sizeof *tests);
    arena_free(memory);
    return failed;
}
