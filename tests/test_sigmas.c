/* test_sigmas.c: lists of noise sizes against their definitions. */
#include "base/pi.h"
#include "sigmas_fixture.h"

/* ---- Golden ---- */

static void assert_prints(const double *x, int count, const char *expected)
{
    char line[512] = "";
    for (int i = 0; i < count; i++) {
        size_t used = strlen(line);
        snprintf(line + used, sizeof line - used, "%s%.4f", i ? " " : "", x[i]);
    }
    assert_string_equal(line, expected);
}

/* LMSDiscreteScheduler(0.00085, 0.012, "scaled_linear", 1000).set_timesteps(15) */
static void test_fifteen_steps(void **state)
{
    (void)state;
    sigmas d = make("linspace", 15, &diffusers, (sigmas_options){0});
    assert_prints(d.t, 15,
                  "999.0000 927.6429 856.2857 784.9286 713.5714 642.2143 570.8571 499.5000 "
                  "428.1429 356.7857 285.4286 214.0714 142.7143 71.3571 0.0000");
    assert_prints(d.at, 16,
                  "14.6146 9.6826 6.6780 4.7746 3.5221 2.6666 2.0606 1.6156 1.2768 1.0097 0.7913 "
                  "0.6056 0.4397 0.2780 0.0292 0.0000");
    sigmas e = make("linspace", 15, &exact, (sigmas_options){0});
    assert_prints(e.at, 16,
                  "14.6146 9.6825 6.6780 4.7746 3.5221 2.6666 2.0606 1.6156 1.2768 1.0097 0.7913 "
                  "0.6055 0.4397 0.2780 0.0292 0.0000");
}

static void test_karras_ten(void **state)
{
    (void)state;
    sigmas k = make("karras", 10, &exact, (sigmas_options){0});
    assert_prints(k.at, 11,
                  "14.6146 9.1029 5.4784 3.1686 1.7494 0.9141 0.4469 0.2014 0.0819 0.0292 0.0000");
    sigmas ends = make("karras", 9, &exact, (sigmas_options){.end_at_min = true});
    assert_memory_equal(k.at, ends.at, 10 * sizeof(double));
}

/* ---- Definition ---- */

static void test_sigma_rules(void **state)
{
    (void)state;
    enum { N = 24 };
    sigmas_options o = {.sigma_min = 0.1, .sigma_max = 20};
    sigmas karras = make("karras", N, NULL, o), exponential = make("exponential", N, NULL, o);
    sigmas_options bent = o;
    bent.rho = 3;
    sigmas poly = make("polyexponential", N, NULL, bent), three = make("karras", N, NULL, bent),
           edm = make("edm", N, NULL, (sigmas_options){0}), narrow = make("edm", N, NULL, o);
    for (int i = 0; i < N; i++) {
        double u = i / (N - 1.0), r = 1 / 7.0;
        assert_near(karras.at[i], pow(pow(20, r) + u * (pow(0.1, r) - pow(20, r)), 7), 1e-14);
        assert_near(edm.at[i], pow(pow(80, r) + u * (pow(0.002, r) - pow(80, r)), 7), 1e-14);
        assert_near(three.at[i], pow(cbrt(20) + u * (cbrt(0.1) - cbrt(20)), 3), 1e-14);
        assert_true(narrow.at[i] == karras.at[i]);
        assert_near(exponential.at[i], 20 * pow(0.1 / 20, u), 1e-14);
        assert_near(poly.at[i], 0.1 * pow(20 / 0.1, pow(1 - u, 3)), 1e-14);
    }
    assert_true(karras.at[0] == 20 && karras.at[N - 1] == 0.1 && karras.at[N] == 0);
    assert_true(edm.at[0] == 80 && edm.at[N - 1] == 0.002 && edm.t == NULL);
}

/* Lu 2022: m = n / 3 + 1 blocks even in ln sigma, of 3, ..., 3 and what is left of n calls; without
 * end_at_min a 0 follows n - 1 calls, and where these fill all blocks there is none of one. */
