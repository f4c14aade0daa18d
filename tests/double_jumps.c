/* Walks that rise, and what else a walk may do with its noise, in the papers' own letters and by
 * brute force: RePaint, the rise by noise, the two ways to divide a flow's noise, inversion, CFG++.
 * In double, so that 1e-12 can be asked for. */
#include "diffusion/guidance.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NUMBERS = 30 };
static arena memory, noise_room;

/* z of a step depends on where it starts and ends, so that two walks meet the same. */
static void noise_between(void *self, tensor z, int draw, double from, double to)
{
    (void)self, (void)draw;
    rng r = rng_torch((uint64_t)(from * 1e6 + to * 7e8));
    rng_normal(&r, z, noise_room);
}

static double D(double x, double sigma)
{
    double s2 = 0.09, v = s2 + sigma * sigma;
    return (sigma * sigma * tanh(x / v) + s2 * x) / v;
}

/* It ends above 0, where the known numbers hold noise as well. */
static sigmas up_and_down(void)
{
    sigmas walk;
    sigmas_options o = {.sigma_min = 0.1, .sigma_max = 10, .jump = 3, .visits = 3};
    o.end_at_min = true;
    assert_null(sigmas_make("karras", 12, NULL, o, &memory, &walk));
    assert_int_equal(walk.n, 12 + 4 * 2 * 6);
    return walk;
}

static void run(sampler s, tensor x)
{
    error wrong = sampler_run(&s, x, memory);
    if (wrong) fail_msg("%s", wrong);
}

/* ---- RePaint ---- */

static double abar(double sigma)
{
    return 1 / (1 + sigma * sigma);
}

/* Lugmayr 2022, arXiv:2201.09865, eq. 8a to 8c, and line 10 of Algorithm 1 where t rises; x_t is
 * held without its factor sqrt(abar) between the steps. */
static double repaint_of_the_paper(double x, double from, double to, double m, double x0, double z)
{
    double abar_t = abar(from), abar_before = abar(to), x_t = sqrt(abar_t) * x;
    if (to > from) { /* here t is the time before */
        double beta = 1 - abar_before / abar_t;
        return (sqrt(1 - beta) * x_t + sqrt(beta) * z) / sqrt(abar_before);
    }
    double alpha_t = abar_t / abar_before, beta_t = 1 - alpha_t;
    double known = sqrt(abar_before) * x0 + sqrt(1 - abar_before) * z;
    double eps_theta = (x - D(x, from)) / from;
    double beta_tilde = (1 - abar_before) / (1 - abar_t) * beta_t;
    double unknown =
        (x_t - beta_t / sqrt(1 - abar_t) * eps_theta) / sqrt(alpha_t) + sqrt(beta_tilde) * z;
    return (m * known + (1 - m) * unknown) / sqrt(abar_before);
}

static void repaint_is_its_paper(void **state)
{
    (void)state;
    arena a = memory;
    sigmas walk = up_and_down();
    sampler s = sampler_make(&sampler_repaint, toy_bells, walk, noise_given(noise_between, NULL));
    tensor x = toy_start(&memory, 1, 10), y = toy_start(&memory, 1, 10),
           z = tensor_like(&memory, x);
    toy_mask(&s, &memory, x, true);
    run(s, x);
    for (int i = 0; i < walk.n; i++) {
        noise_between(NULL, z, i, walk.at[i], walk.at[i + 1]);
        for (size_t p = 0; p < NUMBERS; p++)
            y.data[p] = (real)repaint_of_the_paper((double)y.data[p], walk.at[i], walk.at[i + 1],
                                                   (double)s.mask.data[p], 0.25, (double)z.data[p]);
    }
    assert_true(tensor_distance(x, y) < 1e-12);
    memory = a;
}

static void assert_refused(sampler s, tensor x, const char *words)
{
    error wrong = sampler_run(&s, x, memory);
    if (!wrong || !strstr(wrong, words)) fail_msg("\"%s\" does not say \"%s\"", wrong, words);
}

static void masks_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    arena a = memory;
    noise z = noise_given(noise_between, NULL);
    tensor x = toy_start(&memory, 2, 10);
    sampler good = sampler_make(&sampler_repaint, toy_bells, up_and_down(), z), s = good;
    assert_refused(s, x, "repaint needs a mask and a known picture of x's shape");
    toy_mask(&good, &memory, x, true);
    s = good, s.known.data = NULL;
    assert_refused(s, x, "of x's shape");
    s = good, s.mask = tensor_pictures(s.mask, 0, 1);
    assert_refused(s, x, "of x's shape");
    s = good, s.known.w--;
    assert_refused(s, x, "of x's shape");
    const double wrong[] = {-0.01, 1.01, (double)NAN};
    for (int i = 0; i < 3; i++) {
        s = good, s.mask.data[7] = (real)wrong[i];
        assert_refused(s, x, "number 7: a mask of");
        s.mask.data[7] = 0;
    }
    s = good, s.known.data[9] = (real)HUGE_VAL;
    assert_refused(s, x, "or a known inf");
    s = good, s.known.data[9] = 0, s.options.climb = true;
    assert_refused(s, x, "repaint cannot climb");
    s = good, s.kind = &sampler_euler, s.options.eta = 0;
    assert_refused(s, x, "sampler euler takes no mask; it takes");
    memory = a;
}

