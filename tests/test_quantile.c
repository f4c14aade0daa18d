/* The quantile of the Beta distribution, against its definition and scipy. */
#include "base/pi.h"
#include "base/quantile.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden/quantile.h"

static void assert_close(double got, double expected, double apart)
{
    if (!(fabs(got - expected) <= apart))
        fail_msg("%.17g is not %.17g within %g", got, expected, apart);
}

/* Shapes whose quantile can be written down. */
static void test_known_shapes(void **state)
{
    (void)state;
    for (int k = 0; k <= 1000; k++) {
        double p = k / 1000.0, s = sin(p * PI / 2);
        assert_close(quantile_beta(p, 1, 1), p, 1e-15);
        assert_close(quantile_beta(p, 0.5, 0.5), s * s, 2e-15); /* the arcsine distribution */
        for (double c = 0.05; c <= 50; c *= 2) {
            assert_close(quantile_beta(p, c, 1), pow(p, 1 / c), 1e-14);
            assert_close(quantile_beta(p, 1, c), 1 - pow(1 - p, 1 / c), 1e-14);
        }
    }
}

/* Shares added up by the midpoint rule, in the variable where the density of most shapes has no
 * peak at the ends: x = sin^2(v). */
static void test_shares_by_quadrature(void **state)
{
    (void)state;
    static const double shapes[][2] = {{0.6, 0.6}, {0.8, 3}, {4, 0.7}, {12, 9}};
    enum { STEPS = 200000 };
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        double a = shapes[k][0], b = shapes[k][1], x = quantile_beta(0.3, a, b), below = 0, all = 0;
        for (int i = 0; i < STEPS; i++) {
            double v = (i + 0.5) / STEPS * PI / 2, s = sin(v), c = cos(v);
            double weight = pow(s, 2 * a - 1) * pow(c, 2 * b - 1);
            all += weight;
            if (s * s < x) below += weight;
        }
        assert_close(below / all, 0.3, 1e-4);
    }
}

static void test_scipy(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden_quantiles / sizeof *golden_quantiles; k++) {
        double x = golden_quantiles[k].x;
        double got =
            quantile_beta(golden_quantiles[k].p, golden_quantiles[k].a, golden_quantiles[k].b);
        assert_close(got, x, 5e-14);
        if (x > 1e-300) assert_close(got, x, 2e-12 * x); /* scipy stops at the smallest double */
    }
}

/* p a B(a, b) is below the smallest double, x is not. The numbers are mpmath's. */
static void test_tiny_shares(void **state)
{
    (void)state;
    assert_close(quantile_beta(1e-300, 49, 49), 2.0136178326644986e-7, 4e-19);
    assert_close(quantile_beta(1e-300, 49, 20), 3.4697717431104382e-7, 7e-19);
    assert_close(quantile_beta(1e-300, 20, 10), 4.4665010608726491e-16, 9e-28);
}

/* It rises with p, and seen from the other end it is the same. */
static void test_it_rises(void **state)
{
    (void)state;
    static const double shapes[] = {0.2, 0.6, 1, 3, 20};
    for (int k = 0; k < 25; k++) {
        double a = shapes[k / 5], b = shapes[k % 5], before = 0;
        for (double p = 1e-3; p < 1; p += 1e-3) {
            double x = quantile_beta(p, a, b);
            assert_true(x > before);
            assert_close(quantile_beta(1 - p, b, a), 1 - x, 1e-14);
            before = x;
        }
        assert_true(quantile_beta(0, a, b) == 0 && quantile_beta(1, a, b) == 1);
    }
    assert_true(quantile_beta(0.5, 0.6, 0.6) == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_shapes), cmocka_unit_test(test_shares_by_quadrature),
        cmocka_unit_test(test_scipy),        cmocka_unit_test(test_tiny_shares),
        cmocka_unit_test(test_it_rises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