static void test_dpm_fast(void **state)
{
    (void)state;
    for (int n = 1; n <= 40; n++)
        for (int to_min = 0; to_min < 2; to_min++) {
            sigmas_options o = {.sigma_min = 0.1, .sigma_max = 20, .end_at_min = to_min};
            sigmas walk = make("dpm_fast", n, NULL, o);
            int calls = to_min ? n : n - 1, order[20], blocks = 0, i = 0;
            for (int left = calls; left > 0; left -= order[blocks++])
                order[blocks] = left == 3 && to_min ? 2 : left < 3 ? left : 3;
            for (int b = 0; b < blocks; b++)
                for (int k = 0; k < order[b]; k++, i++)
                    assert_near(walk.at[i], 20 * pow(0.1 / 20, (b + k / (double)order[b]) / blocks),
                                1e-14);
            assert_true(i == calls && walk.at[0] == 20);
            assert_true(calls == 0 || walk.at[calls] == 0.1);
            assert_true(to_min || walk.at[n] == 0);
        }
}

/* ComfyUI's lists as their makers define them, by looking through the table. */
static void test_trained_rules(void **state)
{
    (void)state;
    static const int counts[] = {1, 2, 3, 7, 10, 25, 30, 999, 1000};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        int n = counts[k];
        sigmas simple = make("simple", n, &exact, (sigmas_options){0});
        sigmas sgm = make("sgm_uniform", n, &exact, (sigmas_options){0});
        sigmas normal = make("normal", n, &exact, (sigmas_options){0});
        for (int i = 0; i < n; i++) {
            int t = 999;
            while ((long)(999 - t + 1) * n <= (long)i * 1000) t--; /* floor(1000 i / n) below 999 */
            assert_true(simple.t[i] == t && simple.at[i] == exact.sigma[t]);
            assert_near(sgm.at[i], schedule_sigma(&exact, 999 - 999.0 * i / n), 1e-13);
            double even = n > 1 ? 999 - 999.0 * i / (n - 1) : 999;
            assert_near(normal.at[i], schedule_sigma(&exact, even), 1e-13);
        }
    }
}

/* Where i T is beyond an int. */
static void test_simple_of_a_long_table(void **state)
{
    (void)state;
    enum { T = 60000 };
    schedule s;
    schedule_options o = {.T = T, .beta_start = 1e-6, .beta_end = 1e-5};
    assert_null(schedule_make("linear", o, &shelf, &s));
    sigmas walk = make("simple", T, &s, (sigmas_options){0});
    for (int i = 0; i < T; i++) assert_true(walk.t[i] == T - 1 - i);
}

static void test_ddim_uniform(void **state)
{
    (void)state;
    for (int n = 1; n <= 1000; n++) {
        int taken = 0, at[1000];
        for (int t = 1; t < 1000; t += 1000 / n) at[taken++] = t;
        sigmas walk = {0};
        arena before = shelf;
        error wrong = sigmas_make("ddim_uniform", n, &exact, (sigmas_options){0}, &shelf, &walk);
        assert_true((wrong == NULL) == (taken == n));
        for (int i = 0; !wrong && i < n; i++) assert_true(walk.t[i] == at[n - 1 - i]);
        shelf = before;
        int made, asked, fewer, more;
        const char *tail = wrong ? strstr(wrong, "makes ") : NULL;
        if (!wrong) continue;
        assert_non_null(tail);
        assert_int_equal(sscanf(tail, "makes %d steps, not %d; possible: %d or %d", &made, &asked,
                                &fewer, &more),
                         4);
        assert_true(made == taken && asked == n && fewer < n);
        assert_null(sigmas_make("ddim_uniform", fewer, &exact, (sigmas_options){0}, &shelf, &walk));
        assert_null(sigmas_make("ddim_uniform", more, &exact, (sigmas_options){0}, &shelf, &walk));
        shelf = before;
    }
    sigmas ten = make("ddim_uniform", 10, &exact, (sigmas_options){0});
    assert_true(fabs(ten.at[0] - 8.39) < 0.005);
}

