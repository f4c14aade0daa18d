/* The area under a curve through earlier answers, against sums worked out in other ways. */
#include "diffusion/multistep.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* int_0^h e^(-M (h-u)) u^p du, by parts from p = 0 upwards in long double: fit for M h of 1 and
 * more, where nothing cancels. */
static double moment(int p, double h, double M)
{
    long double m = (long double)M, all = -expm1l(-m * (long double)h) / m, power = 1;
    for (int k = 1; k <= p; k++) {
        power *= (long double)h;
        all = (power - k * all) / m;
    }
    return (double)all;
}

/* The weights take every power of u, up to the highest that the points determine, to its area. */
static void powers_have_their_areas(void **state)
{
    (void)state;
    const double node[] = {0, -0.7, -1.9, -2.2, -3.5, -4}, h[] = {0.5, 3, 12, 60};
    const double pull[] = {1, 2, 10, -1};
    for (int count = 1; count <= MULTISTEP_MOST; count++)
        for (int i = 0; i < 16; i++) {
            double weight[MULTISTEP_MOST], M = pull[i % 4], to = h[i / 4];
            if (M == -1 && to > 12) continue; /* e^60 leaves no digits to compare */
            multistep_weights(weight, node, count, 0, to, M);
            for (int p = 0; p < count; p++) {
                double sum = 0, size = 0, right = moment(p, to, M);
                for (int j = 0; j < count; j++) {
                    sum += weight[j] * pow(node[j], p);
                    size += fabs(weight[j] * pow(node[j], p));
                }
                if (!(fabs(sum - right) <= 1e-13 * (size + fabs(right))))
                    fail_msg("%d points, u^%d, pull %g to %g: %.17g and %.17g", count, p, M, to,
                             sum, right);
            }
        }
}

/* However strong the pull, no more work: all of it lies at the end, where the curve is 1. */
static void a_strong_pull_takes_no_longer(void **state)
{
    (void)state;
    const double node[] = {0, -0.7, -1.9};
    for (double M = 1e2; M < 1e13; M *= 10) {
        double weight[3], sum = 0;
        multistep_weights(weight, node, 3, 0, 2, M);
        for (int j = 0; j < 3; j++) sum += weight[j];
        assert_true(fabs(sum * M - 1) < 1e-14 + 1e-15 * M);
    }
}

/* With no pull it is the rule of Adams and Bashforth: the coefficients of the textbooks. */
static void equal_steps_are_adams_bashforth(void **state)
{
    (void)state;
    const double node[] = {0, 1, 2, 3}, right[] = {55, -59, 37, -9};
    double weight[4];
    multistep_weights(weight, node, 4, 0, -1, 0);
    for (int j = 0; j < 4; j++) assert_true(fabs(weight[j] + right[j] / 24) < 1e-14);
}

/* The curve through one point more is the one before and a bend: Newton's form of Lagrange's. */
static void a_bend_is_one_point_more(void **state)
{
    (void)state;
    const double node[] = {0, -0.7, -1.9}, M = 2;
    double more[3], less[3];
    for (int count = 2; count <= 3; count++) {
        double area = 0; /* under (u - node_0) ... (u - node_count-2) */
        multistep_weights(more, node, count, 0, 0.5, M);
        multistep_weights(less, node, count - 1, 0, 0.5, M);
        less[count - 1] = 0;
        area = moment(1, 0.5, M) * (count == 2 ? 1 : -node[1]);
        if (count == 3) area += moment(2, 0.5, M);
        multistep_bend(less, node, count, area);
        for (int j = 0; j < count; j++) assert_true(fabs(more[j] - less[j]) < 1e-15);
    }
}

static arena memory;

static sampler standing(double at, int history, bool flow, sigmas walk)
{
    denoiser d = toy_bells;
    d.flow = flow;
    sampler s = sampler_make(&sampler_euler, d, walk, (noise){0});
    for (int j = 0; j < SAMPLER_PAST; j++) s.past[j].sigma = at + j * (flow ? 0.25 : 1);
    s.history = history;
    return s;
}

