/* Attention of every instruction set that is here against the definition in double, with the matrix
 * of scores whole. Arrays end where memory ends. */
#include "fence.h"

#include "base/parallel.h"
#include "nn/attention.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "each_set.h"
#include "golden/attention.h"

enum { Q, K, V, Y, ARRAYS, FLOATS = 1 << 21 };
static fence fences[ARRAYS];
static arena scratch;

static size_t floats(const attention *a, int tokens, int stride)
{
    int channels = a->heads * a->size;
    return (size_t)(a->n * tokens - 1) * (size_t)(stride ? stride : channels) + (size_t)channels;
}

/* From -1 to 1, not the same again soon. */
static void fill(float *x, size_t n, uint32_t seed, float size)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        x[i] = ((float)(seed >> 8) / (1 << 23) - 1) * size;
    }
}

/* Arrays for a, numbers in them. */
static attention made(attention a, float size)
{
    float *q = fence_end(fences[Q], floats(&a, a.queries, a.q_stride)),
          *k = fence_end(fences[K], floats(&a, a.keys, a.k_stride)),
          *v = fence_end(fences[V], floats(&a, a.keys, a.v_stride));
    fill(q, floats(&a, a.queries, a.q_stride), 1, size);
    fill(k, floats(&a, a.keys, a.k_stride), 2, size);
    fill(v, floats(&a, a.keys, a.v_stride), 3, 1);
    a.q = q, a.k = k, a.v = v;
    a.y = fence_end(fences[Y], floats(&a, a.queries, 0));
    return a;
}

/* In scratch that holds no numbers: what is used before it is set shows. */
static void apply(attention a)
{
    size_t room = attention_room(a);
    float before = a.y[-1];
    memset(a.y, 0xff, floats(&a, a.queries, 0) * sizeof *a.y);
    arena_take(&(arena){scratch.begin, scratch.end, scratch.shelf}, room);
    memset(scratch.begin, 0xff, room);
    attention_apply(a, (arena){scratch.begin, scratch.begin + room, scratch.shelf});
    assert_memory_equal(&before, a.y - 1, sizeof before);
}

/* The definition, for one query of a head: weights p, of which the largest score is given back. */
static double weights(const attention *a, const float *q, const float *k, int i, double *p)
{
    int stride = a->k_stride ? a->k_stride : a->heads * a->size;
    double scale = a->scale != 0 ? (double)a->scale : 1 / sqrt(a->size), top = -HUGE_VAL, sum = 0,
           far = 0;
    for (int j = 0; j < a->keys; j++) {
        p[j] = 0;
        for (int c = 0; c < a->size; c++) p[j] += scale * (double)q[c] * (double)k[j * stride + c];
        far = fmax(far, fabs(p[j]));
        if (a->causal && j > i) p[j] = -HUGE_VAL;
        top = fmax(top, p[j]);
    }
    for (int j = 0; j < a->keys; j++) sum += p[j] = exp(p[j] - top);
    for (int j = 0; j < a->keys; j++) p[j] /= sum;
    return far;
}

/* Scores carry the rounding of float, some 1e-7 of their size, into e^s; v is at most 1. */
static double allowed(double largest_score)
{
    return 2e-7 * (1 + largest_score);
}

static void compare_query(const attention *a, int picture, int head, int i, int each)
{
    static double p[4096];
    int channels = a->heads * a->size, at = head * a->size;
    const float *q =
        a->q + (picture * a->queries + i) * (a->q_stride ? a->q_stride : channels) + at;
    const float *k = a->k + picture * a->keys * (a->k_stride ? a->k_stride : channels) + at;
    int stride = a->v_stride ? a->v_stride : channels;
    double bound = allowed(weights(a, q, k, i, p));
    for (int c = 0; c < a->size; c += each) {
        double expected = 0;
        for (int j = 0; j < a->keys; j++)
            expected += p[j] * (double)a->v[(picture * a->keys + j) * stride + at + c];
        float y = a->y[(picture * a->queries + i) * channels + at + c];
        double off = fabs((double)y - expected) / bound;
        if (!(off <= 1))
            fail_msg(
                "%s: n %d heads %d size %d, %d x %d: picture %d head %d query %d channel %d is "
                "%.9g, not %.9g",
                isa_name(), a->n, a->heads, a->size, a->queries, a->keys, picture, head, i, c,
                (double)y, expected);
        each_set_worst = fmax(each_set_worst, off);
    }
}

static void compare(attention a, int each)
{
    for (int picture = 0; picture < a.n; picture++)
        for (int head = 0; head < a.heads; head++)
            for (int i = 0; i < a.queries; i += each) compare_query(&a, picture, head, i, each);
}

static void hold(attention a)
{
    a = made(a, 2);
    apply(a);
    compare(a, 1);
}

