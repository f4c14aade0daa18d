/* Norms of every instruction set that is here, against their definitions in double. */
#include "nn_fixture.h"

#include "aborts.h"
#include "nn/norm.h"

enum { FLOATS = 3 * 300 * 70, CHANNELS = 2 * 32 + 1 };
enum { X, Y, WEIGHT, BIAS, ARRAYS };
static fence fences[ARRAYS];
static arena memory;

/* Mean and variance of one group of one picture. */
static void define(const norm_groups *g, int picture, int group, double *mean, double *variance)
{
    int members = g->channels / g->groups;
    double count = (double)g->rows * members;
    const float *x = g->x + (size_t)picture * (size_t)(g->rows * g->channels) + group * members;
    *mean = *variance = 0;
    for (int i = 0; i < g->rows; i++)
        for (int k = 0; k < members; k++) *mean += (double)x[i * g->channels + k];
    *mean /= count;
    for (int i = 0; i < g->rows; i++)
        for (int k = 0; k < members; k++) {
            double apart = (double)x[i * g->channels + k] - *mean;
            *variance += apart * apart;
        }
    *variance /= count;
}

/* One number of x', as norm.h defines it. */
static double formula(const norm *n, const float *row, int i, int channels, int k)
{
    if (n->epsilon == 0) {
        int at = i / n->rows * channels + k;
        double v = (double)row[k] * (double)n->scale[at] + (double)n->shift[at];
        return n->silu ? v / (1 + exp(-v)) : v;
    }
    double mean = 0, variance = 0;
    for (int j = 0; j < channels; j++) mean += (double)row[j] / channels;
    for (int j = 0; j < channels; j++)
        variance += ((double)row[j] - mean) * ((double)row[j] - mean) / channels;
    double size = sqrt(variance + (double)n->epsilon);
    return ((double)row[k] - mean) / size * (double)n->scale[k] + (double)n->shift[k];
}

/* 128 squares in a row are summed in float, so scale is off by up to 1e-6 of itself, and shift by
 * as much of what it is made of; less in groups of several such sums. */
static void hold_groups_to(double allowed, norm_groups g)
{
    arena keep = nn_promised(memory, norm_group_room(g));
    norm n = norm_group(g, &keep);
    assert_true(n.epsilon == 0 && n.rows == g.rows && n.silu == g.silu);
    char what[100];
    snprintf(what, sizeof what, "%s, %d x %d x %d, %d groups", isa_name(), g.pictures, g.rows,
             g.channels, g.groups);
    double mean = 0, variance = 0;
    for (int i = 0; i < g.pictures * g.channels; i++) {
        int k = i % g.channels, members = g.channels / g.groups;
        if (k % members == 0) define(&g, i / g.channels, k / members, &mean, &variance);
        double scale = (double)g.weight[k] / sqrt(variance + (double)g.epsilon);
        double shift = (double)g.bias[k] - mean * scale;
        nn_near(what, (size_t)i, n.scale[i], scale, allowed * fabs(scale) + 1e-30);
        nn_near(what, (size_t)i, n.shift[i], shift,
                allowed * (fabs(mean * scale) + fabs(scale) * sqrt(variance) + 1));
    }
}

static void hold_groups(norm_groups g)
{
    hold_groups_to(2e-6, g);
}

/* Its numbers, which a test may change. */
static float *numbers, *gains, *biases;

static norm_groups groups(int pictures, int rows, int channels, int of, int place)
{
    size_t n = (size_t)(pictures * rows * channels), wide = (size_t)channels;
    numbers = nn_place(fences[X], n, sizeof *numbers, place);
    gains = nn_place(fences[WEIGHT], wide, sizeof *gains, place);
    biases = nn_place(fences[BIAS], wide, sizeof *biases, place);
    nn_fill(numbers, n, X, 2);
    nn_fill(gains, wide, WEIGHT, 1);
    nn_fill(biases, wide, BIAS, 1);
    return (norm_groups){pictures, rows, channels, of, numbers, gains, biases, 1e-5f, channels % 2};
}

static void test_groups_of_every_size(void)
{
    int place = -1;
    for (int channels = 1; channels <= 70; channels++)
        for (int of = 1; of <= channels; of++) {
            if (channels % of != 0) continue;
            static const int rows[] = {1, 2, 3, 15, 127, 128, 129, 300};
            for (int i = 0; i < 8; i++, place = place == 16 ? -1 : place + 1)
                if (i < 2 || (channels + of + i) % 3 == 0)
                    hold_groups(groups(1 + place % 3 * (place > 0), rows[i], channels, of, place));
        }
}

