/* Noise that replaces symbols: its tables, the way back against the chain written out path by path,
 * draws, and the exact denoiser. (The samplers: test_discrete_samplers.c.) */
#include "numbers.h"
#include "symbols.h"
#include <string.h>

static arena memory;
enum { K = 3, T = 6, PATHS = 4096, MANY = 10000 };

/* ---- The tables ---- */

static void rows_sum_to_one_and_steps_multiply(void **state)
{
    (void)state;
    for (int k = 0; k < SYMBOLS_TABLES; k++) {
        arena a = memory;
        discrete d = symbols_noise(symbols_tables[k], 4, 50, &a);
        double all[5][5] = {{0}}, more[5][5] = {{0}};
        int count = symbols_count(&d);
        for (int j = 0; j < count; j++) all[j][j] = 1;
        for (int t = 1; t <= 50; t++) {
            for (int j = 0; j < count; j++) {
                double one = 0, far = 0;
                for (int v = 0; v < count; v++) {
                    one += discrete_chance(&d, t - 1, t, j, v), more[j][v] = 0;
                    far += discrete_chance(&d, t / 2, t, j, v);
                    for (int m = 0; m < count; m++)
                        more[j][v] += all[j][m] * discrete_chance(&d, t - 1, t, m, v);
                }
                assert_true(fabs(one - 1) < 1e-14 && fabs(far - 1) < 1e-14);
            }
            memcpy(all, more, sizeof all);
            for (int j = 0; j < count; j++)
                for (int v = 0; v < count; v++)
                    if (!(fabs(all[j][v] - discrete_chance(&d, 0, t, j, v)) < 1e-13))
                        fail_msg("%s: Q(%d, %d) at %d", symbols_tables[k], j, v, t);
        }
    }
}

/* What is left at T, and what no further step changes. */
static void all_ends_in_one_row(void **state)
{
    (void)state;
    static const double code[SYMBOLS_TABLES] = {0, 0, 0.25, 0.025, 0},
                        mask[SYMBOLS_TABLES] = {1, 1, 0, 0.9, 1};
    for (int k = 0; k < SYMBOLS_TABLES; k++) {
        arena a = memory;
        discrete d = symbols_noise(symbols_tables[k], 4, 50, &a);
        for (int j = 0; j < 4; j++) {
            for (int v = 0; v < 4; v++)
                assert_true(fabs(discrete_chance(&d, 0, 50, j, v) - code[k]) < 1e-5);
            if (d.masked) assert_true(fabs(discrete_chance(&d, 0, 50, j, 4) - mask[k]) < 2e-5);
        }
        if (d.masked) assert_true(discrete_chance(&d, 3, 9, 4, 4) == 1);
        double kept = 0; /* by one step, of a quarter each */
        for (int j = 0; j < 4; j++) kept += 0.25 * discrete_chance(&d, 24, 25, j, 2);
        if (!d.masked) assert_true(fabs(kept - 0.25) < 1e-15);
    }
}

/* ---- The way back ---- */

/* Every path x_0, x_1, ... x_T of one place with its chance; what is known of x_s given x_t. */
static void count_paths(const discrete *d, const double *prior, int s, int t, double (*pair)[4])
{
    int count = symbols_count(d), path[T + 1];
    memset(pair, 0, 16 * sizeof(double));
    for (int x0 = 0; x0 < K; x0++)
        for (int p = 0; p < PATHS; p++) {
            double chance = prior[x0];
            bool there = true;
            path[0] = x0;
            for (int i = 1, rest = p; i <= T; i++, rest /= 4) {
                path[i] = rest % 4;
                there = there && path[i] < count;
                if (there) chance *= discrete_chance(d, i - 1, i, path[i - 1], path[i]);
            }
            if (there) pair[path[t]][path[s]] += chance;
        }
}