static void check_small_sizes(void)
{
    for (int keys = 1; keys <= 70; keys++) {
        for (int size = 1; size <= 36; size++)
            hold((attention){
                .n = 1, .heads = 1, .size = size, .queries = 1 + (keys + size) % 8, .keys = keys});
        for (int queries = 1; queries <= 30; queries++)
            hold((attention){.n = 1,
                             .heads = 1,
                             .size = 1 + (keys + queries) % 9,
                             .queries = queries,
                             .keys = keys,
                             .causal = queries % 2});
    }
}

static void check_batches_of_heads(void)
{
    for (int n = 1; n <= 3; n++)
        for (int heads = 1; heads <= 3; heads++)
            for (int size = 1; size <= 17; size++)
                hold((attention){.n = n,
                                 .heads = heads,
                                 .size = size,
                                 .queries = 5,
                                 .keys = 19,
                                 .causal = size % 2});
}

/* More keys than a block has, more queries than a part, head sizes of real networks. */
static void check_large_sizes(void)
{
    static const int sizes[][3] = {{40, 200, 1001}, {64, 77, 77},  {80, 97, 500},  {160, 64, 256},
                                   {512, 40, 130},  {385, 7, 400}, {1, 100, 2000}, {800, 3, 70}};
    for (int i = 0; i < 8; i++)
        for (int causal = 0; causal < 2; causal++) {
            attention a = made((attention){.n = 1,
                                           .heads = 2,
                                           .size = sizes[i][0],
                                           .queries = sizes[i][1],
                                           .keys = sizes[i][2],
                                           .causal = causal},
                               2);
            apply(a);
            compare(a, 3);
        }
}

static void test_is_the_definition(void **state)
{
    (void)state;
    with_each_set(check_small_sizes);
    with_each_set(check_batches_of_heads);
    with_each_set(check_large_sizes);
}

static float *golden_numbers(fence f, size_t n, int times, int plus)
{
    float *x = fence_end(f, n);
    for (size_t i = 0; i < n; i++) x[i] = (float)((times * (int)i + plus) % 101) / 50 - 1;
    return x;
}

static void check_golden(void)
{
    for (size_t g = 0; g < sizeof golden_attention / sizeof *golden_attention; g++) {
        attention a = {.n = golden_attention[g].n,
                       .heads = golden_attention[g].heads,
                       .size = golden_attention[g].size,
                       .queries = golden_attention[g].queries,
                       .keys = golden_attention[g].keys,
                       .scale = golden_attention[g].scale,
                       .causal = golden_attention[g].causal};
        size_t q = floats(&a, a.queries, 0), k = floats(&a, a.keys, 0);
        a.q = golden_numbers(fences[Q], q, 37, 11), a.k = golden_numbers(fences[K], k, 53, 7);
        a.v = golden_numbers(fences[V], k, 71, 3), a.y = fence_end(fences[Y], q);
        apply(a);
        for (size_t i = 0; i < q; i++) {
            double off = fabs((double)a.y[i] - golden_attention[g].y[i]) / 4e-7;
            if (!(off <= 1)) fail_msg("%s: case %zu, number %zu", isa_name(), g, i);
            each_set_worst = fmax(each_set_worst, off);
        }
    }
}

static void test_is_what_pytorch_makes(void **state)
{
    (void)state;
    with_each_set(check_golden);
}

/* q, k and v as columns of one product, between columns of no number; and a scale. */
static void check_strides(void)
{
    for (int size = 3; size < 40; size += 4) {
        attention a = {.n = 2, .heads = 2, .size = size, .queries = 13, .keys = 13, .scale = -0.3f};
        int channels = a.heads * size,
            stride = a.q_stride = a.k_stride = a.v_stride = 3 * channels + 5;
        size_t all = floats(&a, 13, stride) + (size_t)(2 * channels + 5);
        float *x = fence_end(fences[Q], all);
        fill(x, all, 4, 1);
        for (int i = 0; i < 26; i++)
            for (int c = 0; c < 5; c++) x[i * stride + 2 * channels + c] = NAN;
        a.q = x, a.k = x + channels, a.v = x + 2 * channels + 5;
        a.y = fence_end(fences[Y], floats(&a, 13, 0));
        apply(a);
        compare(a, 1);
    }
}

static void test_strides_and_scale(void **state)
{
    (void)state;
    with_each_set(check_strides);
}

static void check_large_scores(void)
{
    for (int keys = 1; keys < 900; keys += 97)
        for (float size = 10; size < 2e4f; size *= 10) {
            attention a =
                made((attention){.n = 1, .heads = 2, .size = 9, .queries = 7, .keys = keys}, size);
            apply(a);
            compare(a, 1);
        }
}

static void test_large_scores_do_not_overflow(void **state)
{
    (void)state;
    with_each_set(check_large_scores);
}

