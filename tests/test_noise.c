/* Noise put into pictures; noise drawn fresh or from one Brownian path. */
#include "aborts.h"
#include "diffusion/noise.h"
#include "toy.h"

static arena memory;

/* ---- add_noise ---- */

static void noise_is_added_in_three_forms(void **state)
{
    (void)state;
    arena a = memory;
    tensor x0 = toy_start(&a, 3, 1), eps = toy_start(&a, 3, 2), x = tensor_like(&a, x0);
    double sigma = 0.7, abar = 1 / (1 + sigma * sigma);
    const double of_x0[] = {sqrt(abar), 1, 1 - sigma}, of_eps[] = {sqrt(1 - abar), sigma, sigma};
    const noise_form form[] = {NOISE_VP, NOISE_VE, NOISE_FLOW};
    for (int f = 0; f < 3; f++) {
        noise_add(x, x0, eps, sigma, form[f]);
        for (size_t i = 0; i < tensor_count(x); i++) {
            double expected = of_x0[f] * (double)x0.data[i] + of_eps[f] * (double)eps.data[i];
            assert_true(fabs((double)x.data[i] - expected) < 1e-6);
        }
    }
}

/* ---- Sources ---- */

static void fresh_noise_is_the_generators(void **state)
{
    (void)state;
    arena a = memory;
    rng r = rng_torch(5);
    noise z = noise_fresh(r), copy = z;
    tensor x = toy_start(&a, 3, 1), y = tensor_like(&a, x);
    for (int draw = 0; draw < 3; draw++) {
        noise_draw(&z, x, 2, 1, a);
        rng_normal(&r, y, a);
        assert_true(toy_same_bits(x, y));
    }
    assert_int_equal(z.draws, 3);
    noise_draw(&copy, x, 9, 8, a);
    rng again = rng_torch(5);
    rng_normal(&again, y, a);
    assert_true(toy_same_bits(x, y));
}

static void write_down(void *self, tensor z, int draw, double from, double to)
{
    double *said = self;
    said[0] = draw, said[1] = from, said[2] = to;
    tensor_fill(z, 7);
}

static void given_noise_is_told_which_draw(void **state)
{
    (void)state;
    arena a = memory;
    double said[3];
    tensor x = toy_start(&a, 1, 1);
    noise z = noise_given(write_down, said);
    noise_draw(&z, x, 3, 2, a);
    noise_draw(&z, x, 2, 1, a);
    assert_true(said[0] == 1 && said[1] == 2 && said[2] == 1 && x.data[4] == 7);
}

/* ---- One Brownian path ---- */

enum { WIDE = 20000 };
static const double TOP = 14.6;

/* The increment over a stretch of sigma, as a standard normal, of 20,000 pixels. */
static tensor increment(uint64_t seed, double from, double to, arena *keep)
{
    tensor z = tensor_new(keep, 1, 100, 100, 2);
    noise source = noise_brownian(seed, TOP);
    noise_draw(&source, z, from, to, *keep);
    return z;
}

static double mean_product(tensor x, tensor y)
{
    double sum = 0;
    for (size_t i = 0; i < tensor_count(x); i++) sum += (double)x.data[i] * (double)y.data[i];
    return sum / (double)tensor_count(x);
}

static void a_path_depends_on_seed_and_sigma_only(void **state)
{
    (void)state;
    arena a = memory;
    tensor once = increment(3, 5, 2, &a), later = tensor_like(&a, once);
    noise source = noise_brownian(3, TOP);
    noise_draw(&source, later, 9, 1, a);
    noise_draw(&source, later, 5, 2, a);
    assert_true(toy_same_bits(once, later));
    assert_false(toy_same_bits(once, increment(4, 5, 2, &a)));
    tensor back = increment(3, 2, 5, &a);
    for (size_t i = 0; i < WIDE; i++) assert_true(back.data[i] == -once.data[i]);
}

static void picture_i_walks_on_the_path_of_seed_plus_i(void **state)
{
    (void)state;
    arena a = memory;
    tensor three = toy_start(&a, 3, 1), one = toy_start(&a, 1, 1);
    noise source = noise_brownian(10, TOP), third = noise_brownian(12, TOP);
    noise_draw(&source, three, 5, 2, a);
    noise_draw(&third, one, 5, 2, a);
    assert_true(toy_same_bits(tensor_pictures(three, 2, 1), one));
}

/* Picture i of a batch: the same source whatever the batch, and one path for Brownian noise. */
static void a_picture_has_its_own_source(void **state)
{
    (void)state;
    arena a = memory;
    tensor z[2][2], one = toy_start(&a, 1, 1);
    for (int k = 0; k < 2; k++) {
        noise batch = noise_fresh(k ? rng_philox(9) : rng_torch(9)), again = batch;
        noise first = noise_picture(&batch, 0), second = noise_picture(&batch, 1);
        noise same = noise_picture(&again, 0);
        for (int i = 0; i < 2; i++) z[k][i] = tensor_like(&a, one);
        noise_draw(&first, z[k][0], 2, 1, a);
        noise_draw(&second, z[k][1], 2, 1, a);
        noise_draw(&same, one, 2, 1, a);
        assert_true(toy_same_bits(one, z[k][0]) && !toy_same_bits(one, z[k][1]));
        assert_int_equal(batch.draws, 0);
        assert_int_equal(second.rng.kind, batch.rng.kind);
    }
    assert_false(toy_same_bits(z[0][0], z[1][0]));
    tensor three = toy_start(&a, 3, 1);
    noise path = noise_brownian(10, TOP), third = noise_picture(&path, 2);
    noise_draw(&path, three, 5, 2, a);
    noise_draw(&third, one, 5, 2, a);
    assert_true(toy_same_bits(tensor_pictures(three, 2, 1), one));
}

