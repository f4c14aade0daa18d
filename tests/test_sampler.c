/* The driver. Property: short, long and rising walks arrive; whoever watches sees all; a NaN
 * stops the walk at its step. (That nothing changes a bit: test_sampler_ask.c;
 * what is refused before: test_sampler_refused.c.) */
#include "diffusion/exact.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "says.h"

static arena memory;

/* ---- Short, long and rising walks ---- */

static void one_step_to_zero_is_the_guess(void **state)
{
    (void)state;
    arena a = memory;
    tensor start = toy_start(&a, 3, 5), x = tensor_like(&a, start);
    answer guess = denoiser_room(toy_bells, &a, start);
    denoiser_ask(toy_bells, guess, start, 5, a);
    for (int k = 0; samplers[k]; k++) {
        if (samplers[k]->discrete) continue;
        tensor_copy(x, start);
        sampler s = toy_sampler(samplers[k], toy_bells, toy_walk(&a, 1, 5, 5, true),
                                noise_fresh(rng_torch(1)));
        toy_mask(&s, &a, x, false);
        assert_null(sampler_run(&s, x, a));
        double off = tensor_distance(x, guess.x0); /* 15 of x minus 15 of noise, in float */
        if (!(off < 5e-7)) fail_msg("%s lands %g beside the guess", samplers[k]->name, off);
    }
}

/* 50,000 roundings of numbers near 1 (6e-8 each) would add up to 3e-3 if all went one way; they
 * do not, and 3e-5 was seen. */
static void long_walks_arrive(void **state)
{
    (void)state;
    real numbers[] = {-7, 9};
    for (int k = 0; samplers[k]; k++) {
        if (samplers[k]->discrete) continue;
        arena a = memory;
        tensor x = {numbers, 1, 1, 1, 2};
        numbers[0] = -7, numbers[1] = 9;
        sampler s = toy_sampler(samplers[k], toy_line, toy_walk(&a, 50000, 10, 0.1, false),
                                noise_fresh(rng_torch(1)));
        toy_mask(&s, &a, x, false);
        assert_null(sampler_run(&s, x, a));
        assert_int_equal(s.i, 50000);
        double shrink = sqrt((0.36 + 0.01) / (0.36 + 100));
        if (s.kind->stochastic || s.kind->whole_walk) continue; /* its error is its tolerance's */
        assert_true(fabs((double)numbers[0] - (0.5 + shrink * -7.5)) < 1e-4);
        assert_true(fabs((double)numbers[1] - (0.5 + shrink * 8.5)) < 1e-4);
    }
}

/* A flow begins where nothing of the picture is left and ln(alpha / sigma) is minus infinity. The
 * error of 200 Euler steps is some 1e-3. */
static void a_flow_starts_at_pure_noise(void **state)
{
    (void)state;
    arena a = memory;
    const double width = 0.5;
    tensor centre = toy_noise(&a, 1, 5, 3, 2, 1);
    exact_mixture m = {.centre = centre, .width = &width, .flow = true};
    tensor start = toy_start(&a, 3, 1), x = tensor_like(&a, start), truth = tensor_like(&a, x);
    sigmas walk = {.n = 200, .at = arena_take(&a, 201 * sizeof(double))};
    for (int i = 0; i <= 200; i++) walk.at[i] = 1 - i / 200.0;
    tensor_copy(truth, start);
    toy_follow(&m, truth, 1, 0);
    for (int k = 0; samplers[k]; k++) {
        if (samplers[k]->no_flow || samplers[k]->discrete) continue;
        tensor_copy(x, start);
        sampler s = toy_sampler(samplers[k], exact_denoiser(&m), walk, noise_fresh(rng_torch(1)));
        arena keep = a;
        toy_mask(&s, &keep, x, false);
        assert_null(sampler_run(&s, x, keep));
        double most = s.kind->whole_walk ? 0.05 : 4e-3; /* its usual tolerance */
        if (!s.kind->stochastic) assert_true(tensor_distance(x, truth) < most);
    }
}

/* Up by noise: what was N(0, sigma^2) becomes N(0, next^2); with a flow, the picture in it
 * shrinks. */
