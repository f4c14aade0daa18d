/* Every sampler number for number against k-diffusion and diffusers, with the noise of their seeds.
 * tools/golden/samplers.py says how the numbers were made. */
#include "diffusion/clip.h"
#include "golden/dpm.h"
#include "golden/jumps.h"
#include "golden/linear.h"
#include "golden/modern.h"
#include "golden/samplers.h"
#include "golden/sde.h"
#include "golden/single.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The tables; a new one is its header above and a line here. */
static const struct {
    const golden_walk *walk;
    size_t count;
} tables[] = {
    {golden_samplers, sizeof golden_samplers / sizeof *golden_samplers},
    {golden_dpm, sizeof golden_dpm / sizeof *golden_dpm},
    {golden_sde, sizeof golden_sde / sizeof *golden_sde},
    {golden_modern, sizeof golden_modern / sizeof *golden_modern},
    {golden_single, sizeof golden_single / sizeof *golden_single},
    {golden_linear, sizeof golden_linear / sizeof *golden_linear},
    {golden_jumps, sizeof golden_jumps / sizeof *golden_jumps},
};

enum { TABLES = sizeof tables / sizeof *tables, COUNT = GOLDEN_N * GOLDEN_H * GOLDEN_W * GOLDEN_C };

/* x and every seventh of it; the largest difference. */
static double farthest(const real *x, const double *kept)
{
    double most = 0;
    for (int i = 0; i < GOLDEN_KEPT; i++) {
        double apart = fabs((double)x[GOLDEN_EVERY * i] - kept[i]);
        if (!(apart <= most)) most = apart; /* so that a NaN is the farthest */
    }
    return most;
}

/* What jumps.py calls known_and_mask(). */
static void give_mask(sampler *s, tensor x, arena *keep)
{
    real known[COUNT], mask[COUNT];
    s->known = tensor_like(keep, x), s->mask = tensor_like(keep, x);
    for (int q = 0; q < COUNT; q++) {
        known[q] = (real)sin(q);
        mask[q] = q % 3 == 0 ? 1 : q % 7 == 1 ? (real)0.5 : 0;
    }
    tensor_from_nchw(s->known, known);
    tensor_from_nchw(s->mask, mask);
}

/* How far our walk ends from theirs. */
static double difference(const golden_walk *g, arena memory)
{
    const sampler_kind *kind;
    assert_null(sampler_find(g->kind, &kind));
    sigmas walk = {.n = g->n, .at = arena_take(&memory, (size_t)(g->n + 1) * sizeof(double))};
    memcpy(walk.at, g->sigma, (size_t)(g->n + 1) * sizeof(double));

    tensor x = tensor_new(&memory, GOLDEN_N, GOLDEN_H, GOLDEN_W, GOLDEN_C);
    rng r = rng_torch(g->seed);
    rng_normal(&r, x, memory);
    tensor_scale(x, walk.at[0], x);
    denoiser model = strstr(g->model, "line") ? toy_line : toy_bells;
    model.flow = strstr(g->model, "flow");
    if (strcmp(g->model, "unsure") == 0) model = toy_unsure;
    clip cut = {.model = model, .limit = 0.8, .keep_direction = g->cut == CUT_KEEP};
    if (g->cut == CUT_DYNAMIC)
        cut = (clip){model, .limit = 1.05, .share = 0.9, .keep_direction = true};
    if (g->cut != CUT_NOT) model = clip_denoiser(&cut);
    sampler s = sampler_make(kind, model, walk, noise_fresh(r));
    s.options = g->options;
    schedule trained;
    schedule_options manner = {.manner = SCHEDULE_DIFFUSERS};
    assert_null(schedule_make("scaled_linear", manner, &memory, &trained));
    s.schedule = &trained;
    if (kind->takes & SAMPLER_MASK) give_mask(&s, x, &memory);
    assert_null(sampler_run(&s, x, memory));

    real *ours = arena_take(&memory, COUNT * sizeof *ours);
    tensor_to_nchw(ours, x);
    return farthest(ours, g->x);
}

/* What is left is rounding, theirs and ours, in float32: up to 1e-6 was seen where steps are small.
 * Two or three giant steps multiply the rounding of x (2e-6 at 40) by up to ten. */
