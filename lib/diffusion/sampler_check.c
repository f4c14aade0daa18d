/* Before a walk: what cannot be walked, and what a kind does not listen to. */
#include "diffusion/sampler_inside.h"
#include <math.h>
#include <stdio.h>

static error check_numbers(const sampler *s)
{
    const sampler_options *o = &s->options;
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"eta", o->eta},           {"s_noise", o->s_noise},
                   {"churn", o->churn},       {"r", o->r},
                   {"gamma", o->gamma},       {"snr", o->snr},
                   {"rtol", o->control.rtol}, {"atol", o->control.atol},
                   {"correct", o->correct},   {"the controller's first step", o->control.first}};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        if (!(numbers[k].value >= 0 && isfinite(numbers[k].value)))
            return error_make("%s is %g; it must be 0 or more", numbers[k].name, numbers[k].value);
    if (o->r > 1 || o->predictor < 0)
        return error_make("r is %g, at most 1; predictor %d, at least 0", o->r, o->predictor);
    if (!(o->temperature >= 0 && isfinite(o->temperature)))
        return error_make("temperature is %g; it must be 0 or more", o->temperature);
    if (!(o->noise_min <= o->noise_max))
        return error_make("noise is wanted from sigma %g to %g, which is nowhere", o->noise_min,
                          o->noise_max);
    if (o->churn > 0 && s->model.flow)
        return error_make("churn cannot be used with a flow: noise cannot grow beyond sigma 1");
    if (o->variance != SAMPLER_FIXED_SMALL && s->model.flow)
        return error_make("a flow has no beta: use the small variance");
    if (o->variance >= SAMPLER_LEARNED && !s->model.gives_variance)
        return error_make("the denoiser gives no variance: use a fixed one");
    return NULL;
}

static bool controlled(sampler_control c)
{
    return c.rtol != 0 || c.atol != 0 || c.first != 0 || c.p != 0 || c.i != 0 || c.d != 0 ||
           c.safety != 0;
}

/* The options of all kinds: their bit, and whether this walk asks for them. Writes down which the
 * kind takes; returns one that is asked for in vain, or NULL. */
static const char *unwanted(const sampler *s, char *takes, size_t room)
{
    const sampler_options *o = &s->options;
    const sampler_kind *k = s->kind;
    const struct {
        const char *name;
        unsigned bit;
        bool wanted;
    } all[] = {{"eta", SAMPLER_ETA, o->eta != k->eta},
               {"churn", SAMPLER_CHURN, o->churn != 0},
               {"order", SAMPLER_ORDER, o->order != 0},
               {"variance", SAMPLER_VARIANCE, o->variance != SAMPLER_FIXED_SMALL},
               {"form", SAMPLER_FORM, o->form != SAMPLER_FORM_USUAL},
               {"noise_prediction", SAMPLER_NOISE_PREDICTION, o->noise_prediction},
               {"keep_order", SAMPLER_KEEP_ORDER, o->keep_order},
               {"euler_last", SAMPLER_EULER_LAST, o->euler_last},
               {"r", SAMPLER_R, o->r != 0},
               {"gamma", SAMPLER_GAMMA, o->gamma != 0},
               {"correct", SAMPLER_CORRECT, o->correct != 0 || o->snr != 0},
               {"predictor", SAMPLER_PREDICTOR, o->predictor != 0},
               {"pece", SAMPLER_PECE, o->pece},
               {"control", SAMPLER_CONTROL, controlled(o->control)},
               {"temperature", SAMPLER_TEMPERATURE, o->temperature != k->temperature},
               {"mask", SAMPLER_MASK, s->mask.data || s->known.data},
               {"as_published", SAMPLER_AS_PUBLISHED, o->as_published}};
    unsigned bits = k->takes | (k->max_order ? SAMPLER_ORDER : 0);
    const char *in_vain = NULL;
    size_t here = 0;
    snprintf(takes, room, "no options");
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
        if (bits & all[j].bit && here < room)
            here +=
                (size_t)snprintf(takes + here, room - here, "%s%s", here ? ", " : "", all[j].name);
        else if (all[j].wanted)
            in_vain = all[j].name;
    return in_vain;
}

