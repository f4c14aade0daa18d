/* Property: the same walk in every bit, for every kind in the list: by run, step and ask, with each
 * option, down, up and in a flow; with any number of threads; in a batch or alone. */
#include "base/parallel.h"
#include "diffusion/exact.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static arena memory;
static schedule trained;

static tensor by_run(sampler s, arena *keep, int *calls)
{
    tensor x = toy_start(keep, 3, s.walk.at[0]);
    error wrong = sampler_run(&s, x, *keep);
    if (wrong) fail_msg("%s: %s", s.kind->name, wrong);
    assert_int_equal(s.i, s.walk.n);
    *calls = s.calls;
    return x;
}

static tensor by_step(sampler s, arena *keep, int *calls)
{
    tensor x = toy_start(keep, 3, s.walk.at[0]);
    assert_null(sampler_begin(&s, x, keep));
    while (s.i < s.walk.n) assert_null(sampler_step(&s, x, *keep));
    *calls = s.calls;
    return x;
}

/* The caller's own model answers; the sampler's must not be asked. */
static void never(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)self, (void)out, (void)x, (void)sigma, (void)scratch;
    fail_msg("sampler_ask asked the model itself");
}

static tensor by_ask(sampler s, arena *keep, int *calls)
{
    denoiser mine = s.model;
    s.model.guess = never;
    tensor x = toy_start(keep, 3, s.walk.at[0]);
    assert_null(sampler_begin(&s, x, keep));
    sampler_question q = sampler_listen(&s, x, keep);
    while (sampler_ask(&s, &q, x, *keep))
        denoiser_ask(mine, q.answer[q.told++], q.x, q.sigma, *keep);
    assert_null(s.wrong);
    *calls = s.calls;
    return x;
}

static void assert_one_walk(sampler s)
{
    arena keep = memory;
    int run, step, ask;
    toy_mask(&s, &keep, toy_start(&keep, 3, 1), true);
    tensor x = by_run(s, &keep, &run);
    if (!toy_same_bits(x, by_step(s, &keep, &step))) fail_msg("%s: step is not run", s.kind->name);
    if (s.kind->whole_walk) return; /* its number of questions depends on the answers */
    if (!toy_same_bits(x, by_ask(s, &keep, &ask))) fail_msg("%s: ask is not run", s.kind->name);
    int most = s.kind->evals + s.options.correct;
    assert_true(run == step && run == ask && run <= s.walk.n * most);
}

/* One kind with each of the options that it listens to. */
static void with_every_option(sampler s)
{
    assert_one_walk(s);
    sampler t = s;
    t.options.eta = 0.5;
    if (s.kind->takes & SAMPLER_ETA) assert_one_walk(t);
    t = s;
    t.options.churn = 3;
    if (s.kind->takes & SAMPLER_CHURN && !s.model.flow) assert_one_walk(t);
    t = s;
    t.options.variance = SAMPLER_FIXED_LARGE;
    if (s.kind->takes & SAMPLER_VARIANCE && !s.model.flow) assert_one_walk(t);
    t = s;
    t.options.correct = 2;
    if (s.kind->takes & SAMPLER_CORRECT && s.noise.kind == NOISE_FRESH) assert_one_walk(t);
    t = s;
    for (t.options.order = s.kind->whole_walk ? 2 : 1; t.options.order <= s.kind->max_order;
         t.options.order++)
        assert_one_walk(t);
    t = s;
    unsigned takes = s.kind->takes;
    t.options.noise_prediction = takes & SAMPLER_NOISE_PREDICTION;
    bool ddim = s.kind == &sampler_ddim; /* its other way needs the table of a VP model */
    t.options.as_published = takes & SAMPLER_AS_PUBLISHED && !(ddim && s.model.flow);
    if (ddim) t.schedule = &trained;
    t.options.keep_order = takes & SAMPLER_KEEP_ORDER;
    t.options.pece = takes & SAMPLER_PECE;
    t.options.predictor = takes & SAMPLER_PREDICTOR ? 2 : 0;
    t.options.r = takes & SAMPLER_R ? 0.3 : 0;
    t.options.gamma = takes & SAMPLER_GAMMA ? 1.3 : 0;
    assert_one_walk(t);
    t.options.eta = takes & SAMPLER_ETA ? 0.5 : s.kind->eta, t.options.order = s.kind->max_order;
    assert_one_walk(t);
    t = s;
    for (int form = SAMPLER_FORM_USUAL; form <= SAMPLER_IPNDM_V; form++) {
        t.options.form = (sampler_form)form;
        arena a = memory;
        sampler begun = t;
        toy_mask(&begun, &a, toy_start(&a, 3, 1), true);
        error wrong = sampler_begin(&begun, toy_start(&a, 3, 1), &a);
        if (!wrong)
            assert_one_walk(t);
        else if (!strstr(wrong, "form"))
            fail_msg("%s", wrong);
    }
    t = s;
    t.options.climb = true;
    if (!s.kind->stochastic) assert_one_walk(t);
}

