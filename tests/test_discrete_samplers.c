/* Samplers of symbols: the law of their data, one walk by run, step and ask, and what is refused.
 * (Number for number against diffusers: test_discrete_golden.c.) */
#include "base/parallel.h"
#include "pipeline/names.h"
#include "symbols.h"
#include "toy.h"
#include <limits.h>
#include <time.h>

static arena memory;
static const sampler_kind *const kinds[] = {&sampler_vq_diffusion, &sampler_masked};
enum { K = 3, T = 6, MANY = 10000, KINDS = 2, OWN = -1 /* temperature */ };

/* ---- The law of the data ---- */

static int run_words(const sampler_kind *kind, const discrete *d, tensor x, sigmas walk,
                     double heat, const discrete_set *set, int *seen, arena scratch)
{
    sampler s = sampler_make(kind, discrete_set_denoiser(set), walk, noise_fresh(rng_torch(31)));
    s.discrete = d;
    if (heat >= 0) s.options.temperature = heat;
    error wrong = sampler_run(&s, x, scratch);
    if (wrong) fail_msg("%s: %s", kind->name, wrong);
    memset(seen, 0, 9 * sizeof *seen);
    for (int i = 0; i < x.n; i++)
        seen[x.w == 1 ? symbols_at(x, i) : 3 * symbols_at(x, 2 * i) + symbols_at(x, 2 * i + 1)]++;
    return s.calls;
}

/* As vq_diffusion, but the model is told a time one later, or the step goes one too far. */
static int told_late, goes_far;
static void wrong_step(sampler *s, tensor x, double t, double next)
{
    int told = (int)t + told_late, to = (int)next - goes_far;
    tensor x0 = sampler_guess(s, x, told > T ? T : told).x0, law = tensor_like(&s->scratch, x);
    discrete_posterior(s->discrete, law, x, x0, to > 0 ? to : 0, (int)t);
    discrete_draw(x, law, next > 0 ? x.c : s->discrete->codes, 1, &s->noise.rng, s->scratch);
}

/* x of time t, for data of this law. */
static tensor noised(const discrete *d, const double *law, int t, arena *keep)
{
    tensor x = tensor_new(keep, MANY, 1, 1, symbols_count(d)), chances = tensor_like(keep, x);
    rng r = rng_torch(77);
    for (int i = 0; i < MANY; i++)
        for (int k = 0; k < x.c; k++) chances.data[i * x.c + k] = k < K ? (real)law[k] : 0;
    discrete_draw(x, chances, K, 1, &r, *keep);
    discrete_forward(d, chances, x, 0, t);
    discrete_draw(x, chances, x.c, 1, &r, *keep);
    return x;
}

/* One place has nothing to do with another: exact for any stride, from any time. */
static void one_place_is_drawn_from_its_law(void **state)
{
    (void)state;
    static const double law[K] = {0.6, 0.3, 0.1};
    for (int k = 0; k < SYMBOLS_TABLES; k++)
        for (int begin = 4; begin <= T; begin += 2)
            for (int stride = 1; stride <= 3; stride++) {
                arena a = memory;
                int seen[9];
                discrete d = symbols_noise(symbols_tables[k], K, T, &a);
                discrete_set set = {&d, symbols_from(&a, "012", 3, 1, 1, symbols_count(&d)), law};
                tensor x = noised(&d, law, begin, &a);
                run_words(&sampler_vq_diffusion, &d, x, symbols_walk(&a, begin, stride), OWN, &set,
                          seen, a);
                double apart = symbols_chi_square(seen, law, K, MANY);
                if (!(apart < symbols_unlikely))
                    fail_msg("%s, stride %d: %g", symbols_tables[k], stride, apart);
            }
}

/* It should give 126 and 281 (worked out with the matrices); no mistake gives 2. */
static void a_step_that_mistakes_its_time_is_noticed(void **state)
{
    (void)state;
    static const double law[K] = {0.6, 0.3, 0.1};
    const sampler_kind wrong = {"wrong", .evals = 1, .discrete = true, .step = wrong_step};
    for (int k = 0; k < 3; k++) {
        arena a = memory;
        int seen[9];
        told_late = k == 1, goes_far = k == 2;
        discrete d = symbols_noise("uniform", K, T, &a);
        discrete_set set = {&d, symbols_from(&a, "012", 3, 1, 1, K), law};
        run_words(&wrong, &d, noised(&d, law, T, &a), symbols_walk(&a, T, 1), OWN, &set, seen, a);
        double apart = symbols_chi_square(seen, law, K, MANY);
        assert_true(k == 0 ? apart < symbols_unlikely : apart > 4 * symbols_unlikely);
    }
}