/* Far from 0, one row far from the others, all the same, channels far from each other, nothing. */
static void test_groups_that_would_cancel(void)
{
    enum { WIDE = 40, N = 2 * 256 * WIDE };
    norm_groups g = groups(2, 256, WIDE, 8, 0);
    for (int i = 0; i < N; i++) numbers[i] += 10000; /* to the nearest 2^-10 */
    hold_groups(g);
    for (int row = 0; row < 256; row += 128) {
        nn_fill(numbers, N, X, 1);
        for (int k = 0; k < WIDE; k++) numbers[row * WIDE + k] = 1e4f;
        hold_groups(g);
    }
    for (int i = 0; i < N; i++) numbers[i] = 0.1f;
    hold_groups(g);
    for (int i = 0; i < N; i++) numbers[i] = nn_number((uint32_t)i, X) + (float)(i % 5) * 1000;
    hold_groups(g);
    memset(numbers, 0, N * sizeof *numbers);
    g.epsilon = 1;
    hold_groups(g);
}

/* The first rows, one of them or more, say nothing of the others. One of the 16 that make the guess
 * is theirs: as norm.h has it, that is no more than sqrt(rows) / 16 deviations from the mean. */
static void test_groups_whose_first_rows_are_unlike_the_rest(void)
{
    enum { TALL = 4096, WIDE = 8 };
    for (int unlike = 1; unlike <= 64; unlike *= 4) {
        norm_groups g = groups(1, TALL, WIDE, 2, 0);
        for (int i = 0; i < unlike * WIDE; i++) numbers[i] += 1e4f;
        hold_groups_to(1e-6 * (1 + TALL / 256), g);
    }
}

/* Numbers that are all the same and large: their variance is 0, or what rounding makes of it, which
 * is less than the square of 2^-22 of them and never below 0. */
static void test_groups_of_large_constants(void)
{
    enum { N = 91 * 40 };
    norm_groups g = groups(1, 91, 40, 8, 0); /* 91 times 1 / 91 is not 1 */
    for (float same = 1e4f; same < 1e18f; same *= 1.3f) {
        for (int i = 0; i < N; i++) numbers[i] = same;
        arena keep = memory;
        norm n = norm_group(g, &keep);
        double rounding = (double)same * 0x1p-22, epsilon = (double)g.epsilon;
        for (int k = 0; k < 40; k++) {
            double gain = fabs((double)gains[k]), size = fabs((double)n.scale[k]);
            assert_true(size <= gain / sqrt(epsilon) * 1.000001);
            assert_true(size >= gain / sqrt(epsilon + rounding * rounding) * 0.999999);
        }
    }
}

/* What norm.h says of numbers that are many deviations from 0. */
static void test_normed_numbers_far_from_0(void)
{
    enum { TALL = 300, WIDE = 40, N = TALL * WIDE };
    static float y[2][N];
    norm_groups g = groups(1, TALL, WIDE, 8, 0);
    for (int k = 0; k < WIDE; k++) gains[k] = 1, biases[k] = 0;
    for (int power = 0; power < 20; power++) {
        double mean[8], variance[8], far = ldexp(1.1, power) / sqrt(1.0 / 3);
        nn_fill(numbers, N, X, 1);
        for (int i = 0; i < N; i++) numbers[i] += ldexpf(1.1f, power);
        for (int i = 0; i < 8; i++) define(&g, 0, i, mean + i, variance + i);
        arena keep = memory;
        norm layer = {.scale = gains, .shift = biases, .epsilon = g.epsilon};
        norm_apply(norm_group(g, &keep), g.x, TALL, WIDE, y[0]);
        norm_apply(layer, g.x, TALL, WIDE, y[1]);
        for (int i = 0; i < N; i++) {
            int row = i / WIDE, k = i % WIDE, of = k / 5;
            double right = ((double)g.x[i] - mean[of]) / sqrt(variance[of] + (double)g.epsilon);
            nn_near("group", (size_t)i, y[0][i], right, 1e-6 + 0x1p-23 * far);
            right = formula(&layer, g.x + row * WIDE, row, WIDE, k);
            nn_near("layer", (size_t)i, y[1][i], right, 1e-6 + 0x1p-21 * far);
        }
    }
}