static void a_rise_adds_the_noise_that_is_missing(void **state)
{
    (void)state;
    for (int flow = 0; flow < 2; flow++) {
        arena a = memory;
        double sigma = flow ? 0.3 : 1, next = flow ? 0.6 : 2, alpha = flow ? 1 - next : 1;
        denoiser d = toy_bells;
        d.flow = flow;
        tensor x = toy_noise(&a, 1, 100, 100, 2, sigma), x0 = tensor_like(&a, x);
        tensor_fill(x0, 3);
        tensor_add_scaled(x, flow ? 1 - sigma : 1, x0);
        const double up[] = {sigma, next};
        sampler s = sampler_make(&sampler_heun, d, toy_list(&a, 1, up), noise_fresh(rng_torch(9)));
        assert_null(sampler_run(&s, x, a));
        assert_int_equal(s.calls, 0);
        tensor_mix(x, 1, x, -alpha, x0);
        double variance = pow(tensor_distance(x, (tensor_fill(x0, 0), x0)), 2), count = 20000;
        assert_true(fabs(variance - next * next) < 4 * next * next * sqrt(2 / count));
    }
}

/* Up along the slope and down again, in a flow to where nothing of the picture is left. In 400
 * steps the first-order rules err by 1.6e-2, the others by 7e-5 and less, but for DEIS, whose clock
 * is lambda, which is minus infinite there: 1.7e-4. */
static void a_climb_leads_back(void **state)
{
    (void)state;
    const double width = 0.5;
    for (int flow = 0; flow < 2; flow++)
        for (int k = 0; samplers[k]; k++) {
            if (samplers[k]->stochastic || samplers[k]->whole_walk) continue;
            arena a = memory;
            exact_mixture m = {toy_noise(&a, 1, 5, 3, 2, 1), NULL, &width, flow};
            tensor start = toy_start(&a, 3, 1), x = tensor_like(&a, start);
            tensor_copy(x, start);
            sigmas down = toy_walk(&a, 200, flow ? 1 : 5, 0.1, false), walk = {.n = 400};
            walk.at = arena_take(&a, 401 * sizeof(double));
            for (int i = 0; i <= 400; i++) walk.at[i] = down.at[i < 200 ? 200 - i : i - 200];
            sampler s =
                toy_sampler(samplers[k], exact_denoiser(&m), walk, noise_fresh(rng_torch(9)));
            s.options.climb = true;
            assert_null(sampler_run(&s, x, a));
            assert_true(tensor_distance(x, start) < (s.kind->order == 1 ? 1.6e-2 : 2e-4));
        }
}

/* ---- Watching ---- */

typedef struct {
    int seen, stop_at, wrong_order;
    double add;
} watcher;

static bool count(void *self, const sampler *s, tensor x)
{
    watcher *w = self;
    w->wrong_order += s->i != w->seen++ || s->sigma != s->walk.at[s->i + 1];
    x.data[0] += (real)w->add;
    return s->i != w->stop_at;
}

/* Where the walk ends is what s->sigma says, whoever chose the steps. */
static void the_size_left_is_that_of_the_list(void **state)
{
    (void)state;
    for (int k = 0; samplers[k]; k++)
        for (int zero = 0; zero < 2; zero++) {
            if (samplers[k]->discrete) continue;
            arena a = memory;
            sampler s = toy_sampler(samplers[k], toy_bells, toy_walk(&a, 7, 10, 0.1, zero),
                                    noise_fresh(rng_torch(1)));
            tensor x = toy_start(&a, 2, 10);
            toy_mask(&s, &a, x, true);
            assert_null(sampler_run(&s, x, a));
            assert_true(s.sigma == s.walk.at[7]);
        }
}