/* sqrt(a - c) z(a, c) = sqrt(a - b) z(a, b) + sqrt(b - c) z(b, c): the path is one path. */
static void increments_add_up(void **state)
{
    (void)state;
    const double at[][3] = {{TOP, 5, 0}, {9, 8.99, 1e-3}, {3, 2.5, 2}, {0.1, 0.05, 0.03}};
    for (int k = 0; k < 4; k++) {
        arena m = memory;
        double a = at[k][0], b = at[k][1], c = at[k][2];
        tensor whole = increment(1, a, c, &m), first = increment(1, a, b, &m);
        tensor sum = increment(1, b, c, &m);
        tensor_mix(sum, sqrt((a - b) / (a - c)), first, sqrt((b - c) / (a - c)), sum);
        assert_true(tensor_distance(sum, whole) < 2e-7);
    }
}

/* Mean 0, variance 1, nothing in common with the neighbour stretch, the neighbour pixel or the next
 * seed: each within 4 standard errors of 20,000 numbers. */
static void increments_are_normal_and_apart(void **state)
{
    (void)state;
    const double at[][3] = {{TOP, TOP / 2, 0}, {9, 8.99, 1e-3}, {3, 2.5, 2}, {1e-3, 9e-4, 8e-4}};
    const double error_of_mean = 1 / sqrt(WIDE);
    for (int k = 0; k < 4; k++) {
        arena m = memory;
        tensor one = tensor_new(&m, 1, 100, 100, 2);
        tensor_fill(one, 1);
        tensor x = increment(1, at[k][0], at[k][1], &m), y = increment(1, at[k][1], at[k][2], &m);
        tensor other = increment(2, at[k][0], at[k][1], &m);
        tensor left = {x.data, 1, 1, 1, WIDE - 1}, right = {x.data + 1, 1, 1, 1, WIDE - 1};
        assert_true(fabs(mean_product(x, one)) < 4 * error_of_mean);
        assert_true(fabs(mean_product(x, x) - 1) < 4 * sqrt(2) * error_of_mean);
        assert_true(fabs(mean_product(x, y)) < 4 * error_of_mean);
        assert_true(fabs(mean_product(x, other)) < 4 * error_of_mean);
        assert_true(fabs(mean_product(left, right)) < 4 * error_of_mean);
    }
}

/* Which node of the tree stands where is our own choice, no paper's: these are the numbers of the
 * day it was made, so that a seed stays the picture that it is. */
static void a_seed_stays_its_path(void **state)
{
    (void)state;
    arena a = memory;
    const double pinned[] = {-0.896212161, 0.631253958, 1.14878857, 0.121677175};
    tensor z = increment(42, 5, 2, &a);
    for (int i = 0; i < 4; i++) assert_true(fabs((double)z.data[i] - pinned[i]) < 1e-6);
}

static double drawn_from, drawn_to;
static void draw_from_a_path(void)
{
    arena a = memory;
    tensor z = toy_start(&a, 1, 1); /* small: a child has no threads */
    noise source = noise_brownian(1, TOP);
    noise_draw(&source, z, drawn_from, drawn_to, a);
}

static void off_the_path_is_a_broken_promise(void **state)
{
    (void)state;
    const double steps[][2] = {{TOP + 1, 1}, {2, -1}, {2, 2}, {TOP, 0}};
    for (int k = 0; k < 4; k++) {
        drawn_from = steps[k][0], drawn_to = steps[k][1];
        assert_int_equal(aborts(draw_from_a_path), k < 3);
    }
}

/* The use of it: with twice the steps, a stochastic sampler on one path ends nearly where it
 * did, half as far off each time (strong order 1: the noise does not depend on x); with fresh
 * noise it ends elsewhere each time. */
static void a_path_settles_and_fresh_noise_does_not(void **state)
{
    (void)state;
    double moved[2][4];
    for (int brownian = 0; brownian < 2; brownian++) {
        arena a = memory;
        tensor x = tensor_new(&a, 8, 5, 3, 2), before = tensor_like(&a, x);
        for (int k = 0; k < 5; k++) {
            tensor_fill(x, 0);
            noise z = brownian ? noise_brownian(1, TOP) : noise_fresh(rng_torch(1));
            sampler s = sampler_make(&sampler_euler_ancestral, toy_line,
                                     toy_walk(&a, 40 << k, TOP, 0.1, true), z);
            assert_null(sampler_run(&s, x, a));
            if (k > 0) moved[brownian][k - 1] = tensor_distance(x, before);
            tensor_copy(before, x);
        }
    }
    for (int k = 0; k < 4; k++) assert_true(moved[0][k] > 0.5);
    for (int k = 1; k < 4; k++) assert_true(moved[1][k] < 0.6 * moved[1][k - 1]);
    assert_true(moved[1][3] < 0.02 * moved[0][3]);
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_added_in_three_forms),
        cmocka_unit_test(fresh_noise_is_the_generators),
        cmocka_unit_test(given_noise_is_told_which_draw),
        cmocka_unit_test(a_path_depends_on_seed_and_sigma_only),
        cmocka_unit_test(picture_i_walks_on_the_path_of_seed_plus_i),
        cmocka_unit_test(a_picture_has_its_own_source),
        cmocka_unit_test(increments_add_up),
        cmocka_unit_test(increments_are_normal_and_apart),
        cmocka_unit_test(a_seed_stays_its_path),
        cmocka_unit_test(off_the_path_is_a_broken_promise),
        cmocka_unit_test(a_path_settles_and_fresh_noise_does_not),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
