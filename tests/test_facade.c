/* The installed header: what a stranger's program sees. */
#include "base/arena.h"
#include "base/rng.h"
#include "diffusion.h"
#include "diffusion/sigmas.h"
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

static const int shape[4] = {2, 3, 5, 1}; /* one channel: its order is PyTorch's */
enum { NUMBERS = 30 };

/* Data of one bell, N(1, 0.5^2): D = (0.25 x + sigma^2) / (0.25 + sigma^2). */
static void bell(void *self, float *x0, const float *x, const int of[4], double sigma)
{
    int *calls = self;
    ++*calls;
    assert_memory_equal(of, shape, sizeof shape);
    for (int i = 0; i < NUMBERS; i++)
        x0[i] = (float)((0.25 * (double)x[i] + sigma * sigma) / (0.25 + sigma * sigma));
}

/* Breaks in the third question, when x has moved on twice. */
static void broken(void *self, float *x0, const float *x, const int of[4], double sigma)
{
    int *calls = self;
    bell(self, x0, x, of, sigma);
    if (*calls == 3) x0[NUMBERS - 1] = nanf("");
}

/* x = 1 + (x_T - 1) 0.5 / sqrt(0.25 + sigma_T^2): 60 second-order steps are 3 digits close. */
static void samples_a_bell(void **state)
{
    (void)state;
    double sigma[61];
    float x[NUMBERS], start[NUMBERS];
    int calls = 0;
    diffusion_walk walk = {"dpmpp_2m", sigma, 60, 0, -1};
    assert_int_equal(diffusion_noise(start, shape, 3), 0);
    assert_int_equal(diffusion_sigmas(sigma, 60, "karras", 0.002, 10), 0);
    for (int i = 0; i < NUMBERS; i++) x[i] = start[i] * 10;
    assert_int_equal(diffusion_sample(x, shape, &walk, bell, &calls), 0);
    assert_string_equal(diffusion_error(), "");
    assert_int_equal(calls, 60);
    for (int i = 0; i < NUMBERS; i++) {
        double end = 1 + (10 * (double)start[i] - 1) * 0.5 / sqrt(0.25 + 100);
        assert_true(fabs((double)x[i] - end) < 2e-3);
    }
}

static void nothing_is_left(void *self, float *x0, const float *x, const int of[4], double sigma)
{
    (void)self, (void)x, (void)of, (void)sigma;
    memset(x0, 0, NUMBERS * sizeof *x0);
}

/* Data that are 0 and one ancestral step from 10 to 7: x' = 7 (0.7 z1 + sqrt(1 - 0.49) z2) with z1
 * the start and z2 what torch.randn gives next after the same seed, not z1 once more. */
static void one_seed_serves_start_and_steps(void **state)
{
    (void)state;
    float x[NUMBERS], both[2 * NUMBERS];
    const double sigma[] = {10, 7};
    diffusion_walk walk = {"euler_ancestral", sigma, 1, 5, -1};
    rng r = rng_torch(5);
    rng_normal32(&r, both, NUMBERS);
    rng_normal32(&r, both + NUMBERS, NUMBERS);
    assert_int_equal(diffusion_noise(x, shape, 5), 0);
    for (int i = 0; i < NUMBERS; i++) x[i] *= 10;
    assert_int_equal(diffusion_sample(x, shape, &walk, nothing_is_left, NULL), 0);
    for (int i = 0; i < NUMBERS; i++) {
        double end = 7 * (0.7 * (double)both[i] + sqrt(0.51) * (double)both[NUMBERS + i]);
        assert_true(fabs((double)x[i] - end) < 1e-5);
    }
}

/* Every bit of a seed counts, as far as PyTorch's do. */
static void another_seed_is_another_noise(void **state)
{
    (void)state;
    const double sigma[] = {10, 7};
    const unsigned long long seeds[] = {5, 7, 4, 5 + 65536};
    float x[4][NUMBERS];
    for (int k = 0; k < 4; k++) {
        diffusion_walk walk = {"euler_ancestral", sigma, 1, seeds[k], -1};
        for (int i = 0; i < NUMBERS; i++) x[k][i] = 0;
        assert_int_equal(diffusion_sample(x[k], shape, &walk, nothing_is_left, NULL), 0);
        for (int j = 0; j < k; j++) assert_memory_not_equal(x[k], x[j], sizeof x[k]);
    }
}

/* Numbers that no memory holds, or that leave a walk no room: nothing is touched, all is said. */
static void absurd_shapes_are_refused(void **state)
{
    (void)state;
    arena all = arena_make(0);
    int columns = (int)(arena_left(all) / sizeof(float) / 1024 / 10);
    arena_free(all);
    const int shapes[][4] = {
        {INT_MAX, INT_MAX, INT_MAX, INT_MAX}, {1, 1 << 30, 1 << 30, 16}, {9, 1024, columns, 1}};
    const double sigma[] = {10, 7};
    diffusion_walk walk = {"euler", sigma, 1, 0, -1};
    float x = 1;
    int calls = 0;
    for (int k = 0; k < 3; k++) {
        assert_int_equal(diffusion_sample(&x, shapes[k], &walk, bell, &calls), -1);
        assert_non_null(strstr(diffusion_error(), "too large"));
        assert_int_equal(diffusion_noise(&x, shapes[k], 0), -1);
        assert_non_null(strstr(diffusion_error(), "too large"));
    }
    assert_true(x == 1 && calls == 0);
}