void sampler_takes(const sampler_kind *kind, char *out, size_t room)
{
    unwanted(&(sampler){.kind = kind, .options.eta = kind->eta}, out, room);
}

static error check_wanted(const sampler *s)
{
    const sampler_options *o = &s->options;
    const sampler_kind *k = s->kind;
    char takes[256];
    const char *in_vain = unwanted(s, takes, sizeof takes);
    if (in_vain) return error_make("sampler %s takes no %s; it takes %s", k->name, in_vain, takes);
    if (o->order < 0 || o->order > k->max_order)
        return error_make("sampler %s takes an order from 1 to %d, not %d", k->name, k->max_order,
                          o->order);
    return NULL;
}

static error check_kind(const sampler *s)
{
    const sampler_kind *k = s->kind;
    if (s->options.climb && (k->stochastic || s->options.eta > 0 || s->options.correct))
        return error_make("sampler %s cannot climb: it draws noise instead of following the slope",
                          k->name);
    if (s->model.gives_away && !(k->takes & SAMPLER_AWAY))
        return error_make("sampler %s cannot walk along another guess's noise: take ddim, or do "
                          "without CFG++ and keep_direction",
                          k->name);
    if (k->no_flow && s->model.flow)
        return error_make("sampler %s has no form for a flow: take ddim", k->name);
    if (k->needs_schedule && !s->schedule)
        return error_make("sampler %s needs the training schedule", k->name);
    if (k->discrete && s->noise.kind != NOISE_FRESH)
        return error_make("sampler %s draws uniform numbers: give it fresh noise", k->name);
    for (int i = 0; k->whole_walk && i < s->walk.n; i++)
        if (s->walk.at[i + 1] > s->walk.at[i])
            return error_make("sampler %s walks from the first size of a list to its last, but "
                              "this list rises at step %d",
                              k->name, i + 1);
    return NULL;
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
static error check_path(const sampler *s)
{
    if (s->noise.kind != NOISE_BROWNIAN) return NULL;
    if (s->options.churn > 0 || s->options.correct)
        return error_make("churn and correct need fresh noise, not a Brownian path");
    for (int i = 0; i <= s->walk.n; i++) {
        if (s->walk.at[i] > s->noise.top)
            return error_make("the Brownian path ends at sigma %g but the walk is at %g",
                              s->noise.top, s->walk.at[i]);
        if (i > 0 && s->walk.at[i] > s->walk.at[i - 1] && !s->options.climb)
            return error_make("a walk that rises needs fresh noise, not a Brownian path");
    }
    return NULL;
}

error sampler_check(const sampler *s, tensor x)
{
    error wrong = sigmas_check(s->walk);
    if (!wrong) wrong = check_numbers(s);
    if (!wrong) wrong = check_wanted(s);
    if (!wrong) wrong = check_kind(s);
    if (!wrong) wrong = check_path(s);
    if (!wrong && s->kind->takes & SAMPLER_MASK) wrong = check_mask(s, x);
    for (int i = 0; !wrong && s->options.climb && i < s->walk.n; i++)
        if (s->walk.at[i] == 0)
            wrong = error_make("size %d is 0: from there no slope leads up; begin higher", i);
    for (int i = 0; !wrong && s->model.flow && i <= s->walk.n; i++)
        if (s->walk.at[i] > 1)
            wrong = error_make("sigma %d is %g; a flow has none above 1", i, s->walk.at[i]);
    if (!wrong && !tensor_finite(x))
        wrong = error_make("the picture to start from holds a number that is not finite");
    if (!wrong && s->kind->discrete)
        wrong = discrete_check(s->discrete, s->walk, x, s->kind->mask_alone);
    return wrong;
}
