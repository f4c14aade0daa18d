/* What a model's scheduler is in our words: the spacing of times that each of diffusers' classes
 * has by itself, and what wins over it. That the walks are right, test_pipeline.c says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/scheduler.h"
#include "says.h"
#include <math.h>

enum { STEPS = 7 };
static arena memory;
static schedule trained;

/* `timestep_spacing` of diffusers 0.42's classes, with how each rounds it; LCM's and TCD's walk
 * down from the end, whatever theirs is called. */
static const struct {
    const char *name, *list;
} classes[] = {
    {"DDIMScheduler", "leading"},
    {"DDPMScheduler", "leading"},
    {"PNDMScheduler", "leading"},
    {"LCMScheduler", "trailing"},
    {"TCDScheduler", "trailing"},
    {"EulerDiscreteScheduler", "linspace"},
    {"EulerAncestralDiscreteScheduler", "linspace"},
    {"HeunDiscreteScheduler", "linspace"},
    {"KDPM2DiscreteScheduler", "linspace"},
    {"LMSDiscreteScheduler", "linspace"},
    {"DPMSolverSDEScheduler", "linspace"},
    {"DPMSolverMultistepScheduler", "linspace_multistep"},
    {"DPMSolverSinglestepScheduler", "linspace_multistep"},
    {"UniPCMultistepScheduler", "linspace_multistep"},
    {"DEISMultistepScheduler", "linspace_multistep"},
};
enum { CLASSES = sizeof classes / sizeof *classes };

static scheduler_plan planned(scheduler_config c, scheduler_wish ask)
{
    scheduler_plan plan;
    error wrong = scheduler_make(&c, ask, &trained, &memory, &plan);
    if (wrong) fail_msg("%s", wrong);
    return plan;
}

/* All but the last, which is 0 or the least. */
static void assert_list(const char *who, sigmas walk, const char *list)
{
    sigmas right;
    sigmas_options usual = {.offset = 1};
    assert_null(sigmas_make(list, STEPS, &trained, usual, &memory, &right));
    assert_int_equal(walk.n, STEPS);
    for (int i = 0; i < STEPS; i++)
        if (walk.at[i] != right.at[i])
            fail_msg("%s: sigma %d is %g, and %g in %s", who, i, walk.at[i], right.at[i], list);
}

static void test_own_spacings(void **state)
{
    (void)state;
    scheduler_wish as_it_is = {.steps = STEPS};
    for (int i = 0; i < CLASSES; i++) {
        scheduler_config c = {.name = classes[i].name, .offset = 1, .plms = true};
        assert_list(c.name, planned(c, as_it_is).walk, classes[i].list);
    }
}

/* The config's spacing holds for whatever sampler; its list only where none is asked for. */
static void test_what_wins(void **state)
{
    (void)state;
    scheduler_config c = {.name = "EulerDiscreteScheduler", .spacing = "leading", .offset = 1};
    scheduler_wish ask = {.steps = STEPS};
    assert_list("config", planned(c, ask).walk, "leading");
    c.list = "exponential", c.spacing = NULL;
    assert_list("config's list", planned(c, ask).walk, "exponential");
    c.list = NULL, c.spacing = "leading", ask.name = "DPM++ 2M";
    assert_list("another sampler", planned(c, ask).walk, "leading_multistep");
    c.list = "exponential", ask.list = "trailing";
    assert_list("another list", planned(c, ask).walk, "trailing");
    ask.list = NULL, ask.name = "DPM++ 2M Karras";
    assert_int_equal(planned(c, ask).walk.n, STEPS);
    assert_ptr_equal(planned(c, ask).rule.kind, &sampler_dpmpp_2m);
    assert_ptr_equal(planned(c, ask).time, rint);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    scheduler_plan plan;
    scheduler_config c = {.name = "EulerDiscreteScheduler"};
    scheduler_wish ask = {.name = "nobody", .steps = STEPS};
    assert_says(scheduler_make(&c, ask, &trained, &memory, &plan), "there is no sampler");
    ask = (scheduler_wish){.list = "nowhere", .steps = STEPS};
    assert_says(scheduler_make(&c, ask, &trained, &memory, &plan), "nowhere");
}

int main(void)
{
    memory = arena_make((size_t)1 << 28);
    schedule_options o = {
        .T = 1000, .beta_start = 0.00085, .beta_end = 0.012, .manner = SCHEDULE_DIFFUSERS};
    if (schedule_make("scaled_linear", o, &memory, &trained)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_spacings),
        cmocka_unit_test(test_what_wins),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
