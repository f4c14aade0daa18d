/* Samplers that ask more than once in a step: DPM adaptive number for number against k-diffusion,
 * its attempts counted; the others against their papers' own forms, and against each other where
 * they are one rule. In double: 1e-12 is rounding, as in double_identities.c. */
#include "golden/adaptive.h"
#include "same.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STEPS = 12 };
static arena memory, noise_room;
static double list[STEPS + 1];             /* 10 to 0.1, uneven in lambda, then 0 */
static double halves[2 * STEPS];           /* the same with a size halfway in lambda in each step */
static double thirds[3 * (STEPS - 1) + 1]; /* its first ones, 0.1 the last, with two in each step */
static double flow[STEPS + 1];

/* ---- DPM adaptive against k-diffusion ---- */

static bool count_parts(void *self, const sampler *s, tensor x)
{
    (void)x;
    (void)s, ++*(int *)self;
    return true;
}

static double farthest(tensor x, const double *kept)
{
    real ours[GOLDEN_N * GOLDEN_H * GOLDEN_W * GOLDEN_C];
    double most = 0;
    tensor_to_nchw(ours, x);
    for (int i = 0; i < GOLDEN_KEPT; i++)
        if (!(fabs(ours[GOLDEN_EVERY * i] - kept[i]) <= most))
            most = fabs(ours[GOLDEN_EVERY * i] - kept[i]);
    return most;
}

/* Nine digits are printed, of numbers up to 2: 5e-9. k-diffusion asks the first question of a step
 * again when the step is rejected. */
static void adaptive_is_k_diffusions(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden_adaptive / sizeof *golden_adaptive; k++) {
        const golden_walk *g = &golden_adaptive[k];
        const int *tries = golden_adaptive_tries[k];
        arena a = memory;
        tensor x = tensor_new(&a, GOLDEN_N, GOLDEN_H, GOLDEN_W, GOLDEN_C);
        rng r = rng_torch(g->seed);
        rng_normal(&r, x, a);
        tensor_scale(x, g->sigma[0], x);
        denoiser model = strcmp(g->model, "line") == 0 ? toy_line : toy_bells;
        sampler s = sampler_make(&sampler_dpm_adaptive, model, toy_list(&a, g->n, g->sigma),
                                 noise_fresh(r));
        int accepted = 0;
        s.options = g->options;
        s.watch = count_parts, s.watcher = &accepted;
        assert_null(sampler_run(&s, x, a));
        assert_true(farthest(x, g->x) < 6e-9);
        assert_int_equal(accepted, tries[0]);
        assert_int_equal(s.calls, tries[2] - tries[1] + (g->n == 2));
    }
}

/* ---- One rule under two names ---- */

/* z depends on where a step starts only, so that all samplers meet the same. */
static void noise_at(void *self, tensor z, int draw, double from, double to)
{
    (void)self, (void)draw, (void)to;
    rng r = rng_torch((uint64_t)(from * 1e6));
    rng_normal(&r, z, noise_room);
}

static sampler called(const sampler_kind *kind, const double *at, int n)
{
    denoiser d = toy_bells;
    d.flow = at == flow;
    return sampler_make(kind, d, toy_list(&memory, n, at), noise_given(noise_at, NULL));
}

static tensor walked(sampler s)
{
    return same_end(s, 2, &memory);
}

static tensor walk(const sampler_kind *kind, const double *at, int n, double eta)
{
    sampler s = called(kind, at, n);
    s.options.eta = eta;
    return walked(s);
}

static tensor single(const double *at, int n, int order, bool eps, double eta)
{
    sampler s = called(&sampler_dpm_solver_singlestep, at, n);
    s.options.order = order, s.options.noise_prediction = eps, s.options.eta = eta;
    s.options.keep_order = true;
    return walked(s);
}

static void some_are_one_rule(void **state)
{
    (void)state;
    const double *lists[] = {list, flow};
    for (int k = 0; k < 2; k++) {
        const double *at = lists[k];
        tensor two_s = walk(&sampler_dpmpp_2s_ancestral, at, STEPS, 0);
        assert_same(walk(&sampler_dpm_2_ancestral, at, STEPS, 0),
                    walk(&sampler_dpm_2, at, STEPS, 0));
        assert_same(walk(&sampler_dpmpp_sde, at, STEPS, 0), two_s);
        assert_same(single(at, STEPS, 1, false, 0), walk(&sampler_euler, at, STEPS, 0));
        assert_same(single(at, STEPS, 1, true, 0), walk(&sampler_euler, at, STEPS, 0));
        assert_same(single(at, STEPS, 1, false, 1), walk(&sampler_ddpm, at, STEPS, 1));
        assert_true(tensor_distance(two_s, walk(&sampler_dpm_2, at, STEPS, 0)) > 1e-3);
    }
    assert_same(single(list, STEPS, 1, true, 0.6), walk(&sampler_ddim, list, STEPS, 0.6));
}

