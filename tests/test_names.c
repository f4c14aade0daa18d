/* Whatever somebody calls a sampler, it is found; and no name means two things. */
#include "pipeline/names.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static names_choice chosen(const char *name)
{
    names_choice out = {0};
    error wrong = names_choose(name, &out);
    if (wrong) fail_msg("%s", wrong);
    return out;
}

static void assert_means(const char *name, const sampler_kind *kind, const char *list)
{
    names_choice out = chosen(name);
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
    assert_means("dpmpp_2m_sde_gpu_karras", &sampler_dpmpp_2m_sde, "karras");
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
    assert_means("Restart", &sampler_heun, "restart");
    assert_means("Restart Karras", &sampler_heun, "restart");
    assert_means("RePaintScheduler", &sampler_repaint, "repaint");
}

/* What people see in the menus and the code of diffusers, k-diffusion, A1111, Forge and ComfyUI. */
static const char *const seen_elsewhere[] = {"ddim",
                                             "ddpm",
                                             "singlestep_dpm_solver",
                                             "multistep_dpm_solver",
                                             "heun",
                                             "dpm_discrete",
                                             "dpm_discrete_ancestral",
                                             "stochastic_karras_ve",
                                             "lms_discrete",
                                             "pndm",
                                             "score_sde_ve",
                                             "score_sde_vp",
                                             "ipndm",
                                             "euler",
                                             "euler_ancestral",
                                             "vq_diffusion",
                                             "DPM++ 2M",
                                             "DPM++ SDE",
                                             "DPM++ 2M SDE",
                                             "DPM++ 2M SDE Heun",
                                             "DPM++ 2S a",
                                             "DPM++ 3M SDE",
                                             "Euler a",
                                             "LMS",
                                             "DPM2",
                                             "DPM2 a",
                                             "DPM fast",
                                             "DPM adaptive",
                                             "DDIM CFG++",
                                             "PLMS",
                                             "UniPC",
                                             "LCM",
                                             "DPM++ 2M Karras",
                                             "DPM++ SDE Karras",
                                             "DPM++ 2M SDE Exponential",
                                             "DPM++ 2S a Karras",
                                             "DPM2 a Karras",
                                             "LMS Karras",
                                             "DPM++ 3M SDE Exponential",
                                             "Euler SGM Uniform",
                                             "IPNDM_V",
                                             "DEIS",
                                             "euler_cfg_pp",
                                             "dpm_2_ancestral",
                                             "dpm_fast",
                                             "dpm_adaptive",
                                             "dpmpp_2s_ancestral",
                                             "dpmpp_sde_gpu",
                                             "dpmpp_2m_cfg_pp",
                                             "dpmpp_2m_sde_gpu",
                                             "dpmpp_2m_sde_heun_gpu",
                                             "dpmpp_3m_sde_gpu",
                                             "res_multistep",
                                             "res_multistep_cfg_pp",
                                             "res_multistep_ancestral",
                                             "gradient_estimation",
                                             "gradient_estimation_cfg_pp",
                                             "er_sde",
                                             "seeds_2",
                                             "seeds_3",
                                             "sa_solver",
                                             "sa_solver_pece",
                                             "uni_pc",
                                             "uni_pc_bh2",
                                             "exp_heun_2_x0",
                                             "DDPMScheduler",
                                             "DDIMScheduler",
                                             "DDIMInverseScheduler",
                                             "PNDMScheduler",
                                             "IPNDMScheduler",
                                             "DPMSolverSinglestepScheduler",
                                             "DPMSolverMultistepScheduler",
                                             "DPMSolverSDEScheduler",
                                             "EDMDPMSolverMultistepScheduler",
                                             "EDMEulerScheduler",
                                             "CosineDPMSolverMultistepScheduler",
                                             "DEISMultistepScheduler",
                                             "UniPCMultistepScheduler",
                                             "SASolverScheduler",
                                             "EulerDiscreteScheduler",
                                             "EulerAncestralDiscreteScheduler",
                                             "HeunDiscreteScheduler",
                                             "KDPM2DiscreteScheduler",
                                             "KDPM2AncestralDiscreteScheduler",
                                             "LMSDiscreteScheduler",
                                             "ScoreSdeVeScheduler",
                                             "ScoreSdeVpScheduler",
                                             "KarrasVeScheduler",
                                             "CMStochasticIterativeScheduler",
                                             "LCMScheduler",
                                             "TCDScheduler",
                                             "FlowMatchEulerDiscreteScheduler",
                                             "FlowMatchHeunDiscreteScheduler",
                                             "VQDiffusionScheduler",
                                             "AmusedScheduler",
                                             "k_dpmpp_2m",
                                             "k_euler_a",
                                             "k_dpm_2_a",
                                             "sample_dpmpp_2m_sde",
                                             "res_2s",
                                             "plms",
                                             "dpmsolver++",
                                             "dpmsolver",
                                             "sde-dpmsolver++",
                                             "sde-dpmsolver",
                                             "dpm++2m",
                                             "tcd"};

static void menus_of_others_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof seen_elsewhere / sizeof *seen_elsewhere; i++)
        chosen(seen_elsewhere[i]);
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
    for (const names_preset *p = names_presets; p->names; p++)
        for (const char *at = p->names; *at; at += strcspn(at, ","), at += !!*at) {
            arena memory = arena_make(1 << 22);
            char name[200];
            snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
            names_choice out = chosen(name);
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
            tensor x = toy_start(&memory, 1, walk.at[0]);
            toy_mask(&s, &memory, x, true);
            error wrong = sampler_run(&s, x, memory);
            if (wrong) fail_msg("%s: %s", name, wrong);
            arena_free(memory);
        }
}

static void unknown_names_are_told_the_nearest(void **state)
{
    (void)state;
    names_choice out;
    const char *const names[] = {"",       ",",         "k_", "sample_", "dpmpp_2m unheard of",
                                 "karras", "euler,heun"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(names_choose(names[i], &out));
    assert_non_null(strstr(names_choose("eulr", &out), "nearest is euler"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_all_programs_are_found),
        cmocka_unit_test(menus_of_others_are_understood),
        cmocka_unit_test(every_name_is_its_own),
        cmocka_unit_test(every_preset_can_be_walked),
        cmocka_unit_test(unknown_names_are_told_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
