/* RePaint's law. Two pixels that mostly agree, one of them known: what is made of the other can be
 * held against the exact law of the one given the other. More steps do not mend it, jumps do. */
#include "diffusion/exact.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { POINTS = 2000 };
static arena memory;
static real centre[] = {-1, -1, 1, 1};
static const double width[] = {0.3, 0.3};
static const exact_mixture pairs = {.centre = {centre, 2, 1, 1, 2}, .width = width};

static sigmas walk_of(int n, int jump, int visits, arena *keep)
{
    sigmas walk;
    sigmas_options o = {.sigma_min = 0.02, .sigma_max = 10, .jump = jump, .visits = visits};
    assert_null(sigmas_make("karras", n, NULL, o, keep, &walk));
    return walk;
}

/* Pictures of two pixels whose first is that of `known`. */
static tensor filled(tensor known, sigmas walk, int *calls, arena *keep)
{
    tensor x = toy_noise(keep, POINTS, 1, 1, 2, walk.at[0]);
    noise z = noise_fresh(rng_torch(7));
    sampler s = sampler_make(&sampler_repaint, exact_denoiser(&pairs), walk, z);
    s.known = known, s.mask = tensor_like(keep, x);
    for (int i = 0; i < 2 * POINTS; i++) s.mask.data[i] = i % 2 == 0;
    assert_null(sampler_run(&s, x, *keep));
    for (int i = 0; i < POINTS; i++) assert_true(x.data[2 * i] == known.data[2 * i]);
    *calls = s.calls;
    return x;
}

/* ---- One pixel is 0.6 ---- */

static const double SAID = 0.6;

/* The chance that the second pixel is below y, given the first. */
static double below(double y)
{
    double share[2];
    for (int k = 0; k < 2; k++) share[k] = exp(-pow((SAID - (double)centre[2 * k]) / 0.3, 2) / 2);
    double sum = 0;
    for (int k = 0; k < 2; k++)
        sum += share[k] * erfc(-(y - (double)centre[2 * k + 1]) / (0.3 * sqrt(2))) / 2;
    return sum / (share[0] + share[1]);
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Wasserstein's distance of the second pixels from their law: the area between distributions. */
static double off_the_law(tensor x)
{
    double y[POINTS], area = 0;
    for (int i = 0; i < POINTS; i++) y[i] = (double)x.data[2 * i + 1];
    qsort(y, POINTS, sizeof *y, rising);
    for (int i = 0, at = -400; at < 400; at++) {
        while (i < POINTS && y[i] < at / 100.0) i++;
        area += fabs((double)i / POINTS - below(at / 100.0)) / 100;
    }
    return area;
}

static double measured(int n, int jump, int visits)
{
    arena a = memory;
    int calls;
    tensor known = tensor_new(&a, POINTS, 1, 1, 2);
    tensor_fill(known, SAID);
    double off = off_the_law(filled(known, walk_of(n, jump, visits, &a), &calls, &a));
    print_message("%3d steps, jumps of %d, %d visits: %4d calls, off by %.3f\n", n, jump, visits,
                  calls, off);
    return off;
}

/* 2000 exact points are off by some 0.007. */
static void jumps_mend_what_steps_do_not(void **state)
{
    (void)state;
    double plain = measured(40, 0, 0), more = measured(240, 0, 0);
    assert_true(plain > 0.3 && more > 0.3);
    double two = measured(40, 4, 2), four = measured(40, 4, 4), eight = measured(40, 4, 8);
    assert_true(two < 0.6 * plain && four < 0.5 * two && eight < 0.05);
}

/* ---- Both pixels as the data have them ---- */

/* The known pixels are drawn from the data, so pairs should have the data's covariance, 1. Its
 * standard error is 0.013: without jumps twelve of these are missing. */
static void jumps_bring_the_pairs_together(void **state)
{
    (void)state;
    double covariance[2];
    for (int k = 0; k < 2; k++) {
        arena a = memory;
        int calls;
        rng r = rng_torch(3);
        tensor known = tensor_new(&a, POINTS, 1, 1, 2);
        exact_draw(&pairs, known, &r, a);
        tensor x = filled(known, walk_of(40, 4, k ? 8 : 1, &a), &calls, &a);
        covariance[k] = 0;
        for (int i = 0; i < POINTS; i++)
            covariance[k] += (double)(x.data[2 * i] * x.data[2 * i + 1]) / POINTS;
    }
    print_message("covariance %.3f without jumps, %.3f with\n", covariance[0], covariance[1]);
    assert_true(covariance[0] < 0.9 && fabs(covariance[1] - 1) < 4 * 0.013);
}

/* Without a known pixel it is DDIM with all noise fresh, in every bit. */
static void nothing_known_is_ddim(void **state)
{
    (void)state;
    arena a = memory;
    sigmas walk = walk_of(12, 3, 2, &a);
    tensor x = toy_start(&a, 3, 10), y = toy_start(&a, 3, 10);
    sampler s = sampler_make(&sampler_repaint, toy_bells, walk, noise_fresh(rng_torch(1)));
    toy_mask(&s, &a, x, false);
    assert_null(sampler_run(&s, x, a));
    s = sampler_make(&sampler_ddim, toy_bells, walk, noise_fresh(rng_torch(1)));
    s.options.eta = 1;
    assert_null(sampler_run(&s, y, a));
    assert_true(tensor_distance(x, y) == 0);
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jumps_mend_what_steps_do_not),
        cmocka_unit_test(jumps_bring_the_pairs_together),
        cmocka_unit_test(nothing_known_is_ddim),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
