/* The driver. Property: short, long and rising walks arrive; whoever watches sees all; what is
 * wrong is said before or at the step where it goes wrong. (That nothing changes a bit:
 * test_sampler_ask.c.) */
#include "diffusion/exact.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static arena memory;

static void assert_says(error wrong, const char *words)
{
    if (!wrong) fail_msg("no error, but \"%s\" was expected", words);
    if (!strstr(wrong, words)) fail_msg("\"%s\" does not say \"%s\"", wrong, words);
}

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

static void a_nan_to_start_from_is_refused(void **state)
{
    (void)state;
    for (int inf = 0; inf < 2; inf++) {
        arena a = memory;
        tensor x = toy_start(&a, 3, 10);
        x.data[89] = (real)(inf ? HUGE_VAL : (double)NAN);
        sampler s = sampler_make(&sampler_euler, toy_bells, toy_walk(&a, 7, 10, 0.1, true),
                                 noise_fresh(rng_torch(1)));
        assert_says(sampler_run(&s, x, a), "not finite");
        assert_int_equal(s.i, 0);
    }
}

/* How a walk of this kind with these options is refused. */
static void refused(const char *name, sampler_options o, denoiser d, noise z, const char *words)
{
    arena a = memory;
    const sampler_kind *kind;
    assert_null(sampler_find(name, &kind));
    sampler s = sampler_make(kind, d, toy_list(&a, 9, toy_rising), z);
    if (d.flow) s.walk = toy_list(&a, 7, toy_flowing);
    s.options = o;
    tensor x = toy_start(&a, 1, 1), y = toy_start(&a, 1, 1);
    assert_says(sampler_run(&s, x, a), words);
    assert_true(toy_same_bits(x, y));
}

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    noise z = noise_fresh(rng_torch(1));
    denoiser flow = toy_bells;
    flow.flow = true;
    const sampler_options usual = sampler_make(&sampler_euler, toy_bells, (sigmas){0}, z).options;
    const struct {
        const char *name;
        double eta, s_noise, churn, noise_min;
        int order, large, climb, flow;
        const char *words;
    } table[] = {
        {"ddim", -1, 1, 0, 0, 0, 0, 0, 0, "eta is -1"},
        {"ddim", (double)NAN, 1, 0, 0, 0, 0, 0, 0, "eta is"},
        {"ddim", HUGE_VAL, 1, 0, 0, 0, 0, 0, 0, "eta is inf"},
        {"ddim", 1e10, 1, 0, 0, 0, 0, 0, 0, "eta is 1e+10"},
        {"ddim", 1e-31, 1, 0, 0, 0, 0, 0, 0, "eta is 1e-31"},
        {"euler", 0, -1, 0, 0, 0, 0, 0, 0, "s_noise is -1"},
        {"euler", 0, (double)NAN, 0, 0, 0, 0, 0, 0, "s_noise is"},
        {"euler", 0, 1, -1, 0, 0, 0, 0, 0, "churn is -1"},
        {"euler", 0, 1, HUGE_VAL, 0, 0, 0, 0, 0, "churn is inf"},
        {"euler", 0, 1, 1, (double)NAN, 0, 0, 0, 0, "nowhere"},
        {"euler", 0, 1, 1, 0, 0, 0, 0, 1, "flow"},
        {"ddpm", 1, 1, 0, 0, 0, 1, 0, 1, "flow"},
        {"heun", 0.5, 1, 0, 0, 0, 0, 0, 0, "heun takes no eta"},
        {"ddpm", 0.5, 1, 0, 0, 0, 0, 0, 0, "ddpm takes no eta"},
        {"dpmpp_2m", 0, 1, 1, 0, 0, 0, 0, 0, "dpmpp_2m takes no churn; it takes no options"},
        {"euler", 0, 1, 0, 0, 0, 1, 0, 0, "euler takes no variance"},
        {"euler", 0, 1, 0, 0, 2, 0, 0, 0, "takes no order; it takes churn"},
        {"lms", 0, 1, 0, 0, 5, 0, 0, 0, "from 1 to 4, not 5"},
        {"lms", 0, 1, 0, 0, -1, 0, 0, 0, "from 1 to 4, not -1"},
        {"ddpm", 1, 1, 0, 0, 0, 0, 1, 0, "ddpm cannot climb"},
        {"ddim", 0.5, 1, 0, 0, 0, 0, 1, 0, "ddim cannot climb"},
        {"score_sde_ve", 1, 1, 0, 0, 0, 0, 0, 1, "score_sde_ve has no form for a flow"},
        {"tcd", 0.3, 1, 0, 0, 0, 0, 0, 0, "tcd needs the training schedule"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        sampler_options o = usual;
        o.eta = table[i].eta, o.s_noise = table[i].s_noise, o.order = table[i].order;
        o.churn = table[i].churn, o.noise_min = table[i].noise_min, o.climb = table[i].climb;
        o.variance = table[i].large ? SAMPLER_FIXED_LARGE : SAMPLER_FIXED_SMALL;
        refused(table[i].name, o, table[i].flow ? flow : toy_bells, z, table[i].words);
    }
    sampler_options churn = usual;
    churn.churn = 1;
    refused("euler", churn, toy_bells, noise_brownian(1, 10), "need fresh noise");
    churn.climb = true;
    refused("euler", churn, toy_bells, z, "or a climb");
    sampler_options correct = usual, learned = usual;
    correct.correct = 1;
    refused("euler", correct, toy_bells, noise_brownian(1, 10), "need fresh noise");
    refused("lms", correct, toy_bells, z, "lms takes no correct");
    correct.correct = 0, correct.snr = 0.1;
    refused("euler", correct, toy_bells, z, "snr is of correct");
    correct.correct = 1, correct.snr = 0, correct.climb = true;
    refused("euler", correct, toy_bells, z, "or a climb");
    learned.eta = 1, learned.variance = SAMPLER_LEARNED_RANGE;
    refused("ddpm", learned, toy_bells, z, "gives no variance");
    refused("ddpm", learned, flow, z, "a flow has no beta");
    refused("euler", usual, toy_bells, noise_brownian(1, 10), "rises");
    refused("euler", usual, toy_bells, noise_brownian(1, 9), "ends at sigma 9");
    refused("heun", usual, toy_leaning, z, "heun cannot walk along another guess's noise");
}

