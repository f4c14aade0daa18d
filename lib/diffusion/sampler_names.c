#include "diffusion/sampler_names.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

/* A row: the names, the kind, its list or NULL, and what is not 0 in its options; s_noise and
 * noise_max are the usual ones where they are not said. */
#define PRESET(names, kind, list, ...) \
    {                                  \
        names,                         \
        {                              \
            &sampler_##kind, list,     \
            {                          \
                __VA_ARGS__            \
            }                          \
        }                              \
    }
const sampler_preset sampler_presets[] = {
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

/* Whether `text` is `known`, perhaps with the name of a list behind it. */
static bool means(const char *text, const char *known, const char **list)
{
    char word[NAME];
    size_t length = strlen(known);
    if (length == 0 || strncmp(text, known, length) != 0) return false;
    text += length;
    *list = NULL;
    if (!*text || strcmp(text, "gpu") == 0) return true;
    for (int i = 0; sigmas_names[i]; i++) {
        squeeze(sigmas_names[i], word);
        if (strcmp(text, word) == 0) return *list = sigmas_names[i], true;
    }
    return false;
}

/* Whether one of `names` fits; then `out` is `choice`, with the list that text may name. */
static bool one_fits(const char *text, const char *names, sampler_choice choice,
                     sampler_choice *out)
{
    char known[NAME];
    const char *list;
    while (names && *names) {
        names = squeeze(names, known);
        if (!means(text, known, &list)) continue;
        *out = choice;
        if (list) out->list = list;
        if (out->options.s_noise == 0) out->options.s_noise = 1;
        if (out->options.noise_max == 0) out->options.noise_max = HUGE_VAL;
        return true;
    }
    return false;
}

static bool found(const char *text, sampler_choice *out)
{
    for (const sampler_preset *p = sampler_presets; p->names; p++)
        if (one_fits(text, p->names, p->choice, out)) return true;
    for (int k = 0; samplers[k]; k++) {
        const sampler_kind *kind = samplers[k];
        sampler_choice plain = {kind, NULL, {kind->eta, .temperature = kind->temperature}};
        if (one_fits(text, kind->name, plain, out) || one_fits(text, kind->label, plain, out) ||
            one_fits(text, kind->also, plain, out))
            return true;
    }
    return false;
}

error sampler_choose(const char *name, sampler_choice *out)
{
    char text[NAME];
    if (*squeeze(name, text)) return sampler_find(name, &out->kind); /* a comma within */
    if (found(text, out)) return NULL;
    if (text[0] == 'k' && found(text + 1, out)) return NULL;
    if (strncmp(text, "sample", 6) == 0 && found(text + 6, out)) return NULL;
    return sampler_find(name, &out->kind);
}