/* ---- Two places ---- */

/* Words 00, 11 and 01, as often as this; the cells are those of two digits in base 3. */
static const double words[9] = {0.4, 0.2, 0, 0, 0.4, 0, 0, 0, 0};

static void draw_words(const sampler_kind *kind, const char *name, int times, int stride,
                       double heat, int *seen)
{
    static const double weight[] = {0.4, 0.4, 0.2};
    arena a = memory;
    discrete d = symbols_noise(name, K, times, &a);
    int count = symbols_count(&d);
    discrete_set set = {&d, symbols_from(&a, "001101", 3, 1, 2, count), weight};
    tensor any = symbols_all(&a, 0, MANY, 1, 2, count), law = tensor_like(&a, any),
           x = tensor_like(&a, any);
    rng r = rng_torch(5);
    discrete_forward(&d, law, any, 0, times);
    discrete_draw(x, law, count, 1, &r, a);
    run_words(kind, &d, x, symbols_walk(&a, times, stride), heat, &set, seen, a);
}

static double total_variation(const int *seen, const double *law)
{
    double sum = 0;
    for (int k = 0; k < 9; k++) sum += fabs(seen[k] / (double)MANY - law[k]) / 2;
    return sum;
}

/* What is drawn in one step is drawn place by place: of T steps one in T changes both, and then the
 * word is one of 0.6 x 0.4 and so on, which is 0.32 from the law. In 40 steps that leaves 0.008
 * for MASK alone; chance makes 0.005 of 10,000 words. */
static void two_places_need_many_steps(void **state)
{
    (void)state;
    static const double apart[9] = {0.24, 0.36, 0, 0.16, 0.24, 0, 0, 0, 0};
    int seen[9];
    for (int k = 0; k < SYMBOLS_TABLES; k++) {
        draw_words(&sampler_vq_diffusion, symbols_tables[k], 40, 1, OWN, seen);
        double many = total_variation(seen, words);
        if (!(many < 0.02)) fail_msg("%s: %g from the law in 40 steps", symbols_tables[k], many);
        draw_words(&sampler_vq_diffusion, symbols_tables[k], 40, 40, OWN, seen);
        if (!(symbols_chi_square(seen, apart, 9, MANY) < symbols_unlikely ||
              total_variation(seen, apart) < 0.02))
            fail_msg("%s: in one step", symbols_tables[k]);
        assert_true(total_variation(seen, words) > 0.28);
    }
}

/* Two steps, one place each. Hidden at random, that is exact. Without heat the surer place stays:
 * drawn 00 (0.24) keeps the first 0, 01 (0.36) and 11 (0.24) the last 1, as of two equals the first
 * is hidden; 10 (0.16) keeps the 0. What is hidden is drawn again, given what is seen:
 * 00 = 0.24 2/3 + 0.16, 11 = 0.6 2/3, 01 = 0.24/3 + 0.6/3. */
static void masked_prefers_the_sure(void **state)
{
    (void)state;
    static const double sure[9] = {0.32, 0.28, 0, 0, 0.4, 0, 0, 0, 0};
    int seen[9];
    draw_words(&sampler_masked, "mask", 2, 1, 1e9, seen);
    assert_true(symbols_chi_square(seen, words, 9, MANY) < symbols_unlikely);
    draw_words(&sampler_masked, "mask", 2, 1, 0, seen);
    assert_true(symbols_chi_square(seen, sure, 9, MANY) < symbols_unlikely);
    assert_true(symbols_chi_square(seen, words, 9, MANY) > 4 * symbols_unlikely);
    draw_words(&sampler_masked, "mask", 2, 1, OWN, seen); /* the usual heat lies between */
    assert_true(seen[0] > 0.32 * MANY && seen[0] < 0.4 * MANY);
}