static void lists_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    const struct {
        int n;
        double at[3];
        bool flow;
        const char *words;
    } table[] = {
        {0, {1, 0}, false, "at least 1"},          {-1, {1, 0}, false, "at least 1"},
        {2, {1, (double)NAN, 0}, false, "size 1"}, {2, {1, -1, 0}, false, "size 1"},
        {2, {1, 1, 0}, false, "both 1"},           {2, {1, 0, 0}, false, "1 and 2 are both 0"},
        {1, {HUGE_VAL, 0}, false, "size 0"},       {2, {1.5, 1, 0}, true, "above 1"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        arena a = memory;
        denoiser d = toy_bells;
        d.flow = table[i].flow;
        double at[3];
        memcpy(at, table[i].at, sizeof at);
        sampler s = sampler_make(&sampler_euler, d, (sigmas){.n = table[i].n, .at = at},
                                 noise_fresh(rng_torch(1)));
        assert_says(sampler_run(&s, toy_start(&a, 1, 1), a), table[i].words);
    }
}

/* Memory that holds a walk as the check has it holds that of every kind; less is refused. */
static void too_little_memory_is_refused(void **state)
{
    (void)state;
    for (int k = 0; samplers[k]; k++) {
        if (samplers[k]->discrete) continue;
        arena a = memory, small = arena_make((size_t)1 << 20);
        denoiser d = samplers[k]->takes & SAMPLER_AWAY       ? toy_leaning
                     : samplers[k]->takes & SAMPLER_VARIANCE ? toy_unsure
                                                             : toy_bells;
        sampler s =
            toy_sampler(samplers[k], d, toy_walk(&a, 6, 10, 0.1, true), noise_fresh(rng_torch(1)));
        tensor x = toy_noise(&a, 1, 40, 40, 2, 10);
        size_t enough = SAMPLER_ROOM * (40 * 40 * 2 * sizeof(real) + 128);
        toy_mask(&s, &a, x, true);
        arena_take(&small, (arena_left(small) - enough) / 64 * 64 - 256);
        while (arena_left(small) >= enough + 192) arena_take(&small, 1);
        arena less = small;
        arena_take(&less, 512);
        assert_says(sampler_run(&s, x, less), "too little memory: 48 pictures");
        assert_null(sampler_run(&s, x, small));
        arena_free(small);
    }
}

static void an_unknown_name_is_told_the_nearest(void **state)
{
    (void)state;
    const sampler_kind *kind = NULL;
    error wrong = sampler_find("dpmpp2m", &kind);
    assert_says(wrong, "no sampler \"dpmpp2m\"; nearest is dpmpp_2m");
    assert_null(kind);
    for (int k = 0; samplers[k]; k++) {
        assert_says(sampler_find("?", &kind), samplers[k]->name);
        assert_null(sampler_find(samplers[k]->name, &kind));
        assert_ptr_equal(kind, samplers[k]);
        kind = NULL;
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
        cmocka_unit_test(a_nan_to_start_from_is_refused),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(lists_that_make_no_sense_are_refused),
        cmocka_unit_test(too_little_memory_is_refused),
        cmocka_unit_test(an_unknown_name_is_told_the_nearest),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