static void test_vp_and_flow(void **state)
{
    (void)state;
    sigmas vp = make("vp", 8, NULL, (sigmas_options){0});
    sigmas flow = make("flow", 8, &flow3, (sigmas_options){0});
    sigmas flux = make("sgm_uniform", 8, &flow3, (sigmas_options){0});
    for (int i = 0; i < 8; i++) {
        double t = 1 - i / 7.0 * (1 - 1e-3), even = 1 - i / 8.0;
        assert_near(vp.at[i], sqrt(exp(19.9 * t * t / 2 + 0.1 * t) - 1), 1e-12);
        assert_near(flow.at[i], 3 * t / (1 + 2 * t), 1e-14);
        assert_near(flux.at[i], 3 * even / (1 + 2 * even), 1e-15);
    }
    sigmas_options o = {.sigma_min = 0.5};
    assert_true(fabs(make("flow", 8, &flow3, o).at[7] - 0.5) < 1e-15);
    sigmas on_table = make("vp", 8, &exact, (sigmas_options){0});
    assert_memory_equal(vp.at, on_table.at, 9 * sizeof(double));
    for (int i = 0; i < 8; i++)
        assert_true(on_table.t[i] == schedule_t(&exact, on_table.at[i]) && !vp.t);
    schedule own;
    assert_null(schedule_make("vp", (schedule_options){.beta_max = 10}, NULL, &own));
    sigmas its = make("vp", 8, &own, (sigmas_options){0});
    assert_near(its.at[0], schedule_sigma(&own, 1), 0);
    assert_near(its.t[7], 1e-3, 1e-15);
}

static void test_chosen_range(void **state)
{
    (void)state;
    sigmas_options o = {.sigma_min = 0.5, .sigma_max = 3, .end_at_min = true};
    static const char *const names[] = {"karras", "exponential", "linspace", "sgm_uniform", "vp"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        sigmas w = make(names[k], 6, &exact, o);
        assert_near(w.at[0], 3, 1e-14);
        assert_near(w.at[6], 0.5, 1e-14);
    }
    sigmas w = make("trailing", 6, &exact, (sigmas_options){.end_at_min = true});
    assert_true(w.at[6] == exact.sigma[0]);
    w = make("leading", 7, &exact, (sigmas_options){.end_at_min = true, .offset = 147});
    assert_true(w.at[7] == exact.sigma[0]);
    w = make("leading", 4, &exact, (sigmas_options){.offset = 1});
    assert_prints(w.t, 4, "751.0000 501.0000 251.0000 1.0000");
}

/* Even steps in atan sigma; with end_at_min it is A1111's list, whose last size is sigma_min. */
static void test_kl_optimal(void **state)
{
    (void)state;
    sigmas_options o = {.sigma_min = 0.1, .sigma_max = 20, .end_at_min = true};
    sigmas ends = make("kl_optimal", 12, NULL, o);
    o.end_at_min = false;
    sigmas zero = make("kl_optimal", 12, NULL, o);
    for (int i = 1; i < 12; i++) {
        double a = atan(20), step = atan(20) - atan(0.1);
        assert_near(ends.at[i], tan(a - step * i / 12), 1e-14);
        assert_near(zero.at[i], tan(a - step * i / 11), 1e-14);
    }
    assert_true(ends.at[0] == 20 && zero.at[0] == 20 && zero.at[11] == 0.1);
    assert_true(ends.at[12] == 0.1 && zero.at[12] == 0);
}

/* Mochi's own form: a i^2 + b i + c from L on. And it bends without a kink. */
static void test_linear_quadratic(void **state)
{
    (void)state;
    static const int counts[] = {2, 3, 9, 10, 1000};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        for (double low = 0; low < 1; low += 0.5) {
            int n = counts[k];
            double L = floor(n / 2.0), q = n - L, gap = L - 0.025 * n;
            double a = gap / (L * q * q), b = 0.025 / L - 2 * gap / (q * q), c = a * L * L;
            sigmas_options o = {.sigma_min = 0.5, .sigma_max = 8, .end_at_min = low > 0};
            sigmas walk = make("linear_quadratic", n, NULL, o);
            for (double i = 0; i <= n; i++) {
                double fallen = i < L ? 0.025 * i / L : a * i * i + b * i + c;
                double expected = low + (8 - low) * (1 - fallen);
                assert_true(fabs(walk.at[(int)i] - expected) < 1e-13);
            }
            assert_true(walk.at[0] == 8 && walk.at[n] == low);
        }
    sigmas_options o = {.sigma_min = 0.1, .sigma_max = 20, .end_at_min = true};
    for (int n = 1; n < 50; n++) assert_true(make("linear_quadratic", n, NULL, o).at[n] == 0.1);
    sigmas flow = make("linear_quadratic", 4, &flow3, (sigmas_options){0});
    assert_prints(flow.at, 5, "1.0000 0.9875 0.9750 0.7250 0.0000");
}

