/* What samplers of symbols refuse, and how they say so. */
#include "pipeline/names.h"
#include "says.h"
#include "symbols_walk.h"
#include "toy.h"
#include <limits.h>
#include <time.h>

static arena memory;
enum { OWN = -1 /* temperature */ };

static void a_nan_stops_the_walk_at_its_step(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        arena a = memory;
        discrete d = symbols_noise("mask", K, T, &a);
        tensor x = symbols_from(&a, "333333333333333", 1, 3, 5, K + 1);
        sampler s = walker(kinds[k], &d, 2, &a);
        s.model.self = &d;
        assert_null(sampler_begin(&s, x, &a));
        assert_null(sampler_step(&s, x, a));
        symbols_put(x, 0, K); /* where the NaN will be */
        assert_says(sampler_step(&s, x, a), "step 2 of 3");
        assert_int_equal(symbols_at(x, 0), K);
    }
}

static void refused(const sampler_kind *kind, const discrete *d, const double *times, tensor x,
                    const char *say)
{
    double at[3];
    memcpy(at, times, sizeof at);
    sampler s = sampler_make(kind, leans, (sigmas){.n = 2, .at = at}, noise_fresh(rng_torch(1)));
    s.discrete = d;
    assert_says(sampler_run(&s, x, memory), say);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    arena a = memory;
    discrete d = symbols_noise("mask", K, T, &a), none = d,
             bare = symbols_noise("uniform", K, T, &a);
    discrete both = symbols_noise("mask_uniform", K, T, &a), one = {1, T, d.keep, NULL};
    tensor x = symbols_all(&a, K, 1, 1, 2, K + 1), y = symbols_all(&a, 0, 1, 1, 2, K);
    const sampler_kind *vq = &sampler_vq_diffusion;
    const double good[] = {6, 3, 0}, half[] = {6, 2.5, 0}, high[] = {7, 3, 0}, up[] = {3, 6, 0};
    none.keep = NULL;
    refused(vq, NULL, good, x, "with the tables of discrete.h");
    refused(vq, &none, good, x, "with the tables of discrete.h");
    refused(vq, &d, half, x, "time 1 is 2.5: times are whole");
    refused(vq, &d, high, x, "time 0 is 7: times are whole, fall, 6 at most");
    refused(vq, &d, up, x, "time 1 is 6");
    refused(vq, &d, good, y, "x has 3 channels, its noise 3 codes");
    refused(vq, &one, good, symbols_all(&a, 0, 1, 1, 2, 1), "1 codes");
    refused(&sampler_masked, &bare, good, y, "MASK alone");
    refused(&sampler_masked, &both, good, x, "MASK alone");
    x.data[5] = (real)0.5;
    refused(vq, &d, good, x, "not one-hot at place 1");
    x.data[5] = 0, x.data[7] = 0;
    refused(vq, &d, good, x, "not one-hot at place 1");
    x.data[7] = 1, x.data[0] = 1;
    refused(vq, &d, good, x, "not one-hot at place 0");
    x = symbols_all(&a, K, 1, 1, 2, K + 1);
    const double wrong[][2] = {{-0.1, 0.5}, {(double)NAN, 0.5}, {0.5, (double)NAN},
                               {0.5, -1},   {0.6, 0.5},         {0, 1},
                               {0.1, 1e300}};
    for (int k = 0; k < 7; k++) {
        double keep[T + 1], masked[T + 1];
        memcpy(keep, d.keep, sizeof keep), memcpy(masked, d.masked, sizeof masked);
        keep[3] = wrong[k][0], masked[3] = wrong[k][1];
        refused(vq, &(discrete){K, T, keep, masked}, good, x, "time 3: a code stays by");
    }
    refused(vq, &(discrete){INT_MAX, T, d.keep, d.masked}, good, x, "x has 4 channels");
    assert_says(discrete_make("masks", K, T, &a, &d), "nearest is mask");
    assert_says(discrete_make("mask", 1, T, &a, &d), "2 codes at least");
    assert_says(discrete_make("mask", K, 0, &a, &d), "1 time");
    assert_says(discrete_make("mask", K, 1000001, &a, &d), "a million");
}

/* As many codes as image tokenizers have: looked at once, not once for each other code. */
static void many_codes_are_checked_at_once(void **state)
{
    (void)state;
    enum { CODES = 8192 };
    arena a = memory;
    discrete d = symbols_noise("mask", CODES, T, &a);
    tensor x = symbols_all(&a, CODES, 1, 8, 8, CODES + 1);
    double at[] = {T, 0};
    clock_t before = clock();
    assert_null(discrete_check(&d, (sigmas){.n = 1, .at = at}, x, true));
    assert_true(clock() - before < CLOCKS_PER_SEC / 2);
}

/* What is no chance: scores instead of them, and what overflowed on the way to them. */
static void no_chances_guess(void *self, answer out, tensor x, double t, arena scratch)
{
    (void)x, (void)t, (void)scratch;
    tensor_fill(out.x0, 0.5);
    for (size_t i = 0; i < tensor_count(out.x0); i += (size_t)out.x0.c)
        out.x0.data[i] = *(const real *)self;
}

static void answers_that_are_no_chances_stop_the_walk(void **state)
{
    (void)state;
    arena a = memory;
    discrete d = symbols_noise("mask", K, T, &a);
    const real answers[] = {(real)-0.1, (real)HUGE_VAL, (real)-HUGE_VAL, (real)NAN};
    for (int k = 0; k < 2 * 4; k++) {
        sampler s = walker(kinds[k % 2], &d, 2, &a);
        s.model = (denoiser){.guess = no_chances_guess, .self = (void *)(size_t)&answers[k / 2]};
        tensor x = symbols_all(&a, K, 1, 2, 2, K + 1);
        assert_says(sampler_run(&s, x, a), "step 1 of ");
        for (int i = 0; i < 4; i++) assert_int_equal(symbols_at(x, i), K);
    }
}

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    arena a = memory;
    discrete d = symbols_noise("mask", K, T, &a);
    tensor x = symbols_all(&a, K, 1, 1, 2, K + 1);
    const double heat[] = {-1, (double)NAN, HUGE_VAL};
    for (int k = 0; k < 3; k++) {
        sampler s = walker(&sampler_masked, &d, 2, &a);
        s.options.temperature = heat[k];
        assert_says(sampler_run(&s, x, a), "temperature is ");
    }
    assert_true(walker(&sampler_masked, &d, 2, &a).options.temperature == 2);
    names_choice amused;
    assert_null(names_choose("AmusedScheduler", &amused));
    assert_true(amused.kind == &sampler_masked && amused.options.temperature == 2);
    sampler s = walker(&sampler_vq_diffusion, &d, 2, &a);
    assert_true(s.options.temperature == 1);
    s.noise = noise_brownian(1, 10);
    assert_says(sampler_run(&s, x, a), "fresh noise");
    s = walker(&sampler_euler, NULL, 2, &a);
    s.options.temperature = 1;
    assert_says(sampler_run(&s, x, a), "euler takes no temperature");
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nan_stops_the_walk_at_its_step),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(many_codes_are_checked_at_once),
        cmocka_unit_test(answers_that_are_no_chances_stop_the_walk),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
