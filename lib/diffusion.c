#include "diffusion.h"
#include "base/error.h"
#include "pipeline/names.h"
#include <stdio.h>
#include <string.h>

#ifndef DIFFUSION_VERSION
#define DIFFUSION_VERSION "unknown" /* the Makefile says it */
#endif

static _Thread_local char last[1024];

/* Remember an error as 0 or -1. */
static int told(error wrong)
{
    snprintf(last, sizeof last, "%s", wrong ? wrong : "");
    return wrong ? -1 : 0;
}

const char *diffusion_version(void)
{
    return DIFFUSION_VERSION;
}
const char *diffusion_error(void)
{
    return last;
}

const char *diffusion_sampler_name(int i)
{
    for (int k = 0; samplers[k]; k++)
        if (!samplers[k]->discrete && i-- == 0) return samplers[k]->name; /* x is floats here */
    return NULL;
}

const char *diffusion_sigmas_name(int i)
{
    for (int k = 0; sigmas_names[k]; k++) {
        if (strcmp(sigmas_names[k], "flow") == 0) continue; /* x = x0 + sigma noise is no flow */
        if (i-- == 0) return sigmas_names[k];
    }
    return NULL;
}

int diffusion_sigmas(double *sigma, int steps, const char *name, double sigma_min, double sigma_max)
{
    arena memory = arena_make(0);
    if (!memory.begin) return told("there is no memory left");
    schedule sd;
    sigmas walk;
    sigmas_options range = {.sigma_min = sigma_min, .sigma_max = sigma_max};
    error wrong = schedule_make("scaled_linear", (schedule_options){0}, &memory, &sd);
    if (!wrong) wrong = sigmas_make(name, steps, &sd, range, &memory, &walk);
    if (!wrong && walk.n != steps)
        wrong = error_make("%s: a list that rises, with %d steps instead of %d: take fewer", name,
                           walk.n, steps);
    if (!wrong) memcpy(sigma, walk.at, (size_t)(steps + 1) * sizeof *sigma);
    arena_free(memory);
    return told(wrong);
}

static error check_shape(arena memory, const int shape[4])
{
    size_t most = arena_left(memory) / sizeof(float) / 64, count = 1;
    for (int k = 0; k < 4; k++) {
        if (shape[k] < 1) return error_make("shape[%d] is %d; it must be at least 1", k, shape[k]);
        if ((size_t)shape[k] > most / count) return error_make("the pictures are too large");
        count *= (size_t)shape[k];
    }
    return NULL;
}

int diffusion_noise(float *x, const int shape[4], unsigned long long seed)
{
    arena memory = arena_make(0);
    if (!memory.begin) return told("there is no memory left");
    error wrong = check_shape(memory, shape);
    rng r = rng_torch(seed);
    if (!wrong) rng_normal(&r, (tensor){x, shape[0], shape[1], shape[2], shape[3]}, memory);
    arena_free(memory);
    return told(wrong);
}

/* The caller's model, seen as one of ours. */
typedef struct {
    diffusion_denoiser *ask;
    void *self;
} model;

static void ask(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)scratch;
    const model *m = self;
    m->ask(m->self, out.x0.data, x.data, (int[]){x.n, x.h, x.w, x.c}, sigma);
}

static error sample(tensor x, const diffusion_walk *walk, model *m, arena scratch)
{
    names_choice choice;
    schedule sd;
    error wrong = names_choose(walk->sampler, &choice);
    if (!wrong) wrong = schedule_make("scaled_linear", (schedule_options){0}, &scratch, &sd);
    if (wrong) return wrong;
    double *at = arena_take(&scratch, (size_t)(walk->steps + 1) * sizeof *at);
    memcpy(at, walk->sigma, (size_t)(walk->steps + 1) * sizeof *at);
    tensor y = tensor_like(&scratch, x);
    tensor_copy(y, x);
    rng r = rng_torch(walk->seed);
    rng_normal(&r, tensor_like(&scratch, x), scratch); /* x began as these */
    sampler s = sampler_make(choice.kind, (denoiser){.guess = ask, .self = m},
                             (sigmas){.n = walk->steps, .at = at}, noise_fresh(r));
    s.options = choice.options;
    s.schedule = &sd;
    if (!(walk->eta < 0)) s.options.eta = walk->eta;
    wrong = sampler_run(&s, y, scratch);
    if (!wrong) tensor_copy(x, y);
    return wrong;
}

int diffusion_sample(float *x, const int shape[4], const diffusion_walk *walk,
                     diffusion_denoiser *ask_model, void *self)
{
    arena memory = arena_make(0);
    if (!memory.begin) return told("there is no memory left");
    error wrong = check_shape(memory, shape);
    if (!wrong && (walk->steps < 1 || walk->steps > SIGMAS_MOST))
        wrong = error_make("steps is %d; it must be 1 to %d", walk->steps, SIGMAS_MOST);
    tensor pictures = {x, shape[0], shape[1], shape[2], shape[3]};
    if (!wrong) wrong = sample(pictures, walk, &(model){ask_model, self}, memory);
    arena_free(memory);
    return told(wrong);
}
