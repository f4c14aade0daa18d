/* 3x3 convolutions of every instruction set that is here, against the plain twin, which sums in
 * double. Every array begins where memory begins or ends where it ends; scratch is as large as
 * conv_room() says, and full of NaN. */
#include "nn_fixture.h"

#include "aborts.h"
#include "golden/conv.h"
#include "nn/conv.h"

enum { OF_X, OF_WEIGHTS, OF_SCALE, OF_NORM, OF_BIAS, OF_SHIFT, OF_ADD, OF_Y, ARRAYS };
enum { MOST = 2000000, MOST_WEIGHTS = 134000 };
static fence fences[ARRAYS];
static arena scratch;

/* A case: sizes, and what is there. */
typedef struct {
    conv c;
    dtype type;
    int options;
} which;
enum { NORM = 1, SILU = 2, BIAS = 4, SHIFT = 8, ADD = 16, ALL = 31 };

/* In turn behind one fence and before the other. */
static void *place(int array, size_t n, size_t size)
{
    static bool front;
    front = !front;
    return nn_place(fences[array], n, size, front ? -1 : 0);
}

/* Times 0.9, or sums of them would not be rounded. */
static float *floats(int array, size_t n)
{
    float *x = place(array, n, sizeof *x);
    nn_fill(x, n, (uint32_t)array, 0.9f);
    return x;
}

static size_t outs(const conv *c)
{
    return (size_t)(c->n * conv_side(c->sides, c->h) * conv_side(c->sides, c->w)) * (size_t)c->out;
}

static conv made(which a)
{
    static float w[MOST_WEIGHTS];
    conv c = a.c;
    size_t pixels = (size_t)(c.n * c.h * c.w), in = (size_t)c.in, out = (size_t)c.out;
    size_t many = out * in * 9;
    assert_true(many <= MOST_WEIGHTS);
    nn_fill(w, many, OF_WEIGHTS, 1);
    c.weights = nn_weights(a.type, place(OF_WEIGHTS, many, dtype_size(a.type)), w, many);
    c.x = floats(OF_X, pixels * in);
    if (a.options & NORM)
        c.before = (norm){.scale = floats(OF_SCALE, (size_t)c.n * in),
                          .shift = floats(OF_NORM, (size_t)c.n * in),
                          .silu = a.options & SILU};
    if (a.options & BIAS) c.bias = floats(OF_BIAS, out);
    if (a.options & SHIFT) c.shift = floats(OF_SHIFT, (size_t)c.n * out);
    if (a.options & ADD) c.add = floats(OF_ADD, outs(&c));
    c.y = floats(OF_Y, outs(&c));
    return c;
}

/* y is computed anew, with no scratch but conv_room(); its neighbours stay. */
static void apply(conv c)
{
    size_t n = outs(&c);
    bool first = (char *)c.y == fences[OF_Y].begin;
    float *beside = first ? c.y + n : c.y - 1, before = *beside;
    for (size_t i = 0; i < n && c.add != c.y; i++) c.y[i] = NAN;
    conv_apply(c, nn_promised(scratch, conv_room(c)));
    assert_memory_equal(&before, beside, sizeof before);
}

/* rms of the difference over rms of the second. Few sums may all be near 0 by chance; then over
 * what they are made of, `in` products of size 0.3 and more. */
static double apart(const float *a, const float *b, size_t n, int in)
{
    double differences = 0, squares = 0, least = 0.05 * in * (double)n;
    for (size_t i = 0; i < n; i++) {
        differences += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        squares += (double)b[i] * (double)b[i];
    }
    return sqrt(differences / fmax(squares, least));
}

static float *copied(const conv *c)
{
    float *y = malloc(outs(c) * sizeof *y);
    assert_non_null(y);
    return memcpy(y, c->y, outs(c) * sizeof *y);
}

