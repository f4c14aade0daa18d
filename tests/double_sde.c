/* Samplers of the SDE, and DDPM with a learned variance, against their papers' own forms, in the
 * papers' letters, and against the samplers that they must equal. In double: numbers of size 10,
 * rounded some hundred times, are apart by up to 1e-13. */
#include "same.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 12, PICTURES = 2 };
static arena memory, noise_room;
static double list[N + 1];

/* ---- What the samplers make ---- */

static void noise_number(void *self, tensor z, int draw, double from, double to)
{
    (void)self, (void)from, (void)to;
    rng r = rng_torch((uint64_t)(100 + draw));
    rng_normal(&r, z, noise_room);
}

static sampler sampler_called(const char *name)
{
    const sampler_kind *kind;
    assert_null(sampler_find(name, &kind));
    sigmas walk = {.n = N, .at = list};
    return toy_sampler(kind, toy_bells, walk, noise_given(noise_number, NULL));
}

static tensor walked(sampler s)
{
    return same_end(s, PICTURES, &memory);
}

/* ---- Predictor and corrector: Song 2021, arXiv:2011.13456 ---- */

typedef struct {
    bool vp;           /* y = sqrt(abar) x instead of x */
    sampler_form form; /* of the predictor */
    double eta;        /* 1: the reverse SDE, 0: probability flow */
    int M;             /* corrector steps */
    bool norms;        /* their size by the lengths of z and g, as means over the batch */
} method;

static double abar(int i)
{
    return 1 / (1 + list[i] * list[i]);
}

/* grad log p(y), y = sqrt(a) x0 + s eps. */
static tensor score(tensor y, double a, double s)
{
    answer D = denoiser_room(toy_bells, &memory, y);
    tensor x = tensor_like(&memory, y);
    tensor_scale(x, 1 / sqrt(a), y);
    denoiser_ask(toy_bells, D, x, s / sqrt(a), memory);
    tensor_mix(x, sqrt(a) / (s * s), D.x0, -1 / (s * s), y);
    return x;
}

static double mean_norm(tensor x)
{
    double mean = 0;
    for (int n = 0; n < x.n; n++) {
        double squares = 0;
        for (size_t j = 0, each = tensor_count(x) / (size_t)x.n; j < each; j++)
            squares += pow((double)x.data[(size_t)n * each + j], 2);
        mean += sqrt(squares) / x.n;
    }
    return mean;
}

/* Algorithms 4 and 5, lines 6 to 9, without alpha_i. */
static void corrector(const method *p, tensor y, double a, double s, int *draws)
{
    const double r = 0.2;
    for (int m = 0; m < p->M; m++) {
        tensor z = tensor_like(&memory, y), g = score(y, a, s);
        noise_number(NULL, z, (*draws)++, 0, 0);
        double epsilon = 2 * pow(r * (p->norms ? mean_norm(z) / mean_norm(g) : s), 2);
        tensor_add_scaled(y, epsilon, g);
        tensor_add_scaled(y, sqrt(2 * epsilon), z);
    }
}

/* From step i to i + 1: y' = keep y + push score + noise z. */
typedef struct {
    double keep, push, noise;
} predictor;

/* Algorithm 2, line 3 (eq. 46); eq. 47; and dx = -g^2 score dt + g dw with the paper's g(t) for
 * sigma(t) = sigma_min (sigma_max / sigma_min)^t, eq. 30. */
static predictor ve(const method *p, int i)
{
    double v = list[i] * list[i] - list[i + 1] * list[i + 1];
    if (p->form == SAMPLER_ANCESTRAL)
        return (predictor){1, v, sqrt(list[i + 1] * list[i + 1] * v / (list[i] * list[i]))};
    if (p->form != SAMPLER_EULER_MARUYAMA) return (predictor){1, v, sqrt(v)};
    double ratio = list[0] / 0.01, dt = log(list[i] / list[i + 1]) / log(ratio);
    double g = list[i] * sqrt(2 * log(ratio));
    return (predictor){1, g * g * dt, g * sqrt(dt)};
}

/* Algorithm 3, line 3; Ho 2020; and dy = -beta/2 y dt - beta score dt + sqrt(beta) dw, eq. 32, in
 * the time in which beta is 1. */