/* One number that is none is seen by all of its group, and by no other. */
static void test_groups_with_no_number_in_one(void)
{
    enum { WIDE = 40, ROWS = 256 };
    const float none[] = {NAN, INFINITY, -INFINITY};
    norm_groups g = groups(2, ROWS, WIDE, 8, 0);
    for (int i = 0; i < 6; i++) {
        float *spoilt = numbers + (i < 3 ? 0 : ROWS - 1) * WIDE + 12, before = *spoilt;
        *spoilt = none[i % 3];
        arena keep = memory;
        norm n = norm_group(g, &keep);
        for (int k = 0; k < 2 * WIDE; k++) {
            bool of_it = k >= 10 && k < 15;
            assert_true(!isfinite(n.scale[k]) == of_it && !isfinite(n.shift[k]) == of_it);
        }
        *spoilt = before;
    }
}

static void test_groups_same_bits_for_any_number_of_threads_and_alone(void)
{
    static const int threads[] = {7, 3, 2, 1};
    enum { PICTURES = 3, CHANNELS_ = 70 };
    norm_groups g = groups(PICTURES, 300, CHANNELS_, 7, 0), one = g;
    arena keep = memory, again;
    parallel_set_threads(5);
    norm first = norm_group(g, &keep);
    for (int t = 0; t < 4; t++) {
        parallel_set_threads(threads[t]);
        again = keep;
        norm n = norm_group(g, &again);
        assert_memory_equal(n.scale, first.scale, PICTURES * CHANNELS_ * sizeof(float));
        assert_memory_equal(n.shift, first.shift, PICTURES * CHANNELS_ * sizeof(float));
    }
    one.pictures = 1;
    for (int p = 0; p < PICTURES; p++, one.x += 300 * CHANNELS_) {
        again = keep;
        norm n = norm_group(one, &again);
        assert_memory_equal(n.scale, first.scale + p * CHANNELS_, CHANNELS_ * sizeof(float));
        assert_memory_equal(n.shift, first.shift + p * CHANNELS_, CHANNELS_ * sizeof(float));
    }
}

/* Results of size 3; a layer norm's mean is rounded, and what is taken off it after that. */
static void hold_apply(norm n, int rows, int channels, int place, bool in_place)
{
    static float old[FLOATS];
    static char before[(FLOATS + (1 << 14)) * sizeof(float)];
    size_t count = (size_t)(rows * channels), bytes = count * sizeof(float);
    float *x = nn_place(fences[X], count, sizeof *x, place);
    float *y = in_place ? x : nn_place(fences[Y], count, sizeof *y, place < 0 ? 3 : 16 - place);
    fence around = fences[in_place ? X : Y];
    size_t room = (size_t)(around.end - around.begin), at = (size_t)((char *)y - around.begin);
    assert_true(room <= sizeof before);
    nn_fill(x, count, X, 2);
    memcpy(old, x, bytes);
    if (!in_place) memset(around.begin, 0x7a, room);
    memcpy(before, around.begin, room);
    norm_apply(n, x, rows, channels, y);
    char what[100];
    snprintf(what, sizeof what, "%s, %d x %d, epsilon %g, silu %d", isa_name(), rows, channels,
             (double)n.epsilon, n.silu);
    for (size_t i = 0; i < count; i++) {
        int row = (int)i / channels, k = (int)i % channels;
        double right =
            n.scale ? formula(&n, old + row * channels, row, channels, k) : (double)old[i];
        nn_near(what, i, y[i], right, n.scale ? 1e-6 : 1e-30);
    }
    assert_memory_equal(before, around.begin, at);
    assert_memory_equal(before + at + bytes, around.begin + at + bytes, room - at - bytes);
}

static void test_apply_every_size(void)
{
    int place = -1;
    for (int channels = 1; channels <= CHANNELS; channels++)
        for (int rows = 1; rows <= 6; rows++)
            for (int kind = 0; kind < 4; kind++, place = place == 16 ? -1 : place + 1) {
                norm n = {.epsilon = kind == 1 ? 0.1f : 0, .silu = kind == 3, .rows = 1 + rows % 3};
                size_t count = (size_t)channels * (kind > 1 ? 6 : 1);
                float *scale = nn_place(fences[WEIGHT], count, sizeof *scale, place);
                float *shift = nn_place(fences[BIAS], count, sizeof *shift, place);
                nn_fill(scale, count, WEIGHT, 1);
                nn_fill(shift, count, BIAS, 1);
                if (kind) n.scale = scale, n.shift = shift;
                hold_apply(n, rows, channels, place, (rows + channels) % 2);
            }
}

