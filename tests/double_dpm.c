/* The DPM-Solvers that look back: against the forms of their papers and programs, written out in
 * their letters; against each other; and the order of what was published as a third order. */
#include "order.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STEPS = 17 };
static arena memory, noise_room;
static double karras[STEPS + 1], flowing[STEPS + 1];

/* ---- What the samplers make ---- */

/* z of a step depends on where it starts only, so that all samplers meet the same. */
static void noise_at(void *self, tensor z, int draw, double from, double to)
{
    (void)self, (void)draw, (void)to;
    rng r = rng_torch((uint64_t)(from * 1e6));
    rng_normal(&r, z, noise_room);
}

static sampler_options with(sampler_options o)
{
    o.s_noise = 1, o.noise_max = HUGE_VAL;
    return o;
}

static tensor walk(const sampler_kind *kind, const double *sigma, sampler_options o)
{
    denoiser d = toy_bells;
    d.flow = sigma == flowing;
    sampler s = sampler_make(kind, d, toy_list(&memory, STEPS, sigma), noise_given(noise_at, NULL));
    s.options = with(o);
    tensor x = toy_start(&memory, 2, sigma[0]);
    error wrong = sampler_run(&s, x, memory);
    if (wrong) fail_msg("%s", wrong);
    return x;
}

static void assert_same(tensor x, tensor y)
{
    for (size_t i = 0; i < tensor_count(x); i++)
        if (!(fabs((double)(x.data[i] - y.data[i])) <= 1e-12 * (1 + fabs((double)x.data[i]))))
            fail_msg("number %zu: %.17g and %.17g", i, (double)x.data[i], (double)y.data[i]);
}

/* ---- Samplers that are the same rule ---- */

static const sampler_kind *const multi = &sampler_dpm_solver_multistep;

static void order_one_is_ddim(void **state)
{
    (void)state;
    const double *both[] = {karras, flowing};
    for (int k = 0; k < 2; k++) {
        tensor ddim = walk(&sampler_ddim, both[k], (sampler_options){0});
        assert_same(walk(multi, both[k], (sampler_options){.order = 1}), ddim);
        assert_same(walk(multi, both[k], (sampler_options){.order = 1, .noise_prediction = true}),
                    ddim);
        assert_same(walk(multi, both[k], (sampler_options){.order = 1, .eta = 1}),
                    walk(&sampler_ddpm, both[k], (sampler_options){.eta = 1}));
    }
}

static void order_two_is_2m(void **state)
{
    (void)state;
    const double *both[] = {karras, flowing}, etas[] = {0, 0.3, 1};
    const sampler_form forms[] = {SAMPLER_FORM_USUAL, SAMPLER_MIDPOINT, SAMPLER_HEUN};
    for (int k = 0; k < 2; k++) {
        tensor plain = walk(&sampler_dpmpp_2m, both[k], (sampler_options){0});
        assert_same(walk(multi, both[k], (sampler_options){0}), plain);
        assert_same(walk(&sampler_dpmpp_2m_sde, both[k], (sampler_options){0}), plain);
        for (int i = 0; i < 9; i++) {
            sampler_options o = {.eta = etas[i / 3], .form = forms[i % 3]};
            assert_same(walk(multi, both[k], o), walk(&sampler_dpmpp_2m_sde, both[k], o));
        }
        tensor heun = walk(multi, both[k], (sampler_options){.form = SAMPLER_HEUN});
        assert_true(tensor_distance(heun, plain) > 1e-5);
        sampler_options o = {.eta = 0.3, .form = SAMPLER_HEUN, .order = 3};
        assert_same(walk(multi, both[k], o),
                    walk(&sampler_dpmpp_3m_sde, both[k], (sampler_options){.eta = 0.3}));
    }
}

/* ---- The published forms, in variance-preserving letters, one number a time ---- */

/* D, as toy_bells has it. */
static double D(double x, double sigma)
{
    double s2 = 0.09, v = s2 + sigma * sigma;
    return (sigma * sigma * tanh(x / v) + s2 * x) / v;
}

