/* The installed header: what a stranger's program sees. */
#include "base/rng.h"
#include "diffusion.h"
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

static void broken(void *self, float *x0, const float *x, const int of[4], double sigma)
{
    (void)self, (void)x, (void)of, (void)sigma;
    for (int i = 0; i < NUMBERS; i++) x0[i] = nanf("");
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

static void complains_and_keeps_x(void **state)
{
    (void)state;
    double sigma[5] = {8, 4, 2, 1, 0};
    float x[NUMBERS], start[NUMBERS];
    int calls = 0;
    diffusion_walk walk = {"euler", sigma, 4, 0, -1};
    diffusion_noise(start, shape, 3);
    memcpy(x, start, sizeof x);
    assert_int_equal(diffusion_sample(x, shape, &walk, broken, NULL), -1);
    assert_non_null(strstr(diffusion_error(), "step 1 of 4"));
    walk.sampler = "eular";
    assert_int_equal(diffusion_sample(x, shape, &walk, bell, &calls), -1);
    assert_non_null(strstr(diffusion_error(), "nearest is euler"));
    walk.sampler = "euler", walk.steps = 0;
    assert_int_equal(diffusion_sample(x, shape, &walk, bell, &calls), -1);
    walk.steps = 4, walk.eta = 0.5; /* Euler takes none */
    assert_int_equal(diffusion_sample(x, shape, &walk, bell, &calls), -1);
    walk.eta = -1;
    assert_int_equal(diffusion_sample(x, (const int[]){1, 0, 5, 1}, &walk, bell, &calls), -1);
    assert_int_equal(diffusion_sigmas(sigma, 4, "karas", 0, 0), -1);
    assert_non_null(strstr(diffusion_error(), "karras"));
    assert_int_equal(calls, 0);
    assert_memory_equal(x, start, sizeof x);
}

static void names_end(void **state)
{
    (void)state;
    int count = 0;
    while (diffusion_sampler_name(count)) count++;
    assert_true(count >= 8);
    assert_null(diffusion_sampler_name(count + 1));
    assert_null(diffusion_sigmas_name(1000));
    assert_null(diffusion_sampler_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_a_bell),
        cmocka_unit_test(one_seed_serves_start_and_steps),
        cmocka_unit_test(complains_and_keeps_x),
        cmocka_unit_test(names_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