static void from_nothing_no_slope_leads_up(void **state)
{
    (void)state;
    const double sizes[] = {1, 0, 1, 0};
    sampler s = sampler_make(&sampler_euler, toy_bells, toy_list(&memory, 3, sizes),
                             noise_given(noise_between, NULL));
    tensor x = toy_start(&memory, 1, 1);
    run(s, x); /* up by noise it can go */
    s.options.climb = true;
    assert_refused(s, x, "size 1 is 0: from there no slope leads up");
}

/* ---- How much of each draw is in the end ---- */

/* Draw k is 1 in number k + 1 and 0 elsewhere: where the walk is linear, the numbers of x are what
 * is left of each draw; number 0 is what is left of the start. */
static void one_at_a_time(void *self, tensor z, int draw, double from, double to)
{
    (void)self, (void)from, (void)to;
    tensor_fill(z, 0);
    assert_true(draw + 1 < NUMBERS);
    z.data[draw + 1] = 1;
}

static double squares(tensor x)
{
    double sum = 0;
    for (size_t p = 0; p < tensor_count(x); p++) sum += (double)(x.data[p] * x.data[p]);
    return sum;
}

/* Up in one rise or in many, from noise of size sigma or from none: x has the noise of the size
 * where it is, and as much of the picture. */
static void many_small_rises_are_one(void **state)
{
    (void)state;
    const double at[] = {0, 0.1, 0.15, 0.4, 0.7, 0.9}, one[] = {0, 0.9};
    for (int flow = 0; flow < 2; flow++)
        for (int first = 0; first < 2; first++) {
            arena a = memory;
            denoiser d = {.flow = flow};
            d.guess = toy_bells_guess;
            sigmas small = toy_list(&memory, 5 - first, at + first),
                   large = toy_list(&memory, 1, one);
            large.at[0] = at[first];
            tensor x = tensor_new(&memory, 1, 1, 1, NUMBERS), y = tensor_like(&memory, x);
            tensor_fill(x, 0), tensor_fill(y, 0);
            x.data[0] = y.data[0] = (real)at[first];
            noise z = noise_given(one_at_a_time, NULL);
            run(sampler_make(&sampler_euler, d, small, z), x);
            run(sampler_make(&sampler_euler, d, large, z), y);
            assert_true(x.data[1] > 0 && x.data[5 - first] > 0 && y.data[2] == 0);
            assert_true(fabs(squares(x) - 0.81) < 1e-15 && fabs(squares(y) - 0.81) < 1e-15);
            assert_true(fabs((double)(x.data[0] - y.data[0])) < 1e-15);
            memory = a;
        }
}

static void nothing_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)self, (void)x, (void)sigma, (void)scratch;
    tensor_fill(out.x0, 0);
}

static bool is_as_large_as_its_sigma(void *self, const sampler *s, tensor x)
{
    (*(int *)self)++;
    if (fabs(squares(x) - s->sigma * s->sigma) > 1e-14)
        fail_msg("step %d to %g holds noise of size %g", s->i, s->sigma, sqrt(squares(x)));
    return true;
}

/* Where the data are one picture, here 0, D is that picture and x is noise alone: it must have the
 * size of the step, whichever way a flow's noise is divided, for any eta. */
static void both_splits_of_a_flow_hold_their_size(void **state)
{
    (void)state;
    const double at[] = {1, 0.9, 0.6, 0.5, 0.45, 0.2, 0.01, 0}, etas[] = {0, 0.3, 1, 0.7};
    for (int k = 0; k < 8; k++) {
        arena a = memory;
        int seen = 0;
        denoiser d = {.guess = nothing_guess, .flow = true};
        sampler s = sampler_make(&sampler_euler_ancestral, d, toy_list(&memory, 7, at),
                                 noise_given(one_at_a_time, NULL));
        s.options.eta = etas[k / 2], s.options.as_published = k % 2;
        s.watch = is_as_large_as_its_sigma, s.watcher = &seen;
        tensor x = tensor_new(&memory, 1, 1, 1, NUMBERS);
        tensor_fill(x, 0);
        x.data[0] = 1;
        run(s, x);
        assert_int_equal(seen, 7);
        memory = a;
    }
}

/* ---- Inversion ---- */

/* diffusers' DDIMInverseScheduler is fed by its pipeline with what the network says of x at the
 * time where it is going to: eps(x_t, t + 1), x in the scale of its own time. */
