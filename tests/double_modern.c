/* SA-Solver, ER-SDE, SEEDS and RES against their papers' forms, written out here in the papers'
 * letters, number by number, and against rules that they must equal. In double, so that 1e-12 can
 * be asked for. Then the orders of their options, and the law that they draw from. */
#include "order.h"
#include "same.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STEPS = 12 };
static arena memory, noise_room;
static double karras[STEPS + 1];

/* ---- What the samplers make ---- */

/* z depends on where it starts only. */
static void noise_at(void *self, tensor z, int draw, double from, double to)
{
    (void)self, (void)draw, (void)to;
    rng r = rng_torch((uint64_t)(from * 1e6 + 0.5));
    rng_normal(&r, z, noise_room);
}

static sampler sampler_called(const char *name, double eta)
{
    const sampler_kind *kind;
    assert_null(sampler_find(name, &kind));
    sigmas walk = {.n = STEPS, .at = karras};
    sampler s = sampler_make(kind, toy_bells, walk, noise_given(noise_at, NULL));
    s.options.eta = eta;
    return s;
}

static tensor walked(sampler s)
{
    return same_end(s, 2, &memory);
}

/* ---- What the papers' forms are made of: one number a time ---- */

typedef double rule(const sampler_options *o, double x, int i);

static size_t now; /* which number is walked */

static double z_from(double sigma)
{
    arena a = memory;
    tensor z = toy_start(&a, 2, 1);
    noise_at(NULL, z, 0, sigma, 0);
    return (double)z.data[now];
}

/* D, as toy_bells has it. */
static double D(double x, double sigma)
{
    double s2 = 0.09, v = s2 + sigma * sigma;
    return (sigma * sigma * tanh(x / v) + s2 * x) / v;
}

static tensor written_out(rule *f, const sampler_options *o)
{
    tensor x = toy_start(&memory, 2, karras[0]);
    for (now = 0; now < tensor_count(x); now++) {
        double y = (double)x.data[now];
        for (int i = 0; i < STEPS; i++) y = f(o, y, i);
        x.data[now] = (real)y;
    }
    return x;
}

static void assert_is(const char *name, sampler_options o, rule *f)
{
    arena a = memory;
    sampler s = sampler_called(name, o.eta);
    s.options = o;
    assert_same(walked(s), written_out(f, &o));
    memory = a;
}

static sampler_options usual(double eta)
{
    return (sampler_options){.eta = eta, .s_noise = 1, .noise_max = HUGE_VAL};
}

/* ---- SA-Solver ---- */

/* The weights q[j] for which sum_j q[j] node[j]^p is int_s^t M e^(M (u-t)) u^p du for p = 0, 1 and
 * so on: by parts, and by elimination. Clock: u = lambda - lambda_t. */
static void adams(double *q, const double *node, int count, double s, double M)
{
    double A[5][6], before = 0;
    for (int p = 0; p < count; p++) {
        for (int j = 0; j < count; j++) A[p][j] = pow(node[j], p);
        before = (p == 0 ? 1 : 0) - pow(s, p) * exp(M * s) - p / M * before;
        A[p][count] = before;
    }
    for (int p = 0; p < count; p++)
        for (int r = 0; r < count; r++)
            for (int c = count; r != p && c >= p; c--) A[r][c] -= A[r][p] / A[p][p] * A[p][c];
    for (int j = 0; j < count; j++) q[j] = A[j][count] / A[j][j];
}

static double lambda(int i)
{
    return -log(karras[i]);
}

/* sum_j q_j f_j on the way from lambda_i-1 to lambda_i, the newest f at step `newest`. */
static double adams_area(const double *f, int newest, int count, int i, double M, bool eps)
{
    double node[5], q[5], sum = 0, pull = eps ? -1 : M;
    for (int j = 0; j < count; j++) node[j] = lambda(newest - j) - lambda(i);
    adams(q, node, count, lambda(i - 1) - lambda(i), pull);
    for (int j = 0; j < count; j++) sum += q[j] * f[newest - j];
    return eps ? sum * M * karras[i] : sum;
}

static double tau2(const sampler_options *o, int i)
{
    return karras[i] >= o->noise_min && karras[i] <= o->noise_max ? o->eta * o->eta : 0;
}

/* x_i from x_i-1, Xue 2023, for x0 or eps, with the noise z of step i - 1. */
static double sa_to(const sampler_options *o, double x, const double *f, int newest, int count,
                    int i)
{
    double t2 = tau2(o, i - 1), h = lambda(i) - lambda(i - 1), s = karras[i - 1], t = karras[i];
    double area = adams_area(f, newest, count, i, 1 + t2, o->noise_prediction), z = z_from(s);
    if (o->noise_prediction) return x + area + sqrt(t2) * t * sqrt(expm1(2 * h)) * z;
    return t / s * exp(-t2 * h) * x + area + t * sqrt(-expm1(-2 * t2 * h)) * z;
}

