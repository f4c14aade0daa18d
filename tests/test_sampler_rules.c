/* What step functions share: how much noise is fresh, and where noise is put back. */
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena memory;

/* All of the noise at `next` may be fresh, not more: with eta = 2 that is where it ends. */
static void fresh_noise_ends_at_all_of_it(void **state)
{
    (void)state;
    sigmas walk = toy_walk(&memory, 7, 10, 0.1, true);
    for (int k = 0; samplers[k]; k++) {
        if (!(samplers[k]->takes & SAMPLER_ETA)) continue;
        arena a = memory;
        sampler s = toy_sampler(samplers[k], toy_bells, walk, noise_fresh(rng_torch(1)));
        s.options.eta = 2;
        for (int i = 0; i < 7; i++)
            assert_true(sampler_up(&s, walk.at[i], walk.at[i + 1]) <= walk.at[i + 1]);
        assert_true(sampler_up(&s, 10, 5) == 5); /* 2 * 5 sqrt(1 - 1/4) is 8.7 */
        tensor x = toy_start(&a, 3, 10);
        toy_mask(&s, &a, x, true);
        assert_null(sampler_run(&s, x, a));
        assert_true(tensor_finite(x));
    }
}

/* Who adds no noise draws none, so that (noise){0} will do; a step to 0 adds none either. */
static void no_noise_is_drawn_in_vain(void **state)
{
    (void)state;
    sigmas walk = toy_walk(&memory, 7, 10, 0.1, true);
    for (int k = 0; samplers[k]; k++) {
        if (samplers[k]->discrete) continue;
        arena a = memory;
        const sampler_kind *kind = samplers[k];
        sampler s = toy_sampler(kind, toy_bells, walk, noise_fresh(rng_torch(1)));
        tensor x = toy_start(&a, 3, 10);
        toy_mask(&s, &a, x, true);
        assert_null(sampler_run(&s, x, a));
        if (!kind->stochastic) assert_int_equal(s.noise.draws, 0);
        if (kind == &sampler_euler_ancestral) assert_int_equal(s.noise.draws, 6);
    }
}

/* From noise_min to noise_max, both of them in; anywhere when neither was said. */
static void churn_is_where_it_was_asked_for(void **state)
{
    (void)state;
    const double sigma[] = {0.5, 1, 3, 4, 1000}, between[] = {1, sqrt(2), sqrt(2), 1, 1};
    for (int limited = 0; limited < 2; limited++)
        for (int i = 0; i < 5; i++) {
            arena a = memory;
            tensor x = toy_start(&a, 1, 1);
            sampler s = sampler_make(&sampler_euler, toy_bells, (sigmas){.n = 1},
                                     noise_fresh(rng_torch(1)));
            s.scratch = a;
            s.options.churn = 9;
            if (limited) s.options.noise_min = 1, s.options.noise_max = 3;
            double grows = limited ? between[i] : sqrt(2);
            assert_true(fabs(sampler_churn(&s, x, sigma[i]) / sigma[i] - grows) < 1e-15);
            assert_int_equal(s.noise.draws, grows > 1);
        }
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_noise_ends_at_all_of_it),
        cmocka_unit_test(no_noise_is_drawn_in_vain),
        cmocka_unit_test(churn_is_where_it_was_asked_for),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
