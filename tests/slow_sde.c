/* Do the samplers of the SDE, with and without a corrector, draw from the data's law? 10,000 points
 * of each from two bumps, against 100,000 exact ones, with bounds that near-by wrong rules are
 * shown to break. */
#include "law.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { POINTS = 10000, EXACT = 100000 };
static arena memory, noise_room;
static law two;

static real centre[] = {-1.5f, 0, 1.5f, 0.5f};
static const double weight[] = {0.35, 0.65}, width[] = {0.3, 0.5};
static const exact_mixture bumps = {{centre, 2, 1, 1, 2}, weight, width, false};

/* score_sde: eta, form, Langevin steps, steps, as_published. */
typedef struct {
    const char *name;
    double eta;
    sampler_form form;
    int correct, n;
    bool published;
} method;

static sampler made(const method *p, noise z, arena *keep)
{
    const sampler_kind *kind;
    assert_null(sampler_find(p->name, &kind));
    sampler s = sampler_make(kind, exact_denoiser(&bumps), toy_walk(keep, p->n, 10, 0.02, true), z);
    s.options.eta = p->eta, s.options.form = p->form, s.options.correct = p->correct;
    s.options.as_published = p->published;
    return s;
}

/* Walked as one batch, or each picture as a batch of its own. */
static tensor sampled(const method *p, noise z, bool one_by_one, arena *keep)
{
    tensor x = tensor_new(keep, POINTS, 1, 1, 2), eps = tensor_like(keep, x);
    rng r = rng_torch(77);
    exact_draw(&bumps, x, &r, *keep);
    rng_normal(&r, eps, *keep);
    tensor_add_scaled(x, 10, eps);
    sampler s = made(p, z, keep);
    for (int i = 0; i < (one_by_one ? POINTS : 1); i++) {
        error wrong = sampler_run(&s, one_by_one ? tensor_pictures(x, i, 1) : x, *keep);
        if (wrong) fail_msg("%s", wrong);
    }
    return x;
}

static void far_or_near(const method *p, noise z, bool one_by_one, bool far)
{
    arena a = memory;
    tensor x = sampled(p, z, one_by_one, &a);
    double errors = law_errors(&two, x), apart = law_energy(&two, x);
    print_message("%-15s eta %g form %d, %d corrections, %d steps: %5.2f standard errors, energy "
                  "%.4f\n",
                  p->name, p->eta, (int)p->form, p->correct, p->n, errors, apart);
    bool right = errors < 4 && apart < 0.01;
    if (far ? errors < 6 : !right) fail_msg("%s", far ? "not noticed" : "another law");
}

static noise fresh(void)
{
    return noise_fresh(rng_torch(5));
}

/* Rules of first order need small steps; with a corrector they need fewer. */
static void they_draw_from_the_law(void **state)
{
    (void)state;
    const sampler_form usual = SAMPLER_FORM_USUAL, maruyama = SAMPLER_EULER_MARUYAMA;
    const method all[] = {{"score_sde_ve", 1, usual, 0, 500, false},
                          {"score_sde_ve", 1, maruyama, 0, 500, false},
                          {"score_sde_ve", 1, SAMPLER_ANCESTRAL, 0, 500, false},
                          {"score_sde_ve", 0.5, usual, 0, 500, false},
                          {"score_sde_vp", 1, usual, 0, 500, false},
                          {"score_sde_vp", 1, maruyama, 0, 500, false},
                          {"score_sde_vp", 1, SAMPLER_ANCESTRAL, 0, 500, false},
                          {"score_sde_ve", 1, usual, 1, 200, false},
                          {"score_sde_ve", 1, usual, 1, 200, true},
                          {"score_sde_ve", 0, usual, 1, 200, false},
                          {"score_sde_vp", 1, usual, 1, 200, false},
                          {"ddim", 0, usual, 1, 100, false},
                          {"heun", 0, usual, 2, 100, false}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        far_or_near(&all[k], fresh(), false, false);
}

/* ---- What is wrong is seen ---- */

typedef struct {
    rng rng;
    double corrector, predictor; /* factors of their noises, which take turns */
} faulty;

static void with_a_fault(void *self, tensor z, int draw, double from, double to)
{
    (void)from, (void)to;
    faulty *f = self;
    rng_normal(&f->rng, z, noise_room);
    tensor_scale(z, draw % 2 ? f->predictor : f->corrector, z);
}

static void near_by_wrong_rules_are_noticed(void **state)
{
    (void)state;
    const method pc = {"score_sde_ve", 1, SAMPLER_FORM_USUAL, 1, 200, false};
    method alone = pc, by_length = pc;
    alone.correct = 0, alone.n = 500, by_length.published = true;
    faulty root = {rng_torch(5), sqrt(0.5), 1}; /* sqrt(e) z instead of sqrt(2 e) z */
    faulty little = {rng_torch(5), 1, 0.8}, half = {rng_torch(5), 0.8, 0.8};
    far_or_near(&pc, noise_given(with_a_fault, &root), false, true);
    far_or_near(&pc, noise_given(with_a_fault, &little), false, true);
    far_or_near(&alone, noise_given(with_a_fault, &half), false, true);
    far_or_near(&by_length, fresh(), true, true); /* steps by the length of one small score */
}

int main(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 22);
    two = law_make(&bumps, EXACT, &memory);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_draw_from_the_law),
        cmocka_unit_test(near_by_wrong_rules_are_noticed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}
