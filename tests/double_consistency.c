/* Samplers of consistency models, LCM, TCD and the multistep one: the rule in a flow, the law that
 * a true consistency model keeps, and the network's boundary. (Number for number beside diffusers:
 * test_samplers_golden.c.) In double. */
#include "diffusion/network.h"
#include "same.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N = 12 };
static arena memory, noise_room;
static double flowing[N + 1];

static void noise_number(void *self, tensor z, int draw, double from, double to)
{
    (void)self;
    assert_true(from == flowing[draw] && to == flowing[draw + 1]); /* each stretch once */
    rng r = rng_torch((uint64_t)(100 + draw));
    rng_normal(&r, z, noise_room);
}

/* Where a walk of this kind down the flow ends. */
static tensor walked(const sampler_kind *kind, double eta)
{
    denoiser d = toy_bells;
    d.flow = true;
    schedule flow;
    assert_null(schedule_make("flow", (schedule_options){0}, NULL, &flow));
    tensor x = toy_start(&memory, 2, 1);
    sampler s =
        sampler_make(kind, d, (sigmas){.n = N, .at = flowing}, noise_given(noise_number, NULL));
    s.schedule = &flow, s.options.eta = eta;
    assert_null(sampler_run(&s, x, memory));
    return x;
}

/* In a flow, x' = (1 - sigma') x0 + sigma' z; and TCD with gamma 1 goes down to time 0 too. */
static void in_a_flow_they_are_one_rule(void **state)
{
    (void)state;
    tensor x = toy_start(&memory, 2, 1), z = tensor_like(&memory, x);
    answer D = denoiser_room(toy_bells, &memory, x);
    for (int i = 0; i < N; i++) {
        denoiser_ask(toy_bells, D, x, flowing[i], memory);
        noise_number(NULL, z, i, flowing[i], flowing[i + 1]);
        tensor_mix(x, 1 - flowing[i + 1], D.x0, flowing[i + 1], z);
    }
    assert_same(walked(&sampler_lcm, 0), x);
    assert_same(walked(&sampler_consistency, 0), x);
    assert_same(walked(&sampler_tcd, 1), x);
    assert_same(walked(&sampler_tcd, 0), walked(&sampler_ddim, 0));
    assert_true(tensor_distance(walked(&sampler_tcd, 0.3), x) > 0.01);
}

/* Song 2023, arXiv:2303.01469, appendix C: c_skip(t) = s^2 / ((t - epsilon)^2 + s^2), c_out(t) =
 * s (t - epsilon) / sqrt(s^2 + t^2); a network with these says x itself at epsilon. */
static void a_consistency_network_says_x_at_its_smallest_size(void **state)
{
    (void)state;
    const network net = {.says = NETWORK_EDM, .sigma_min = 0.002};
    network_scaling first = network_scale(&net, 0.002), later = network_scale(&net, 1.5);
    assert_true(first.skip == 1 && first.out == 0);
    assert_true(fabs(later.skip - 0.25 / (1.498 * 1.498 + 0.25)) < 1e-15);
    assert_true(fabs(later.out - 0.5 * 1.498 / sqrt(0.25 + 2.25)) < 1e-15);
    assert_true(fabs(later.in - 1 / sqrt(0.25 + 2.25)) < 1e-15);
}

/* ---- A true consistency model ---- */

/* Two bumps on a line, and how much of them lies below x when there is noise in it. */
static double below(double x, double sigma)
{
    double a = sqrt(2 * (0.16 + sigma * sigma)), b = sqrt(2 * (0.04 + sigma * sigma));
    return 0.5 * (0.6 * erfc((-1 - x) / a) + 0.4 * erfc((1.5 - x) / b));
}

/* Where the ODE ends, at size *self: in one dimension it keeps ranks. */
static void where_the_ode_ends(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)scratch;
    for (size_t i = 0; i < tensor_count(x); i++) {
        double rank = below((double)x.data[i], sigma), low = -9, high = 9;
        for (int k = 0; k < 40; k++) {
            double middle = (low + high) / 2;
            *(below(middle, *(double *)self) < rank ? &low : &high) = middle;
        }
        out.x0.data[i] = (real)low;
    }
}

static int by_size(const void *a, const void *b)
{
    real x = *(const real *)a, y = *(const real *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's distance of 10,000 pictures' law from the bumps', times sqrt(10,000): by
 * chance above 1.95 once in a thousand. */
static double kolmogorov(const char *name, double s_noise, double end)
{
    enum { POINTS = 10000 };
    arena a = memory;
    const double at[] = {5, 1.2, 0.6, end};
    denoiser model = {.guess = where_the_ode_ends, .self = &end};
    const sampler_kind *kind;
    assert_null(sampler_find(name, &kind));
    rng r = rng_torch(4);
    tensor x = tensor_new(&a, POINTS, 1, 1, 1), z = tensor_like(&a, x), u = tensor_like(&a, x);
    rng_normal(&r, x, a), rng_normal(&r, u, a), rng_normal(&r, z, a);
    for (int i = 0; i < POINTS; i++) { /* a picture, and noise of size 5 in it */
        bool left = erfc((double)u.data[i] / sqrt(2)) < 2 * 0.6;
        x.data[i] = (real)((left ? -1 : 1.5) + (left ? 0.4 : 0.2) * (double)x.data[i]);
        x.data[i] += 5 * z.data[i];
    }
    sampler s = sampler_make(kind, model, (sigmas){.n = 3, .at = (double *)(size_t)at},
                             noise_fresh(rng_torch(5)));
    s.options.s_noise = s_noise;
    assert_null(sampler_run(&s, x, a));
    qsort(x.data, POINTS, sizeof *x.data, by_size);
    double most = 0;
    for (int i = 0; i < POINTS; i++)
        most = fmax(most, fabs(below((double)x.data[i], end) - (i + 0.5) / POINTS));
    return most * sqrt(POINTS);
}

static void a_consistency_model_keeps_the_law(void **state)
{
    (void)state;
    double right[] = {kolmogorov("lcm", 1, 0), kolmogorov("consistency", 1, 0),
                      kolmogorov("consistency", 1, 0.3)};
    double wrong[] = {kolmogorov("lcm", 0.8, 0), kolmogorov("lcm", 1, 0.3)};
    print_message("distance of the law: %.2f %.2f %.2f; noise too small %.2f, too large %.2f\n",
                  right[0], right[1], right[2], wrong[0], wrong[1]);
    for (int i = 0; i < 3; i++) assert_true(right[i] < 1.95);
    for (int i = 0; i < 2; i++) assert_true(wrong[i] > 3);
}

int main(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 20);
    for (int i = 0; i <= N; i++) flowing[i] = 1 - (double)i / N;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_flow_they_are_one_rule),
        cmocka_unit_test(a_consistency_network_says_x_at_its_smallest_size),
        cmocka_unit_test(a_consistency_model_keeps_the_law),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}