static void posterior_is_what_counting_finds(void **state)
{
    (void)state;
    static const double prior[K] = {0.5, 0.3, 0.2};
    for (int k = 0; k < SYMBOLS_TABLES; k++)
        for (int t = 1; t <= T; t++)
            for (int s = 0; s < t; s++) {
                arena a = memory;
                discrete d = symbols_noise(symbols_tables[k], K, T, &a);
                int count = symbols_count(&d);
                double clean[4][4], early[4][4];
                count_paths(&d, prior, 0, t, clean);
                count_paths(&d, prior, s, t, early);
                for (int v = 0; v < count; v++) {
                    tensor x = symbols_all(&a, v, 1, 1, 1, count), law = tensor_like(&a, x);
                    tensor x0 = tensor_like(&a, x);
                    double seen = 0, sum = 0;
                    for (int j = 0; j < count; j++) seen += clean[v][j];
                    if (seen < 1e-12) continue;
                    for (int j = 0; j < count; j++) x0.data[j] = (real)(clean[v][j] / seen);
                    discrete_posterior(&d, law, x, x0, s, t);
                    for (int j = 0; j < count; j++) sum += (double)law.data[j];
                    for (int j = 0; j < count; j++) /* the answer and the law are floats */
                        if (!(fabs((double)law.data[j] / sum - early[v][j] / seen) < 4e-7))
                            fail_msg("%s: x_%d = %d given x_%d = %d: %g, not %g", symbols_tables[k],
                                     s, j, t, v, (double)law.data[j] / sum, early[v][j] / seen);
                }
            }
}

/* ---- Drawing ---- */

static void draws_fall_as_the_law_says(void **state)
{
    (void)state;
    arena a = memory;
    tensor law = tensor_new(&a, MANY, 1, 1, 4), x = tensor_like(&a, law);
    const double chance[4] = {0.1, 0.6, 0, 0.3};
    rng r = rng_torch(4);
    int seen[4] = {0};
    for (int i = 0; i < MANY; i++)
        for (int k = 0; k < 4; k++) law.data[4 * i + k] = (real)(i % 7 * chance[k] + chance[k]);
    discrete_draw(x, law, 4, 1, &r, a);
    for (int i = 0; i < MANY; i++) seen[symbols_at(x, i)]++;
    assert_true(symbols_chi_square(seen, chance, 4, MANY) < symbols_unlikely);
    discrete_draw(x, law, 4, 0, &r, a); /* no heat: the likeliest */
    for (int i = 0; i < MANY; i++) assert_int_equal(symbols_at(x, i), 1);
    discrete_draw(x, law, 1, 1, &r, a); /* the first symbol alone may come */
    for (int i = 0; i < MANY; i++) assert_int_equal(symbols_at(x, i), 0);
    tensor_fill(tensor_pictures(law, 5, 1), 0);
    discrete_draw(x, law, 4, 1, &r, a);
    assert_true(isnan((double)x.data[20]) && symbols_at(x, 4) >= 0 && symbols_at(x, 6) >= 0);
}

static void noise_has_the_marginal_of_its_time(void **state)
{
    (void)state;
    for (int k = 0; k < SYMBOLS_TABLES; k++) {
        arena a = memory;
        discrete d = symbols_noise(symbols_tables[k], K, T, &a);
        int count = symbols_count(&d);
        tensor x0 = symbols_all(&a, 1, MANY, 1, 1, count), law = tensor_like(&a, x0);
        tensor x = tensor_like(&a, x0);
        rng r = rng_torch(8);
        double right[4], late[4];
        int seen[4] = {0};
        discrete_forward(&d, law, x0, 0, 2); /* in two strides */
        discrete_draw(x, law, count, 1, &r, a);
        discrete_forward(&d, law, x, 2, 3);
        discrete_draw(x, law, count, 1, &r, a);
        for (int i = 0; i < MANY; i++) seen[symbols_at(x, i)]++;
        for (int v = 0; v < count; v++) right[v] = discrete_chance(&d, 0, 3, 1, v);
        for (int v = 0; v < count; v++) late[v] = discrete_chance(&d, 0, 4, 1, v);
        assert_true(symbols_chi_square(seen, right, count, MANY) < symbols_unlikely);
        assert_true(symbols_chi_square(seen, late, count, MANY) >
                    4 * symbols_unlikely); /* it would be noticed */
    }
}

