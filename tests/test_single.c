/* DPM adaptive: each picture for itself; what is shown to a watcher; how it ends when it cannot go
 * on. DPM++ SDE beside diffusers' on a Brownian tree. The list of DPM fast. */
#include "golden/single.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "says.h"

static arena memory;
static const double ends[] = {10, 0.1, 0};

static sampler adaptive(denoiser model, noise z)
{
    return sampler_make(&sampler_dpm_adaptive, model, toy_list(&memory, 2, ends), z);
}

static tensor walked(sampler s, tensor start)
{
    tensor x = tensor_like(&memory, start);
    tensor_copy(x, start);
    error wrong = sampler_run(&s, x, memory);
    if (wrong) fail_msg("%s", wrong);
    return x;
}

/* ---- Picture by picture ---- */

/* The first pictures of a batch of three, in a batch of two, and alone, with fresh noise; as
 * published they do. */
static void a_picture_does_not_know_its_batch(void **state)
{
    (void)state;
    tensor start = toy_start(&memory, 3, 10);
    for (int eta = 0; eta < 2; eta++)
        for (int as_published = 0; as_published < 2; as_published++) {
            sampler s = adaptive(toy_bells, noise_fresh(rng_torch(5)));
            s.options.eta = eta, s.options.as_published = as_published;
            tensor x = walked(s, start);
            for (int n = 1; n <= 2; n++) {
                tensor few = walked(s, tensor_pictures(start, 0, n));
                assert_true(toy_same_bits(few, tensor_pictures(x, 0, n)) == !as_published);
            }
        }
}

static void philox_has_its_own_pictures_too(void **state)
{
    (void)state;
    sampler s = adaptive(toy_bells, noise_fresh(rng_philox(5)));
    s.options.eta = 1;
    tensor start = toy_start(&memory, 2, 10), x = walked(s, start);
    assert_true(toy_same_bits(walked(s, tensor_pictures(start, 0, 1)), tensor_pictures(x, 0, 1)));
    s.noise = noise_fresh(rng_torch(5));
    assert_false(toy_same_bits(walked(s, start), x));
}

/* ---- Watching ---- */

typedef struct {
    int parts, stop_at, pictures, rises;
    double sigma;
} watcher;

static bool watch(void *self, const sampler *s, tensor x)
{
    watcher *w = self;
    assert_int_equal(x.n, 1);
    assert_true(tensor_finite(x));
    w->rises += s->sigma >= w->sigma;
    w->pictures += s->sigma == ends[1];
    w->sigma = s->sigma;
    return ++w->parts != w->stop_at;
}

/* 10 falls to 0.1, three times; each accepted part is one call of the watcher. */
static void every_accepted_part_is_shown(void **state)
{
    (void)state;
    watcher w = {.sigma = 11};
    sampler s = adaptive(toy_bells, (noise){0});
    s.watch = watch, s.watcher = &w;
    walked(s, toy_start(&memory, 3, 10));
    assert_true(w.pictures == 3 && w.rises == 2 && w.parts > 15);
    watcher third = {.sigma = 11, .stop_at = 3};
    s.watcher = &third;
    tensor x = toy_start(&memory, 3, 10);
    assert_null(sampler_run(&s, x, memory));
    assert_true(s.stopped && third.parts == 3);
}

/* ---- What goes wrong ---- */

static void assert_ends(sampler s, const char *words)
{
    tensor x = toy_start(&memory, 2, 10), y = toy_start(&memory, 2, 10);
    error wrong = sampler_run(&s, x, memory);
    assert_says(wrong, words);
    assert_true(s.i == 0 && toy_same_bits(x, y));
}

/* NaN once sigma is below *self. */
static void spoilt_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    toy_bells_guess(NULL, out, x, sigma, scratch);
    if (sigma < *(double *)self) out.x0.data[17] = (real)NAN;
}

/* A guess that jumps to and fro, far out, within any step, however short. */
static void rough_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)scratch, (void)sigma;
    int *calls = self;
    tensor_scale(out.x0, (*calls)++ % 2 ? 1e13 : -1e13, x);
}

static void what_stops_it_is_said(void **state)
{
    (void)state;
    double below = 2, never = 0.2;
    int calls = 0;
    denoiser spoilt = {.guess = spoilt_guess, .self = &below},
             rough = {rough_guess, &calls, 0, 0, 0, 0};
    assert_ends(adaptive(spoilt, (noise){0}), "not finite");
    spoilt.self = &never;
    assert_ends(adaptive(spoilt, (noise){0}), "not finite");
    assert_ends(adaptive(rough, (noise){0}), "after 12 attempts");
    sampler s = adaptive(toy_bells, (noise){0});
    s.options.order = 1;
    assert_ends(s, "2 or 3");
    s = adaptive(toy_bells, (noise){0});
    s.options.control.rtol = s.options.control.atol = 1e-9;
    assert_ends(s, "10000 attempts");
    s.options.control.p = (double)NAN;
    assert_ends(s, "p is nan");
    s.options.control.p = 0, s.options.control.safety = -1;
    assert_ends(s, "safety is -1");
    s.options.control.safety = 0, s.options.control.atol = 1e-200;
    assert_ends(s, "atol is 1e-200"); /* its square is no number */
    static const double up[] = {10, 1, 2};
    s = adaptive(toy_bells, (noise){0});
    s.walk = toy_list(&memory, 2, up);
    assert_ends(s, "rises at step 2");
    s = sampler_make(&sampler_dpmpp_sde, toy_bells, toy_list(&memory, 2, ends), (noise){0});
    s.options.r = 1.5;
    assert_ends(s, "r is 1.5");
}

/* ---- DPM++ SDE in distribution ---- */

enum { COUNT = 40000, SDE_STEPS = sizeof golden_sde_list / sizeof *golden_sde_list - 1 };

/* The means of x, |x|, x^2, x^4 on our paths and on torchsde's, within four standard errors. */
static void its_law_is_that_of_dpm_solver_sde(void **state)
{
    (void)state;
    arena a = memory;
    tensor x = tensor_new(&a, 1, 200, 200, 1);
    rng r = rng_torch(27);
    rng_normal(&r, x, a);
    tensor_scale(x, golden_sde_list[0], x);
    sampler s =
        sampler_make(&sampler_dpmpp_sde, toy_bells, toy_list(&a, SDE_STEPS, golden_sde_list),
                     noise_brownian(3, golden_sde_list[0]));
    assert_null(sampler_run(&s, x, a));
    double mean[4] = {0}, square[4] = {0};
    for (int i = 0; i < COUNT; i++) {
        double u = (double)x.data[i], f[] = {u, fabs(u), u * u, pow(u, 4)};
        for (int k = 0; k < 4; k++) mean[k] += f[k] / COUNT, square[k] += f[k] * f[k] / COUNT;
    }
    for (int k = 0; k < 4; k++) {
        double ours = sqrt((square[k] - mean[k] * mean[k]) / COUNT);
        double errors = (mean[k] - golden_sde_law[k][0]) / hypot(ours, golden_sde_law[k][1]);
        assert_true(fabs(errors) < 4);
    }
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_does_not_know_its_batch),
        cmocka_unit_test(philox_has_its_own_pictures_too),
        cmocka_unit_test(every_accepted_part_is_shown),
        cmocka_unit_test(what_stops_it_is_said),
        cmocka_unit_test(its_law_is_that_of_dpm_solver_sde),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