/* Algorithm 1 for predictor and corrector of any number of points. */
static double sa_of_the_paper(const sampler_options *o, double x, int i)
{
    static double f[STEPS], corrected;
    double x_theta = D(x, karras[i]);
    int c = o->order ? o->order : 4, p = o->predictor ? o->predictor : c - 1;
    int left = o->keep_order ? STEPS : STEPS - 1 - i;
    if (c > left + 1) c = left + 1;
    if (p > left) p = left;
    if (c > i + 1) c = i + 1;
    if (p > i + 1) p = i + 1;
    bool eps = o->noise_prediction;
    f[i] = eps ? (x - x_theta) / karras[i] : x_theta;
    if (c > 1) {
        x = sa_to(o, corrected, f, i, c, i);
        if (o->pece) x_theta = D(x, karras[i]);
        if (o->pece) f[i] = eps ? (x - x_theta) / karras[i] : x_theta;
    }
    corrected = x;
    if (i + 1 == STEPS) return x_theta;
    return sa_to(o, x, f, i, p, i + 1);
}

static void sa_solver_is_its_paper(void **state)
{
    (void)state;
    for (int order = 0; order <= 4; order++)
        for (int k = 0; k < 16; k++) {
            sampler_options o = usual(k % 2 ? 0.8 : 0);
            o.order = order, o.pece = k / 2 % 2, o.keep_order = k / 4 % 2;
            o.noise_prediction = k / 8 % 2, o.predictor = order % 3 + 1;
            if (order == 0) o.predictor = 0, o.noise_min = 0.5, o.noise_max = 5;
            assert_is("sa_solver", o, sa_of_the_paper);
        }
}

/* ---- ER-SDE ---- */

static double phi(const sampler_options *o, double l)
{
    return o->form == SAMPLER_REVERSE ? pow(l, 1 + o->eta) : l * pow(exp(pow(l, 0.3)) + 10, o->eta);
}

/* Its noise; none at all without eta, where the difference is rounding. */
static double er_noise(const sampler_options *o, double s, double t)
{
    double r = phi(o, t) / phi(o, s);
    return o->eta > 0 ? sqrt(t * t - s * s * r * r) * z_from(s) : 0;
}

/* Cui 2023, three stages, with its sums. */
static double er_sde_of_the_paper(const sampler_options *o, double x, int i)
{
    static double x_theta[STEPS], slope[STEPS];
    double s = karras[i], t = karras[i + 1], dt = t - s, S = 0, S_u = 0;
    int stages = o->order ? o->order : 3;
    x_theta[i] = D(x, s);
    if (t == 0) return x_theta[i];
    double r = phi(o, t) / phi(o, s);
    double y = r * x + (1 - r) * x_theta[i] + er_noise(o, s, t);
    for (int k = 0; k < 200; k++) {
        double l = t - k * dt / 200;
        S += -dt / 200 / phi(o, l), S_u += -dt / 200 * (l - s) / phi(o, l);
    }
    if (i > 0) slope[i] = (x_theta[i] - x_theta[i - 1]) / (s - karras[i - 1]);
    if (i > 0 && stages > 1) y += (dt + S * phi(o, t)) * slope[i];
    if (i > 1 && stages > 2)
        y +=
            (dt * dt / 2 + S_u * phi(o, t)) * (slope[i] - slope[i - 1]) / ((s - karras[i - 2]) / 2);
    return y;
}

/* The same without its two approximations: the parabola itself, and Simpson's rule in ln l for
 * phi(t) int_t^s x_theta(l) phi'(l) / phi(l)^2 dl, phi' by a formula. */
static double er_sde_exactly(const sampler_options *o, double x, int i)
{
    static double x_theta[STEPS];
    double s = karras[i], t = karras[i + 1], area = 0;
    int count = o->order ? o->order : 3, parts = 2000;
    if (count > i + 1) count = i + 1;
    x_theta[i] = D(x, s);
    if (t == 0) return x_theta[i];
    for (int k = 0; k <= parts; k++) {
        double l = s * pow(t / s, (double)k / parts), curve = 0, q = pow(l, 0.3);
        for (int j = 0; j < count; j++) {
            double share = x_theta[i - j];
            for (int m = 0; m < count; m++)
                if (m != j) share *= (l - karras[i - m]) / (karras[i - j] - karras[i - m]);
            curve += share;
        }
        double rate = o->form == SAMPLER_REVERSE ? 1 : 0.3 * q * exp(q) / (exp(q) + 10);
        double weight = k == 0 || k == parts ? 1 : k % 2 ? 4 : 2;
        area += weight / 3 * log(s / t) / parts * (1 + o->eta * rate) / phi(o, l) * curve;
    }
    return phi(o, t) / phi(o, s) * x + phi(o, t) * area + er_noise(o, s, t);
}

