/* One rule in other letters: each sampler against its paper's own form, written out here in the
 * paper's letters, and against the samplers that it must equal. In double, so that 1e-12 can be
 * asked for: numbers of size 10, rounded some hundred times, are apart by up to 1e-13. */
#include "same.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STEPS = 12 };
static arena memory, noise_room;
static double karras[STEPS + 1], even[STEPS + 1], flowing[STEPS + 1];

/* ---- What the samplers make ---- */

/* z of a step depends on where it starts only, so that all samplers meet the same. */
static void noise_at(void *self, tensor z, int draw, double from, double to)
{
    (void)self, (void)draw, (void)to;
    rng r = rng_torch((uint64_t)(from * 1e6));
    rng_normal(&r, z, noise_room);
}

static sampler sampler_called(const char *name, const double *sigma)
{
    const sampler_kind *kind;
    assert_null(sampler_find(name, &kind));
    denoiser d = toy_bells;
    d.flow = sigma == flowing;
    sigmas walk = {.n = STEPS, .at = (double *)(size_t)sigma};
    return sampler_make(kind, d, walk, noise_given(noise_at, NULL));
}

static tensor walked(sampler s)
{
    return same_end(s, 2, &memory);
}

static tensor walk(const char *name, const double *sigma, double eta)
{
    sampler s = sampler_called(name, sigma);
    s.options.eta = eta;
    return walked(s);
}

/* ---- What the papers' forms are made of: one number a time ---- */

typedef double rule(void *self, double x, int i, double z);

/* D, as toy_bells has it. */
static double D(double x, double sigma)
{
    double s2 = 0.09, v = s2 + sigma * sigma;
    return (sigma * sigma * tanh(x / v) + s2 * x) / v;
}

static double eps(double x, double sigma)
{
    return (x - D(x, sigma)) / sigma;
}

/* The walk by a rule for one number; memory of earlier steps is the rule's own, emptied by i =
 * 0. */
static tensor written_out(rule *f, void *self, const double *sigma)
{
    tensor x = toy_start(&memory, 2, sigma[0]), z[STEPS];
    for (int i = 0; i < STEPS; i++) {
        z[i] = tensor_like(&memory, x);
        noise_at(NULL, z[i], i, sigma[i], sigma[i + 1]);
    }
    for (size_t p = 0; p < tensor_count(x); p++)
        for (int i = 0; i < STEPS; i++)
            x.data[p] = (real)f(self, (double)x.data[p], i, (double)z[i].data[p]);
    return x;
}

/* ---- Samplers that are the same rule ---- */

static void without_noise_all_are_euler(void **state)
{
    (void)state;
    sampler lms = sampler_called("lms", karras);
    lms.options.order = 1;
    tensor euler = walk("euler", karras, 0);
    assert_same(walk("euler_ancestral", karras, 0), euler);
    assert_same(walk("ddim", karras, 0), euler);
    assert_same(walked(lms), euler);
    assert_same(walk("ddim", flowing, 0), walk("euler", flowing, 0));
    assert_true(tensor_distance(walk("heun", karras, 0), euler) > 0.01);
}

static void with_noise_all_are_ddpm(void **state)
{
    (void)state;
    const double *both[] = {karras, flowing};
    for (int k = 0; k < 2; k++) {
        tensor ddpm = walk("ddpm", both[k], 1), part = walk("ddim", both[k], 0.6);
        assert_same(walk("euler_ancestral", both[k], 1), ddpm);
        assert_same(walk("ddim", both[k], 1), ddpm);
        assert_same(walk("euler_ancestral", both[k], 0.6), part);
        assert_true(tensor_distance(part, ddpm) > 0.01);
    }
}

/* ---- The papers' forms ---- */

/* Euler as a mean of x and D. */
static double euler_as_mean(void *self, double x, int i, double z)
{
    (void)self, (void)z;
    double r = karras[i + 1] / karras[i];
    return r * x + (1 - r) * D(x, karras[i]);
}

