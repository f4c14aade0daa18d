#include "diffusion/sampler_inside.h"
#include <math.h>
#include <string.h>

#define ADDRESS(name) &sampler_##name,
const sampler_kind *const samplers[] = {SAMPLERS(ADDRESS) NULL};

enum { KINDS = sizeof samplers / sizeof *samplers };

error sampler_find(const char *name, const sampler_kind **out)
{
    const char *known[KINDS] = {NULL};
    for (int k = 0; samplers[k]; k++) {
        known[k] = samplers[k]->name;
        if (strcmp(known[k], name) != 0) continue;
        *out = samplers[k];
        return NULL;
    }
    return error_unknown("sampler", name, known);
}

sampler sampler_make(const sampler_kind *kind, denoiser model, sigmas walk, noise source)
{
    return (sampler){
        .kind = kind,
        .model = model,
        .walk = walk,
        .noise = source,
        .options = {.eta = kind->eta, .s_noise = 1, .churn_max = HUGE_VAL},
    };
}

/* --- before the walk ------------------------------------------------------------------------- */

static error check_options(const sampler *s)
{
    const sampler_options *o = &s->options;
    if (!(o->eta >= 0 && isfinite(o->eta)))
        return error_make("eta is %g; it must be 0 or more", o->eta);
    if (!(o->s_noise >= 0 && isfinite(o->s_noise)))
        return error_make("s_noise is %g; it must be 0 or more", o->s_noise);
    if (!(o->churn >= 0 && isfinite(o->churn)))
        return error_make("churn is %g; it must be 0 or more", o->churn);
    if (!(o->churn_min <= o->churn_max))
        return error_make("churn is wanted from sigma %g to %g, which is nowhere", o->churn_min,
                          o->churn_max);
    if (o->churn > 0 && s->model.flow)
        return error_make("churn cannot be used with a flow: noise cannot grow beyond sigma 1");
    if (o->variance != SAMPLER_FIXED_SMALL && s->model.flow)
        return error_make("a flow has no beta: use the small variance");
    return NULL;
}

/* An option that the kind does not listen to would be a silent surprise. */
static error check_wanted(const sampler *s)
{
    const sampler_options *o = &s->options;
    const sampler_kind *k = s->kind;
    if (o->eta != k->eta && !k->takes_eta) return error_make("sampler %s takes no eta", k->name);
    if (o->churn != 0 && !k->takes_churn) return error_make("sampler %s takes no churn", k->name);
    if (o->variance != SAMPLER_FIXED_SMALL && !k->takes_variance)
        return error_make("sampler %s takes no variance", k->name);
    if (o->order != 0 && k->max_order == 0)
        return error_make("sampler %s has one order only", k->name);
    if (o->order < 0 || o->order > k->max_order)
        return error_make("sampler %s takes an order from 1 to %d, not %d", k->name, k->max_order,
                          o->order);
    if (o->climb && k->stochastic)
        return error_make("sampler %s cannot climb: it draws noise instead of following the slope",
                          k->name);
    if (s->model.gives_away && !k->takes_away)
        return error_make("sampler %s cannot walk along another guess's noise: take ddim, or do "
                          "without CFG++ and keep_direction",
                          k->name);
    if (k->needs_schedule && !s->schedule)
        return error_make("sampler %s needs the training schedule", k->name);
    return NULL;
}

/* A path gives each stretch of sigma one noise, so it can be walked once, downwards. */
static error check_path(const sampler *s)
{
    if (s->noise.kind != NOISE_BROWNIAN) return NULL;
    if (s->options.churn > 0) return error_make("churn needs fresh noise, not a Brownian path");
    for (int i = 0; i <= s->walk.n; i++) {
        if (s->walk.at[i] > s->noise.top)
            return error_make("the Brownian path ends at sigma %g but the walk is at %g",
                              s->noise.top, s->walk.at[i]);
        if (i > 0 && s->walk.at[i] > s->walk.at[i - 1] && !s->options.climb)
            return error_make("a walk that rises needs fresh noise, not a Brownian path");
    }
    return NULL;
}

