/* "Samplers that add noise never converge" is true of fresh noise only. Where the noise comes from
 * one Brownian path, more steps are the same picture, better resolved: every stochastic sampler
 * that promises an order settles, and they all settle at one place, the solution of one SDE. */
#include "diffusion/exact.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { POINTS = 100, FIRST = 40, COUNTS = 4 };
static arena memory;
static real centre[] = {-2, 1.5};
static const double width[] = {0.3, 0.5}, weight[] = {0.3, 0.7};
static const exact_mixture bumps = {
    .centre = {centre, 2, 1, 1, 1}, .width = width, .weight = weight};
static schedule trained;

static bool draws(const sampler_kind *kind)
{
    return kind->stochastic && kind->order > 0 && !kind->whole_walk;
}

static tensor walked(const sampler_kind *kind, int n, noise z, arena *keep)
{
    tensor x = toy_noise(keep, POINTS, 1, 1, 1, 10);
    sampler s = sampler_make(kind, exact_denoiser(&bumps), toy_walk(keep, n, 10, 0.02, true), z);
    s.schedule = &trained;
    if (kind == &sampler_er_sde) s.options.form = SAMPLER_REVERSE; /* its own SDE is another */
    error wrong = sampler_run(&s, x, *keep);
    if (wrong) fail_msg("%s: %s", kind->name, wrong);
    return x;
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median distance: a few points near the ridge between the bumps end at the other one. */
static double apart(tensor x, tensor y)
{
    double distance[POINTS];
    for (int p = 0; p < POINTS; p++) distance[p] = fabs((double)(x.data[p] - y.data[p]));
    qsort(distance, POINTS, sizeof *distance, rising);
    return distance[POINTS / 2];
}

/* Distances between the ends of n and of 2 n steps, n = 40, 80, ...; returns the last end. */
static tensor moves(const sampler_kind *kind, noise z, double moved[COUNTS], arena *keep)
{
    tensor before = walked(kind, FIRST, z, keep);
    for (int i = 0; i < COUNTS; i++) {
        tensor x = walked(kind, FIRST << (i + 1), z, keep);
        moved[i] = apart(x, before);
        before = x;
        print_message(" %.4f", moved[i]);
    }
    return before;
}

/* On one path twice the steps move a point by about half as much as the doubling before. All
 * samplers end at one place: one SDE, one path. On fresh noise nothing settles. */
static void on_one_path_they_settle(void **state)
{
    (void)state;
    arena a = memory;
    tensor first = {0};
    for (int k = 0; samplers[k]; k++) {
        double path[COUNTS], fresh[COUNTS];
        if (!draws(samplers[k])) continue;
        print_message("%-18s", samplers[k]->name);
        tensor end = moves(samplers[k], noise_brownian(3, 10), path, &a);
        if (!first.data) first = end;
        print_message("   from the first %.4f   fresh", apart(end, first));
        if (!(path[COUNTS - 1] < path[0] / 4)) fail_msg("%s does not settle", samplers[k]->name);
        if (!(apart(end, first) < 0.02)) fail_msg("%s settles elsewhere", samplers[k]->name);
        moves(samplers[k], noise_fresh(rng_torch(3)), fresh, &a);
        print_message("\n");
        assert_true(fresh[COUNTS - 1] > 0.3);
    }
}

int main(void)
{
    memory = arena_make(0);
    assert_null(schedule_make("scaled_linear", (schedule_options){0}, &memory, &trained));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_one_path_they_settle),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
