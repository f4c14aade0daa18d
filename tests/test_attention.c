/* Attention against its definition in double, with the matrix of scores whole, and against
 * PyTorch. */
#include "attention_fixture.h"

#include "aborts.h"
#include "golden/attention.h"

/* The definition, for one query of a head: weights p. The size of the scores is given back: the
 * largest, and for bf16 the largest root of a sum of squares of their terms. */
static double weights(const attention *a, const float *q, const float *k, int i, double *p)
{
    int stride = a->k_stride ? a->k_stride : a->heads * a->size;
    double scale = a->scale != 0 ? (double)a->scale : 1 / sqrt(a->size), top = -HUGE_VAL, sum = 0,
           far = 0;
    for (int j = 0; j < a->keys; j++) {
        double squares = p[j] = 0;
        for (int c = 0; c < a->size; c++) {
            double term = scale * (double)q[c] * (double)k[j * stride + c];
            p[j] += term, squares += term * term;
        }
        far = fmax(far, nn_bf16() ? sqrt(squares) : fabs(p[j]));
        if (a->causal && j > i) p[j] = -HUGE_VAL;
        top = fmax(top, p[j]);
    }
    for (int j = 0; j < a->keys; j++) sum += p[j] = exp(p[j] - top);
    for (int j = 0; j < a->keys; j++) p[j] /= sum;
    return far;
}

/* Scores carry the rounding of float, some 1e-7 of their size, into e^s; v is at most 1. bf16
 * rounds each factor by 2^-9 or so, up or down: terms of a score carry that, and then weights and
 * v. Nine tenths of 2^-9 are seen. */
static double allowed(double scores)
{
    return (nn_bf16() ? 0x1.8p-9 : 2e-7) * (1 + scores);
}

/* Sums over what was compared. */
static double wrong_squared, right_squared;

static void compare_query(const attention *a, int picture, int head, int i, int each)
{
    static double p[4096];
    int channels = a->heads * a->size, at = head * a->size;
    const float *q =
        a->q + (picture * a->queries + i) * (a->q_stride ? a->q_stride : channels) + at;
    const float *k = a->k + picture * a->keys * (a->k_stride ? a->k_stride : channels) + at;
    int stride = a->v_stride ? a->v_stride : channels;
    char what[200];
    snprintf(what, sizeof what, "n %d, heads %d, size %d, %d x %d: query %d of picture %d", a->n,
             a->heads, a->size, a->queries, a->keys, i, picture);
    double bound = allowed(weights(a, q, k, i, p));
    for (int c = 0; c < a->size; c += each) {
        double expected = 0;
        for (int j = 0; j < a->keys; j++)
            expected += p[j] * (double)a->v[(picture * a->keys + j) * stride + at + c];
        float y = a->y[(picture * a->queries + i) * channels + at + c];
        nn_near(what, (size_t)(at + c), y, expected, bound);
        wrong_squared += ((double)y - expected) * ((double)y - expected);
        right_squared += expected * expected;
    }
}

static void compare(attention a, int each)
{
    for (int picture = 0; picture < a.n; picture++)
        for (int head = 0; head < a.heads; head++)
            for (int i = 0; i < a.queries; i += each) compare_query(&a, picture, head, i, each);
}

static void hold(attention a, float size, int each)
{
    a = made(a, size);
    apply(a);
    compare(a, each);
}

static attention of(int n, int heads, int size, int queries, int keys)
{
    return (attention){.n = n, .heads = heads, .size = size, .queries = queries, .keys = keys};
}

static attention causal(attention a)
{
    a.causal = true;
    return a;
}

static void test_small_sizes(void)
{
    for (int keys = 1; keys <= 70; keys++) {
        for (int size = 1; size <= 36; size++)
            hold(of(1, 1, size, 1 + (keys + size) % 8, keys), 2, 1);
        for (int queries = 1; queries <= 30; queries++) {
            attention a = of(1, 1, 1 + (keys + queries) % 9, queries, keys);
            hold(queries % 2 ? causal(a) : a, 2, 1);
        }
    }
}

static void test_batches_of_heads(void)
{
    for (int n = 1; n <= 3; n++)
        for (int heads = 1; heads <= 3; heads++)
            for (int size = 1; size <= 17; size++) {
                attention a = of(n, heads, size, 5, 19);
                hold(size % 2 ? causal(a) : a, 2, 1);
            }
}

