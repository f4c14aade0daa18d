/* Do stochastic samplers draw from the data's law? 10,000 points of each against 100,000 exact
 * ones: means, covariances, log-density and the energy distance, with bounds that near-by wrong
 * rules are shown to break. */
#include "law.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { POINTS = 10000, EXACT = 100000, STEPS = 200 };
static arena memory, noise_room;
static law three;
static schedule trained;

static real centre[] = {-2, 0, 1, 1.5f, 1, -1};
static const double weight[] = {0.3, 0.5, 0.2}, width[] = {0.3, 0.6, 0.2};

static exact_mixture mixture(bool flow)
{
    return (exact_mixture){{centre, 3, 1, 1, 2}, weight, width, flow};
}

/* ---- Sampling ---- */

/* What a wrong rule would draw: `up` without its square root, up = eta next (1 - r^2). */
static void without_square_root(void *self, tensor z, int draw, double from, double to)
{
    (void)draw;
    rng_normal(self, z, noise_room);
    double r = to / from;
    tensor_scale(z, sqrt(1 - r * r), z);
}

static tensor sampled(const char *name, sampler_options o, noise z, bool flow, arena *keep)
{
    exact_mixture m = mixture(flow);
    const sampler_kind *kind;
    assert_null(sampler_find(name, &kind));
    tensor x = tensor_new(keep, POINTS, 1, 1, 2), eps = tensor_like(keep, x);
    rng r = rng_torch(77);
    exact_draw(&m, x, &r, *keep);
    rng_normal(&r, eps, *keep);
    sigmas walk = toy_walk(keep, STEPS, flow ? 1 : 10, 0.02, true);
    tensor_mix(x, flow ? 0 : 1, x, walk.at[0], eps);
    sampler s = sampler_make(kind, exact_denoiser(&m), walk, z);
    s.options = o;
    s.schedule = &trained;
    error wrong = sampler_run(&s, x, *keep);
    if (wrong) fail_msg("%s: %s", name, wrong);
    return x;
}

static sampler_options usual(void)
{
    return (sampler_options){.s_noise = 1, .eta = 1, .noise_max = HUGE_VAL};
}

static void assert_right(const char *name, sampler_options o, noise z, bool flow)
{
    arena a = memory;
    tensor x = sampled(name, o, z, flow, &a);
    double errors = law_errors(&three, x), apart = law_energy(&three, x);
    print_message("%-20s %5.2f standard errors, energy %.4f\n", name, errors, apart);
    if (!(errors < 4 && apart < 0.01)) fail_msg("%s draws from another law", name);
}

/* Every kind that can draw noise, with as much of it as it usually draws. */
static void stochastic_samplers_draw_from_the_law(void **state)
{
    (void)state;
    noise fresh = noise_fresh(rng_torch(5));
    for (int k = 0; samplers[k]; k++) {
        const sampler_kind *kind = samplers[k];
        sampler_options o = usual();
        if (kind->order == 0 || kind->whole_walk) continue;
        if (kind->eta > 0) o.eta = kind->eta;
        if (kind->stochastic || kind->takes & SAMPLER_ETA) /* singlestep: its file says why */
            assert_right(kind->name, o,
                         kind == &sampler_dpm_solver_singlestep ? noise_brownian(5, 10) : fresh,
                         false);
        o.eta = kind->eta, o.churn = 5;
        if (kind->takes & SAMPLER_CHURN) assert_right(kind->name, o, fresh, false);
    }
}

static void other_variances_paths_and_flows_do_too(void **state)
{
    (void)state;
    noise fresh = noise_fresh(rng_torch(5));
    sampler_options o = usual(), large = o, churn = o;
    large.variance = SAMPLER_FIXED_LARGE;
    churn.eta = 0, churn.churn = 40; /* that much is too much for Euler's rule: 8 errors */
    assert_right("ddpm", large, fresh, false);
    assert_right("euler_ancestral", o, noise_brownian(5, 10), false);
    assert_right("heun", churn, fresh, false);
    assert_right("euler_ancestral", o, fresh, true);
}

/* In a flow, along the guess of eps, with steps that the error chooses. */
static void those_that_ask_more_than_once_do_in_all_their_ways(void **state)
{
    (void)state;
    noise fresh = noise_fresh(rng_torch(5));
    sampler_options o = usual(), eps = o, tight = o;
    eps.noise_prediction = true, eps.order = 3;
    tight.control.rtol = 0.0004, tight.control.atol = 0.00007; /* 0.002 leaves 4 errors */
    assert_right("dpm_2_ancestral", o, fresh, true);
    assert_right("dpmpp_2s_ancestral", o, fresh, true);
    assert_right("dpmpp_sde", o, fresh, true);
    assert_right("dpm_solver_singlestep", o, noise_brownian(5, 1), true);
    assert_right("dpm_solver_singlestep", eps, fresh, false);
    assert_right("dpm_solver_singlestep", eps, fresh, true);
    assert_right("dpm_adaptive", tight, fresh, false);
    assert_right("dpm_adaptive", tight, fresh, true);
}

static void near_by_wrong_rules_are_noticed(void **state)
{
    (void)state;
    arena a = memory;
    sampler_options loud = usual();
    loud.s_noise = 1.1;
    rng r = rng_torch(5);
    noise no_root = noise_given(without_square_root, &r);
    double errors = law_errors(&three, sampled("ddim", loud, noise_fresh(r), false, &a));
    print_message("noise times 1.1  %5.2f standard errors\n", errors);
    assert_true(errors > 6);
    tensor x = sampled("ddim", usual(), no_root, false, &a);
    print_message("up without root  %5.2f standard errors, energy %.4f\n", law_errors(&three, x),
                  law_energy(&three, x));
    assert_true(law_errors(&three, x) > 6 && law_energy(&three, x) > 0.05);
}

int main(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 22);
    exact_mixture m = mixture(false);
    three = law_make(&m, EXACT, &memory);
    assert_null(schedule_make("scaled_linear", (schedule_options){0}, &memory, &trained));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stochastic_samplers_draw_from_the_law),
        cmocka_unit_test(other_variances_paths_and_flows_do_too),
        cmocka_unit_test(those_that_ask_more_than_once_do_in_all_their_ways),
        cmocka_unit_test(near_by_wrong_rules_are_noticed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}