/* ---- The exact denoiser ---- */

static void exact_guess_is_bayes(void **state)
{
    (void)state;
    static const double weight[] = {0.5, 0.2, 0.3};
    static const int word[3][2] = {{0, 1}, {2, 1}, {2, 2}};
    for (int k = 0; k < SYMBOLS_TABLES; k++)
        for (int t = 1; t <= T; t++)
            for (int v = 0; v < 16; v++) {
                arena a = memory;
                discrete d = symbols_noise(symbols_tables[k], K, T, &a);
                int count = symbols_count(&d), at[2] = {v / 4, v % 4};
                if (at[0] >= count || at[1] >= count) continue;
                tensor x = tensor_new(&a, 1, 1, 2, count);
                for (int i = 0; i < 2; i++) symbols_put(x, i, at[i]);
                discrete_set set = {&d, symbols_from(&a, "012122", 3, 1, 2, count), weight};
                answer guess = denoiser_room(discrete_set_denoiser(&set), &a, x);
                denoiser_ask(discrete_set_denoiser(&set), guess, x, t, a);
                double p[3], all = 0;
                for (int j = 0; j < 3; j++)
                    all += p[j] = weight[j] * discrete_chance(&d, 0, t, word[j][0], at[0]) *
                                  discrete_chance(&d, 0, t, word[j][1], at[1]);
                for (int c = 0; c < 2 * count && all > 0; c++) {
                    double right = 0;
                    for (int j = 0; j < 3; j++) right += p[j] * (word[j][c / count] == c % count);
                    assert_true(fabs((double)guess.x0.data[c] - right / all) < 1e-6);
                }
            }
}

/* Blots only, and a picture that has a place of each: the one with two places of three. */
static void exact_guess_of_the_impossible(void **state)
{
    (void)state;
    arena a = memory;
    discrete d = symbols_noise("mask", K, T, &a);
    tensor x = symbols_from(&a, "0013", 1, 1, 4, K + 1);
    discrete_set set = {&d, symbols_from(&a, "00021110", 2, 1, 4, K + 1), NULL};
    answer guess = denoiser_room(discrete_set_denoiser(&set), &a, x);
    denoiser_ask(discrete_set_denoiser(&set), guess, x, 3, a);
    for (int i = 0; i < 4; i++) assert_int_equal(symbols_at(guess.x0, i), i < 3 ? 0 : 2);
    denoiser_ask(discrete_set_denoiser(&set), guess, x, T, a); /* no code can be there at all */
    assert_true(tensor_finite(guess.x0));
}

/* The chance of 4,096 places is far below the smallest double. */
static void exact_guess_of_a_large_picture(void **state)
{
    (void)state;
    arena a = memory;
    discrete d = symbols_noise("uniform", K, T, &a);
    tensor data = symbols_all(&a, 0, 2, 64, 64, K), x = tensor_pictures(data, 0, 1);
    symbols_put(data, 4096, 1);
    discrete_set set = {.noise = &d, .data = data};
    answer guess = denoiser_room(discrete_set_denoiser(&set), &a, x);
    denoiser_ask(discrete_set_denoiser(&set), guess, x, 3, a);
    double as = discrete_chance(&d, 0, 3, 0, 0), other = discrete_chance(&d, 0, 3, 1, 0);
    assert_near((double)guess.x0.data[0], as / (as + other), 1e-6);
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_sum_to_one_and_steps_multiply),
        cmocka_unit_test(all_ends_in_one_row),
        cmocka_unit_test(posterior_is_what_counting_finds),
        cmocka_unit_test(draws_fall_as_the_law_says),
        cmocka_unit_test(noise_has_the_marginal_of_its_time),
        cmocka_unit_test(exact_guess_is_bayes),
        cmocka_unit_test(exact_guess_of_the_impossible),
        cmocka_unit_test(exact_guess_of_a_large_picture),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