/* Two steps of the list, the first of which ends in the middle: one step of the others. */
static void a_block_of_two_is_a_step_with_two_questions(void **state)
{
    (void)state;
    int n = 2 * STEPS - 1;
    assert_same(single(halves, n, 2, true, 0), walk(&sampler_dpm_2, list, STEPS, 0));
    assert_same(single(halves, n, 2, false, 0), walk(&sampler_dpmpp_2s_ancestral, list, STEPS, 0));
    assert_same(single(halves, n, 2, false, 1), walk(&sampler_dpmpp_sde, list, STEPS, 1));
}

/* ---- The papers' forms, one number a time ---- */

/* D as toy_bells has it, and eps. */
static double D(double x, double sigma)
{
    double s2 = 0.09, v = s2 + sigma * sigma;
    return (sigma * sigma * tanh(x / v) + s2 * x) / v;
}

static double eps(double x, double lambda)
{
    return (x - D(x, exp(-lambda))) * exp(lambda);
}

typedef double rule(void *self, double x, double sigma, double next, double z);

static tensor written_out(rule *f, void *self, int n)
{
    tensor x = toy_start(&memory, 2, list[0]), z = tensor_like(&memory, x);
    for (int i = 0; i < n; i++) {
        noise_at(NULL, z, i, list[i], list[i + 1]);
        for (size_t p = 0; p < tensor_count(x); p++)
            x.data[p] = (real)f(self, (double)x.data[p], list[i], list[i + 1], (double)z.data[p]);
    }
    return x;
}

/* Lu 2022, arXiv:2206.00927, Algorithm 2 (DPM-Solver-3), alpha = 1, r1 = 1/3, r2 = 2/3. */
static double dpm_solver_3(void *self, double x, double sigma, double next, double z)
{
    (void)self, (void)z;
    const double r1 = 1.0 / 3, r2 = 2.0 / 3;
    double l = -log(sigma), h = -log(next) - l, s1 = exp(-l - r1 * h), s2 = exp(-l - r2 * h);
    double e = eps(x, l), u1 = x - s1 * expm1(r1 * h) * e, D1 = eps(u1, l + r1 * h) - e;
    double u2 = x - s2 * expm1(r2 * h) * e - s2 * r2 / r1 * (expm1(r2 * h) / (r2 * h) - 1) * D1;
    double D2 = eps(u2, l + r2 * h) - e;
    return x - next * expm1(h) * e - next / r2 * (expm1(h) / h - 1) * D2;
}

/* k-diffusion's get_ancestral_step. */
static double down_of(double sigma, double next, double eta, double *up)
{
    *up = fmin(next, eta * sqrt(next * next * (sigma * sigma - next * next) / (sigma * sigma)));
    return sqrt(next * next - *up * *up);
}

/* Lu 2022, arXiv:2211.01095, Algorithm 1, alpha = 1, to the smaller size; *self is eta. */
static double dpmpp_2s(void *self, double x, double sigma, double next, double z)
{
    double up, down = down_of(sigma, next, *(double *)self, &up), x0 = D(x, sigma);
    if (down == 0) return x0;
    double h = log(sigma / down), s = exp(-(-log(sigma) + 0.5 * h));
    double u = s / sigma * x - expm1(-0.5 * h) * x0;
    return down / sigma * x - expm1(-h) * D(u, s) + up * z;
}

/* The same paper's general r, with noise as Crowson adds it: {eta, r}. */
static double dpmpp_sde(void *self, double x, double sigma, double next, double z)
{
    double eta = ((double *)self)[0], r = ((double *)self)[1], up, x0 = D(x, sigma);
    if (next == 0) return x0;
    double s = sigma * pow(next / sigma, r), down = down_of(sigma, s, eta, &up);
    double u = down / sigma * x + (1 - down / sigma) * x0 + up * z;
    double lean = (1 - 1 / (2 * r)) * x0 + 1 / (2 * r) * D(u, s);
    down = down_of(sigma, next, eta, &up);
    return down / sigma * x + (1 - down / sigma) * lean + up * z;
}

