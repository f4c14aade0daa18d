/* Samplers of symbols: the law of their data, one walk by run, step and ask. (What is refused:
 * test_discrete_refused.c; number for number against diffusers: test_discrete_golden.c.) */
#include "base/parallel.h"
#include "symbols_walk.h"
#include "toy.h"

static arena memory;
enum { MANY = 10000, OWN = -1 /* temperature */ };

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
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
