/* A flow's noise may be divided in two ways (euler_ancestral.c). In one dimension the law of x can
 * be carried along whole, on a grid, by brute force: both end in the law of the data. */
#include "base/pi.h"
#include "diffusion/exact.h"
#include "diffusion/sampler.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static arena memory;
enum { GRID = 601 };
static real centre[] = {-1, (real)1.2};
static const double width[] = {0.3, 0.4}, weight[] = {0.4, 0.6};
static const exact_mixture two = {{centre, 2, 1, 1, 1}, weight, width, true};

static double place(int i)
{
    return -4.5 + 9.0 * i / (GRID - 1);
}

static void exact_law(double *p, double sigma)
{
    for (int i = 0; i < GRID; i++) {
        real at = (real)place(i);
        p[i] = exp(exact_log_density(&two, (tensor){&at, 1, 1, 1, 1}, sigma));
    }
}

static void ones(void *self, tensor z, int draw, double from, double to)
{
    (void)draw, (void)from, (void)to;
    tensor_fill(z, *(double *)self);
}

/* Where one step takes every place of the grid when all of its noise is z. */
static tensor stepped(sampler_options o, double sigma, double next, double z)
{
    double at[] = {sigma, next};
    sampler s = sampler_make(&sampler_euler_ancestral, exact_denoiser(&two),
                             (sigmas){.n = 1, .at = at}, noise_given(ones, &z));
    s.options = o;
    tensor x = tensor_new(&memory, GRID, 1, 1, 1);
    for (int i = 0; i < GRID; i++) x.data[i] = (real)place(i);
    assert_null(sampler_run(&s, x, memory));
    return x;
}

/* The law after a step, from the law before: each place becomes a bell around where it goes. */
static void spread(double *p, sampler_options o, double sigma, double next)
{
    arena a = memory;
    double new[GRID] = {0}, dx = place(1) - place(0);
    tensor mean = stepped(o, sigma, next, 0), one = stepped(o, sigma, next, 1);
    for (int j = 0; j < GRID; j++) {
        double up = (double)(one.data[j] - mean.data[j]);
        for (int i = 0; i < GRID; i++) {
            double u = (place(i) - (double)mean.data[j]) / up;
            new[i] += p[j] * dx *exp(-u * u / 2) / (up * sqrt(2 * PI));
        }
    }
    memcpy(p, new, sizeof new);
    memory = a;
}

/* Half the area between the law that n steps from 0.98 to 0.3 lead to and the law of size 0.3. */
static double off_the_law(sampler_options o, int n)
{
    double p[GRID], q[GRID], area = 0;
    exact_law(p, 0.98);
    for (int i = 0; i < n; i++) spread(p, o, 0.98 - 0.68 * i / n, 0.98 - 0.68 * (i + 1) / n);
    exact_law(q, 0.3);
    for (int i = 0; i < GRID; i++) area += fabs(p[i] - q[i]) / 2 * (place(1) - place(0));
    return area;
}

/* Either way the walk ends in the law of the data: half the step, half the error. */
static void both_splits_of_a_flow_end_in_the_law(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        sampler_options o = {.eta = k / 2 ? 1 : 0.5, .s_noise = 1, .noise_max = HUGE_VAL};
        o.as_published = k % 2;
        double few = off_the_law(o, 16), many = off_the_law(o, 32);
        print_message("eta %g, %s: %.4f of the area with 16 steps, %.4f with 32\n", o.eta,
                      o.as_published ? "theirs" : "ours  ", few, many);
        assert_true(many < 0.03 && fabs(few / many - 2) < 0.25);
    }
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_splits_of_a_flow_end_in_the_law),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
