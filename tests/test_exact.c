/* Exact denoisers against what they are the formula of: integrals, done here by adding up, and
 * Tweedie's rule. */
#include "base/pi.h"
#include "diffusion/exact.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena memory;

static real centre[] = {-2, 0.5, 3};
static const double weight[] = {2, 5, 3}, width[] = {0.3, 0.8, 0.5};

static exact_mixture mixture(bool flow)
{
    return (exact_mixture){{centre, 3, 1, 1, 1}, weight, width, flow};
}

static double bell(double x, double middle, double variance)
{
    return exp(-(x - middle) * (x - middle) / (2 * variance)) / sqrt(2 * PI * variance);
}

/* Density of the clean numbers. */
static double density(double x0)
{
    double sum = 0;
    for (int k = 0; k < 3; k++)
        sum += weight[k] / 10 * bell(x0, (double)centre[k], width[k] * width[k]);
    return sum;
}

static double guess_of(const exact_mixture *m, double x, double sigma)
{
    arena a = memory;
    real in = (real)x;
    tensor one = {&in, 1, 1, 1, 1};
    answer out = denoiser_room(exact_denoiser(m), &a, one);
    denoiser_ask(exact_denoiser(m), out, one, sigma, a);
    return (double)out.x0.data[0];
}

/* p(x) = int p(x0) N(x; alpha x0, sigma^2) dx0,   D(x) = int x0 p(x0) N(...) dx0 / p(x) */
static void the_guess_is_the_mean_of_what_x_may_have_been(void **state)
{
    (void)state;
    const double at[] = {-4, -0.7, 0, 1.9, 6}, sizes[] = {0.05, 0.4, 0.9, 1};
    for (int flow = 0; flow < 2; flow++)
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 4; j++) {
                exact_mixture m = mixture(flow);
                double x = (double)(real)at[i], sigma = sizes[j] * (flow ? 1 : 8);
                double alpha = flow ? 1 - sigma : 1, p = 0, mean = 0, step = 1e-3;
                for (double x0 = -16; x0 < 16; x0 += step) {
                    double share = density(x0) * bell(x, alpha * x0, sigma * sigma) * step;
                    p += share;
                    mean += share * x0;
                }
                if (p < 1e-30) continue; /* so far out that this sum has no digits left */
                real number = (real)x;
                assert_true(fabs(guess_of(&m, x, sigma) - mean / p) < 1e-6);
                double log_p = exact_log_density(&m, (tensor){&number, 1, 1, 1, 1}, sigma);
                assert_true(fabs(log_p - log(p)) < 1e-9);
            }
}

/* In three directions at once: alpha D = x + sigma^2 d/dx ln p(x). Robbins 1956, Tweedie. */
static void the_guess_is_tweedies(void **state)
{
    (void)state;
    arena a = memory;
    const double widths[] = {0.4, 0.9, 0.6, 0.5};
    exact_mixture m = {.centre = toy_noise(&a, 4, 1, 1, 3, 1), .width = widths};
    for (int flow = 0; flow < 2; flow++) {
        m.flow = flow;
        tensor x = toy_noise(&a, 1, 1, 1, 3, 1.5);
        double sigma = 0.6, alpha = flow ? 1 - sigma : 1;
        answer out = denoiser_room(exact_denoiser(&m), &a, x);
        denoiser_ask(exact_denoiser(&m), out, x, sigma, a);
        for (int i = 0; i < 3; i++) {
            real here = x.data[i], up = here + 0x1p-9f, down = here - 0x1p-9f;
            x.data[i] = up;
            double above = exact_log_density(&m, x, sigma);
            x.data[i] = down;
            double slope = (above - exact_log_density(&m, x, sigma)) / (double)(up - down);
            x.data[i] = here;
            double tweedie = (double)here + sigma * sigma * slope;
            assert_true(fabs(alpha * (double)out.x0.data[i] - tweedie) < 2e-5);
        }
    }
}

static void probabilities_add_up_even_far_away(void **state)
{
    (void)state;
    exact_mixture set = {.centre = {centre, 3, 1, 1, 1}};
    const double at[] = {0.6, 1e4, -1e6}, sizes[] = {1e-3, 1, 80};
    const int nearest[] = {1, 2, 0};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            double p[3];
            real x = (real)at[i];
            exact_posterior(&set, p, (tensor){&x, 1, 1, 1, 1}, sizes[j]);
            assert_true(fabs(p[0] + p[1] + p[2] - 1) < 1e-12);
            if (j == 0) assert_true(p[nearest[i]] > 0.999999);
        }
}