static void complains_and_keeps_x(void **state)
{
    (void)state;
    double sigma[5] = {8, 4, 2, 1, 0};
    float x[NUMBERS], start[NUMBERS];
    int calls = 0;
    diffusion_walk walk = {"euler", sigma, 4, 0, -1};
    diffusion_noise(start, shape, 3);
    memcpy(x, start, sizeof x);
    assert_int_equal(diffusion_sample(x, shape, &walk, broken, &calls), -1);
    assert_non_null(strstr(diffusion_error(), "step 3 of 4"));
    assert_memory_equal(x, start, sizeof x);
    calls = 0;
    walk.sampler = "eular";
    assert_int_equal(diffusion_sample(x, shape, &walk, bell, &calls), -1);
    assert_non_null(strstr(diffusion_error(), "nearest is euler"));
    walk.sampler = "euler", walk.steps = 0;
    assert_int_equal(diffusion_sample(x, shape, &walk, bell, &calls), -1);
    walk.steps = SIGMAS_MOST + 1;
    assert_int_equal(diffusion_sample(x, shape, &walk, bell, &calls), -1);
    assert_non_null(strstr(diffusion_error(), "steps is 1000001"));
    walk.steps = 4, walk.eta = 0.5; /* Euler takes none */
    assert_int_equal(diffusion_sample(x, shape, &walk, bell, &calls), -1);
    walk.eta = nan("");
    assert_int_equal(diffusion_sample(x, shape, &walk, bell, &calls), -1);
    walk.eta = -1;
    assert_int_equal(diffusion_sample(x, (const int[]){1, 0, 5, 1}, &walk, bell, &calls), -1);
    assert_int_equal(diffusion_sigmas(sigma, 4, "karas", 0, 0), -1);
    assert_non_null(strstr(diffusion_error(), "karras"));
    assert_int_equal(calls, 0);
    assert_memory_equal(x, start, sizeof x);
}

/* "Euler a Karras" of a web UI is euler_ancestral; the list is the caller's own. */
static void other_programs_names_will_do(void **state)
{
    (void)state;
    const double sigma[5] = {8, 4, 2, 1, 0};
    const char *const names[2] = {"euler_ancestral", "Euler a Karras"};
    float x[2][NUMBERS];
    for (int k = 0; k < 2; k++) {
        int calls = 0;
        diffusion_walk walk = {names[k], sigma, 4, 3, -1};
        diffusion_noise(x[k], shape, 3);
        assert_int_equal(diffusion_sample(x[k], shape, &walk, bell, &calls), 0);
    }
    assert_memory_equal(x[0], x[1], sizeof x[0]);
}

/* All but "flow", whose sizes mean another x, and each of them makes a list. */
static void every_list_has_a_name(void **state)
{
    (void)state;
    double sigma[11];
    int named = 0, known = 0;
    for (; diffusion_sigmas_name(named); named++) {
        assert_string_not_equal(diffusion_sigmas_name(named), "flow");
        assert_int_equal(diffusion_sigmas(sigma, 10, diffusion_sigmas_name(named), 0, 0), 0);
    }
    while (sigmas_names[known]) known++;
    assert_int_equal(named, known - 1);
}

/* Each list falls to 0 and has as many steps as were asked for, or it is refused. */
static void lists_have_the_steps_asked_for(void **state)
{
    (void)state;
    double sigma[42];
    for (int k = 0; diffusion_sigmas_name(k); k++)
        for (int n = 1; n <= 40; n++) {
            sigma[n] = sigma[n + 1] = -1;
            if (diffusion_sigmas(sigma, n, diffusion_sigmas_name(k), 0, 0) != 0) continue;
            assert_true(sigma[n] == 0 && sigma[n + 1] == -1);
            for (int i = 0; i < n; i++) assert_true(sigma[i] > sigma[i + 1]);
        }
    assert_int_equal(diffusion_sigmas(sigma, 19, "restart", 0, 0), 0);
    assert_int_equal(diffusion_sigmas(sigma, 20, "restart", 0, 0), -1);
    assert_non_null(strstr(diffusion_error(), "21 steps instead of 20"));
    assert_int_equal(diffusion_sigmas(sigma, 10, "repaint", 0, 0), 0);
    assert_int_equal(diffusion_sigmas(sigma, 11, "repaint", 0, 0), -1);
}

static void names_end(void **state)
{
    (void)state;
    int count = 0;
    while (diffusion_sampler_name(count)) /* none for symbols: x is floats here */
        assert_string_not_equal(diffusion_sampler_name(count++), "vq_diffusion");
    assert_true(count >= 8);
    assert_null(diffusion_sampler_name(count + 1));
    assert_null(diffusion_sigmas_name(1000));
    assert_null(diffusion_sampler_name(-1));
    assert_string_not_equal(diffusion_version(), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_a_bell),
        cmocka_unit_test(one_seed_serves_start_and_steps),
        cmocka_unit_test(another_seed_is_another_noise),
        cmocka_unit_test(absurd_shapes_are_refused),
        cmocka_unit_test(complains_and_keeps_x),
        cmocka_unit_test(other_programs_names_will_do),
        cmocka_unit_test(every_list_has_a_name),
        cmocka_unit_test(lists_have_the_steps_asked_for),
        cmocka_unit_test(names_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