static predictor vp(const method *p, int i)
{
    double alpha = abar(i) / abar(i + 1), beta = 1 - alpha, dt = -log(alpha);
    if (p->form == SAMPLER_EULER_MARUYAMA) return (predictor){1 + dt / 2, dt, sqrt(dt)};
    if (p->form == SAMPLER_ANCESTRAL)
        return (predictor){1 / sqrt(alpha), beta / sqrt(alpha), sqrt(beta)};
    return (predictor){2 - sqrt(alpha), beta, sqrt(beta)};
}

static tensor written_out(const method *p)
{
    tensor y = toy_start(&memory, PICTURES, list[0]), z = tensor_like(&memory, y);
    int draws = 0;
    if (p->vp) tensor_scale(y, sqrt(abar(0)), y);
    for (int i = 0; i < N; i++) {
        double a = p->vp ? abar(i) : 1, s = p->vp ? sqrt(1 - a) : list[i];
        corrector(p, y, a, s, &draws);
        tensor g = score(y, a, s);
        if (i + 1 == N) { /* Tweedie: the mean of x0 */
            tensor_mix(y, 1 / sqrt(a), y, s * s / sqrt(a), g);
            break;
        }
        predictor q = p->vp ? vp(p, i) : ve(p, i);
        tensor_mix(y, q.keep, y, q.push * (1 + p->eta * p->eta) / 2, g);
        if (p->eta == 0) continue;
        noise_number(NULL, z, draws++, 0, 0);
        tensor_add_scaled(y, p->eta * q.noise, z);
    }
    return y;
}

static sampler sampler_for(const method *p)
{
    sampler s = sampler_called(p->vp ? "score_sde_vp" : "score_sde_ve");
    s.options.eta = p->eta;
    s.options.form = p->form;
    s.options.correct = p->M;
    s.options.snr = p->M ? 0.2 : 0;
    s.options.as_published = p->norms;
    return s;
}

static void predictor_and_corrector_are_the_papers(void **state)
{
    (void)state;
    const sampler_form forms[] = {SAMPLER_FORM_USUAL, SAMPLER_EULER_MARUYAMA, SAMPLER_ANCESTRAL};
    for (int k = 0; k < 3 * 2 * 3 * 3; k++) {
        arena a = memory;
        method p = {.form = forms[k % 3], .vp = k / 3 % 2, .eta = k / 6 % 3 * 0.5, .M = k / 18};
        assert_same(walked(sampler_for(&p)), written_out(&p));
        p.norms = true; /* in VP, Euler and Maruyama's dt is then another: test_samplers_golden.c */
        if (p.M && !(p.vp && p.form == SAMPLER_EULER_MARUYAMA))
            assert_same(walked(sampler_for(&p)), written_out(&p));
        memory = a;
    }
}

/* Without options.snr it is the paper's 0.16. */
static void the_usual_snr_is_the_papers(void **state)
{
    (void)state;
    method p = {.eta = 1, .M = 1};
    sampler s = sampler_for(&p), t = s;
    s.options.snr = 0, t.options.snr = 0.16;
    assert_same(walked(s), walked(t));
}

/* The corrector goes before any rule of one step: here Heun's, written out. */
static void the_corrector_goes_before_other_rules(void **state)
{
    (void)state;
    sampler s = sampler_called("heun");
    s.options.correct = 2, s.options.snr = 0.2;
    tensor x = toy_start(&memory, PICTURES, list[0]);
    method p = {.M = 2};
    int draws = 0;
    for (int i = 0; i < N; i++) {
        double here = list[i], next = list[i + 1];
        corrector(&p, x, 1, here, &draws);
        tensor d = score(x, 1, here), y = tensor_like(&memory, x);
        tensor_scale(d, -here, d);
        tensor_mix(y, 1, x, next - here, d);
        if (next > 0) tensor_mix(d, 0.5, d, -0.5 * next, score(y, 1, next));
        tensor_add_scaled(x, next - here, d);
    }
    assert_same(walked(s), x);
}

