/* Whatever somebody calls a sampler, it is found; and no name means two things. */
#include "diffusion/sampler_names.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static sampler_choice chosen(const char *name)
{
    sampler_choice out = {0};
    error wrong = sampler_choose(name, &out);
    if (wrong) fail_msg("%s", wrong);
    return out;
}

static void assert_means(const char *name, const sampler_kind *kind, const char *list)
{
    sampler_choice out = chosen(name);
    if (out.kind != kind) fail_msg("%s is %s, not %s", name, out.kind->name, kind->name);
    if (list)
        assert_string_equal(out.list, list);
    else
        assert_null(out.list);
}

static void names_of_all_programs_are_found(void **state)
{
    (void)state;
    assert_means("dpmpp_2m", &sampler_dpmpp_2m, NULL);
    assert_means("DPM++ 2M Karras", &sampler_dpmpp_2m, "karras");
    assert_means("DPMSolverMultistepScheduler", &sampler_dpmpp_2m, NULL);
    assert_means("k_dpmpp_2m", &sampler_dpmpp_2m, NULL);
    assert_means("sample_dpmpp_2m", &sampler_dpmpp_2m, NULL);
    assert_means("dpmpp_2m_gpu", &sampler_dpmpp_2m, NULL);
    assert_means("multistep_dpm_solver", &sampler_dpmpp_2m, NULL);
    assert_means("lms_discrete", &sampler_lms, NULL);
    assert_means("LMS Karras", &sampler_lms, "karras");
    assert_means("Euler a", &sampler_euler_ancestral, NULL);
    assert_means("k_euler_a", &sampler_euler_ancestral, NULL);
    assert_means("Euler a SGM Uniform", &sampler_euler_ancestral, "sgm_uniform");
    assert_means("DPM2 Karras", &sampler_dpm_2, "karras");
    assert_means("FlowMatchEulerDiscreteScheduler", &sampler_euler, "flow");
    assert_means("sample_dpm_fast", &sampler_dpm_solver_singlestep, "dpm_fast");
    assert_true(chosen("DPM fast").options.order == 3);
}

/* Each kind answers to its name, its label and every other name, alone and with a list. */
static void every_name_is_its_own(void **state)
{
    (void)state;
    for (int k = 0; samplers[k]; k++) {
        assert_ptr_equal(chosen(samplers[k]->name).kind, samplers[k]);
        assert_ptr_equal(chosen(samplers[k]->label).kind, samplers[k]);
        char name[200];
        snprintf(name, sizeof name, "%s KARRAS", samplers[k]->label);
        assert_means(name, samplers[k], "karras");
        for (const char *at = samplers[k]->also; at && *at; at += strcspn(at, ","), at += !!*at) {
            snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
            if (chosen(name).kind != samplers[k])
                fail_msg("%s of %s means %s", name, samplers[k]->name, chosen(name).kind->name);
        }
    }
}

/* A preset can be walked as it stands: its kind takes its options, and its list is one. */
static void every_preset_can_be_walked(void **state)
{
    (void)state;
    for (const sampler_preset *p = sampler_presets; p->names; p++)
        for (const char *at = p->names; *at; at += strcspn(at, ","), at += !!*at) {
            arena memory = arena_make(1 << 22);
            char name[200];
            snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
            sampler_choice out = chosen(name);
            assert_ptr_equal(out.kind, p->choice.kind);
            assert_true(out.options.s_noise > 0 && out.options.noise_max > 0);
            bool flow = out.list && strcmp(out.list, "flow") == 0;
            schedule trained;
            assert_null(schedule_make(flow ? "flow" : "scaled_linear", (schedule_options){0},
                                      &memory, &trained));
            sigmas walk;
            assert_null(sigmas_make(out.list ? out.list : "karras", 6, &trained,
                                    (sigmas_options){0}, &memory, &walk));
            denoiser model = out.options.variance >= SAMPLER_LEARNED ? toy_unsure : toy_bells;
            model.flow = flow;
            sampler s = sampler_make(out.kind, model, walk, noise_fresh(rng_torch(1)));
            s.schedule = &trained;
            s.options = out.options;
            error wrong = sampler_run(&s, toy_start(&memory, 1, walk.at[0]), memory);
            if (wrong) fail_msg("%s: %s", name, wrong);
            arena_free(memory);
        }
}

static void unknown_names_are_told_the_nearest(void **state)
{
    (void)state;
    sampler_choice out;
    const char *const names[] = {"",       ",",         "k_", "sample_", "dpmpp_2m unheard of",
                                 "karras", "euler,heun"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(sampler_choose(names[i], &out));
    assert_non_null(strstr(sampler_choose("eulr", &out), "nearest is euler"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_all_programs_are_found),
        cmocka_unit_test(every_name_is_its_own),
        cmocka_unit_test(every_preset_can_be_walked),
        cmocka_unit_test(unknown_names_are_told_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