static bool one_is_hidden(void *self, const sampler *s, tensor x)
{
    (void)self;
    int masks = (symbols_at(x, 0) == K) + (symbols_at(x, 1) == K);
    assert_int_equal(masks, s->i + 1 < s->walk.n);
    return true;
}

/* Five steps for two places: where 1.6, 1.2, 0.8 and 0.4 are to be hidden it hides one, and that
 * one waits for the last step. */
static void masked_hides_one_until_the_end(void **state)
{
    (void)state;
    arena a = memory;
    discrete d = symbols_noise("mask", K, 5, &a);
    discrete_set set = {&d, symbols_from(&a, "0011", 2, 1, 2, K + 1), NULL};
    tensor x = symbols_all(&a, K, 1, 1, 2, K + 1);
    sampler s = sampler_make(&sampler_masked, discrete_set_denoiser(&set), symbols_walk(&a, 5, 1),
                             noise_fresh(rng_torch(1)));
    s.discrete = &d;
    s.watch = one_is_hidden;
    assert_null(sampler_run(&s, x, a));
    assert_int_equal(s.i, 5);
}

/* ---- One walk, in every bit ---- */

/* Chances that look at the place, its left neighbour and the time. */
static void leaning(void *self, answer out, tensor x, double t, arena scratch)
{
    (void)scratch;
    tensor_fill(out.x0, 0);
    for (int i = 0; i < x.n * x.h * x.w; i++) {
        int left = symbols_at(x, i > 0 ? i - 1 : 0);
        double sum = 0;
        for (int k = 0; k < K; k++) sum += 1 + (i + 5 * k + 3 * left + (int)t) % 7;
        for (int k = 0; k < K; k++)
            out.x0.data[i * x.c + k] = (real)((1 + (i + 5 * k + 3 * left + (int)t) % 7) / sum);
    }
    if (self && t == 4) out.x0.data[1] = (real)NAN;
}

static const denoiser leans = {.guess = leaning};

static sampler walker(const sampler_kind *kind, const discrete *d, int stride, arena *keep)
{
    sampler s = sampler_make(kind, leans, symbols_walk(keep, T, stride), noise_fresh(rng_torch(3)));
    s.discrete = d;
    return s;
}

static void run_and_step_and_ask_are_one_walk(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS * SYMBOLS_TABLES; k++)
        for (int stride = 1; stride <= 4; stride++) {
            arena a = memory;
            const sampler_kind *kind = kinds[k / SYMBOLS_TABLES];
            discrete d = symbols_noise(symbols_tables[k % SYMBOLS_TABLES], K, T, &a);
            if (kind->mask_alone && (!d.masked || d.masked[T] < 0.95)) continue;
            tensor x = symbols_all(&a, symbols_count(&d) - 1, 2, 3, 5, symbols_count(&d)),
                   y = tensor_like(&a, x), z = tensor_like(&a, x);
            tensor_copy(y, x), tensor_copy(z, x);
            sampler run = walker(kind, &d, stride, &a), step = run, ask = run;
            assert_null(sampler_run(&run, x, a));
            assert_null(sampler_begin(&step, y, &a));
            while (step.i < step.walk.n) assert_null(sampler_step(&step, y, a));
            assert_null(sampler_begin(&ask, z, &a));
            sampler_question q = sampler_listen(&ask, z, &a);
            while (sampler_ask(&ask, &q, z, a))
                denoiser_ask(leans, q.answer[q.told++], q.x, q.sigma, a);
            assert_null(ask.wrong);
            if (!toy_same_bits(x, y) || !toy_same_bits(x, z))
                fail_msg("%s is another walk", kind->name);
            assert_true(run.calls == run.walk.n && ask.calls == run.calls);
            for (int i = 0; i < 30; i++) assert_true(symbols_at(x, i) >= 0 && symbols_at(x, i) < K);
        }
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    int usual = parallel_threads();
    for (int k = 0; k < KINDS; k++) {
        arena a = memory;
        discrete d = symbols_noise("mask", K, T, &a);
        tensor first = symbols_all(&a, K, 30, 20, 20, K + 1), x = tensor_like(&a, first);
        assert_true(tensor_count(x) > PARALLEL_WORTH);
        for (int threads = 1; threads <= 7; threads += 3) {
            tensor y = threads == 1 ? first : x;
            for (int i = 0; i < 30 * 400; i++) symbols_put(y, i, K);
            parallel_set_threads(threads);
            sampler s = walker(kinds[k], &d, 2, &a);
            assert_null(sampler_run(&s, y, a));
            assert_true(toy_same_bits(first, y));
        }
    }
    parallel_set_threads(usual);
}