typedef struct {
    int order;
    bool heun, noise, sde;
    double phi_3; /* factor of it: 1 as published, 2 exact */
    bool diffusers;
} form;

/* What one step knows: index t is where it ends, s0 where it stands, s1 and s2 before. */
typedef struct {
    double h, r0, r1, D0, D1, D1_0, D2;
    int known; /* of D0, D1_0, D2 */
} differences;

static differences before(const form *f, int i, const double *m, const double *lambda)
{
    differences d = {.h = lambda[i + 1] - lambda[i], .D0 = m[i], .known = i + 1};
    if (d.known > f->order) d.known = f->order;
    if (d.known > 1) {
        d.r0 = (lambda[i] - lambda[i - 1]) / d.h;
        d.D1 = d.D1_0 = (m[i] - m[i - 1]) / d.r0;
    }
    if (d.known > 2) {
        d.r1 = (lambda[i - 1] - lambda[i - 2]) / d.h;
        double D1_1 = (m[i - 1] - m[i - 2]) / d.r1;
        d.D1 = d.D1_0 + d.r0 / (d.r0 + d.r1) * (d.D1_0 - D1_1);
        d.D2 = (d.D1_0 - D1_1) / (d.r0 + d.r1);
    }
    return d;
}

/* dpm-solver, diffusers, k-diffusion: the factors of D0, D1 and D2, with H = h, 2 h for the SDE. */
static double guess_part(const form *f, const differences *d)
{
    double H = f->sde && !f->noise ? 2 * d->h : d->h, sign = f->noise ? 1 : -1;
    double phi_1 = sign * (exp(sign * H) - 1), phi_2 = sign * (phi_1 / H - 1);
    double phi_3 = sign * (phi_2 / H - 0.5), weight_1 = phi_2, weight_2 = f->phi_3 * phi_3;
    if (f->diffusers) weight_2 = (1 - exp(-H) - H) / (H * H) - 0.5;
    if (d->known == 2 && !f->heun) weight_1 = phi_1 / 2;
    double sum = phi_1 * d->D0 + weight_1 * d->D1 + weight_2 * d->D2;
    return f->sde && f->noise ? 2 * sum : sum;
}

static double written_out(const form *f, double x, const double *sigma, const double *z)
{
    double m[STEPS], lambda[STEPS + 1];
    for (int i = 0; i <= STEPS; i++) lambda[i] = -log(sigma[i]);
    for (int i = 0; i < STEPS; i++) {
        double a = 1 / sqrt(1 + sigma[i] * sigma[i]), s = sigma[i] * a; /* alpha_s, sigma_s */
        double a_t = 1 / sqrt(1 + sigma[i + 1] * sigma[i + 1]), s_t = sigma[i + 1] * a_t;
        double x_s = a * x, x0 = D(x, sigma[i]), x_t;
        m[i] = f->noise ? (x_s - a * x0) / s : x0;
        if (s_t == 0) return x0;
        differences d = before(f, i, m, lambda);
        double part = guess_part(f, &d), up = 0;
        if (f->noise) {
            if (f->sde) up = s_t * sqrt(exp(2 * d.h) - 1);
            x_t = a_t / a * x_s - s_t * part + up * z[i];
        } else {
            if (f->sde) up = s_t * sqrt(1 - exp(-2 * d.h));
            x_t = s_t / s * (f->sde ? exp(-d.h) : 1) * x_s + a_t * part + up * z[i];
        }
        x = x_t / a_t;
    }
    return x;
}