/* Bayes by hand: at 1.75, the middle of 0.5 and 3, widths 0 and weights 5 and 3. */
static void probabilities_follow_bayes(void **state)
{
    (void)state;
    exact_mixture set = {.centre = {centre, 3, 1, 1, 1}, .weight = weight};
    double p[3];
    real x = 1.75f;
    exact_posterior(&set, p, (tensor){&x, 1, 1, 1, 1}, 0.7);
    assert_true(fabs(p[1] / p[2] - 5.0 / 3) < 1e-12);
    double near = exp(-1.25 * 1.25 / (2 * 0.49)), far = exp(-3.75 * 3.75 / (2 * 0.49));
    assert_true(fabs(p[0] / p[1] - 2 * far / (5 * near)) < 1e-12);
}

static void a_set_of_pictures_is_known_by_heart(void **state)
{
    (void)state;
    arena a = memory;
    exact_mixture set = {.centre = toy_start(&a, 3, 1)};
    denoiser d = exact_denoiser(&set);
    tensor x = toy_start(&a, 3, 0.05), mean = tensor_new(&a, 1, 5, 3, 2);
    tensor_add_scaled(x, 1, set.centre); /* picture i, with a little noise in it */
    answer out = denoiser_room(d, &a, x);
    denoiser_ask(d, out, x, 0.05, a);
    assert_true(tensor_distance(out.x0, set.centre) < 1e-7);

    denoiser_ask(d, out, x, 1e5, a);
    tensor_fill(mean, 0);
    for (int i = 0; i < 3; i++) tensor_add_scaled(mean, 1 / 3.0, tensor_pictures(set.centre, i, 1));
    for (int i = 0; i < 3; i++)
        assert_true(tensor_distance(tensor_pictures(out.x0, i, 1), mean) < 1e-6);
}

/* 20,000 draws: shares, means and widths of the bells within 4 standard errors. */
static void draws_follow_the_mixture(void **state)
{
    (void)state;
    arena a = memory;
    exact_mixture m = mixture(false);
    int n = 20000, count[3] = {0};
    tensor x = tensor_new(&a, n, 1, 1, 1);
    rng r = rng_torch(1);
    exact_draw(&m, x, &r, a);
    double mean = 0, square = 0, true_mean = 0, true_square = 0;
    for (int i = 0; i < n; i++) {
        double v = (double)x.data[i];
        mean += v / n, square += v * v / n;
        count[v < -1.1 ? 0 : v < 20 ? 1 : 2]++;
    }
    for (int k = 0; k < 3; k++) {
        double c = (double)centre[k];
        true_mean += weight[k] / 10 * c,
            true_square += weight[k] / 10 * (c * c + width[k] * width[k]);
    }
    double spread = sqrt((true_square - true_mean * true_mean) / n);
    assert_true(fabs(mean - true_mean) < 4 * spread);
    assert_true(fabs(square - true_square) < 4 * 4.6 / sqrt(n)); /* sd of x^2 is 4.6 */
    /* below -1.1: 0.2 of bell 0 less its upper tail (3 sd), plus bell 1 beyond 2 sd */
    double share = 0.2 * 0.99865 + 0.5 * 0.02275;
    assert_true(fabs((double)count[0] / n - share) < 4 * sqrt(share * (1 - share) / n));
}

/* toy_follow solves dx/dsigma = (x - D) / sigma: the slope at the middle, by a small step. */
static void following_is_the_slope_added_up(void **state)
{
    (void)state;
    for (int flow = 0; flow < 2; flow++) {
        exact_mixture m = {{centre, 1, 1, 1, 1}, NULL, width, flow};
        double sigma = 0.6, h = 1e-3;
        real down = 1.7f, up = 1.7f, there = 1.7f, back;
        toy_follow(&m, (tensor){&down, 1, 1, 1, 1}, sigma, sigma - h);
        toy_follow(&m, (tensor){&up, 1, 1, 1, 1}, sigma, sigma + h);
        double slope = ((double)(real)1.7f - guess_of(&m, (double)1.7f, sigma)) / sigma;
        assert_true(fabs((double)(up - down) / (2 * h) - slope) < 5e-4);
        toy_follow(&m, (tensor){&there, 1, 1, 1, 1}, sigma, 0.1);
        back = there;
        toy_follow(&m, (tensor){&back, 1, 1, 1, 1}, 0.1, sigma);
        assert_true(fabs((double)(back - 1.7f)) < 1e-6);
        if (flow) continue;
        double v = width[0] * width[0], shrink = sqrt((v + 0.01) / (v + 0.36));
        assert_true(fabs((double)there - (-2 + 3.7 * shrink)) < 1e-6);
    }
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guess_is_the_mean_of_what_x_may_have_been),
        cmocka_unit_test(the_guess_is_tweedies),
        cmocka_unit_test(probabilities_add_up_even_far_away),
        cmocka_unit_test(probabilities_follow_bayes),
        cmocka_unit_test(a_set_of_pictures_is_known_by_heart),
        cmocka_unit_test(draws_follow_the_mixture),
        cmocka_unit_test(following_is_the_slope_added_up),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
