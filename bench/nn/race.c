#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include "race.h"
#include "nn/isa.h"
#include <math.h>
#include <time.h>

static const double QUIET = 0.9, WARM = 0.005, LONG = 0.04, PATIENCE = 20; /* the last in seconds */

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Threads of a library go on turning for a while after its work is done, and would be in the way of
 * the next one: wait until nobody in this process runs. */
static void settle(void)
{
    for (int i = 0; i < 100; i++) {
        double before = processor_seconds();
        nanosleep(&(struct timespec){.tv_nsec = 4000000}, NULL);
        if (processor_seconds() - before < 0.0005) return;
    }
}

/* Runs for a while, at least once: seconds a run. */
static double some_runs(const runner *r, double at_least)
{
    int runs = 0;
    double begin = machine_seconds(), took = 0;
    do r->run(r->self), runs++, took = machine_seconds() - begin;
    while (took < at_least);
    return took / runs;
}

/* `before`: what it took in the last round; a long run needs none to get warm. */
static double timed(const runner *r, double before)
{
    settle();
    if (r->isa) isa_choose(r->isa);
    if (before < LONG) some_runs(r, WARM);
    double took = some_runs(r, LONG);
    if (r->isa) isa_choose(NULL);
    return took;
}

runner race_faster(const runner *r, int n)
{
    int best = 0;
    double least = HUGE_VAL;
    for (int i = 0; i < n; i++) {
        if (!r[i].run) continue;
        settle();
        some_runs(&r[i], 0);
        for (int k = 0; k < 3; k++) {
            double took = some_runs(&r[i], 0);
            if (took < least) least = took, best = i;
        }
    }
    return r[best];
}

/* The median of the rounds that count: `least` is the lowest peak that they may have. */
static double median_of(const double *x, const double *peaks, int rounds, double least)
{
    double kept[RACE_LAST];
    int n = 0;
    for (int i = 0; i < rounds; i++)
        if (fmin(peaks[i], peaks[i + 1]) >= least) kept[n++] = x[i];
    return machine_median(kept, n);
}

static int quiet_rounds(const double *peaks, int rounds, double least)
{
    int quiet = 0;
    for (int i = 0; i < rounds; i++) quiet += fmin(peaks[i], peaks[i + 1]) >= least;
    return quiet;
}

void race_run(race *c, const machine *m)
{
    double took[RACE_MOST][RACE_LAST], peaks[RACE_LAST + 1], begin = machine_seconds();
    int rounds = 0;
    settle();
    peaks[0] = machine_fma(m->best);
    double best = fmax(m->peak, peaks[0]);
    do {
        for (int turn = 0; turn < c->n; turn++) { /* everyone comes first, and after everyone */
            int i = (turn + rounds) % c->n;
            if (c->r[i].run) took[i][rounds] = timed(&c->r[i], rounds ? took[i][rounds - 1] : 0);
        }
        settle();
        peaks[++rounds] = machine_fma(m->best);
        best = fmax(best, peaks[rounds]);
    } while (rounds < RACE_ROUNDS || (quiet_rounds(peaks, rounds, QUIET * best) < RACE_ROUNDS &&
                                      rounds < RACE_LAST && machine_seconds() - begin < PATIENCE));
    c->noisy = quiet_rounds(peaks, rounds, QUIET * best) < RACE_ROUNDS;
    double least = c->noisy ? 0 : QUIET * best;
    for (int i = 0; i < c->n; i++) {
        runner *r = &c->r[i];
        double work = r->work > 0 ? r->work : c->work;
        r->rate = r->run ? 1e-9 * work / median_of(took[i], peaks, rounds, least) : (double)NAN;
    }
    c->peak = median_of(peaks, peaks, rounds, least);
}