static double alpha_bar(int i)
{
    return 1 / (1 + karras[i] * karras[i]);
}

/* Song 2021, arXiv:2010.02502, eq. 12 and 16; the paper's alpha is the field's alpha_bar. x is held
 * without the paper's factor sqrt(alpha) between the steps. */
static double ddim_of_the_paper(void *self, double x, int i, double z)
{
    double eta = *(double *)self, alpha_t = alpha_bar(i), alpha_before = alpha_bar(i + 1);
    double x_t = sqrt(alpha_t) * x, eps_t = eps(x, karras[i]);
    double sigma_t =
        eta * sqrt((1 - alpha_before) / (1 - alpha_t)) * sqrt(1 - alpha_t / alpha_before);
    double x_before = sqrt(alpha_before) * (x_t - sqrt(1 - alpha_t) * eps_t) / sqrt(alpha_t) +
                      sqrt(fmax(1 - alpha_before - sigma_t * sigma_t, 0)) * eps_t + sigma_t * z;
    return x_before / sqrt(alpha_before);
}

/* Ho 2020, arXiv:2006.11239, Algorithm 2, line 4; *self: whether sigma_t^2 = beta_t. */
static double ddpm_of_the_paper(void *self, double x, int i, double z)
{
    bool large = *(bool *)self;
    double abar_t = alpha_bar(i), abar_before = alpha_bar(i + 1);
    double alpha_t = abar_t / abar_before, beta_t = 1 - alpha_t;
    double beta_tilde = (1 - abar_before) / (1 - abar_t) * beta_t;
    double x_t = sqrt(abar_t) * x, eps_t = eps(x, karras[i]);
    double sigma_t = i + 1 == STEPS ? 0 : sqrt(large ? beta_t : beta_tilde);
    double x_before = (x_t - beta_t / sqrt(1 - abar_t) * eps_t) / sqrt(alpha_t) + sigma_t * z;
    return x_before / sqrt(abar_before);
}

/* Karras 2022, arXiv:2206.00364, Algorithm 2, with S_churn = 3 in [S_tmin, S_tmax] = [0.5, 5]. */
static double heun_of_the_paper(void *self, double x, int i, double z)
{
    (void)self;
    double t = karras[i], t_next = karras[i + 1];
    double gamma = t >= 0.5 && t <= 5 ? fmin(3.0 / STEPS, sqrt(2) - 1) : 0;
    double t_hat = t + gamma * t, x_hat = x + sqrt(t_hat * t_hat - t * t) * 1.003 * z;
    double d = (x_hat - D(x_hat, t_hat)) / t_hat, x_next = x_hat + (t_next - t_hat) * d;
    if (t_next == 0) return x_next;
    double d_next = (x_next - D(x_next, t_next)) / t_next;
    return x_hat + (t_next - t_hat) * (d / 2 + d_next / 2);
}

/* Lu 2022, arXiv:2206.00927, Algorithm 1 (DPM-Solver-2), alpha = 1; to 0 its first-order rule. */
static double dpm_2_of_the_paper(void *self, double x, int i, double z)
{
    (void)self, (void)z;
    double sigma = karras[i], sigma_t = karras[i + 1];
    if (sigma_t == 0) return x - sigma * eps(x, sigma);
    double h = log(sigma) - log(sigma_t), sigma_s = exp(-(-log(sigma) + h / 2));
    double u = x - sigma_s * expm1(h / 2) * eps(x, sigma);
    return x - sigma_t * expm1(h) * eps(u, sigma_s);
}