/* With a = b = 1 the Beta distribution is even, with 1/2 its quantile is sin^2(pi p / 2). */
static void test_beta(void **state)
{
    (void)state;
    sigmas_options o = {.sigma_min = 0.5, .sigma_max = 8, .a = 1, .b = 1};
    sigmas even = make("beta_sigmas", 16, NULL, o);
    o.a = o.b = 0.5;
    sigmas arc = make("beta_sigmas", 16, NULL, o);
    for (int i = 0; i < 16; i++) {
        double p = 1 - i / 15.0, x = sin(p * PI / 2);
        assert_near(even.at[i], 0.5 + 7.5 * p, 1e-14);
        assert_near(arc.at[i], 0.5 + 7.5 * x * x, 1e-14);
    }
    sigmas times = make("beta", 61, &exact, (sigmas_options){.a = 0.5, .b = 0.5});
    for (int i = 0; i < 61; i++) {
        double x = cos(i * PI / 2 / 61);
        assert_true(times.t[i] == rint(999 * x * x) && times.at[i] == exact.sigma[(int)times.t[i]]);
    }
}

/* The median of the sizes is 1, and between 1 and the ends half of each half is passed at the
 * quartiles: e^(1/2 ln 2) and e^(-1/2 ln 2). */
static void test_laplace(void **state)
{
    (void)state;
    sigmas walk = make("laplace", 5, &exact, (sigmas_options){0});
    assert_near(walk.at[1], sqrt(2), 1.1e-5); /* 1e-5 keeps the logarithm finite */
    assert_true(walk.at[2] == 1);
    assert_near(walk.at[3], sqrt(0.5), 1.1e-5);
    assert_true(walk.at[0] == exact.sigma[999] && walk.at[4] == exact.sigma[0]);
}

/* Twice as many steps pass through the sizes of the table, and halfway between in log sigma. */
static void test_tables_are_passed_evenly(void **state)
{
    (void)state;
    static const char *const names[] = {"align_your_steps", "align_your_steps_sdxl",
                                        "align_your_steps_svd", "gits"};
    for (int k = 0; k < 4; k++) {
        int n = k < 3 ? 10 : 20;
        sigmas_options ends = {.end_at_min = true};
        sigmas one = make(names[k], n, NULL, ends), two = make(names[k], 2 * n, NULL, ends);
        for (int i = 0; i < n; i++) {
            assert_true(two.at[2 * i] == one.at[i]);
            assert_near(two.at[2 * i + 1], sqrt(one.at[i] * one.at[i + 1]), 1e-15);
        }
        assert_true(two.at[2 * n] == one.at[n] && one.at[n] > 0 && !one.t);
        sigmas zero = make(names[k], n, &exact, (sigmas_options){0});
        assert_memory_equal(zero.at, one.at, (size_t)n * sizeof(double));
        assert_true(zero.at[n] == 0 && zero.t[0] > 998.999 && zero.t[n - 1] > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fifteen_steps),
        cmocka_unit_test(test_karras_ten),
        cmocka_unit_test(test_sigma_rules),
        cmocka_unit_test(test_dpm_fast),
        cmocka_unit_test(test_trained_rules),
        cmocka_unit_test(test_ddim_uniform),
        cmocka_unit_test(test_simple_of_a_long_table),
        cmocka_unit_test(test_vp_and_flow),
        cmocka_unit_test(test_chosen_range),
        cmocka_unit_test(test_kl_optimal),
        cmocka_unit_test(test_linear_quadratic),
        cmocka_unit_test(test_beta),
        cmocka_unit_test(test_laplace),
        cmocka_unit_test(test_tables_are_passed_evenly),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
