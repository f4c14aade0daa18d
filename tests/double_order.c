/* The order of convergence that a sampler promises, measured on models whose solution is known,
 * down to a size above 0 (the last step to 0 would hide it). In double, where rounding is out of
 * the way. */
#include "order.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static arena memory;

/* In twice as many steps when it is not there yet: what is left of the next order halves. (With the
 * most steps an error of order 4 may be all rounding.) */
static void assert_order(const course *c, const sampler_kind *kind, int order, double promised)
{
    double measured = 0;
    for (int n = 640; n <= 5120; n *= 2) {
        measured = measured_order(c, kind, order, n, memory);
        if (fabs(measured - promised) <= 0.06) return;
    }
    fail_msg("%s: order %g is promised and %.3f measured", kind->name, promised, measured);
}

static void all_hold_their_order(const course *c)
{
    for (int k = 0; samplers[k]; k++) {
        const sampler_kind *kind = samplers[k];
        if (kind->order == 0 || kind->whole_walk) continue;
        if (kind->no_flow && c->model->flow) continue;
        if (kind->stochastic && !(kind->takes & SAMPLER_ETA)) continue;
        assert_order(c, kind, 0, kind->order);
        int more = kind->max_order && kind->order > kind->max_order ? kind->order - kind->max_order
                                                                    : 0; /* what a corrector adds */
        for (int order = 1; order <= kind->max_order && order + more <= kind->order; order++)
            assert_order(c, kind, order, order + more);
    }
}

static void on(const exact_mixture *m)
{
    arena a = memory;
    course c = course_make(m, &memory);
    all_hold_their_order(&c);
    memory = a;
}

static void on_one_bell(void **state)
{
    (void)state;
    on(&bell);
}

static void on_two_bumps(void **state)
{
    (void)state;
    on(&bumps);
}

static void on_one_bell_in_a_flow(void **state)
{
    (void)state;
    on(&bell_in_flow);
}

/* N(1, 0.5^2), from x = 11 at sigma 10 to 0.01, Karras: the table of lesson 14. */
static void the_table_of_the_lessons(void **state)
{
    (void)state;
    const struct {
        const char *name;
        double error[6]; /* 10, 20, 40, 80, 160, 320 steps */
    } table[] = {
        {"euler", {7.78e-2, 4.06e-2, 2.07e-2, 1.05e-2, 5.26e-3, 2.64e-3}},
        {"ddim", {7.78e-2, 4.06e-2, 2.07e-2, 1.05e-2, 5.26e-3, 2.64e-3}},
        {"heun", {2.85e-2, 6.68e-3, 1.62e-3, 3.98e-4, 9.87e-5, 2.46e-5}},
        {"dpmpp_2m", {2.90e-2, 7.08e-3, 1.66e-3, 4.02e-4, 9.89e-5, 2.45e-5}},
        {"lms", {2.40e-2, 3.27e-3, 3.06e-4, 2.46e-5, 2.04e-6, 2.22e-7}},
    };
    for (size_t row = 0; row < sizeof table / sizeof *table; row++)
        for (int i = 0; i < 6; i++) {
            arena a = memory;
            const sampler_kind *kind;
            real number[] = {11}, truth[] = {11};
            tensor x = {number, 1, 1, 1, 1};
            toy_follow(&bell, (tensor){truth, 1, 1, 1, 1}, HIGH, LOW);
            assert_null(sampler_find(table[row].name, &kind));
            sampler s =
                sampler_make(kind, exact_denoiser(&bell), toy_walk(&a, 10 << i, HIGH, LOW, false),
                             noise_fresh(rng_torch(1)));
            assert_null(sampler_run(&s, x, a));
            double apart = fabs((double)(number[0] - truth[0])), printed = table[row].error[i];
            assert_true(fabs(apart - printed) <= 0.005 * printed); /* three digits are printed */
        }
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_one_bell),
        cmocka_unit_test(on_two_bumps),
        cmocka_unit_test(on_one_bell_in_a_flow),
        cmocka_unit_test(the_table_of_the_lessons),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