/* What the twin makes of it; kept for the sets that go through the same cases later. */
static int next;
static const float *expected(which a, conv c)
{
    enum { KEPT = 1 << 10 };
    static struct {
        int sizes[8];
        float *y;
    } kept[KEPT];
    static int count;
    int sizes[] = {c.n, c.h, c.w, c.in, c.out, (int)c.sides, (int)a.type, a.options};
    assert_true(next < KEPT);
    if (next < count && memcmp(kept[next].sizes, sizes, sizeof sizes) != 0)
        while (count > next) free(kept[--count].y);
    if (next == count) {
        const char *set = isa_name();
        assert_null(isa_choose("plain"));
        apply(c);
        memcpy(kept[count].sizes, sizes, sizeof sizes);
        kept[count++].y = copied(&c);
        assert_null(isa_choose(set));
    }
    return kept[next++].y;
}

/* Sums of some thousand products in float, in parts; Winograd's numbers grow on the way. Nearly
 * twice what is seen. */
static const double PLAIN_OFF = 6e-7, WINOGRAD_OFF = 1.5e-6;

/* Where matrices of bf16 are multiplied, both factors are rounded, each by up to 2^-9, so sums are
 * off by 1.4e-3, and by more where a few happen to be small: 3.8e-3. With few channels of x nothing
 * is rounded. */
static const double ROUNDED_OFF = 5e-3;
static bool rounded(const conv *c)
{
    return nn_matrix() && c->in > 35;
}

static double allowed(const conv *c)
{
    if (rounded(c)) return ROUNDED_OFF;
    bool winograd = c->sides <= CONV_DOUBLE && c->in >= 16 && c->out >= 16;
    return winograd ? WINOGRAD_OFF : PLAIN_OFF;
}

static void hold(which a)
{
    char what[200];
    conv c = made(a);
    const float *twin = expected(a, c);
    apply(c);
    snprintf(what, sizeof what, "%s, n %d, %d x %d, %d -> %d, sides %d, dtype %d, options %d: rms",
             isa_name(), c.n, c.h, c.w, c.in, c.out, (int)c.sides, (int)a.type, a.options);
    nn_near(what, 0, (float)apart(c.y, twin, outs(&c), c.in), 0, allowed(&c));
}

static void test_all_small_sizes(void)
{
    static const int ins[] = {1, 17, 3, 33, 42, 16, 43, 19}, outs_[] = {1, 16, 5, 17, 31, 4, 37};
    int count = 0;
    next = 0;
    for (int h = 1; h <= 9; h++)
        for (int w = 1; w <= 9; w++)
            for (int s = CONV_SAME; s <= CONV_HALVE_LATE; s++)
                for (int wide = 0; wide < 2; wide++, count++) {
                    if ((s == CONV_HALVE_LATE && (h < 2 || w < 2)) || count % NN_EVERY) continue;
                    int in = wide ? 17 + count % 19 : ins[count % 8],
                        out = wide ? 16 + count % 23 : outs_[count % 7];
                    conv c = {.n = 1 + count % 3,
                              .h = h,
                              .w = w,
                              .in = in,
                              .out = out,
                              .sides = (conv_sides)s};
                    hold((which){c, (dtype)(count / 2 % 3), (count * 7 + h) % (ALL + 1)});
                }
}

static const conv larger[] = {
    {.n = 1, .h = 41, .w = 41, .in = 385, .out = 17}, /* two strips, four blocks */
    {.n = 1, .h = 9, .w = 11, .in = 700, .out = 17},  /* three, of bf16 two */
    {.n = 1, .h = 64, .w = 61, .in = 130, .out = 17}, /* blocks for each of two threads */
    {.n = 2, .h = 33, .w = 5, .in = 50, .out = 70},
    {.n = 2, .h = 9, .w = 21, .in = 130, .out = 41, .sides = CONV_DOUBLE},
    {.n = 9, .h = 5, .w = 6, .in = 400, .out = 33},
    {.n = 1, .h = 75, .w = 75, .in = 50, .out = 3}, /* bands of rows */
    {.n = 1, .h = 90, .w = 75, .in = 4, .out = 35},
    {.n = 2, .h = 5, .w = 261, .in = 43, .out = 5}, /* and of columns */
    {.n = 1, .h = 3, .w = 260, .in = 5, .out = 20},
    {.n = 1, .h = 7, .w = 271, .in = 40, .out = 17, .sides = CONV_HALVE},
    {.n = 2, .h = 11, .w = 6, .in = 401, .out = 37, .sides = CONV_HALVE},
    {.n = 1, .h = 80, .w = 71, .in = 43, .out = 20, .sides = CONV_HALVE_LATE},
};
enum { LARGER = sizeof larger / sizeof *larger, EVERY = NN_EVERY > 1 ? 3 : 1 };