static double tolerance(const golden_walk *g)
{
    bool theirs = strcmp(g->source, "diffusers") == 0;
    if (theirs && strcmp(g->kind, "ddpm") == 0 && g->n >= 40)
        return 3e-5; /* it has 1 - alpha_bar / alpha_bar' of neighbours from float32: seen 1.7e-5 */
    if (theirs && strcmp(g->kind, "dpm_2") == 0 && g->n == 2)
        return 1e-4; /* it has the middle from float32 logarithms: seen 6.9e-5 */
    if (strcmp(g->kind, "sa_solver") == 0 && (g->options.keep_order || g->options.noise_prediction))
        return 2e-4; /* numbers of 55 at the end of the last, longest step: seen 1.1e-4 */
    if (strcmp(g->kind, "dpm_solver_multistep") == 0 &&
        (g->options.noise_prediction || strcmp(g->model, "flow") == 0))
        return 5e-5; /* x is a small rest of large numbers, or has grown with alpha: seen 2.9e-5 */
    if (strcmp(g->kind, "dpmpp_3m_sde") == 0)
        return 1e-5; /* it has phi_3 from float32 differences: seen 4.3e-6 */
    if (strcmp(g->kind, "score_sde_vp") == 0)
        return g->n <= 3 ? 3e-3 : 6e-5; /* its last step, 1/n at sigma 0.01, magnifies what x is
                                           off by 1090/n: seen 1.7e-3 and 3.5e-5 */
    if (theirs && strcmp(g->kind, "heun") == 0 && g->options.churn > 0)
        return 2e-5; /* KarrasVe has its raised sizes in float32: seen 1.9e-5 and 4.4e-6 */
    if (g->options.climb) return 2e-5; /* on the way up x grows by 24: seen 7.7e-6 */
    if (strcmp(g->kind, "heun") == 0 && strstr(g->model, "flow"))
        return 5e-5; /* its slope at sigma 1/1000 is a small rest times 1000: seen 2.4e-5 */
    if (strcmp(g->kind, "dpm_2_ancestral") == 0 && g->n <= 3)
        return 5e-4; /* `down` is a small difference of two float32: seen 3.3e-4 */
    bool blocks = strcmp(g->kind, "dpm_solver_singlestep") == 0; /* up to three steps are one */
    bool in_lambda = strcmp(g->kind, "deis") == 0 || strcmp(g->kind, "uni_pc") == 0;
    double twice = theirs && in_lambda ? 2 : 1; /* lambda from float32 logarithms: seen 2.2e-5 */
    return twice * (g->n <= (blocks ? 6 : 3) ? 2e-5 : 2e-6);
}

static void walks_end_where_theirs_do(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    for (size_t t = 0; t < TABLES; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            const golden_walk *g = &tables[t].walk[i];
            double apart = difference(g, memory);
            if (!(apart <= tolerance(g)))
                fail_msg("walk %zu of table %zu, %s in %s on %s, %d steps from %g: apart by %g", i,
                         t, g->kind, g->source, g->model, g->n, g->sigma[0], apart);
        }
    arena_free(memory);
}

/* The largest difference that as_published makes to a kind's walks; 0 when none has it. */
static double published_makes(const char *kind, arena memory)
{
    double most = 0;
    for (size_t t = 0; t < TABLES; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            golden_walk g = tables[t].walk[i];
            if (!g.options.as_published || strcmp(g.kind, kind) != 0) continue;
            g.options.as_published = false;
            most = fmax(most, difference(&g, memory));
        }
    return most;
}

/* What programs do otherwise can be seen: without as_published ours ends elsewhere. */
static void as_published_is_another_walk(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    const char *const kinds[] = {
        "lms",          "ipndm",        "pndm", "uni_pc",   "dpm_solver_multistep",
        "dpmpp_3m_sde", "score_sde_vp", "tcd",  "sa_solver"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        double most = published_makes(kinds[k], memory);
        if (!(most > 1e-3)) fail_msg("%s: apart by %g only", kinds[k], most);
    }
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_end_where_theirs_do),
        cmocka_unit_test(as_published_is_another_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