/* One key has all the weight, whatever its score; nothing is rounded. */
static void check_one_key(void)
{
    for (int size = 1; size < 70; size++) {
        attention a =
            made((attention){.n = 1, .heads = 3, .size = size, .queries = 1, .keys = 1}, 9);
        apply(a);
        assert_memory_equal(a.y, a.v, floats(&a, 1, 0) * sizeof *a.y);
    }
}

/* Keys that are all the same give the mean of v. */
static void check_equal_keys(void)
{
    for (int keys = 1; keys < 900; keys += 31) {
        attention a =
            made((attention){.n = 1, .heads = 1, .size = 5, .queries = 3, .keys = keys}, 5);
        float *k = fence_end(fences[K], floats(&a, keys, 0));
        for (int i = 0; i < keys * a.size; i++) k[i] = k[i % a.size];
        apply(a);
        for (int c = 0; c < 15; c++) {
            double mean = 0;
            for (int j = 0; j < keys; j++) mean += (double)a.v[j * 5 + c % 5] / keys;
            assert_true(fabs((double)a.y[c] - mean) <= 2e-7);
        }
    }
}

static void test_one_key_and_equal_keys(void **state)
{
    (void)state;
    with_each_set(check_one_key);
    with_each_set(check_equal_keys);
}

/* What comes later changes no bit of what came before. */
static void check_causal(void)
{
    enum { TOKENS = 200, SIZE = 12 };
    static float before[TOKENS * SIZE];
    attention a = made(
        (attention){
            .n = 1, .heads = 1, .size = SIZE, .queries = TOKENS, .keys = TOKENS, .causal = true},
        3);
    apply(a);
    assert_memory_equal(a.y, a.v, SIZE * sizeof *a.y); /* the first sees itself alone */
    memcpy(before, a.y, sizeof before);
    for (int seen = 1; seen < TOKENS; seen += 13) {
        a = made(a, 3);
        fill(fence_end(fences[K], (size_t)(TOKENS - seen) * SIZE), (size_t)(TOKENS - seen) * SIZE,
             8, 9);
        fill(fence_end(fences[V], (size_t)(TOKENS - seen) * SIZE), (size_t)(TOKENS - seen) * SIZE,
             9, 9);
        apply(a);
        assert_memory_equal(a.y, before, (size_t)seen * SIZE * sizeof *a.y);
        assert_memory_not_equal(a.y + seen * SIZE, before + seen * SIZE, SIZE * sizeof *a.y);
    }
}

static void test_no_token_sees_the_future(void **state)
{
    (void)state;
    with_each_set(check_causal);
}

static void check_same_bits(void)
{
    static float first[3 * 210 * 2 * 20];
    int before = parallel_threads();
    static const int threads[] = {1, 2, 3, 7};
    attention a = {.n = 3, .heads = 2, .size = 20, .queries = 210, .keys = 410};
    for (int t = 0; t < 4; t++) {
        parallel_set_threads(threads[t]);
        a = made(a, 2);
        apply(a);
        if (t == 0) memcpy(first, a.y, sizeof first);
        assert_memory_equal(a.y, first, sizeof first);
    }
    parallel_set_threads(before);
    for (int picture = 0; picture < 3; picture++) {
        attention one = a;
        one.n = 1, one.q += picture * 210 * 40, one.y += picture * 210 * 40;
        one.k += picture * 410 * 40, one.v += picture * 410 * 40;
        apply(one);
        assert_memory_equal(one.y, first + picture * 210 * 40, 210 * 40 * sizeof *first);
    }
    for (int i = 0; i < 210; i += 7) { /* and a query alone */
        attention one = a;
        one.n = 1, one.queries = 1, one.q += i * 40, one.y += i * 40;
        apply(one);
        assert_memory_equal(one.y, first + i * 40, 40 * sizeof *first);
    }
}

static void check_y_may_be_q(void)
{
    static float apart[2 * 100 * 30];
    attention a = made((attention){.n = 2, .heads = 3, .size = 10, .queries = 100, .keys = 50}, 2);
    apply(a);
    memcpy(apart, a.y, sizeof apart);
    memcpy(a.y, a.q, sizeof apart);
    a.q = a.y;
    attention_apply(a, scratch);
    assert_memory_equal(a.y, apart, sizeof apart);
}

static void test_same_bits(void **state)
{
    (void)state;
    with_each_set(check_same_bits);
    with_each_set(check_y_may_be_q);
}

static int set_up(void **state)
{
    (void)state;
    scratch = arena_make((size_t)1 << 28);
    for (int i = 0; i < ARRAYS; i++) fences[i] = fence_make(FLOATS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_the_definition),
        cmocka_unit_test(test_is_what_pytorch_makes),
        cmocka_unit_test(test_strides_and_scale),
        cmocka_unit_test(test_large_scores_do_not_overflow),
        cmocka_unit_test(test_one_key_and_equal_keys),
        cmocka_unit_test(test_no_token_sees_the_future),
        cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