/* Lu 2022, arXiv:2206.00927, Algorithm 1 (DPM-Solver-2), to the smaller size; *self is eta. */
static double dpm_2_a(void *self, double x, double sigma, double next, double z)
{
    double up, down = down_of(sigma, next, *(double *)self, &up), l = -log(sigma);
    if (down == 0) return D(x, sigma);
    double h = -log(down) - l, u = x - exp(-l - h / 2) * expm1(h / 2) * eps(x, l);
    return x - down * expm1(h) * eps(u, l + h / 2) + up * z;
}

static void each_is_its_paper(void **state)
{
    (void)state;
    double etas[] = {0, 0.7, 1};
    for (int k = 0; k < 3; k++) {
        double two[] = {etas[k], 0.4};
        assert_same(walk(&sampler_dpmpp_2s_ancestral, list, STEPS, etas[k]),
                    written_out(dpmpp_2s, &etas[k], STEPS));
        assert_same(walk(&sampler_dpm_2_ancestral, list, STEPS, etas[k]),
                    written_out(dpm_2_a, &etas[k], STEPS));
        sampler s = called(&sampler_dpmpp_sde, list, STEPS);
        s.options.eta = two[0], s.options.r = two[1];
        assert_same(walked(s), written_out(dpmpp_sde, two, STEPS));
    }
    assert_same(single(thirds, 3 * (STEPS - 1), 3, true, 0),
                written_out(dpm_solver_3, NULL, STEPS - 1));
}

/* ---- The order of DPM-Solver-3 wants its list ---- */

static double error_with(int blocks, double first, double second, sampler_form form)
{
    real number[] = {11}, truth[] = {11};
    double *at = arena_take(&memory, (size_t)(3 * blocks + 1) * sizeof *at), v = 0.36;
    for (int i = 0; i <= 3 * blocks; i++) {
        const double share[] = {0, first, second};
        at[i] = 10 * pow(0.01, (i / 3 + share[i % 3]) / blocks);
    }
    truth[0] = 0.5 + sqrt((v + 0.01) / (v + 100)) * 10.5;
    sampler s = called(&sampler_dpm_solver_singlestep, at, 3 * blocks);
    s.model = toy_line;
    s.options.order = 3, s.options.form = form, s.options.keep_order = true;
    tensor x = {number, 1, 1, 1, 1};
    assert_null(sampler_run(&s, x, memory));
    return fabs(number[0] - truth[0]);
}

/* Thirds: order 3 in all forms. A fifth and a half: 2. Within 0.03 was seen. */
static void third_order_wants_even_steps_in_a_block(void **state)
{
    (void)state;
    const sampler_form forms[] = {SAMPLER_FORM_USUAL, SAMPLER_MIDPOINT, SAMPLER_HEUN};
    for (int k = 0; k < 3; k++) {
        sampler_form form = forms[k];
        double even = error_with(100, 1 / 3.0, 2 / 3.0, form);
        double uneven = error_with(100, 0.2, 0.5, form);
        even = log2(even / error_with(200, 1 / 3.0, 2 / 3.0, form));
        uneven = log2(uneven / error_with(200, 0.2, 0.5, form));
        assert_true(fabs(even - 3) < 0.05 && fabs(uneven - 2) < 0.05);
    }
}

int main(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 20);
    sigmas w = toy_walk(&memory, STEPS, 10, 0.1, true);
    for (int i = 0; i <= STEPS; i++) {
        list[i] = w.at[i];
        flow[i] = 1 - (double)i / STEPS;
        for (int j = 0; j < 3 && i < STEPS - 1; j++) {
            double step = w.at[i + 1] / w.at[i];
            if (j < 2) halves[2 * i + j] = w.at[i] * pow(step, j / 2.0);
            thirds[3 * i + j] = w.at[i] * pow(step, j / 3.0);
        }
    }
    halves[2 * STEPS - 2] = thirds[3 * STEPS - 3] = list[STEPS - 1];
    halves[2 * STEPS - 1] = 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adaptive_is_k_diffusions),
        cmocka_unit_test(some_are_one_rule),
        cmocka_unit_test(a_block_of_two_is_a_step_with_two_questions),
        cmocka_unit_test(each_is_its_paper),
        cmocka_unit_test(third_order_wants_even_steps_in_a_block),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}
