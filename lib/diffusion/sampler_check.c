/* Before a walk: what cannot be walked, and what a kind does not listen to. */
#include "diffusion/sampler_inside.h"
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static error check_numbers(const sampler *s)
{
    const sampler_options *o = &s->options;
    const char *const name[] = {"eta",        "s_noise",     "churn",   "r",    "gamma",
                                "snr",        "temperature", "correct", "rtol", "atol",
                                "first step", "p",           "i",       "d",    "safety"};
    const double value[] = {o->eta,          o->s_noise,      o->churn,         o->r,
                            o->gamma,        o->snr,          o->temperature,   o->correct,
                            o->control.rtol, o->control.atol, o->control.first, o->control.p,
                            o->control.i,    o->control.d,    o->control.safety};
    for (size_t k = 0; k < sizeof value / sizeof *value; k++)
        if (!(value[k] == 0 || (value[k] >= 1e-30 && value[k] <= 1e9)))
            return error_make("%s is %g; it must be 0, or from 1e-30 to 1e9", name[k], value[k]);
    if (o->r > 1 || (o->r > 0 && o->r < 1e-6) || o->predictor < 0 || o->predictor > SAMPLER_PAST)
        return error_make("r is %g, not 1e-6 to 1; predictor %d, not 0 to 5", o->r, o->predictor);
    if (o->snr > 0 && !o->correct) return error_make("snr is of correct, which is not asked for");
    if (!(o->noise_min <= o->noise_max))
        return error_make("noise from sigma %g to %g is nowhere", o->noise_min, o->noise_max);
    if (o->churn > 0 && s->model.flow)
        return error_make("a flow takes no churn: noise cannot grow beyond sigma 1");
    if (o->variance != SAMPLER_FIXED_SMALL && s->model.flow)
        return error_make("a flow has no beta: use the small variance");
    if (o->variance >= SAMPLER_LEARNED && !s->model.gives_variance)
        return error_make("the denoiser gives no variance: use a fixed one");
    return NULL;
}