/* ... and Euler's in a flow, where log p has the slope ((1 - t) x0 - x) / t^2. */
static void in_a_flow_it_has_the_flows_score(void **state)
{
    (void)state;
    double times[N + 1];
    for (int i = 0; i <= N; i++) times[i] = 1 - (double)i / N;
    sampler s = sampler_called("euler");
    s.walk.at = times, s.model.flow = true, s.options.correct = 1, s.options.snr = 0.2;
    tensor x = toy_start(&memory, PICTURES, 1), z = tensor_like(&memory, x);
    answer D = denoiser_room(toy_bells, &memory, x);
    for (int i = 0; i < N; i++) {
        double t = times[i], epsilon = 2 * 0.04 * t * t;
        denoiser_ask(toy_bells, D, x, t, memory);
        noise_number(NULL, z, i, 0, 0);
        tensor_mix(x, 1 - epsilon / (t * t), x, (1 - t) * epsilon / (t * t), D.x0);
        tensor_add_scaled(x, sqrt(2 * epsilon), z);
        denoiser_ask(toy_bells, D, x, t, memory);
        tensor_mix(x, times[i + 1] / t, x, 1 - times[i + 1] / t, D.x0);
    }
    assert_same(walked(s), x);
}

/* What is remembered of a step is the rule's own question, not the corrector's. */
static bool remembers_the_rule(void *self, const sampler *s, tensor x)
{
    arena a = noise_room; /* the walk is at work in the other */
    tensor y = tensor_like(&a, x);
    double part = s->sigma > 0 ? 0.5 - 0.5 * pow(s->sigma / list[s->i], 2) : 1;
    tensor_mix(y, 1 - part, s->past[0].x, part, s->past[0].guess.x0);
    assert_same(x, y);
    ++*(int *)self;
    return true;
}

static void the_corrector_is_not_remembered(void **state)
{
    (void)state;
    int seen = 0;
    method p = {.M = 2};
    sampler s = sampler_for(&p);
    s.watch = remembers_the_rule, s.watcher = &seen;
    walked(s);
    assert_int_equal(seen, N);
}

/* diffusers' Euler and Maruyama, dt = 1/n, on a schedule of its own: beta from 0.3 to 12. */
static void as_published_takes_the_schedules_beta(void **state)
{
    (void)state;
    schedule own;
    schedule_options o = {.beta_min = 0.3, .beta_max = 12};
    assert_null(schedule_make("vp", o, NULL, &own));
    method p = {.vp = true, .form = SAMPLER_EULER_MARUYAMA, .eta = 1};
    sampler s = sampler_for(&p);
    s.options.as_published = true, s.schedule = &own;
    tensor y = toy_start(&memory, PICTURES, list[0]), z = tensor_like(&memory, y);
    tensor_scale(y, sqrt(abar(0)), y);
    for (int i = 0; i < N; i++) {
        tensor g = score(y, abar(i), sqrt(1 - abar(i)));
        double beta_t = 0.3 + 11.7 * schedule_t(&own, list[i]);
        noise_number(NULL, z, i, 0, 0);
        tensor_mix(y, 1 + beta_t / 2 / N, y, beta_t / N, g);
        if (i + 1 < N) tensor_add_scaled(y, sqrt(beta_t / N), z);
    }
    assert_same(walked(s), y);
}

/* ---- Samplers that are the same rule ---- */

static tensor by(const char *name, double eta, sampler_form form, sampler_variance variance)
{
    sampler s = sampler_called(name);
    s.options.eta = eta, s.options.form = form, s.options.variance = variance;
    return walked(s);
}

static void some_are_one_rule(void **state)
{
    (void)state;
    const sampler_form usual = SAMPLER_FORM_USUAL, old = SAMPLER_ANCESTRAL;
    tensor euler_a = by("euler_ancestral", 1, usual, SAMPLER_FIXED_SMALL);
    tensor flow = by("score_sde_ve", 0, usual, SAMPLER_FIXED_SMALL);
    assert_same(by("score_sde_ve", 1, old, SAMPLER_FIXED_SMALL), euler_a);
    assert_same(by("score_sde_vp", 1, old, SAMPLER_FIXED_SMALL),
                by("ddpm", 1, usual, SAMPLER_FIXED_LARGE));
    assert_same(by("score_sde_ve", 0, old, SAMPLER_FIXED_SMALL), flow);
    assert_same(by("score_sde_vp", 0, old, SAMPLER_FIXED_SMALL), flow);
    assert_same(by("tcd", 0, usual, SAMPLER_FIXED_SMALL),
                by("ddim", 0, usual, SAMPLER_FIXED_SMALL));
    tensor lcm = by("lcm", 0, usual, SAMPLER_FIXED_SMALL);
    assert_same(by("consistency", 0, usual, SAMPLER_FIXED_SMALL), lcm);
    assert_true(tensor_distance(lcm, euler_a) > 0.01 && tensor_distance(euler_a, flow) > 0.01);
}

