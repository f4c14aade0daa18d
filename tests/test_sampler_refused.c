/* What the driver refuses before a walk, and how it says so. */
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

static const struct {
    const char *name;
    double eta, s_noise, churn, noise_min;
    int order, large, climb, flow;
    const char *words;
} nonsense[] = {
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

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    noise z = noise_fresh(rng_torch(1));
    denoiser flow = toy_bells;
    flow.flow = true;
    const sampler_options usual = sampler_make(&sampler_euler, toy_bells, (sigmas){0}, z).options;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        sampler_options o = usual;
        o.eta = nonsense[i].eta, o.s_noise = nonsense[i].s_noise, o.order = nonsense[i].order;
        o.churn = nonsense[i].churn, o.noise_min = nonsense[i].noise_min,
        o.climb = nonsense[i].climb;
        o.variance = nonsense[i].large ? SAMPLER_FIXED_LARGE : SAMPLER_FIXED_SMALL;
        refused(nonsense[i].name, o, nonsense[i].flow ? flow : toy_bells, z, nonsense[i].words);
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
