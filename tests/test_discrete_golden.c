/* Noise that replaces symbols, number for number against diffusers' VQDiffusionScheduler and
 * AmusedScheduler; tools/golden/discrete.py says how the numbers were made. */
#include "golden/discrete.h"
#include "symbols.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { TOKENS = GOLDEN_N * GOLDEN_H * GOLDEN_W };

/* The script's model: it looks at the place, its left neighbour and the time. */
static void formula(void *self, answer out, tensor x, double t, arena scratch)
{
    (void)self, (void)scratch;
    int each = x.h * x.w, codes = x.c - 1;
    tensor_fill(out.x0, 0);
    for (int i = 0; i < x.n * each; i++) {
        int at = i % each, left = symbols_at(x, at > 0 ? i - 1 : i + each - 1);
        double weight[10], sum = 0;
        for (int k = 0; k < codes; k++)
            sum += weight[k] = 1 + (3 * at + 5 * k + 7 * left + 2 * (int)t) % 11;
        for (int k = 0; k < codes; k++) out.x0.data[i * x.c + k] = (real)(weight[k] / sum);
    }
}

static const denoiser model = {.guess = formula};

/* Straight lines between times 1 and T, as diffusers makes them. */
static discrete tables_of(const double *ends, int codes, int T, arena *keep)
{
    double *a = arena_take(keep, (size_t)(T + 1) * sizeof *a);
    double *c = arena_take(keep, (size_t)(T + 1) * sizeof *c);
    a[0] = 1, c[0] = 0;
    for (int t = 1; t <= T; t++) {
        a[t] = ends[0] + (t - 1) * (ends[1] - ends[0]) / (T - 1);
        c[t] = ends[2] + (t - 1) * (ends[3] - ends[2]) / (T - 1);
    }
    return (discrete){codes, T, a, c};
}

static void posteriors_are_theirs(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 22);
    const int K = GOLDEN_CODES, T = 12;
    discrete d = tables_of(golden_tables, K, T, &memory);
    tensor x = symbols_from(&memory, "024", 1, 1, 3, K + 1), law = tensor_like(&memory, x);
    answer guess = denoiser_room(model, &memory, x);
    for (size_t g = 0; g < sizeof golden_laws / sizeof *golden_laws; g++) {
        int t = golden_laws[g].t;
        denoiser_ask(model, guess, x, t, memory);
        discrete_posterior(&d, law, x, guess.x0, t - 1, t);
        for (int i = 0; i < 3 * (K + 1); i++) /* theirs are floats, and logarithms */
            if (!(fabs((double)law.data[i] - golden_laws[g].law[i]) <= 1e-6))
                fail_msg("time %d, number %d: %.9g and %.9g", t, i, (double)law.data[i],
                         golden_laws[g].law[i]);
    }
    arena_free(memory);
}

/* Every symbol after every step. */
static bool compare(void *self, const sampler *s, tensor x)
{
    const golden_walk *g = self;
    for (int i = 0; i < TOKENS; i++)
        if (symbols_at(x, i) != g->x[s->i][i] - '0')
            fail_msg("%s, seed %u: step %d, place %d: %d, not %c", g->kind, g->seed, s->i, i,
                     symbols_at(x, i), g->x[s->i][i]);
    return true;
}

static void every_step_is_theirs(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden_walks / sizeof *golden_walks; k++) {
        golden_walk g = golden_walks[k];
        arena memory = arena_make(1 << 22);
        discrete d = tables_of(g.tables, g.codes, g.T, &memory);
        const sampler_kind *kind;
        assert_null(sampler_find(g.kind, &kind));
        if (kind->mask_alone)
            assert_null(
                discrete_make(g.tables[0] > 0 ? "mask_cosine" : "mask", g.codes, g.T, &memory, &d));
        tensor x = symbols_from(&memory, g.start, GOLDEN_N, GOLDEN_H, GOLDEN_W, g.codes + 1);
        sampler s = sampler_make(kind, model, symbols_walk(&memory, g.T, 1),
                                 noise_fresh(rng_torch(g.seed)));
        s.options.temperature = g.heat;
        s.discrete = &d;
        s.watch = compare, s.watcher = &g;
        error wrong = sampler_run(&s, x, memory);
        if (wrong) fail_msg("%s", wrong);
        assert_int_equal(s.i, g.T);
        arena_free(memory);
    }
}

/* diffusers' usual tables have a name. */
static void their_tables_have_a_name(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 22);
    discrete d, theirs = tables_of(golden_walks[0].tables, 4, 12, &memory);
    assert_null(discrete_make("vq_diffusion", 4, 12, &memory, &d));
    for (int t = 0; t <= 12; t++)
        assert_true(fabs(d.keep[t] - theirs.keep[t]) < 1e-15 &&
                    fabs(d.masked[t] - theirs.masked[t]) < 1e-15);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posteriors_are_theirs),
        cmocka_unit_test(every_step_is_theirs),
        cmocka_unit_test(their_tables_have_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