#define OPTION(BIT, field) \
    {#field, SAMPLER_##BIT, offsetof(sampler, options.field), sizeof((sampler_options *)0)->field},
static const struct {
    const char *name;
    unsigned bit;
    size_t at, size;
} options[] = {
    SAMPLER_OPTIONS(OPTION){"mask", SAMPLER_MASK, offsetof(sampler, mask), 2 * sizeof(tensor)}};

enum { OPTIONS = sizeof options / sizeof *options };

static bool takes(const sampler_kind *k, unsigned bit)
{
    return k->takes & bit || (bit == SAMPLER_ORDER && k->max_order > 0) ||
           (bit == SAMPLER_FORM && k->forms);
}

/* In the order of sampler_form. */
static const char *const forms[] = {"usual",          "midpoint",  "heun",    "bh1",  "bh2",
                                    "euler_maruyama", "ancestral", "reverse", "plms", "ipndm_v"};
enum { FORMS = sizeof forms / sizeof *forms };

static bool has_form(const sampler_kind *k, sampler_form form)
{
    return form == SAMPLER_FORM_USUAL ||
           (k->forms && (unsigned)form < FORMS && strstr(k->forms, forms[form]));
}

void sampler_takes(const sampler_kind *kind, char *out, size_t room)
{
    int n = 0;
    snprintf(out, room, "no options");
    for (int j = 0; j < OPTIONS && (size_t)n < room; j++) {
        const char *form = options[j].bit == SAMPLER_FORM ? kind->forms : NULL;
        if (takes(kind, options[j].bit))
            n += snprintf(out + n, room - (size_t)n, "%s%s%s%s", n ? ", " : "", options[j].name,
                          form ? " " : "", form ? form : "");
    }
}

static error check_wanted(const sampler *s)
{
    const sampler_kind *k = s->kind;
    int order = s->options.order;
    const sampler usual = sampler_make(k, s->model, s->walk, s->noise);
    char listed[256];
    sampler_takes(k, listed, sizeof listed);
    for (int j = 0; j < OPTIONS; j++) {
        const char *ours = (const char *)s + options[j].at, *name = options[j].name;
        if (!takes(k, options[j].bit) &&
            memcmp(ours, (const char *)&usual + options[j].at, options[j].size) != 0)
            return error_make("sampler %s takes no %s; it takes %s", k->name, name, listed);
    }
    if (!has_form(k, s->options.form))
        return error_make("sampler %s has no such form; it takes %s", k->name, listed);
    if (order < 0 || order > k->max_order)
        return error_make("%s takes an order from 1 to %d, not %d", k->name, k->max_order, order);
    return NULL;
}

static error check_kind(const sampler *s)
{
    const sampler_kind *k = s->kind;
    const char *wrong = NULL;
    if (s->options.climb && (k->stochastic || s->options.eta > 0))
        wrong = "cannot climb: it draws noise instead of following the slope";
    if (s->model.gives_away && !(k->takes & SAMPLER_AWAY))
        wrong = "cannot walk along another guess's noise (CFG++, keep_direction): take ddim";
    if (k->no_flow && s->model.flow) wrong = "has no form for a flow: take ddim";
    if (k->needs_schedule && !s->schedule) wrong = "needs the training schedule";
    if (k == &sampler_ddim && s->options.as_published &&
        (s->options.climb || s->model.flow || !s->schedule || s->schedule->T < s->walk.n))
        wrong = "as published walks down a trained table, in T steps at most";
    if (k->discrete && s->noise.kind != NOISE_FRESH)
        wrong = "draws uniform numbers: give it fresh noise";
    return wrong ? error_make("sampler %s %s", k->name, wrong) : NULL;
}

static error check_mask(const sampler *s, tensor x)
{
    if (!s->mask.data || !s->known.data || !tensor_same_shape(s->mask, x) ||
        !tensor_same_shape(s->known, x))
        return error_make("sampler %s needs a mask and a known picture of x's shape",
                          s->kind->name);
    for (size_t i = 0; i < tensor_count(x); i++)
        if (!(s->mask.data[i] >= 0 && s->mask.data[i] <= 1 && isfinite(s->known.data[i])))
            return error_make("number %zu: a mask of %g, not 0 to 1, or a known %g", i,
                              (double)s->mask.data[i], (double)s->known.data[i]);
    return NULL;
}

/* A path gives each stretch of sigma one noise, so it can be walked once, downwards. */
static error check_walk(const sampler *s)
{
    bool path = s->noise.kind == NOISE_BROWNIAN, climb = s->options.climb;
    if ((path || climb) && (s->options.churn > 0 || s->options.correct))
        return error_make("churn and correct need fresh noise, not a Brownian path or a climb");
    for (int i = 0; i <= s->walk.n; i++) {
        double at = s->walk.at[i];
        bool rises = i > 0 && at > s->walk.at[i - 1];
        if (path && at > s->noise.top)
            return error_make("the Brownian path ends at sigma %g, below %g", s->noise.top, at);
        if (path && rises && !climb)
            return error_make("a walk that rises needs fresh noise, not a Brownian path");
        if (rises && s->kind->whole_walk)
            return error_make("%s cannot walk a list that rises at step %d", s->kind->name, i);
        if (climb && at == 0 && i < s->walk.n)
            return error_make("size %d is 0: from there no slope leads up; begin higher", i);
        if (s->model.flow && at > 1)
            return error_make("sigma %d is %g; a flow has none above 1", i, at);
    }
    return NULL;
}

error sampler_check(const sampler *s, tensor x)
{
    error wrong = sigmas_check(s->walk);
    if (!wrong) wrong = check_numbers(s);
    if (!wrong) wrong = check_wanted(s);
    if (!wrong) wrong = check_kind(s);
    if (!wrong) wrong = check_walk(s);
    if (!wrong && s->kind->takes & SAMPLER_MASK) wrong = check_mask(s, x);
    if (!wrong && s->kind->discrete)
        wrong = discrete_check(s->discrete, s->walk, x, s->kind->mask_alone);
    if (wrong || tensor_finite(x)) return wrong;
    return error_make("the picture to start from holds a number that is not finite");
}