/* More keys than a block has, more queries than a part, head sizes of real networks. */
static void test_large_sizes(void)
{
    static const int sizes[][3] = {{40, 200, 1001}, {64, 77, 77},   {80, 97, 500},
                                   {160, 64, 256},  {512, 40, 130}, {385, 7, 400},
                                   {1, 100, 2000},  {721, 3, 70},   {2100, 2, 130}};
    for (int i = 0; i < 9; i++) {
        attention a = of(1, 2, sizes[i][0], sizes[i][1], sizes[i][2]);
        hold(a, 2, 3);
        hold(causal(a), 2, 3);
    }
}

static float *golden_numbers(int which, size_t n, int times, int plus)
{
    float *x = array(which, n);
    for (size_t i = 0; i < n; i++) x[i] = (float)((times * (int)i + plus) % 101) / 50 - 1;
    return x;
}

static void test_is_what_pytorch_makes(void)
{
    for (size_t g = 0; g < sizeof golden_attention / sizeof *golden_attention; g++) {
        attention a = of(golden_attention[g].n, golden_attention[g].heads, golden_attention[g].size,
                         golden_attention[g].queries, golden_attention[g].keys);
        a.scale = golden_attention[g].scale, a.causal = golden_attention[g].causal;
        size_t q = floats(&a, a.queries, 0), k = floats(&a, a.keys, 0);
        a.q = golden_numbers(Q, q, 37, 11), a.k = golden_numbers(K, k, 53, 7);
        a.v = golden_numbers(V, k, 71, 3), a.y = array(Y, q);
        apply(a);
        for (size_t i = 0; i < q; i++)
            nn_near("golden", i, a.y[i], golden_attention[g].y[i], nn_bf16() ? 0x1p-8 : 4e-7);
    }
}

/* Numbers that bf16 does not have, and their error on average, as a part of y: seen are 3.4e-3 and
 * 3.6e-7. */
static void test_error_on_average(void)
{
    attention a = made(of(1, 2, 40, 50, 150), 2);
    size_t n = floats(&a, a.keys, 0);
    float *k = array(K, n), *v = array(V, n);
    for (size_t i = 0; i < n; i++) k[i] *= 1 + v[i] / 99, v[i] *= 1 + k[i] / 99;
    wrong_squared = right_squared = 0;
    apply(a);
    compare(a, 1);
    nn_near("on average", n, (float)sqrt(wrong_squared / right_squared), 0,
            nn_bf16() ? 4e-3 : 4.5e-7);
}

/* q, k and v as columns of one product, between columns of no number; and a scale. */
static void test_strides_and_scale(void)
{
    for (int size = 3; size < 40; size += 4) {
        attention a = of(2, 2, size, 13, 13);
        int channels = a.heads * size,
            stride = a.q_stride = a.k_stride = a.v_stride = 3 * channels + 5;
        size_t all = floats(&a, 13, stride) + (size_t)(2 * channels + 5);
        float *x = array(Q, all);
        nn_fill(x, all, 4, 1);
        for (int i = 0; i < 26; i++)
            for (int c = 0; c < 5; c++) x[i * stride + 2 * channels + c] = NAN;
        a.q = x, a.k = x + channels, a.v = x + 2 * channels + 5, a.scale = -0.3f;
        a.y = array(Y, floats(&a, 13, 0));
        apply(a);
        compare(a, 1);
    }
}

static void test_large_scores_do_not_overflow(void)
{
    for (int keys = 1; keys < 900; keys += 97)
        for (float size = 10; size < 2e4f; size *= 10) hold(of(1, 2, 9, 7, keys), size, 1);
}

static void no_keys(void)
{
    (void)attention_room((attention){.n = 1, .heads = 1, .size = 1, .queries = 1});
}
static void more_than_int_counts(void)
{
    (void)attention_room((attention){.n = 1, .heads = 2, .size = 1, .queries = 1, .keys = 1 << 28});
}
static void too_little_scratch(void)
{
    float x = 1, y;
    attention a = {.n = 1, .heads = 1, .size = 1, .queries = 1, .keys = 1, .q = &x, .k = &x};
    a.v = &x, a.y = &y;
    attention_apply(a, nn_cut(scratch, attention_room(a) - 64));
}

static void test_broken_promises_are_noticed(void)
{
    assert_true(aborts(no_keys));
    assert_true(aborts(more_than_int_counts));
    assert_true(aborts(too_little_scratch));
}

int main(void)
{
    set_up();
    return nn_run((const nn_test[]){NN_TEST(test_small_sizes), NN_TEST(test_batches_of_heads),
                                    NN_TEST(test_large_sizes), NN_TEST(test_is_what_pytorch_makes),
                                    NN_TEST(test_error_on_average), NN_TEST(test_strides_and_scale),
                                    NN_TEST(test_large_scores_do_not_overflow),
                                    NN_TEST(test_broken_promises_are_noticed)},
                  8);
}