static void each_is_its_paper(void **state)
{
    (void)state;
    const form forms[] = {
        {1, .phi_3 = 1},
        {2, .phi_3 = 1},
        {2, .heun = true},
        {3, .phi_3 = 1},
        {3, .phi_3 = 2},
        {1, .noise = true},
        {2, .noise = true},
        {2, .noise = true, .heun = true},
        {3, .noise = true, .phi_3 = 1},
        {3, .noise = true, .phi_3 = 2},
        {1, .sde = true},
        {2, .sde = true},
        {2, .sde = true, .heun = true},
        {3, .sde = true, .phi_3 = 2},
        {3, .sde = true, .diffusers = true},
        {2, .sde = true, .noise = true},
        {2, .sde = true, .noise = true, .heun = true},
        {3, .sde = true, .noise = true, .phi_3 = 1},
    };
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
        const form *f = &forms[k];
        sampler_options o = {.order = f->order,
                             .form = f->heun ? SAMPLER_HEUN : SAMPLER_MIDPOINT,
                             .noise_prediction = f->noise,
                             .eta = f->sde};
        o.as_published = f->order == 3 && (f->phi_3 == 1 || f->diffusers);
        tensor x = toy_start(&memory, 2, karras[0]), z[STEPS];
        for (int i = 0; i < STEPS; i++)
            noise_at(NULL, z[i] = tensor_like(&memory, x), i, karras[i], 0);
        for (size_t p = 0; p < tensor_count(x); p++) {
            double each[STEPS];
            for (int i = 0; i < STEPS; i++) each[i] = (double)z[i].data[p];
            x.data[p] = (real)written_out(f, (double)x.data[p], karras, each);
        }
        assert_same(walk(multi, karras, o), x);
    }
}

/* Chung 2024, arXiv:2406.08070, as their program has 2M: with D_u the guess to walk along,
 * x' = D + e^-h (x - D_u) + (1 - e^-h) (D_u - D_u,before) / (2 r). toy_leaning has D_u = 0.8 D. */
static void along_another_guess(void **state)
{
    (void)state;
    sampler s =
        sampler_make(&sampler_dpmpp_2m, toy_leaning, toy_list(&memory, STEPS, karras), (noise){0});
    tensor x = toy_start(&memory, 2, karras[0]), y = toy_start(&memory, 2, karras[0]);
    assert_null(sampler_run(&s, x, memory));
    for (size_t p = 0; p < tensor_count(y); p++) {
        double at = (double)y.data[p], D_u_before = 0;
        for (int i = 0; i < STEPS; i++) {
            double x0 = D(at, karras[i]), D_u = 0.8 * x0, shrink = karras[i + 1] / karras[i];
            double r = i ? log(karras[i - 1] / karras[i]) / -log(shrink) : HUGE_VAL;
            double lean = i + 1 < STEPS ? (1 - shrink) * (D_u - D_u_before) / (2 * r) : 0;
            at = x0 + shrink * (at - D_u) + lean;
            D_u_before = D_u;
        }
        y.data[p] = (real)at;
    }
    assert_same(x, y);
}

/* ---- Orders ---- */

/* Kutta 1901: dx / dlambda = M (D - x), what an SDE's sampler does without its noise. */
static void drift(const exact_mixture *m, tensor x, double M)
{
    enum { N = 20000 };
    denoiser d = exact_denoiser(m);
    tensor k[4], y = tensor_like(&memory, x);
    answer guess = denoiser_room(d, &memory, x);
    for (int j = 0; j < 4; j++) k[j] = tensor_like(&memory, x);
    const double h = log(HIGH / LOW) / N, at[] = {0, 0.5, 0.5, 1}, share[] = {1, 2, 2, 1};
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < 4; j++) {
            tensor_copy(y, x);
            if (j > 0) tensor_add_scaled(y, at[j] * h, k[j - 1]);
            denoiser_ask(d, guess, y, HIGH * exp(-(i + at[j]) * h), memory);
            tensor_mix(k[j], M, guess.x0, -M, y);
        }
        for (int j = 0; j < 4; j++) tensor_add_scaled(x, h * share[j] / 6, k[j]);
    }
}

static double error_with(const course *c, const sampler_kind *kind, sampler_options o, int n)
{
    arena a = memory;
    tensor x = tensor_like(&a, c->start);
    tensor_copy(x, c->start);
    sampler s =
        sampler_make(kind, exact_denoiser(c->model), c->walk(&a, n), noise_fresh(rng_torch(1)));
    s.options = with(o);
    s.options.s_noise = 0;
    assert_null(sampler_run(&s, x, a));
    return tensor_distance(x, c->truth);
}