static void test_apply_same_bits_for_any_number_of_threads(void)
{
    enum { ROWS = 800, WIDE = 70, COUNT = ROWS * WIDE };
    static float x[COUNT], y[COUNT], first[COUNT], w[WIDE];
    static const int threads[] = {7, 3, 2, 1};
    nn_fill(x, COUNT, X, 3);
    nn_fill(w, WIDE, WEIGHT, 1);
    for (int t = 0; t < 4; t++) {
        parallel_set_threads(threads[t]);
        memset(y, 0xff, sizeof y);
        norm_apply((norm){.scale = w, .shift = w, .epsilon = 1e-5f}, x, ROWS, WIDE, y);
        if (t == 0) memcpy(first, y, sizeof y);
        assert_memory_equal(first, y, sizeof y);
    }
    norm_apply((norm){.scale = w, .shift = w, .epsilon = 1e-5f}, x + 33 * WIDE, 1, WIDE, y);
    assert_memory_equal(first + 33 * WIDE, y, WIDE * sizeof *y);
}

/* The two halves together: what comes out has mean 0 and variance 1 in each group. */
static void test_group_norm_norms(void)
{
    enum { N = 2 * 100 * 24 };
    static float y[N];
    norm_groups g = groups(2, 100, 24, 4, 0); /* no SiLU */
    for (int k = 0; k < 24; k++) gains[k] = 1, biases[k] = 0;
    for (int i = 0; i < N; i++) numbers[i] = 3 * numbers[i] + (float)(i % 24);
    arena keep = memory;
    norm_apply(norm_group(g, &keep), g.x, 200, 24, y);
    g.x = y;
    for (int i = 0; i < 8; i++) {
        double mean, variance;
        define(&g, i / 4, i % 4, &mean, &variance);
        nn_near("mean", (size_t)i, (float)mean, 0, 1e-6);
        nn_near("variance", (size_t)i, (float)variance, 1, 1e-5); /* the epsilon */
    }
}

static void uneven_groups(void)
{
    float x[5] = {0};
    arena keep = memory;
    norm_group((norm_groups){1, 1, 5, 2, x, x, x, 1, false}, &keep);
}

static void no_channels(void)
{
    (void)norm_group_room((norm_groups){.pictures = 1, .rows = 1, .channels = 0, .groups = 1});
}

static void no_groups(void)
{
    (void)norm_group_room((norm_groups){.pictures = 1, .rows = 1, .channels = 4, .groups = 0});
}

static void neither_kind(void)
{
    float x[2] = {0};
    norm_apply((norm){.scale = x, .shift = x}, x, 1, 2, x);
}

static void layer_with_silu(void)
{
    float x[2] = {0};
    norm_apply((norm){.scale = x, .shift = x, .epsilon = 1, .silu = true}, x, 1, 2, x);
}

static void test_broken_promises_are_noticed(void)
{
    assert_true(aborts(layer_with_silu));
    assert_true(aborts(neither_kind));
    assert_true(aborts(uneven_groups));
    assert_true(aborts(no_channels));
    assert_true(aborts(no_groups));
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_groups_of_every_size),
        NN_TEST(test_groups_that_would_cancel),
        NN_TEST(test_groups_whose_first_rows_are_unlike_the_rest),
        NN_TEST(test_groups_of_large_constants),
        NN_TEST(test_normed_numbers_far_from_0),
        NN_TEST(test_groups_with_no_number_in_one),
        NN_TEST(test_groups_same_bits_for_any_number_of_threads_and_alone),
        NN_TEST(test_apply_every_size),
        NN_TEST(test_apply_same_bits_for_any_number_of_threads),
        NN_TEST(test_group_norm_norms),
        NN_TEST(test_broken_promises_are_noticed),
    };
    static const size_t most[ARRAYS] = {FLOATS, FLOATS, 6 * 70, 6 * 70};
    memory = arena_make((size_t)1 << 26);
    for (int i = 0; i < ARRAYS; i++) fences[i] = fence_make(most[i] + 16);
    return nn_run(tests, sizeof tests / sizeof *tests);
}