static void er_sde_is_its_paper(void **state)
{
    (void)state;
    for (int order = 0; order <= 3; order++)
        for (int k = 0; k < 6; k++) {
            sampler_options o = usual(0.5 * (k % 3));
            o.order = order, o.form = k / 3 ? SAMPLER_REVERSE : SAMPLER_FORM_USUAL;
            assert_is("er_sde", o, er_sde_exactly);
            o.as_published = true;
            assert_is("er_sde", o, er_sde_of_the_paper);
        }
}

/* ---- SEEDS and RES ---- */

/* Gonzalez 2023, two stages, with the noise of the way to m and of the way from m. */
static double seeds_2_of_the_paper(const sampler_options *o, double x, int i)
{
    double s = karras[i], t = karras[i + 1], h = log(s / t), eta = o->eta,
           r = o->r > 0 ? o->r : 0.5;
    double x0 = D(x, s), m = r == 1 ? t : s * exp(-r * h), n = sqrt(-expm1(-2 * r * h * eta));
    if (t == 0) return x0;
    n *= z_from(s);
    double y = m / s * exp(-r * h * eta) * x - expm1(-r * h * (1 + eta)) * x0 + m * n;
    double phi_2 = 1 / r * (1 + expm1(-h * (1 + eta)) / (h * (1 + eta)));
    double share = o->form == SAMPLER_HEUN ? phi_2 : -expm1(-h * (1 + eta)) / (2 * r);
    n *= exp((r - 1) * h * eta);
    if (r < 1) n += sqrt(-expm1(2 * (r - 1) * h * eta)) * z_from(m);
    return t / s * exp(-h * eta) * x - expm1(-h * (1 + eta)) * x0 + share * (D(y, m) - x0) + t * n;
}

/* Three stages, r_1 = 1/3 and r_2 = 2/3. */
static double seeds_3_of_the_paper(const sampler_options *o, double x, int i)
{
    double s = karras[i], t = karras[i + 1], h = log(s / t), eta = o->eta, H = h * (1 + eta);
    double x0 = D(x, s), s_1 = s * exp(-h / 3), s_2 = s * exp(-2 * h / 3);
    if (t == 0) return x0;
    double c = exp(-h * eta / 3), fresh = sqrt(-expm1(-2 * h * eta / 3));
    double n_1 = fresh * z_from(s), n_2 = c * n_1 + fresh * z_from(s_1);
    double n_3 = c * n_2 + fresh * z_from(s_2);
    double x_2 = s_1 / s * c * x - expm1(-H / 3) * x0 + s_1 * n_1;
    double x_3 = s_2 / s * c * c * x - expm1(-2 * H / 3) * x0 +
                 2 * (expm1(-2 * H / 3) / (2 * H / 3) + 1) * (D(x_2, s_1) - x0) + s_2 * n_2;
    return t / s * c * c * c * x - expm1(-H) * x0 + 1.5 * (expm1(-H) / H + 1) * (D(x_3, s_2) - x0) +
           t * n_3;
}

/* Zhang 2023, Algorithm 1: its phi functions and b's; c_2 is r. */
static double res_of_the_paper(const sampler_options *o, double x, int i)
{
    double s = karras[i], t = karras[i + 1], h = log(s / t), c_2 = o->r > 0 ? o->r : 0.5;
    if (t == 0) return D(x, s);
    double phi_1 = expm1(-h) / -h, phi_2 = (phi_1 - 1) / -h, phi_1c = expm1(-c_2 * h) / (-c_2 * h);
    double b_2 = phi_2 / c_2, b_1 = phi_1 - b_2, x0 = D(x, s), m = s * exp(-c_2 * h);
    double u = exp(-c_2 * h) * x + c_2 * h * phi_1c * x0;
    return exp(-h) * x + h * (b_1 * x0 + b_2 * D(u, m));
}

static void seeds_and_res_are_their_papers(void **state)
{
    (void)state;
    const double r[] = {0, 0.3, 1};
    for (int k = 0; k < 12; k++) {
        sampler_options o = usual(k < 6 ? 0 : 0.7);
        o.r = r[k % 3], o.form = k / 3 % 2 ? SAMPLER_HEUN : SAMPLER_FORM_USUAL;
        assert_is("seeds_2", o, seeds_2_of_the_paper);
    }
    assert_is("seeds_3", usual(0), seeds_3_of_the_paper);
    assert_is("seeds_3", usual(1), seeds_3_of_the_paper);
    for (int k = 0; k < 3; k++) {
        sampler_options o = usual(0);
        o.r = r[k];
        assert_is("res_singlestep", o, res_of_the_paper);
    }
}

int main(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 20);
    sigmas w = toy_walk(&memory, STEPS, 10, 0.1, true);
    for (int i = 0; i <= STEPS; i++) karras[i] = w.at[i];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sa_solver_is_its_paper),
        cmocka_unit_test(er_sde_is_its_paper),
        cmocka_unit_test(seeds_and_res_are_their_papers),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}