static void climb_of_diffusers(tensor x, double sigma, double next)
{
    for (size_t p = 0; p < tensor_count(x); p++) {
        double x_t = (double)x.data[p] * sqrt(abar(sigma)), there = x_t / sqrt(abar(next));
        double eps = (there - D(there, next)) / next;
        x.data[p] += (real)((next - sigma) * eps);
    }
}

/* How far n steps up from size 0.03 to 5 and n down again end from where they began. */
static double round_trip(int n, bool of_diffusers)
{
    arena a = memory;
    sigmas down = toy_walk(&memory, n, 5, 0.03, false), up = toy_walk(&memory, n, 5, 0.03, false);
    for (int i = 0; i <= n; i++) up.at[i] = down.at[n - i];
    tensor start = toy_start(&memory, 3, 1), x = toy_start(&memory, 3, 1);
    sampler s = sampler_make(&sampler_ddim, toy_bells, up, noise_given(noise_between, NULL));
    s.options.climb = true;
    for (int i = 0; of_diffusers && i < n; i++) climb_of_diffusers(x, up.at[i], up.at[i + 1]);
    if (!of_diffusers) run(s, x);
    s.walk = down;
    run(s, x);
    memory = a;
    return tensor_distance(x, start);
}

/* Both are of first order. Theirs asks about a picture that holds less noise than it is said to,
 * but at the time where the step down will ask again, and so it comes back nearer. */
static void inversion_as_diffusers_indexes_it(void **state)
{
    (void)state;
    for (int n = 50; n <= 400; n *= 2) {
        double ours = round_trip(n, false), theirs = round_trip(n, true);
        print_message("%3d steps up and down: ours %.5f, theirs %.5f\n", n, ours, theirs);
        assert_true(ours / round_trip(2 * n, false) > 1.8);
        assert_true(theirs / round_trip(2 * n, true) > 1.8);
    }
}

/* ---- CFG++ ---- */

/* Chung 2024, arXiv:2406.08070, Algorithm 2: x0 by the guided eps, then noise again by the one
 * without a wish; sigma_t as DDIM has it. */
static double cfgpp_of_the_paper(double x, double from, double to, double lambda, double eta,
                                 double z)
{
    double abar_t = abar(from), abar_before = abar(to), x_t = sqrt(abar_t) * x;
    double sigma_t =
        eta * sqrt((1 - abar_before) / (1 - abar_t)) * sqrt(fmax(1 - abar_t / abar_before, 0));
    double null = (x - D(x, from)) / from, wish = (x - 0.8 * D(x, from)) / from;
    double eps = null + lambda * (wish - null);
    double x0 = (x_t - sqrt(1 - abar_t) * eps) / sqrt(abar_t);
    double x_before = sqrt(abar_before) * x0 +
                      sqrt(fmax(1 - abar_before - sigma_t * sigma_t, 0)) * null + sigma_t * z;
    return x_before / sqrt(abar_before);
}

static void wish_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    toy_bells_guess(self, out, x, sigma, scratch);
    tensor_scale(out.x0, 0.8, out.x0);
}

static void guidance_walks_as_cfgpp_has_it(void **state)
{
    (void)state;
    const sampler_kind *kinds[] = {&sampler_ddim, &sampler_euler_ancestral};
    const double lambda = 0.6, etas[] = {0, 0.5, 1};
    denoiser both[] = {toy_bells, {.guess = wish_guess}};
    stack of = {both, 2};
    guidance g = {stack_denoiser(&of), &lambda, .walk_unconditioned = true};
    for (int k = 0; k < 6; k++) {
        arena a = memory;
        sigmas walk = toy_walk(&memory, 12, 10, 0.1, true);
        tensor x = toy_start(&memory, 1, 10), y = toy_start(&memory, 1, 10),
               z = tensor_like(&memory, x);
        sampler s = sampler_make(kinds[k % 2], guidance_denoiser(&g), walk,
                                 noise_given(noise_between, NULL));
        s.options.eta = etas[k / 2];
        run(s, x);
        for (int i = 0; i < walk.n; i++) {
            noise_between(NULL, z, i, walk.at[i], walk.at[i + 1]);
            for (size_t p = 0; p < NUMBERS; p++)
                y.data[p] = (real)cfgpp_of_the_paper((double)y.data[p], walk.at[i], walk.at[i + 1],
                                                     lambda, etas[k / 2], (double)z.data[p]);
        }
        assert_true(tensor_distance(x, y) < 1e-12);
        memory = a;
    }
}

int main(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repaint_is_its_paper),
        cmocka_unit_test(masks_that_make_no_sense_are_refused),
        cmocka_unit_test(from_nothing_no_slope_leads_up),
        cmocka_unit_test(many_small_rises_are_one),
        cmocka_unit_test(both_splits_of_a_flow_hold_their_size),
        cmocka_unit_test(inversion_as_diffusers_indexes_it),
        cmocka_unit_test(guidance_walks_as_cfgpp_has_it),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}