/* Lu 2022, arXiv:2211.01095, Algorithm 2, in its variance-preserving letters. */
static double dpmpp_2m_of_the_paper(void *self, double x, int i, double z)
{
    (void)z;
    double *before = self; /* {x_theta, lambda} of the step before */
    double alpha = sqrt(alpha_bar(i)), alpha_next = sqrt(alpha_bar(i + 1));
    double sigma = sqrt(1 - alpha_bar(i)), sigma_next = sqrt(1 - alpha_bar(i + 1));
    double lambda = log(alpha / sigma), x_theta = D(x, karras[i]), mixed = x_theta;
    if (sigma_next == 0) return x_theta;
    double h = log(alpha_next / sigma_next) - lambda;
    if (i > 0) {
        double r = (lambda - before[1]) / h;
        mixed = (1 + 1 / (2 * r)) * x_theta - 1 / (2 * r) * before[0];
    }
    before[0] = x_theta, before[1] = lambda;
    double next = sigma_next / sigma * (alpha * x) - alpha_next * (exp(-h) - 1) * mixed;
    return next / alpha_next;
}

/* Adams, Bashforth 1883: equal steps, in the coefficients that every textbook prints. */
static double adams_bashforth(void *self, double x, int i, double z)
{
    (void)z;
    double *f = self, h = even[i + 1] - even[i];
    f[3] = f[2], f[2] = f[1], f[1] = f[0], f[0] = (x - D(x, even[i])) / even[i];
    if (i == 0) return x + h * f[0];
    if (i == 1) return x + h / 2 * (3 * f[0] - f[1]);
    if (i == 2) return x + h / 12 * (23 * f[0] - 16 * f[1] + 5 * f[2]);
    return x + h / 24 * (55 * f[0] - 59 * f[1] + 37 * f[2] - 9 * f[3]);
}

/* Liu 2022, arXiv:2209.03003: dx/dt = eps - x0 along straight lines, t being sigma. */
static double rectified_flow(void *self, double x, int i, double z)
{
    (void)self, (void)z;
    double t = flowing[i], x0 = D(x, t), e = (x - (1 - t) * x0) / t;
    return x + (flowing[i + 1] - t) * (e - x0);
}

static void each_is_its_paper(void **state)
{
    (void)state;
    double room[4] = {0}, etas[] = {0, 0.3, 1};
    for (int k = 0; k < 3; k++)
        assert_same(walk("ddim", karras, etas[k]),
                    written_out(ddim_of_the_paper, &etas[k], karras));
    for (int large = 0; large < 2; large++) {
        bool is_large = large;
        sampler s = sampler_called("ddpm", karras);
        s.options.variance = large ? SAMPLER_FIXED_LARGE : SAMPLER_FIXED_SMALL;
        assert_same(walked(s), written_out(ddpm_of_the_paper, &is_large, karras));
    }
    sampler s = sampler_called("heun", karras);
    s.options.churn = 3, s.options.s_noise = 1.003;
    s.options.noise_min = 0.5, s.options.noise_max = 5;
    assert_same(walked(s), written_out(heun_of_the_paper, NULL, karras));
    assert_same(walk("euler", karras, 0), written_out(euler_as_mean, NULL, karras));
    assert_same(walk("dpm_2", karras, 0), written_out(dpm_2_of_the_paper, NULL, karras));
    assert_same(walk("dpmpp_2m", karras, 0), written_out(dpmpp_2m_of_the_paper, room, karras));
    assert_same(walk("lms", even, 0), written_out(adams_bashforth, room, even));
    assert_same(walk("euler", flowing, 0), written_out(rectified_flow, NULL, flowing));
}

int main(void)
{
    memory = arena_make(0);
    noise_room = arena_make(1 << 20);
    sigmas w = toy_walk(&memory, STEPS, 10, 0.1, true);
    for (int i = 0; i <= STEPS; i++) {
        karras[i] = w.at[i];
        even[i] = 10 - 0.8 * i;
        flowing[i] = 1 - (double)i / STEPS;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_noise_all_are_euler),
        cmocka_unit_test(with_noise_all_are_ddpm),
        cmocka_unit_test(each_is_its_paper),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    arena_free(noise_room);
    return failed;
}
