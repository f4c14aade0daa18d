#include "pipeline/names.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

/* A row: the names, the kind, its list or NULL, and what is not 0 in its options; s_noise and
 * noise_max are the usual ones where they are not said. */
/* clang-format off */
#define PRESET(names, kind, list, ...) {names, {&sampler_##kind, list, {__VA_ARGS__}}}
/* clang-format on */
const names_preset names_presets[] = {
    PRESET("stochastic_karras_ve, KarrasVeScheduler, EDM", heun, "edm", .churn = 80,
           .s_noise = 1.007, .noise_min = 0.05, .noise_max = 50),
    PRESET("EDMEulerScheduler", euler, "edm", .eta = 0),
    PRESET("EDMDPMSolverMultistepScheduler", dpmpp_2m, "edm", .eta = 0),
    PRESET("FlowMatchEulerDiscreteScheduler, flow_match_euler", euler, "flow", .eta = 0),
    PRESET("FlowMatchHeunDiscreteScheduler, flow_match_heun", heun, "flow", .eta = 0),
    PRESET("SASolverScheduler", sa_solver, NULL, .eta = 1, .order = 2, .predictor = 2,
           .noise_min = 0.571, .noise_max = 5.112, .as_published = true),
    PRESET("DPM++ 2M SDE Heun, dpmpp_2m_sde_heun", dpmpp_2m_sde, NULL, .eta = 1,
           .form = SAMPLER_HEUN),
    PRESET("CosineDPMSolverMultistepScheduler", dpm_solver_multistep, "exponential", .eta = 1),
    PRESET("dpmsolver", dpm_solver_multistep, NULL, .noise_prediction = true),
    PRESET("sde-dpmsolver", dpm_solver_multistep, NULL, .eta = 1, .noise_prediction = true),
    PRESET("sa_solver_pece", sa_solver, NULL, .eta = 1, .pece = true),
    PRESET("exp_heun_2_x0", res_singlestep, NULL, .r = 1),
    PRESET("exp_heun_2_x0_sde", seeds_2, NULL, .eta = 1, .r = 1, .form = SAMPLER_HEUN),
    PRESET("DPM fast, DPM-Solver-fast", dpm_solver_singlestep, "dpm_fast", .order = 3,
           .noise_prediction = true),
    PRESET("LTXEulerAncestralRFScheduler", euler_ancestral, "flow", .eta = 1, .as_published = true),
    PRESET("Restart Karras, Restart", heun, "restart", .eta = 0),
    PRESET("RePaintScheduler", repaint, "repaint", .eta = 0),
    PRESET("DDIMInverseScheduler", ddim, NULL, .climb = true),
    PRESET("ScoreSdeVeScheduler", score_sde_ve, "exponential", .eta = 1, .correct = 1, .snr = 0.15),
    PRESET("ScoreSdeVpScheduler", score_sde_vp, "vp", .eta = 1, .form = SAMPLER_EULER_MARUYAMA),
    PRESET("ddpm learned_range", ddpm, NULL, .eta = 1, .variance = SAMPLER_LEARNED_RANGE),
    PRESET("ddpm fixed_large", ddpm, NULL, .eta = 1, .variance = SAMPLER_FIXED_LARGE),
    PRESET("PLMS", pndm, NULL, .form = SAMPLER_PLMS),
    PRESET("ipndm_v", ipndm, NULL, .form = SAMPLER_IPNDM_V),
    PRESET("ipndm_v as published", ipndm, NULL, .form = SAMPLER_IPNDM_V, .as_published = true),
    PRESET("uni_pc bh1", uni_pc, NULL, .form = SAMPLER_BH1),
    PRESET("UniPCMultistepScheduler", uni_pc, NULL, .order = 2),
    PRESET("DEISMultistepScheduler", deis, NULL, .order = 2),
    PRESET("res_multistep_ancestral, res_multistep_ancestral_cfg_pp", res_multistep, NULL,
           .eta = 1),
    {NULL, {NULL, NULL, {.eta = 0}}},
};

enum { NAME = 64 };

/* "DPM++ 2M" becomes "dpmpp2m"; up to a comma. Returns where it ended. */
static const char *squeeze(const char *name, char out[NAME])
{
    size_t used = 0;
    for (; *name && *name != ','; name++) {
        char c = *name == '+' ? 'p' : (char)tolower((unsigned char)*name);
        if (isalnum((unsigned char)c) && used + 1 < NAME) out[used++] = c;
    }
    out[used] = 0;
    return name + (*name == ',');
}

/* Whether one of `names` fits the text, perhaps with the name of a list behind it; then `out` is
 * `choice`. */
static bool means(const char *text, const char *names, names_choice choice, names_choice *out)
{
    char known[NAME], list[NAME];
    while (names && *names) {
        names = squeeze(names, known);
        size_t length = strlen(known);
        if (length == 0 || strncmp(text, known, length) != 0) continue;
        const char *rest = text + length + (strncmp(text + length, "gpu", 3) == 0 ? 3 : 0);
        bool plain = !*rest;
        for (int i = 0; sigmas_names[i] && !plain; i++) {
            squeeze(sigmas_names[i], list);
            if (strcmp(rest, list) == 0) choice.list = sigmas_names[i], plain = true;
        }
        if (plain) return *out = choice, true;
    }
    return false;
}

static bool found(const char *text, names_choice *out)
{
    for (const names_preset *p = names_presets; p->names; p++)
        if (means(text, p->names, p->choice, out)) {
            if (out->options.s_noise == 0) out->options.s_noise = 1;
            if (out->options.noise_max == 0) out->options.noise_max = HUGE_VAL;
            return true;
        }
    for (int k = 0; samplers[k]; k++) {
        const sampler_kind *kind = samplers[k];
        sampler s = sampler_make(kind, (denoiser){0}, (sigmas){0}, (noise){0});
        names_choice plain = {kind, NULL, s.options};
        if (means(text, kind->name, plain, out) || means(text, kind->label, plain, out) ||
            means(text, kind->also, plain, out))
            return true;
    }
    return false;
}

error names_choose(const char *name, names_choice *out)
{
    char text[NAME];
    bool one = !*squeeze(name, text); /* no comma within */
    if (one && (found(text, out) || (text[0] == 'k' && found(text + 1, out)) ||
                (strncmp(text, "sample", 6) == 0 && found(text + 6, out))))
        return NULL;
    return sampler_find(name, &out->kind);
}
