/* What must hold for attention, whatever the numbers are. */
#include "attention_fixture.h"

/* One key has all the weight, whatever its score; nothing is rounded (bf16 has these values). */
static void test_one_key(void)
{
    for (int size = 1; size < 70; size++) {
        attention a =
            made((attention){.n = 1, .heads = 3, .size = size, .queries = 1, .keys = 1}, 9);
        apply(a);
        assert_memory_equal(a.y, a.v, floats(&a, 1, 0) * sizeof *a.y);
    }
}

/* Keys that are all the same give the mean of v. */
static void test_equal_keys_give_the_mean(void)
{
    for (int keys = 1; keys < 900; keys += 31) {
        attention a =
            made((attention){.n = 1, .heads = 1, .size = 5, .queries = 3, .keys = keys}, 5);
        float *k = array(K, floats(&a, keys, 0));
        for (int i = 0; i < keys * a.size; i++) k[i] = k[i % a.size];
        apply(a);
        for (int c = 0; c < 15; c++) {
            double mean = 0;
            for (int j = 0; j < keys; j++) mean += (double)a.v[j * 5 + c % 5] / keys;
            assert_true(fabs((double)a.y[c] - mean) <= 2e-7);
        }
    }
}

/* Values that are all the same are their mean, whatever the weights: these have the sum 1 as they
 * are used, rounded to bf16 or not. Sums of 900 floats are rounded 900 times. */
static void test_equal_values_stay(void)
{
    for (int keys = 1; keys < 900; keys += 31) {
        attention a =
            made((attention){.n = 1, .heads = 2, .size = 5, .queries = 9, .keys = keys}, 2);
        float *v = array(V, floats(&a, keys, 0));
        for (int i = 0; i < keys * 10; i++) v[i] = v[i % 10];
        apply(a);
        for (int i = 0; i < 90; i++) nn_near("a value", (size_t)i, a.y[i], (double)v[i % 10], 2e-6);
    }
}

/* What lies far below the largest score has no weight at all, also where v is very large: in the
 * block of keys that has the largest, before it and behind it. */
static void test_far_scores_have_no_weight(void)
{
    static const float scores[] = {100, 1e10f, 1e30f};
    for (int i = 0; i < 3; i++)
        for (int keys = 2; keys < 900; keys += 89)
            for (int best = 0; best < keys; best += (keys + 1) / 2) {
                attention a = {.n = 1, .heads = 1, .size = 1, .queries = 7, .keys = keys};
                a = made(a, 1), a.scale = 1;
                for (int q = 0; q < 7; q++) array(Q, 7)[q] = 1;
                float *k = array(K, (size_t)keys), *v = array(V, (size_t)keys);
                for (int j = 0; j < keys; j++) k[j] = -scores[i], v[j] = 1e35f;
                k[best] = scores[i], v[best] = 1;
                apply(a);
                for (int q = 0; q < 7; q++) assert_true(a.y[q] == 1);
            }
}

/* What comes later changes no bit of what came before. */
static void test_no_token_sees_the_future(void)
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
        size_t later = (size_t)(TOKENS - seen) * SIZE;
        nn_fill(array(K, later), later, 8, 9);
        nn_fill(array(V, later), later, 9, 9);
        apply(a);
        assert_memory_equal(a.y, before, (size_t)seen * SIZE * sizeof *a.y);
        assert_memory_not_equal(a.y + seen * SIZE, before + seen * SIZE, SIZE * sizeof *a.y);
    }
}

static void test_same_bits(void)
{
    static float first[3 * 210 * 2 * 20];
    static const int threads[] = {1, 2, 3, 7};
    attention a = {.n = 3, .heads = 2, .size = 20, .queries = 210, .keys = 410};
    for (int t = 0; t < 4; t++) {
        parallel_set_threads(threads[t]);
        a = made(a, 2);
        apply(a);
        if (t == 0) memcpy(first, a.y, sizeof first);
        assert_memory_equal(a.y, first, sizeof first);
    }
    parallel_set_threads(2);
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

static void test_y_may_be_q(void)
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

int main(void)
{
    set_up();
    return nn_run((const nn_test[]){NN_TEST(test_one_key), NN_TEST(test_equal_keys_give_the_mean),
                                    NN_TEST(test_equal_values_stay),
                                    NN_TEST(test_far_scores_have_no_weight),
                                    NN_TEST(test_no_token_sees_the_future), NN_TEST(test_same_bits),
                                    NN_TEST(test_y_may_be_q)},
                  7);
}