static void test_larger_ones(void)
{
    next = 0;
    for (int i = 0; i < LARGER; i += EVERY) hold((which){larger[i], (dtype)(i % 3), ALL});
}

/* One order of sums is no merit of the twin's, which takes no pains. */
static bool fast(void)
{
    return strcmp(isa_name(), "plain") != 0;
}

static void test_same_bits_for_any_number_of_threads(void)
{
    static const int threads[] = {1, 2, 3, 7};
    for (int i = 0; i < LARGER && fast(); i += EVERY) {
        conv c = made((which){larger[i], DTYPE_F16, ALL});
        float *first = NULL;
        for (int t = 0; t < 4; t++) {
            parallel_set_threads(threads[t]);
            apply(c);
            if (t == 0) first = copied(&c);
            assert_memory_equal(first, c.y, outs(&c) * sizeof *first);
        }
        free(first);
    }
}

/* Picture p of a batch, alone. */
static conv alone(conv c, int p)
{
    size_t out = (size_t)c.out, in = (size_t)c.in * (size_t)p;
    size_t of_y = (size_t)(conv_side(c.sides, c.h) * conv_side(c.sides, c.w)) * out * (size_t)p;
    c.n = 1;
    c.x += (size_t)(c.h * c.w) * in;
    c.before.scale += in, c.before.shift += in;
    c.shift += out * (size_t)p;
    c.add += of_y, c.y += of_y;
    return c;
}

static void test_same_bits_in_a_batch_and_alone(void)
{
    for (int i = 0; i < LARGER && fast(); i += EVERY) {
        conv c = larger[i];
        c.n = 3;
        c = made((which){c, DTYPE_BF16, ALL});
        apply(c);
        float *batch = copied(&c);
        for (int p = 0; p < c.n; p++) apply(alone(c, p));
        assert_memory_equal(batch, c.y, outs(&c) * sizeof *batch);
        free(batch);
    }
}

/* Whole lines of a y of more than 32 MB go past the cache; they hold the same. */
static void test_a_large_result_may_begin_anywhere(void)
{
    enum { IN = 32, OUT = 32 };
    for (int in = 4; in <= IN && fast(); in += 28) { /* patches, and Winograd's way */
        conv c = made((which){{.n = 1, .h = 1, .w = 1, .in = in, .out = OUT}, DTYPE_F32, BIAS});
        c.h = 1000, c.w = 300;
        size_t n = outs(&c), pixels = (size_t)(c.h * c.w);
        float *x = malloc(pixels * IN * sizeof *x), *y = aligned_alloc(64, (n + 16) * sizeof *y);
        assert_true(x && y && n * sizeof *y > 32 << 20);
        nn_fill(x, pixels * IN, OF_X, 1);
        c.x = x, c.y = y;
        conv_apply(c, scratch);
        float *aligned = copied(&c);
        c.y = y + 1;
        conv_apply(c, scratch);
        assert_memory_equal(aligned, c.y, n * sizeof *y);
        free(aligned), free(x), free(y);
    }
}

/* Rows of tiles times blocks are more than an int holds; the last rows are what they are alone. */
static void test_very_many_rows(void)
{
    enum { HIGH = 600000, END = 8, C = 16 };
    static float x[HIGH * C], y[HIGH * C], end[END * C];
    if (!fast() || NN_EVERY > 1) return;
    conv c = made((which){{.n = 1, .h = 1, .w = 1, .in = C, .out = C}, DTYPE_F32, BIAS});
    nn_fill(x, HIGH * C, OF_X, 1);
    c.h = HIGH, c.x = x, c.y = y;
    conv_apply(c, scratch);
    c.h = END, c.x = x + (HIGH - END) * C, c.y = end;
    conv_apply(c, scratch);
    assert_memory_equal(end + END / 2 * C, y + (HIGH - END / 2) * C, sizeof end / 2);
}