/* ---- Nichol 2021, arXiv:2102.09672, eq. 15, in the letters of Ho 2020 ---- */

static void a_learned_variance_is_eq_15(void **state)
{
    (void)state;
    for (int range = 0; range < 2; range++) {
        sampler s = sampler_called("ddpm");
        s.model = toy_unsure;
        s.options.variance = range ? SAMPLER_LEARNED_RANGE : SAMPLER_LEARNED;
        tensor x = toy_start(&memory, PICTURES, list[0]), z = tensor_like(&memory, x);
        answer says = denoiser_room(toy_unsure, &memory, x);
        for (int i = 0; i < N; i++) {
            denoiser_ask(toy_unsure, says, x, list[i], memory);
            noise_number(NULL, z, i, 0, 0);
            double beta = 1 - abar(i) / abar(i + 1);
            double beta_tilde = (1 - abar(i + 1)) / (1 - abar(i)) * beta;
            for (size_t j = 0; j < tensor_count(x); j++) {
                double x_t = sqrt(abar(i)) * (double)x.data[j], x_0 = (double)says.x0.data[j];
                double mu =
                    (sqrt(abar(i + 1)) * beta * x_0 + sqrt(1 - beta) * (1 - abar(i + 1)) * x_t) /
                    (1 - abar(i));
                double word = (double)says.log_variance.data[j], v = (word + 1) / 2;
                double Sigma = range ? exp(v * log(beta) + (1 - v) * log(beta_tilde)) : exp(word);
                double sigma_z = i + 1 < N ? sqrt(Sigma) * (double)z.data[j] : 0;
                x.data[j] = (real)((mu + sigma_z) / sqrt(abar(i + 1)));
            }
        }
        assert_same(walked(s), x);
    }
}

/* ---- One path ---- */

static void walk_a_path(tensor x, const char *name, sampler_form form, int n)
{
    arena a = memory;
    sampler s = sampler_called(name);
    s.walk = toy_walk(&a, n, 10, 0.05, false);
    s.noise = noise_brownian(9, 10);
    s.options.form = form;
    tensor_copy(x, toy_noise(&a, 2, 1, 2, 2, 10));
    assert_null(sampler_run(&s, x, a));
}

/* Song 2021, section 4: three ways to follow one SDE. On one Brownian path they end in one picture,
 * nearer with more steps: four times as many, a quarter of the distance. */
static void all_forms_follow_one_path(void **state)
{
    (void)state;
    const struct {
        const char *name;
        sampler_form form;
    } all[] = {{"score_sde_ve", SAMPLER_FORM_USUAL},
               {"score_sde_ve", SAMPLER_EULER_MARUYAMA},
               {"score_sde_vp", SAMPLER_FORM_USUAL},
               {"score_sde_vp", SAMPLER_EULER_MARUYAMA},
               {"score_sde_vp", SAMPLER_ANCESTRAL}};
    double apart[2][5];
    tensor x = tensor_new(&memory, 2, 1, 2, 2), y = tensor_like(&memory, x);
    for (int k = 0; k < 2; k++) {
        int n = k ? 2000 : 500;
        walk_a_path(x, "euler_ancestral", SAMPLER_FORM_USUAL, n);
        for (int j = 0; j < 5; j++) {
            walk_a_path(y, all[j].name, all[j].form, n);
            apart[k][j] = tensor_distance(x, y);
        }
    }
    for (int j = 0; j < 5; j++) {
        print_message("%s form %d: apart by %.4f, %.4f\n", all[j].name, (int)all[j].form,
                      apart[0][j], apart[1][j]);
        assert_true(apart[1][j] < 0.3 * apart[0][j] && apart[1][j] > 0 && apart[1][j] < 0.05);
    }
}

int main(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 20);
    sigmas w = toy_walk(&memory, N, 10, 0.1, true);
    for (int i = 0; i <= N; i++) list[i] = w.at[i];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictor_and_corrector_are_the_papers),
        cmocka_unit_test(the_usual_snr_is_the_papers),
        cmocka_unit_test(the_corrector_goes_before_other_rules),
        cmocka_unit_test(in_a_flow_it_has_the_flows_score),
        cmocka_unit_test(the_corrector_is_not_remembered),
        cmocka_unit_test(as_published_takes_the_schedules_beta),
        cmocka_unit_test(some_are_one_rule),
        cmocka_unit_test(a_learned_variance_is_eq_15),
        cmocka_unit_test(all_forms_follow_one_path),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}