error sampler_begin(sampler *s, tensor x, arena *keep)
{
    PROMISE(s->kind && s->model.guess && s->model.k <= 1, "sampler_begin: one kind, one answer");
    error wrong = sigmas_check(s->walk);
    if (!wrong) wrong = check_options(s);
    if (!wrong) wrong = check_wanted(s);
    if (!wrong) wrong = check_path(s);
    for (int i = 0; !wrong && s->model.flow && i <= s->walk.n; i++)
        if (s->walk.at[i] > 1)
            wrong = error_make("sigma %d is %g; a flow has none above 1", i, s->walk.at[i]);
    if (!wrong && !tensor_finite(x))
        wrong = error_make("the picture to start from holds a number that is not finite");
    if (wrong) return wrong;
    for (int j = 0; j < SAMPLER_PAST; j++) {
        s->past[j].x = tensor_like(keep, x);
        s->past[j].carry = tensor_like(keep, x);
        s->past[j].guess = denoiser_room(s->model, keep, x);
    }
    s->i = s->calls = s->history = 0;
    s->sigma = s->walk.at[0];
    s->stopped = false;
    s->wrong = NULL;
    return NULL;
}

/* --- one step --------------------------------------------------------------------------------- */

/* Noise grows from sigma to next > sigma, the picture shrinks with alpha:
 *     x' = (alpha'/alpha) x + sqrt(next^2 - (alpha' sigma / alpha)^2) z */
static void rise(sampler *s, tensor x, double sigma, double next)
{
    double shrink = sampler_alpha(s, next) / sampler_alpha(s, sigma);
    tensor_scale(x, shrink, x);
    double had = shrink * sigma;
    sampler_add_noise(s, x, sqrt(fmax(next * next - had * had, 0)), sigma, next);
}

static bool rises(const sampler *s, int i)
{
    return s->walk.at[i + 1] > s->walk.at[i];
}

/* What was learned on the way down is worthless on the way up, and the other way round. */
void sampler_open_step(sampler *s)
{
    if (s->i > 0 && rises(s, s->i) != rises(s, s->i - 1)) s->history = 0;
}

/* The step that stands next, on x; leaves the books alone, so that ask can play it again. */
void sampler_play_step(sampler *s, tensor x, arena scratch)
{
    double sigma = s->walk.at[s->i], next = s->walk.at[s->i + 1];
    s->scratch = scratch;
    s->evals = 0;
    if (s->kind->whole_walk)
        s->kind->step(s, x, sigma, s->walk.at[s->walk.n]);
    else if (next > sigma && !s->options.climb)
        rise(s, x, sigma, next);
    else
        s->kind->step(s, x, sigma, next);
    arena_forget(scratch);
}

/* Step i's memory moves from past[0] to past[1]. */
void sampler_close_step(sampler *s, tensor x)
{
    s->calls += s->evals;
    sampler_show(s, x, s->walk.at[s->kind->whole_walk ? s->walk.n : s->i + 1]);
    s->i = s->kind->whole_walk ? s->walk.n : s->i + 1;
    if (s->history < SAMPLER_PAST - 1) s->history++;
    sampler_memory oldest = s->past[SAMPLER_PAST - 1];
    memmove(&s->past[1], &s->past[0], (SAMPLER_PAST - 1) * sizeof s->past[0]);
    s->past[0] = oldest;
}

error sampler_not_finite(sampler *s)
{
    return s->wrong = error_make("step %d of %d (sigma %g) gave a picture that is not finite: look "
                                 "at what the denoiser answers",
                                 s->i + 1, s->walk.n, s->walk.at[s->i]);
}

error sampler_step(sampler *s, tensor x, arena scratch)
{
    PROMISE(s->i < s->walk.n && !s->wrong, "sampler_step: the walk is over");
    tensor y = tensor_like(&scratch, x);
    tensor_copy(y, x);
    sampler_open_step(s);
    sampler_play_step(s, y, scratch);
    if (!tensor_finite(y)) return sampler_not_finite(s);
    tensor_copy(x, y);
    sampler_close_step(s, x);
    return NULL;
}

error sampler_run(sampler *s, tensor x, arena scratch)
{
    error wrong = sampler_begin(s, x, &scratch);
    while (!wrong && !s->stopped && s->i < s->walk.n) wrong = sampler_step(s, x, scratch);
    return wrong;
}