static void test_the_result_may_take_the_place_of_the_residual(void)
{
    for (int i = 0; i < LARGER; i += EVERY) {
        conv c = made((which){larger[i], DTYPE_F32, ALL});
        apply(c);
        float *apart_from_it = copied(&c);
        memcpy(c.y, c.add, outs(&c) * sizeof *c.y);
        c.add = c.y;
        apply(c);
        assert_memory_equal(apart_from_it, c.y, outs(&c) * sizeof *c.y);
        free(apart_from_it);
    }
}

/* Numbers that tools/golden/conv.py makes as well: i * step mod 1, less a half. */
static float *ramp(int array, size_t n, double step)
{
    float *x = place(array, n, sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = (float)(fmod((double)i * step, 1) - 0.5);
    return x;
}

static void test_pytorch_has_the_same(void)
{
    for (size_t i = 0; i < sizeof golden_convs / sizeof *golden_convs; i++) {
        const golden_conv *g = &golden_convs[i];
        size_t in = (size_t)g->in, out = (size_t)g->out, n = (size_t)g->n;
        conv c = {.n = g->n,
                  .h = g->h,
                  .w = g->w,
                  .in = g->in,
                  .out = g->out,
                  .sides = (conv_sides)g->sides};
        c.x = ramp(OF_X, n * (size_t)(g->h * g->w) * in, 0.6180339887);
        c.before = (norm){.scale = ramp(OF_SCALE, n * in, 0.37),
                          .shift = ramp(OF_NORM, n * in, 0.71),
                          .silu = true};
        c.weights = (weight){ramp(OF_WEIGHTS, out * in * 9, 0.7548776662), DTYPE_F32};
        c.bias = ramp(OF_BIAS, out, 0.41), c.shift = ramp(OF_SHIFT, n * out, 0.29);
        c.y = place(OF_Y, outs(&c), sizeof *c.y);
        apply(c);
        for (size_t m = 0; m < GOLDEN_KEPT; m++)
            nn_near("golden", 100 * i + m, c.y[m * (outs(&c) - 1) / (GOLDEN_KEPT - 1)], g->y[m],
                    (rounded(&c) ? 2 * ROUNDED_OFF : 3e-6) * g->rms);
    }
}

static void halve_one_pixel(void)
{
    (void)conv_room((conv){.n = 1, .h = 1, .w = 2, .in = 1, .out = 1, .sides = CONV_HALVE_LATE});
}
static void no_channels(void)
{
    (void)conv_room((conv){.n = 1, .h = 1, .w = 2, .in = 0, .out = 1});
}
static void more_than_int_counts(void)
{
    (void)conv_room((conv){.n = 1, .h = 1 << 15, .w = 1 << 15, .in = 1, .out = 1});
}
static void too_little_scratch(void)
{
    float x = 1, y;
    conv c = {.n = 1, .h = 1, .w = 1, .in = 1, .out = 1, .x = &x, .y = &y, .weights.data = &x};
    conv_apply(c, nn_cut(scratch, conv_room(c) - 64));
}

static void test_broken_promises_are_noticed(void)
{
    assert_true(aborts(halve_one_pixel));
    assert_true(aborts(no_channels));
    assert_true(aborts(more_than_int_counts));
    assert_true(aborts(too_little_scratch));
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_all_small_sizes),
        NN_TEST(test_larger_ones),
        NN_TEST(test_same_bits_for_any_number_of_threads),
        NN_TEST(test_same_bits_in_a_batch_and_alone),
        NN_TEST(test_a_large_result_may_begin_anywhere),
        NN_TEST(test_very_many_rows),
        NN_TEST(test_the_result_may_take_the_place_of_the_residual),
        NN_TEST(test_pytorch_has_the_same),
        NN_TEST(test_broken_promises_are_noticed),
    };
    scratch = arena_make((size_t)1 << 28);
    for (int i = 0; i < ARRAYS; i++) fences[i] = fence_make(MOST + 16);
    return nn_run(tests, sizeof tests / sizeof *tests);
}