static void a_watcher_sees_every_step_once_and_may_stop(void **state)
{
    (void)state;
    sigmas walk = toy_walk(&memory, 7, 10, 0.1, true);
    for (int k = 0; samplers[k]; k++)
        for (int stop_at = 2; stop_at <= 7; stop_at += 5) {
            if (samplers[k]->discrete) continue;
            arena a = memory;
            watcher w = {.stop_at = stop_at}, v = w;
            sampler s = toy_sampler(samplers[k], toy_bells, walk, noise_fresh(rng_torch(1)));
            tensor x = toy_start(&a, 3, 10), y = toy_start(&a, 3, 10);
            toy_mask(&s, &a, x, true);
            sampler t = s;
            s.watch = t.watch = count;
            s.watcher = &w, t.watcher = &v;
            assert_null(sampler_run(&s, x, a));
            assert_true(w.wrong_order == 0 || s.kind->whole_walk);
            assert_int_equal(w.seen, s.kind->whole_walk ? w.seen : stop_at < 7 ? 3 : 7);
            assert_int_equal(s.i, s.kind->whole_walk ? 7 : w.seen);
            if (s.kind->whole_walk) continue;

            assert_null(sampler_begin(&t, y, &a));
            sampler_question q = sampler_listen(&t, y, &a);
            while (sampler_ask(&t, &q, y, a))
                denoiser_ask(toy_bells, q.answer[q.told++], q.x, q.sigma, a);
            assert_true(toy_same_bits(x, y) && v.seen == w.seen && v.wrong_order == 0 &&
                        t.i == s.i);
        }
}

static void a_watcher_may_change_the_picture(void **state)
{
    (void)state;
    arena a = memory;
    watcher w = {.stop_at = -1, .add = 100};
    sampler s = sampler_make(&sampler_euler, toy_line, toy_walk(&a, 2, 10, 1, true),
                             noise_fresh(rng_torch(1)));
    s.watch = count, s.watcher = &w;
    tensor x = toy_start(&a, 3, 10), y = toy_start(&a, 3, 10);
    assert_null(sampler_run(&s, x, a));
    s.watch = NULL;
    assert_null(sampler_run(&s, y, a));
    double moved = 100 * 0.36 / 1.36 + 100; /* the first 100 went through the step from 1 to 0 */
    assert_true(fabs((double)(x.data[0] - y.data[0]) - moved) < 1e-4);
    assert_true(x.data[1] == y.data[1]);
}

/* ---- What goes wrong ---- */

typedef struct {
    int calls, bad;
} poison;

static void poisoned_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    poison *p = self;
    toy_bells_guess(NULL, out, x, sigma, scratch);
    if (p->calls++ == p->bad) out.x0.data[17] = (real)NAN;
}

static void a_nan_stops_the_walk_at_its_step(void **state)
{
    (void)state;
    sigmas walk = toy_walk(&memory, 7, 10, 0.1, true);
    for (int k = 0; samplers[k]; k++) {
        if (samplers[k]->discrete) continue;
        arena a = memory;
        const sampler_kind *kind = samplers[k];
        if (kind->whole_walk) continue;
        poison p = {.bad = 0};
        denoiser d = {.guess = poisoned_guess, .self = &p};
        tensor x = toy_start(&a, 3, 10), y = toy_start(&a, 3, 10), z = toy_start(&a, 3, 10);

        watcher three = {.stop_at = 2};
        sampler good = toy_sampler(kind, toy_bells, walk, noise_fresh(rng_torch(1)));
        sampler s = toy_sampler(kind, d, walk, noise_fresh(rng_torch(1)));
        toy_mask(&good, &a, x, true);
        toy_mask(&s, &a, x, true);
        sampler t = s;
        good.watch = count, good.watcher = &three;
        assert_null(sampler_run(&good, x, a));
        p.bad = good.calls;
        assert_says(sampler_run(&s, y, a), "step 4 of 7");
        assert_true(toy_same_bits(x, y) && s.i == 3 && s.wrong);

        p.calls = 0;
        assert_null(sampler_begin(&t, z, &a));
        sampler_question q = sampler_listen(&t, z, &a);
        while (sampler_ask(&t, &q, z, a)) denoiser_ask(d, q.answer[q.told++], q.x, q.sigma, a);
        assert_says(t.wrong, "step 4 of 7");
        assert_true(toy_same_bits(x, z) && t.i == 3);
    }
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_step_to_zero_is_the_guess),
        cmocka_unit_test(long_walks_arrive),
        cmocka_unit_test(a_flow_starts_at_pure_noise),
        cmocka_unit_test(a_rise_adds_the_noise_that_is_missing),
        cmocka_unit_test(a_climb_leads_back),
        cmocka_unit_test(the_size_left_is_that_of_the_list),
        cmocka_unit_test(a_watcher_sees_every_step_once_and_may_stop),
        cmocka_unit_test(a_watcher_may_change_the_picture),
        cmocka_unit_test(a_nan_stops_the_walk_at_its_step),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