static void run_and_step_and_ask_are_one_walk(void **state)
{
    (void)state;
    noise fresh = noise_fresh(rng_torch(3));
    denoiser flow = toy_bells;
    flow.flow = true;
    sigmas down = toy_walk(&memory, 7, 10, 0.1, true), up = toy_list(&memory, 9, toy_rising);
    sigmas flow_walk = toy_list(&memory, 7, toy_flowing);
    for (int k = 0; samplers[k]; k++) {
        if (samplers[k]->discrete) continue;
        with_every_option(toy_sampler(samplers[k], toy_bells, down, fresh));
        if (samplers[k]->whole_walk) continue; /* the others rise */
        with_every_option(toy_sampler(samplers[k], toy_bells, up, fresh));
        if (!samplers[k]->no_flow)
            with_every_option(toy_sampler(samplers[k], flow, flow_walk, fresh));
        assert_one_walk(toy_sampler(samplers[k], toy_bells, down, noise_brownian(7, 10)));
        if (!(samplers[k]->takes & SAMPLER_AWAY)) continue;
        with_every_option(toy_sampler(samplers[k], toy_leaning, down, fresh));
        with_every_option(toy_sampler(samplers[k], toy_leaning, up, fresh));
    }
}

/* ---- A learned variance ---- */

static void ask_carries_the_variance(void **state)
{
    (void)state;
    sampler s = sampler_make(&sampler_ddpm, toy_unsure, toy_walk(&memory, 7, 10, 0.1, true),
                             noise_fresh(rng_torch(3)));
    for (int correct = 0; correct < 3; correct += 2)
        for (int range = 0; range < 2; range++) {
            s.options.correct = correct;
            s.options.variance = range ? SAMPLER_LEARNED_RANGE : SAMPLER_LEARNED;
            assert_one_walk(s);
        }
}

/* ---- Threads and batches ---- */

static tensor walked(sampler s, tensor start, arena *keep)
{
    tensor x = tensor_like(keep, start);
    tensor_copy(x, start);
    assert_null(sampler_run(&s, x, *keep));
    return x;
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    enum { MOST = 200 };
    static const int threads[] = {7, 2, 1};
    arena a = memory;
    int usual = parallel_threads();
    const double width[] = {0.3, 0.5, 0.4};
    exact_mixture m = {.centre = toy_noise(&a, 3, 80, 70, 2, 1), .width = width};
    tensor start = toy_noise(&a, 3, 80, 70, 2, 10), first[MOST];
    assert_true(tensor_count(start) > PARALLEL_WORTH);
    sigmas walk = toy_walk(&a, 3, 10, 0.1, true);
    for (int t = 0; t < 3; t++) {
        parallel_set_threads(threads[t]);
        for (int k = 0; samplers[k / 2]; k++) {
            if (samplers[k / 2]->discrete) continue;
            noise z = k % 2 ? noise_brownian(7, 10) : noise_fresh(rng_philox(3));
            sampler s = toy_sampler(samplers[k / 2], exact_denoiser(&m), walk, z);
            assert_true(k < MOST);
            if (t == 0) first[k] = tensor_like(&a, start);
            arena scratch = a;
            toy_mask(&s, &scratch, start, true);
            if (t == 0) tensor_copy(first[k], walked(s, start, &scratch));
            assert_true(toy_same_bits(first[k], walked(s, start, &scratch)));
        }
    }
    parallel_set_threads(usual);
}

/* Fresh noise is drawn for the batch as a whole; a Brownian path belongs to one picture. */
static void a_batch_is_its_pictures(void **state)
{
    (void)state;
    sigmas walk = toy_walk(&memory, 6, 10, 0.1, true);
    for (int k = 0; samplers[k]; k++) {
        if (samplers[k]->discrete) continue;
        arena a = memory;
        tensor start = toy_start(&a, 3, 10), x = tensor_like(&a, start);
        tensor_copy(x, start);
        sampler s = toy_sampler(samplers[k], toy_bells, walk, noise_brownian(40, 10));
        toy_mask(&s, &a, x, true);
        assert_null(sampler_run(&s, x, a));
        for (int i = 0; i < 3; i++) {
            tensor one = tensor_pictures(start, i, 1);
            s = toy_sampler(samplers[k], toy_bells, walk, noise_brownian(40 + (uint64_t)i, 10));
            toy_mask(&s, &a, one, true);
            assert_null(sampler_run(&s, one, a));
            assert_true(toy_same_bits(one, tensor_pictures(x, i, 1)));
        }
    }
}

int main(void)
{
    memory = arena_make(0);
    if (schedule_make("scaled_linear", (schedule_options){0}, &memory, &trained)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_and_step_and_ask_are_one_walk),
        cmocka_unit_test(ask_carries_the_variance),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(a_batch_is_its_pictures),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
