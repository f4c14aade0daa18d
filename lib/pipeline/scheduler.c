#include "pipeline/scheduler.h"
#include <math.h>
#include <string.h>

/* diffusers' classes are of three families. They walk pictures of another scale, round their times
 * in another way, and end elsewhere. */
typedef enum {
    BY_SIGMA, /* k-diffusion's: x0 + sigma eps, fractional times */
    BY_TIME,  /* DDPM's: variance preserving, trained times */
    BY_LOG,   /* DPM-Solver's: the same in the logarithm of the signal-to-noise ratio */
} family;

/* How a class goes about it: what its config says by itself, where the file is silent. */
typedef struct {
    family family;
    const char *spacing;
    bool ends_above_0;
} manner;

/* By our names of their rules; the others are {BY_SIGMA, "linspace", false}. */
static const struct {
    manner manner;
    const char *kinds[7]; /* NULL behind the last */
} classes[] = {
    {{BY_TIME, "leading", false}, {"ddim", "ddpm", "repaint"}},
    {{BY_TIME, "leading", true}, {"pndm"}},
    {{BY_TIME, "trailing", false}, {"lcm", "tcd"}},
    {{BY_LOG, "linspace", false},
     {"dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "dpm_solver_multistep", "dpm_solver_singlestep",
      "uni_pc"}},
    {{BY_LOG, "linspace", true}, {"deis", "sa_solver"}},
};

/* diffusers' spacings, in the words of sigmas.h: a row for each family. */
static const char *spaced(family f, const char *spacing)
{
    static const char *const names[][3] = {{"linspace", "leading", "trailing"},
                                           {"linspace_rounded", "leading", "trailing"},
                                           {"linspace_multistep", "leading_multistep", "trailing"}};
    for (int i = 0; i < 3; i++)
        if (strcmp(spacing, names[BY_SIGMA][i]) == 0) return names[f][i];
    return spacing;
}

static manner manner_of(const scheduler_config *c, const sampler_kind *kind)
{
    manner m = {BY_SIGMA, "linspace", false};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        for (const char *const *name = classes[i].kinds; *name; name++)
            if (strcmp(*name, kind->name) == 0) m = classes[i].manner;
    if (c->spacing) m.spacing = c->spacing;
    const char *last = c->last;
    if (m.family == BY_TIME) last = kind == &sampler_ddpm ? NULL : c->last_time;
    if (m.family == BY_SIGMA && kind != &sampler_euler) last = NULL;
    if (last) m.ends_above_0 = strcmp(last, "sigma_min") == 0;
    return m;
}

/* Lists that are even in some function of sigma, not of t. */
static bool by_size(const char *list)
{
    return !strcmp(list, "karras") || !strcmp(list, "exponential") || !strcmp(list, "beta_sigmas");
}

/* Such lists take their ends from the list of the spacing. */
static error ends_of(const char *spaced, int n, const schedule *s, sigmas_options *o, arena scratch)
{
    sigmas walk;
    error wrong = sigmas_make(spaced, n, s, *o, &scratch, &walk);
    if (!wrong && n > 1) o->sigma_max = walk.at[0], o->sigma_min = walk.at[n - 1];
    return wrong;
}

error scheduler_make(const scheduler_config *c, scheduler_wish w, const schedule *s, arena *keep,
                     scheduler_plan *out)
{
    error wrong = names_choose(w.name ? w.name : c->name, &out->rule);
    if (wrong) return wrong;
    out->time = NULL;
    const sampler_kind *kind = out->rule.kind;
    /* The config's own options, where the rule is the config's. */
    if (!w.name && c->plms && kind == &sampler_pndm) out->rule.options.form = SAMPLER_PLMS;
    if (!w.name && c->order > 0 && c->order <= kind->max_order) out->rule.options.order = c->order;
    manner m = manner_of(c, kind);
    sigmas_options o = {.offset = c->offset, .end_at_min = m.ends_above_0};
    const char *even = spaced(m.family, m.spacing);
    const char *list = w.list;
    if (!list) list = out->rule.list ? out->rule.list : c->list ? c->list : even;
    if (m.family == BY_SIGMA && by_size(list)) wrong = ends_of(even, w.steps, s, &o, *keep);
    if (!wrong) wrong = sigmas_make(list, w.steps, s, o, keep, &out->walk);
    if (wrong) return wrong;
    /* VP pictures begin as noise of size 1, which are sqrt(sigma^2 + 1) here; so do k-diffusion's
     * classes where times are spaced "leading", else with noise of size sigma. */
    double first = out->walk.at[0], last = out->walk.at[out->walk.n];
    bool vp = m.family != BY_SIGMA || strcmp(m.spacing, "leading") == 0;
    out->start = vp ? hypot(first, 1) : first;
    out->end = m.family == BY_SIGMA ? 1 : 1 / hypot(last, 1);
    /* DPM-Solver's classes make the times of such lists whole: Karras's rounded, others cut. */
    if (m.family == BY_LOG && by_size(list)) out->time = strcmp(list, "karras") == 0 ? rint : floor;
    return NULL;
}