static void reach_ends_where_lambda_does(void **state)
{
    (void)state;
    sampler s = standing(2, 4, false, (sigmas){.n = 20});
    assert_int_equal(multistep_reach(&s, 3, 1), 3);
    assert_int_equal(multistep_reach(&s, 9, 1), 5);
    assert_int_equal(multistep_reach(&s, 3, 0), 1);
    s.history = 1;
    assert_int_equal(multistep_reach(&s, 3, 1), 2);
    s = standing(0.5, 4, true, (sigmas){.n = 20}); /* 0.5, 0.75, 1: there lambda is not finite */
    assert_int_equal(multistep_reach(&s, 4, 0.25), 2);
    s = standing(1, 0, true, (sigmas){.n = 20});
    assert_int_equal(multistep_reach(&s, 4, 0.25), 1);
}

static void the_order_falls_at_the_end_of_short_walks(void **state)
{
    (void)state;
    sampler s = standing(2, 4, false, (sigmas){.n = 14});
    const int order[] = {3, 2, 1};
    for (int i = 0; i < 3; i++) {
        s.i = 11 + i;
        assert_int_equal(multistep_reach_final(&s, 3, 1), order[i]);
        s.options.keep_order = true;
        assert_int_equal(multistep_reach_final(&s, 3, 1), 3);
        s.options.keep_order = false;
    }
    s.walk.n = 15, s.i = 14;
    assert_int_equal(multistep_reach_final(&s, 3, 1), 3);
}

/* One answer: the guess does not move. Three equal answers: the same. In both coordinates. */
static void following_one_guess_is_euler(void **state)
{
    (void)state;
    for (int flow = 0; flow < 2; flow++)
        for (int count = 1; count <= 3; count += 2) {
            arena a = memory;
            sampler s = standing(0.4, 4, flow, (sigmas){.n = 20});
            tensor x = toy_start(&a, 3, 1), y = toy_start(&a, 3, 1), x0 = toy_start(&a, 3, 2);
            for (int j = 0; j < 3; j++) s.past[j].guess.x0 = x0;
            multistep_follow(&s, x, count, 0.4, 0.3, 1);
            sampler_follow(y, x0, 0.4, 0.3);
            assert_true(tensor_distance(x, y) < 1e-7);
        }
}

/* Guesses on a straight line, x0 = lambda: the drift of the SDE by Kutta's rule in small steps. */
static void fresh_noise_keeps_its_size(void **state)
{
    (void)state;
    sampler s = standing(2, 4, false, (sigmas){.n = 20});
    double M = 2.5, h = log(2 / 0.5);
    assert_true(fabs(multistep_noise(&s, 2, 0.5, M) - 0.5 * sqrt(1 - exp(-2 * 1.5 * h))) < 1e-15);
    assert_true(multistep_noise(&s, 2, 0.5, 1) == 0);
    assert_true(multistep_noise(&s, 2, 0, M) == 0);
    arena a = memory;
    tensor x = tensor_new(&a, 1, 1, 1, 1);
    for (int j = 0; j < 2; j++) {
        s.past[j].guess.x0 = tensor_like(&a, x);
        tensor_fill(s.past[j].guess.x0, sampler_lambda(&s, s.past[j].sigma));
    }
    tensor_fill(x, 3);
    multistep_follow(&s, x, 2, 2, 0.5, M);
    double y = 3, from = -log(2), dt = h / 4000; /* dx/dlambda = M (x0 - x) */
    for (int i = 0; i < 4000; i++) {
        double u = from + i * dt, k1 = M * (u - y), k2 = M * (u + dt / 2 - y - dt / 2 * k1);
        double k3 = M * (u + dt / 2 - y - dt / 2 * k2), k4 = M * (u + dt - y - dt * k3);
        y += dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    }
    assert_true(fabs((double)x.data[0] - y) < 1e-6);
}

int main(void)
{
    memory = arena_make(1 << 24);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_have_their_areas),
        cmocka_unit_test(a_strong_pull_takes_no_longer),
        cmocka_unit_test(equal_steps_are_adams_bashforth),
        cmocka_unit_test(a_bend_is_one_point_more),
        cmocka_unit_test(reach_ends_where_lambda_does),
        cmocka_unit_test(the_order_falls_at_the_end_of_short_walks),
        cmocka_unit_test(following_one_guess_is_euler),
        cmocka_unit_test(fresh_noise_keeps_its_size),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