static double order_with(const course *c, const sampler_kind *kind, sampler_options o, int n)
{
    return log2(error_with(c, kind, o, n / 2) / error_with(c, kind, o, n));
}

/* What the last difference of three answers is worth: as published, phi_3 where the integral has
 * 2 phi_3. Half of the bend stays out, an error of h^3 a step, so order 2. */
static void the_published_third_order_is_the_second(void **state)
{
    (void)state;
    const sampler_kind *three = &sampler_dpmpp_3m_sde;
    const struct {
        const sampler_kind *kind;
        sampler_options o;
        double order;
    } table[] = {
        {multi, {.order = 3}, 3},
        {multi, {.order = 3, .as_published = true}, 2},
        {multi, {.order = 3, .noise_prediction = true}, 3},
        {multi, {.order = 3, .noise_prediction = true, .as_published = true}, 2},
        {three, {.as_published = true}, 2},
        {multi, {.noise_prediction = true}, 2},
        {multi, {.form = SAMPLER_HEUN}, 2},
        {multi, {.order = 1, .eta = 1}, 1},
        {multi, {.eta = 1}, 2},
        {multi, {.eta = 1, .noise_prediction = true}, 2},
        {multi, {.order = 3, .eta = 1}, 3},
        {multi, {.order = 3, .eta = 1, .as_published = true}, 1}, /* the sign in diffusers */
        {three, {.eta = 1}, 3},
        {three, {.eta = 1, .as_published = true}, 2},
        {three, {.eta = 0.5}, 3},
    };
    const double etas[] = {0, 0.5, 1};
    tensor truth[3];
    course c = course_make(&bumps, &memory);
    for (int i = 0; i < 3; i++) {
        truth[i] = starts(&memory, HIGH);
        drift(&bumps, truth[i], 1 + etas[i]);
    }
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        c.truth = truth[(int)(2 * table[k].o.eta)];
        double order = order_with(&c, table[k].kind, table[k].o, 2560);
        if (!(fabs(order - table[k].order) <= 0.04)) /* seen 0.032 */
            fail_msg("row %zu: order %.3f, not %g", k, order, table[k].order);
    }
}

static sigmas from_one(arena *keep, int n)
{
    sigmas walk = flow_walk(keep, n);
    for (int i = 0; i <= n; i++)
        walk.at[i] = 1 - (FLOW_HIGH - walk.at[i]) * (1 - FLOW_LOW) / (FLOW_HIGH - FLOW_LOW);
    return walk;
}

/* Near a flow's sigma 1 a step from alpha to 2 alpha is ln 2 long in lambda, however small alpha
 * is: there a curve in lambda gains nothing from its third point, and order 3 is order 2. */
static void from_a_flows_one_it_is_two(void **state)
{
    (void)state;
    course c = course_make(&bell_in_flow, &memory);
    c.walk = from_one, c.start = starts(&memory, 1), c.truth = starts(&memory, 1);
    toy_follow(&bell_in_flow, c.truth, 1, FLOW_LOW);
    for (int eps = 0; eps < 2; eps++) {
        double order =
            order_with(&c, multi, (sampler_options){.order = 3, .noise_prediction = eps}, 5120);
        if (!(fabs(order - 2) < 0.1)) fail_msg("order %.3f", order); /* seen 0.078 */
    }
}

int main(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 20);
    sigmas w = toy_walk(&memory, STEPS, 10, 0.1, true);
    for (int i = 0; i <= STEPS; i++) {
        karras[i] = w.at[i];
        flowing[i] = 1 - (double)i / STEPS;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_one_is_ddim),
        cmocka_unit_test(order_two_is_2m),
        cmocka_unit_test(each_is_its_paper),
        cmocka_unit_test(along_another_guess),
        cmocka_unit_test(the_published_third_order_is_the_second),
        cmocka_unit_test(from_a_flows_one_it_is_two),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}