/* MASK alone never touches what stands there, whatever the model believes of it. */
static void what_is_seen_stays(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        arena a = memory;
        discrete d = symbols_noise("mask", K, T, &a);
        const char *digits = "031323033210333";
        tensor x = symbols_from(&a, digits, 1, 3, 5, K + 1);
        sampler s = walker(kinds[k], &d, 1, &a);
        error wrong = sampler_run(&s, x, a);
        if (wrong) fail_msg("%s", wrong);
        for (int i = 0; i < 15; i++)
            assert_true(digits[i] == '3' || symbols_at(x, i) == digits[i] - '0');
    }
}

/* ---- What goes wrong ---- */

static void assert_says(error wrong, const char *say)
{
    if (!wrong || !strstr(wrong, say))
        fail_msg("\"%s\" does not say \"%s\"", wrong ? wrong : "", say);
}

static void a_nan_stops_the_walk_at_its_step(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        arena a = memory;
        discrete d = symbols_noise("mask", K, T, &a);
        tensor x = symbols_from(&a, "333333333333333", 1, 3, 5, K + 1);
        sampler s = walker(kinds[k], &d, 2, &a);
        s.model.self = &d;
        assert_null(sampler_begin(&s, x, &a));
        assert_null(sampler_step(&s, x, a));
        symbols_put(x, 0, K); /* where the NaN will be */
        assert_says(sampler_step(&s, x, a), "step 2 of 3");
        assert_int_equal(symbols_at(x, 0), K);
    }
}

static void refused(const sampler_kind *kind, const discrete *d, const double *times, tensor x,
                    const char *say)
{
    double at[3];
    memcpy(at, times, sizeof at);
    sampler s = sampler_make(kind, leans, (sigmas){.n = 2, .at = at}, noise_fresh(rng_torch(1)));
    s.discrete = d;
    assert_says(sampler_run(&s, x, memory), say);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    arena a = memory;
    discrete d = symbols_noise("mask", K, T, &a), none = d,
             bare = symbols_noise("uniform", K, T, &a);
    discrete both = symbols_noise("mask_uniform", K, T, &a), one = {1, T, d.keep, NULL};
    tensor x = symbols_all(&a, K, 1, 1, 2, K + 1), y = symbols_all(&a, 0, 1, 1, 2, K);
    const sampler_kind *vq = &sampler_vq_diffusion;
    const double good[] = {6, 3, 0}, half[] = {6, 2.5, 0}, high[] = {7, 3, 0}, up[] = {3, 6, 0};
    none.keep = NULL;
    refused(vq, NULL, good, x, "need the tables");
    refused(vq, &none, good, x, "need the tables");
    refused(vq, &d, half, x, "time 1 is 2.5: times are whole");
    refused(vq, &d, high, x, "time 0 is 7: times are whole, fall, 6 at most");
    refused(vq, &d, up, x, "time 1 is 6");
    refused(vq, &d, good, y, "x has 3 channels, its noise 3 codes");
    refused(vq, &one, good, symbols_all(&a, 0, 1, 1, 2, 1), "1 codes");
    refused(&sampler_masked, &bare, good, y, "MASK alone");
    refused(&sampler_masked, &both, good, x, "MASK alone");
    x.data[5] = (real)0.5;
    refused(vq, &d, good, x, "not one-hot at place 1");
    x.data[5] = 0, x.data[7] = 0;
    refused(vq, &d, good, x, "not one-hot at place 1");
    x.data[7] = 1, x.data[0] = 1;
    refused(vq, &d, good, x, "not one-hot at place 0");
    x = symbols_all(&a, K, 1, 1, 2, K + 1);
    const double wrong[][2] = {{-0.1, 0.5}, {(double)NAN, 0.5}, {0.5, (double)NAN},
                               {0.5, -1},   {0.6, 0.5},         {0, 1},
                               {0.1, 1e300}};
    for (int k = 0; k < 7; k++) {
        double keep[T + 1], masked[T + 1];
        memcpy(keep, d.keep, sizeof keep), memcpy(masked, d.masked, sizeof masked);
        keep[3] = wrong[k][0], masked[3] = wrong[k][1];
        refused(vq, &(discrete){K, T, keep, masked}, good, x, "time 3: a code stays by");
    }
    refused(vq, &(discrete){INT_MAX, T, d.keep, d.masked}, good, x, "x has 4 channels");
    assert_says(discrete_make("masks", K, T, &a, &d), "nearest is mask");
    assert_says(discrete_make("mask", 1, T, &a, &d), "2 codes at least");
    assert_says(discrete_make("mask", K, 0, &a, &d), "1 time");
    assert_says(discrete_make("mask", K, 1000001, &a, &d), "a million");
}

