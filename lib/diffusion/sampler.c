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
        if (strcmp(known[k], name) == 0) return *out = samplers[k], NULL;
    }
    return error_unknown("sampler", name, known);
}

sampler sampler_make(const sampler_kind *kind, denoiser model, sigmas walk, noise source)
{
    const sampler_options usual = {kind->eta, .s_noise = 1, .noise_max = HUGE_VAL,
                                   .temperature = kind->temperature};
    return (sampler){kind, model, walk, source, usual, .stopped = false};
}

/* --- the walk -------------------------------------------------------------------------------- */

error sampler_begin(sampler *s, tensor x, arena *keep)
{
    PROMISE(s->kind && s->model.guess && s->model.k <= 1, "sampler_begin: one kind, one answer");
    error wrong = sampler_check(s, x);
    if (wrong) return wrong;
    if (arena_left(*keep) / SAMPLER_ROOM < tensor_count(x) * sizeof(real) + 128)
        return error_make("too little memory: %d pictures as large as x must fit", SAMPLER_ROOM);
    for (int j = 0; j < SAMPLER_PAST; j++) {
        s->past[j].x = tensor_like(keep, x);
        s->past[j].carry = tensor_like(keep, x);
        s->past[j].guess = denoiser_room(s->model, keep, x);
    }
    s->i = s->calls = s->history = 0, s->stopped = false;
    s->sigma = s->walk.at[0];
    return s->wrong = NULL;
}

/* --- one step --------------------------------------------------------------------------------- */

static bool rises(const sampler *s, int i)
{
    return s->walk.at[i + 1] > s->walk.at[i];
}

/* The step that stands next, on x. What was learned on the way down is worthless on the way up, and
 * the other way round. */
void sampler_play_step(sampler *s, tensor x, arena scratch)
{
    double sigma = s->walk.at[s->i], next = s->walk.at[s->i + 1];
    s->scratch = scratch;
    s->evals = 0;
    if (s->i > 0 && rises(s, s->i) != rises(s, s->i - 1)) s->history = 0;
    if (s->kind->whole_walk)
        s->kind->step(s, x, sigma, s->walk.at[s->walk.n]);
    else if (next > sigma && !s->options.climb)
        sampler_rise(s, x, sigma, next);
    else {
        sampler_correct(s, x, sigma, next);
        s->kind->step(s, x, sigma, next);
    }
    arena_forget(scratch);
}

/* Step i's memory moves from past[0] to past[1]. */
error sampler_close_step(sampler *s, tensor x, tensor y)
{
    if (s->wrong || !tensor_finite(y)) return s->wrong ? s->wrong : sampler_not_finite(s);
    tensor_copy(x, y);
    s->calls += s->evals;
    if (!s->kind->whole_walk) sampler_show(s, x, s->walk.at[s->i + 1]);
    s->i = s->kind->whole_walk ? s->walk.n : s->i + 1;
    if (!s->stopped) s->sigma = s->walk.at[s->i];
    if (s->history < SAMPLER_PAST - 1) s->history++;
    sampler_memory oldest = s->past[SAMPLER_PAST - 1];
    memmove(&s->past[1], &s->past[0], (SAMPLER_PAST - 1) * sizeof oldest);
    s->past[0] = oldest;
    return NULL;
}

error sampler_not_finite(sampler *s)
{
    return s->wrong = error_make("step %d of %d (sigma %g) gave a picture that is not finite: look "
                                 "at what the denoiser answers",
                                 s->i + 1, s->walk.n, s->sigma);
}

error sampler_step(sampler *s, tensor x, arena scratch)
{
    PROMISE(s->i < s->walk.n && !s->wrong, "sampler_step: the walk is over");
    tensor y = tensor_like(&scratch, x);
    tensor_copy(y, x);
    sampler_play_step(s, y, scratch);
    return sampler_close_step(s, x, y);
}

error sampler_run(sampler *s, tensor x, arena scratch)
{
    error wrong = sampler_begin(s, x, &scratch);
    while (!wrong && !s->stopped && s->i < s->walk.n) wrong = sampler_step(s, x, scratch);
    return wrong;
}
