/* What a sampler's own arithmetic costs: a step on Stable Diffusion's latent, 64 x 64 x 4, with a
 * model that answers at once.
 *
 *     make bench                                  also: PYTHON=path/to/python make bench
 *
 * Beside it, in the same run, diffusers' and k-diffusion's steps, where that Python has them
 * (bench/samplers_peers.py says how they are timed and which versions). The best of 7 rounds
 * counts. A real network takes a thousand times as long as any of these. */
#define _POSIX_C_SOURCE 200809L /* popen */
#include "diffusion/sampler.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, STEPS = 50, PEERS = 64, NAME = 32 };
static arena memory;
static tensor answered;

static void at_once(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)self, (void)x, (void)sigma, (void)scratch;
    tensor_copy(out.x0, answered);
}

static double seconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Microseconds a step, NaN when this kind needs more than an ordinary model. */
static double step_of(const sampler_kind *kind, const schedule *trained, sigmas walk)
{
    double least = HUGE_VAL;
    for (int round = 0; round < ROUNDS; round++) {
        arena a = memory;
        tensor x = tensor_new(&a, 1, 64, 64, 4);
        rng r = rng_torch(1);
        rng_normal(&r, x, a);
        tensor_scale(x, walk.at[0], x);
        sampler s = sampler_make(kind, (denoiser){.guess = at_once}, walk, noise_fresh(r));
        s.schedule = trained;
        double begin = seconds();
        if (sampler_run(&s, x, a)) return (double)NAN;
        least = fmin(least, 1e6 * (seconds() - begin) / walk.n);
    }
    return least;
}

/* "heun diffusers 115.61", a line each. */
typedef struct {
    char kind[NAME], program[NAME];
    double microseconds;
} peer;

static int ask_peers(peer *peers)
{
    int n = 0;
    char command[512];
    const char *python = getenv("PYTHON");
    snprintf(command, sizeof command, "'%s' bench/samplers_peers.py 2> /dev/null",
             python ? python : "python3");
    FILE *pipe = popen(command, "r");
    while (pipe && n < PEERS &&
           fscanf(pipe, "%31s %31s %lf", peers[n].kind, peers[n].program, &peers[n].microseconds) ==
               3)
        n++;
    if (pipe) pclose(pipe);
    return n;
}

int main(void)
{
    static peer peers[PEERS];
    schedule trained;
    sigmas walk;
    memory = arena_make(0);
    answered = tensor_new(&memory, 1, 64, 64, 4);
    rng r = rng_torch(2);
    rng_normal(&r, answered, memory);
    error wrong = schedule_make("scaled_linear", (schedule_options){0}, &memory, &trained);
    if (!wrong) wrong = sigmas_make("karras", STEPS, &trained, (sigmas_options){0}, &memory, &walk);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    int count = ask_peers(peers);
    if (count == 0) printf("no diffusers and k-diffusion here: set PYTHON to one that has them\n");
    printf("%-24s %12s   %s\n", "a step", "microseconds", "peers, times as long");
    for (int k = 0; samplers[k]; k++) {
        double own = step_of(samplers[k], &trained, walk);
        if (isnan(own)) continue;
        printf("%-24s %12.1f  ", samplers[k]->name, own);
        for (int i = 0; i < count; i++)
            if (strcmp(peers[i].kind, samplers[k]->name) == 0)
                printf(" %s %.1f", peers[i].program, peers[i].microseconds / own);
        printf("\n");
    }
    arena_free(memory);
    return 0;
}