/* As many codes as image tokenizers have: looked at once, not once for each other code. */
static void many_codes_are_checked_at_once(void **state)
{
    (void)state;
    enum { CODES = 8192 };
    arena a = memory;
    discrete d = symbols_noise("mask", CODES, T, &a);
    tensor x = symbols_all(&a, CODES, 1, 8, 8, CODES + 1);
    double at[] = {T, 0};
    clock_t before = clock();
    assert_null(discrete_check(&d, (sigmas){.n = 1, .at = at}, x, true));
    assert_true(clock() - before < CLOCKS_PER_SEC / 2);
}

/* What is no chance: scores instead of them, and what overflowed on the way to them. */
static void no_chances_guess(void *self, answer out, tensor x, double t, arena scratch)
{
    (void)x, (void)t, (void)scratch;
    tensor_fill(out.x0, 0.5);
    for (size_t i = 0; i < tensor_count(out.x0); i += (size_t)out.x0.c)
        out.x0.data[i] = *(const real *)self;
}

static void answers_that_are_no_chances_stop_the_walk(void **state)
{
    (void)state;
    arena a = memory;
    discrete d = symbols_noise("mask", K, T, &a);
    const real answers[] = {(real)-0.1, (real)HUGE_VAL, (real)-HUGE_VAL, (real)NAN};
    for (int k = 0; k < 2 * 4; k++) {
        sampler s = walker(kinds[k % 2], &d, 2, &a);
        s.model = (denoiser){.guess = no_chances_guess, .self = (void *)(size_t)&answers[k / 2]};
        tensor x = symbols_all(&a, K, 1, 2, 2, K + 1);
        assert_says(sampler_run(&s, x, a), "step 1 of ");
        for (int i = 0; i < 4; i++) assert_int_equal(symbols_at(x, i), K);
    }
}

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    arena a = memory;
    discrete d = symbols_noise("mask", K, T, &a);
    tensor x = symbols_all(&a, K, 1, 1, 2, K + 1);
    const double heat[] = {-1, (double)NAN, HUGE_VAL};
    for (int k = 0; k < 3; k++) {
        sampler s = walker(&sampler_masked, &d, 2, &a);
        s.options.temperature = heat[k];
        assert_says(sampler_run(&s, x, a), "temperature is ");
    }
    assert_true(walker(&sampler_masked, &d, 2, &a).options.temperature == 2);
    names_choice amused;
    assert_null(names_choose("AmusedScheduler", &amused));
    assert_true(amused.kind == &sampler_masked && amused.options.temperature == 2);
    sampler s = walker(&sampler_vq_diffusion, &d, 2, &a);
    assert_true(s.options.temperature == 1);
    s.noise = noise_brownian(1, 10);
    assert_says(sampler_run(&s, x, a), "fresh noise");
    s = walker(&sampler_euler, NULL, 2, &a);
    s.options.temperature = 1;
    assert_says(sampler_run(&s, x, a), "euler takes no temperature");
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_place_is_drawn_from_its_law),
        cmocka_unit_test(a_step_that_mistakes_its_time_is_noticed),
        cmocka_unit_test(two_places_need_many_steps),
        cmocka_unit_test(masked_prefers_the_sure),
        cmocka_unit_test(masked_hides_one_until_the_end),
        cmocka_unit_test(run_and_step_and_ask_are_one_walk),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(what_is_seen_stays),
        cmocka_unit_test(a_nan_stops_the_walk_at_its_step),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(many_codes_are_checked_at_once),
        cmocka_unit_test(answers_that_are_no_chances_stop_the_walk),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
