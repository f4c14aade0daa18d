/* test_schedule.c: training schedules against their papers, against diffusers and k-diffusion. */
#include "base/pi.h"
#include "diffusion/schedule.h"
#include "numbers.h"
#include <stdbool.h>
#include <string.h>

#include "golden/schedule.h"

static arena shelf;
enum { TABLES = 6 }; /* the first of schedule_names */

static schedule make(const char *name, schedule_options options)
{
    schedule s = {0};
    error wrong = schedule_make(name, options, &shelf, &s);
    if (wrong) fail_msg("%s", wrong);
    return s;
}

static double square(double x)
{
    return x * x;
}

/* ---- Definition: the papers' forms in the papers' letters ---- */

/* alpha_bar_t = prod_{s=1..t} (1 - beta_s), summed as logarithms, which the library does not. */
static void check_products(const char *name, const double *beta, int T)
{
    schedule s = make(name, (schedule_options){0});
    assert_int_equal(s.T, T);
    double log_alpha_bar = 0;
    for (int t = 0; t < T; t++) {
        assert_near(s.beta[t], beta[t], 3e-12); /* some are 1 minus a quotient near 1 */
        log_alpha_bar += log1p(-beta[t]);
        assert_near(s.alpha_bar[t], exp(log_alpha_bar), 3e-13);
        assert_near(s.sigma[t], sqrt(expm1(-log_alpha_bar)), 2e-12);
    }
}

static void test_tables_by_definition(void **state)
{
    (void)state;
    enum { T = 1000 };
    static double beta[T];
    for (int t = 0; t < T; t++) beta[t] = 1e-4 + (0.02 - 1e-4) * t / (T - 1);
    check_products("linear", beta, T);

    for (int t = 0; t < T; t++)
        beta[t] = square(sqrt(0.00085) + (sqrt(0.012) - sqrt(0.00085)) * t / (T - 1));
    check_products("scaled_linear", beta, T);

    /* f(t) = cos^2((t / T + s) / (1 + s) pi / 2), alpha_bar_t = f(t) / f(0), beta <= 0.999 */
    double f[T + 1];
    for (int t = 0; t <= T; t++) f[t] = square(cos((t / 1000.0 + 0.008) / 1.008 * PI / 2));
    for (int t = 0; t < T; t++) beta[t] = fmin(1 - f[t + 1] / f[t], 0.999);
    check_products("cosine", beta, T);
    schedule s = make("cosine", (schedule_options){0});
    for (int t = 0; t < T - 1; t++) assert_near(s.alpha_bar[t], f[t + 1] / f[0], 1e-14);
    for (int t = 0; t < T; t++) beta[t] = 1e-4 + (0.02 - 1e-4) / (1 + exp(6 - 12.0 * t / (T - 1)));
    check_products("sigmoid", beta, T);

    for (int t = 0; t < T; t++) beta[t] = -expm1(-0.012); /* alpha_bar_t = e^(-12 (t + 1) / T) */
    check_products("exp", beta, T);

    /* lambda = -sgn(1/2 - u) ln(1 - 2 |1/2 - u| + 1e-6) / 2, root of 1 / (1 + e^-lambda) */
    for (int t = 0; t <= T; t++) {
        double u = t / 1000.0, left = 2 * fmin(u, 1 - u) + 1e-6;
        f[t] = 1 / sqrt(1 + pow(left, u > 0.5 ? -0.5 : 0.5));
    }
    for (int t = 0; t < T; t++) beta[t] = 1 - f[t + 1] / f[t];
    check_products("laplace", beta, T);
}

/* Song 2021, eq. 33: alpha_bar(t) = exp(-integral of beta from 0 to t), beta(t) a straight line. */
static void test_vp_by_quadrature(void **state)
{
    (void)state;
    schedule s = make("vp", (schedule_options){0});
    double integral = 0, step = 1e-4;
    for (int k = 0; k < 10000; k++) {
        double t = (k + 1) * step;
        integral += step * schedule_beta(&s, t - step / 2 < s.t_min ? s.t_min : t - step / 2);
        if (k > 20) assert_near(schedule_alpha_bar(&s, t), exp(-integral), 2e-5);
    }
    assert_near(schedule_beta(&s, 0.5), 10.05, 1e-15);
    assert_near(schedule_sigma(&s, 1), 152.16697028, 1e-10);
}

static void test_ve_and_flow_by_definition(void **state)
{
    (void)state;
    schedule ve = make("ve", (schedule_options){0}),
             three = make("flow", (schedule_options){.shift = 3}),
             flow = make("rectified_flow", (schedule_options){0});
    for (double t = 0; t <= 1; t += 0.0625) {
        assert_near(schedule_sigma(&ve, t), 0.01 * pow(5000, t), 1e-14);
        assert_near(schedule_log_snr(&ve, t), -2 * log(0.01 * pow(5000, t)), 1e-15);
        assert_near(schedule_sigma(&flow, t), t, 0);
        assert_near(schedule_sigma(&three, t), 3 * t / (1 + 2 * t), 1e-15);
        assert_near(schedule_alpha_bar(&flow, t), (1 - t) * (1 - t), 0);
    }
    assert_near(schedule_log_snr(&flow, 0.25), 2 * log(3), 1e-15);
    assert_true(schedule_alpha_bar(&ve, 0.5) == 1);
    assert_true(isnan(schedule_beta(&ve, 0.5)) && isnan(schedule_beta(&flow, 0.5)));
}

/* ---- Golden: tables that this project's notes were measured with ---- */

static void test_known_alpha_bars(void **state)
{
    (void)state;
    static const struct { /* eight digits: half a unit is at most 5e-8 of the number */
        const char *name;
        double alpha_bar[5]; /* at t = 0, 250, 500, 750, 999 */
    } known[] = {
        {"linear", {0.9999, 0.52142303, 0.077796658, 0.0033001584, 4.0358298e-05}},
        {"scaled_linear", {0.99915, 0.67379263, 0.27633268, 0.056169848, 0.0046600985}},
        {"cosine", {0.99995872, 0.84588799, 0.49228517, 0.14317865, 2.4287669e-09}},
        {"sigmoid", {0.99985079, 0.90279892, 0.29888763, 0.0056229186, 3.968182e-05}},
        {"laplace", {0.97884624, 0.76543262, 0.70728327, 0.64353816, 0.031622777}},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        schedule s = make(known[k].name, (schedule_options){0});
        for (int i = 0; i < 5; i++)
            assert_near(s.alpha_bar[(int[]){0, 250, 500, 750, 999}[i]], known[k].alpha_bar[i],
                        5e-8);
    }
}

static void test_three_manners(void **state)
{
    (void)state;
    static const int at[] = {0, 1, 499, 998, 999};
    static const double exact[] = {0.0291671581517, 0.0413144119968, 1.6128861943, 14.5262756893,
                                   14.6146412293};
    static const double compvis[] = {0.0291675329, 0.041314479, 1.61288619, 14.5262756, 14.6146421};
    schedule e = make("scaled_linear", (schedule_options){0});
    schedule c = make("scaled_linear", (schedule_options){.manner = SCHEDULE_COMPVIS});
    schedule d = make("scaled_linear", (schedule_options){.manner = SCHEDULE_DIFFUSERS});
    for (int i = 0; i < 5; i++) {
        assert_near(schedule_sigma(&e, at[i]), exact[i], 1e-11);
        assert_near(schedule_sigma(&c, at[i]), compvis[i], 5e-9);
    }
    assert_near(schedule_sigma(&d, 499), 1.61288702, 5e-9);
    assert_near(schedule_sigma(&d, 499.5), (d.sigma[499] + d.sigma[500]) / 2, 1e-15);
    assert_near(schedule_sigma(&e, 499.5), sqrt(e.sigma[499] * e.sigma[500]), 1e-15);
    assert_true(schedule_sigma(&e, -1) == e.sigma[0] && schedule_sigma(&e, 1e9) == e.sigma[999]);
}

static void test_zero_snr(void **state)
{
    (void)state;
    schedule s = make("scaled_linear", (schedule_options){0}), z;
    assert_null(schedule_zero_snr(&s, &shelf, &z));
    assert_near(z.alpha_bar[500], 0.24101878, 2e-8);
    assert_near(z.alpha_bar[998], 1.9678881e-07, 5e-8);
    assert_near(z.alpha_bar[0], s.alpha_bar[0], 1e-15);
    assert_true(z.alpha_bar[999] == 0x1p-24 && z.beta[999] == 1);
    assert_near(schedule_sigma(&z, 999), 4096, 1e-7);
    double first = sqrt(s.alpha_bar[0]), last = sqrt(s.alpha_bar[999]);
    for (int t = 0; t < 999; t++) { /* Algorithm 1 */
        double root = (sqrt(s.alpha_bar[t]) - last) * first / (first - last);
        assert_near(z.alpha_bar[t], root * root, 1e-14);
    }
    for (int k = 0; k < TABLES; k++) { /* the others go lower than 2^-24 before the end */
        s = make(schedule_names[k], (schedule_options){.manner = SCHEDULE_DIFFUSERS});
        assert_null(schedule_zero_snr(&s, &shelf, &z));
        for (int t = 1; t < 1000; t++) assert_true(z.sigma[t] > z.sigma[t - 1]);
    }
}

/* ---- Foreign: diffusers and k-diffusion ---- */

static uint64_t hash_floats(const double *x, int count)
{
    uint64_t h = hash_of_nothing;
    for (int i = 0; i < count; i++) {
        float value = (float)x[i];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        h = hash_word(h, bits);
    }
    return h;
}

static void test_foreign_tables(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden_tables / sizeof *golden_tables; k++) {
        schedule_options o = {.T = golden_tables[k].T, .manner = golden_tables[k].manner};
        schedule s = make(golden_tables[k].name, o);
        bool rooted = golden_tables[k].zero_snr || strcmp(golden_tables[k].name, "sigmoid") == 0;
        if (golden_tables[k].zero_snr) assert_null(schedule_zero_snr(&s, &shelf, &s));
        /* Every bit, but where PyTorch's own exp or sqrt are a unit in the last place off. */
        if (!rooted) assert_int_equal(hash_floats(s.alpha_bar, s.T), golden_tables[k].alpha_bars);
        for (int i = 0; i < golden_tables[k].count; i++) {
            golden_time g = golden_tables[k].at[i];
            if (rooted)
                assert_near(s.alpha_bar[g.t], g.alpha_bar, 1e-6);
            else
                assert_true(s.alpha_bar[g.t] == (double)(float)g.alpha_bar);
            assert_near(s.sigma[g.t], g.sigma, rooted ? 1e-6 : 1.2e-7);
        }
    }
}

static void test_foreign_interpolation(void **state)
{
    (void)state;
    schedule s = make("scaled_linear", (schedule_options){.manner = SCHEDULE_COMPVIS});
    for (size_t i = 0; i < sizeof crowson_t_to_sigma / sizeof *crowson_t_to_sigma; i++)
        assert_near(schedule_sigma(&s, crowson_t_to_sigma[i].from), crowson_t_to_sigma[i].to, 4e-7);
    for (size_t i = 0; i < sizeof crowson_sigma_to_t / sizeof *crowson_sigma_to_t; i++) {
        double t = schedule_t(&s, crowson_sigma_to_t[i].from);
        assert_true(fabs(t - crowson_sigma_to_t[i].to) < 1e-4);
    }
}

/* ---- Property ---- */

static void check_round_trip(const schedule *s, double tolerance)
{
    double before = -1;
    for (int i = 0; i <= 20000; i++) {
        double t = s->t_min + (s->t_max - s->t_min) * i / 20000, sigma = schedule_sigma(s, t);
        assert_true(sigma > before);
        before = sigma;
        double back = schedule_t(s, sigma);
        if (!(fabs(back - t) <= tolerance * s->t_max))
            fail_msg("t %.17g came back as %.17g", t, back);
        assert_true(back >= s->t_min && back <= s->t_max);
    }
    assert_near(schedule_t(s, 1e9), s->t_max, 1e-15);
    assert_true(schedule_t(s, 1e-9) <= s->t_min + 1e-8);
    assert_true(isnan(schedule_sigma(s, nan(""))) && isnan(schedule_t(s, nan(""))));
}

static void test_round_trips(void **state)
{
    (void)state;
    for (int k = 0; schedule_names[k]; k++)
        for (int manner = 0; manner < 3; manner++) {
            schedule_options o = {.manner = (schedule_manner)manner};
            if (strcmp(schedule_names[k], "flow") == 0) o.shift = 3;
            schedule s = make(schedule_names[k], o);
            check_round_trip(&s, 1e-11);
            for (int t = 0; t < s.T; t++) assert_true(schedule_t(&s, s.sigma[t]) == t);
            if (!s.T || schedule_zero_snr(&s, &shelf, &s)) continue;
            check_round_trip(&s, 1e-11);
        }
}

static void test_one_curve_four_names(void **state)
{
    (void)state;
    schedule s = make("scaled_linear", (schedule_options){0});
    for (double t = 0; t <= 999; t += 0.25) {
        double abar = schedule_alpha_bar(&s, t);
        assert_near(schedule_sigma(&s, t), sqrt((1 - abar) / abar), 1e-12);
        assert_near(schedule_log_snr(&s, t), log(abar / (1 - abar)), 1e-11);
    }
    assert_true(schedule_beta(&s, 10.4) == s.beta[10] && schedule_beta(&s, 998.6) == s.beta[999]);
    assert_true(isnan(schedule_beta(&s, nan(""))));
}

static void test_small_and_large_tables(void **state)
{
    (void)state;
    static const int sizes[] = {1, 2, 3, 10, 999, 4000, 1000000};
    for (int k = 0; k < TABLES; k++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            arena before = shelf;
            schedule s;
            bool ends = !strstr("cosine laplace exp", schedule_names[k]); /* these have none */
            schedule_options o = {.T = sizes[i], .beta_start = 1e-7, .beta_end = 1e-5};
            if (!ends) o = (schedule_options){.T = sizes[i]};
            assert_null(schedule_make(schedule_names[k], o, &shelf, &s));
            assert_int_equal(s.T, sizes[i]);
            assert_true(schedule_t(&s, schedule_sigma(&s, sizes[i] / 2)) == sizes[i] / 2);
            shelf = before;
        }
}

static void test_own_betas_and_aliases(void **state)
{
    (void)state;
    schedule a = make("cosine", (schedule_options){.T = 20}), b;
    assert_null(schedule_from_betas(a.beta, 20, SCHEDULE_EXACT, &shelf, &b));
    assert_memory_equal(a.sigma, b.sigma, 20 * sizeof(double));
    assert_ptr_not_equal(a.beta, b.beta);
    b = make("squaredcos_cap_v2", (schedule_options){.T = 20});
    assert_memory_equal(a.sigma, b.sigma, 20 * sizeof(double));
    a = make("linear", (schedule_options){0}), b = make("sqrt_linear", (schedule_options){0});
    assert_memory_equal(a.sigma, b.sigma, 1000 * sizeof(double));
}

/* ---- Bad input: one line, and the arena as it was ---- */

static void assert_refused(const char *name, schedule_options o, const char *says)
{
    arena before = shelf;
    schedule s;
    error wrong = schedule_make(name, o, &shelf, &s);
    assert_non_null(wrong);
    if (!strstr(wrong, says) || strchr(wrong, '\n')) fail_msg("\"%s\" lacks \"%s\"", wrong, says);
    assert_ptr_equal(shelf.begin, before.begin);
}

static void test_bad_input(void **state)
{
    (void)state;
    assert_refused("scaled_liner", (schedule_options){0}, "nearest is scaled_linear");
    assert_refused("", (schedule_options){0},
                   "Known: linear, scaled_linear, cosine, sigmoid, laplace");
    assert_refused("linear", (schedule_options){.T = -1}, "choose 1 to 1000000");
    assert_refused("linear", (schedule_options){.T = 1000001}, "choose 1 to 1000000");
    assert_refused("linear", (schedule_options){.T = 1000000}, "nothing of the picture is left");
    assert_refused("linear", (schedule_options){.beta_start = -1}, "needs beta_start and beta_end");
    assert_refused("linear", (schedule_options){.beta_start = 0.5},
                   "needs beta_start and beta_end");
    assert_refused("linear", (schedule_options){.beta_end = 2}, "must be above 0 and below 1");
    assert_refused("linear", (schedule_options){.beta_end = nan("")},
                   "needs beta_start and beta_end");
    assert_refused("cosine", (schedule_options){.T = 1000000, .manner = SCHEDULE_DIFFUSERS},
                   "use SCHEDULE_EXACT");
    assert_refused("vp", (schedule_options){.beta_min = 30}, "needs beta_min and beta_max");
    assert_refused("vp", (schedule_options){.beta_max = 9e5}, "does not grow");
    assert_refused("ve", (schedule_options){.sigma_max = 1e6}, "below 1e6");
    assert_refused("ve", (schedule_options){.sigma_min = 50}, "does not grow");
    assert_refused("ve", (schedule_options){.sigma_min = 51}, "needs sigma_min and sigma_max");
    assert_refused("ve", (schedule_options){.sigma_max = HUGE_VAL},
                   "needs sigma_min and sigma_max");
    assert_refused("cosine", (schedule_options){.beta_end = 0.2}, "takes no beta_start");
    assert_refused("laplace", (schedule_options){.beta_end = 0.2}, "takes no beta_start");
    assert_refused("exp", (schedule_options){.beta_start = 0.1}, "takes no beta_start");
    assert_refused("linear", (schedule_options){.shift = 3}, "takes no shift");
    assert_refused("vp", (schedule_options){.sigma_max = 7}, "takes no sigma_min");
    assert_refused("ve", (schedule_options){.T = 1000}, "has no T");
    assert_refused("flow", (schedule_options){.shift = -3}, "needs shift above 0");
    assert_refused("flow", (schedule_options){.shift = nan("")}, "needs shift above 0");
}

static void test_bad_betas(void **state)
{
    (void)state;
    schedule s;
    assert_non_null(strstr(schedule_from_betas((double[]){0.1, 0}, 2, SCHEDULE_EXACT, &shelf, &s),
                           "beta at t = 1 is 0"));
    assert_non_null(schedule_from_betas((double[]){0.1, nan("")}, 2, SCHEDULE_EXACT, &shelf, &s));
    assert_non_null(schedule_from_betas((double[]){1, 0.1}, 2, SCHEDULE_EXACT, &shelf, &s));
    assert_null(schedule_from_betas((double[]){0.1, 1}, 2, SCHEDULE_EXACT, &shelf, &s));
    assert_true(s.alpha_bar[1] == 0x1p-24);
    s = make("vp", (schedule_options){0});
    assert_non_null(strstr(schedule_zero_snr(&s, &shelf, &s), "2 times or more"));
    s = make("linear", (schedule_options){.T = 1});
    assert_non_null(strstr(schedule_zero_snr(&s, &shelf, &s), "2 times or more"));
}

/* An arena of any size: a schedule or an error, never an abort. */
static void test_no_memory(void **state)
{
    (void)state;
    schedule whole = make("linear", (schedule_options){.T = 500}), s;
    int made = 0;
    for (int bytes = 0; bytes < 16384; bytes += 64) {
        const arena all = {shelf.begin, shelf.begin + bytes, shelf.shelf};
        arena a = all, b = all, c = all;
        error wrong = schedule_make("linear", (schedule_options){.T = 500}, &a, &s);
        if (wrong) assert_non_null(strstr(wrong, "no memory for a schedule of 500"));
        made += !wrong;
        assert_true(!wrong == !schedule_zero_snr(&whole, &b, &s));
        assert_true(!wrong == !schedule_from_betas(whole.beta, 500, SCHEDULE_EXACT, &c, &s));
    }
    assert_in_range(made, 1, 100);
}

int main(void)
{
    shelf = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_by_definition),
        cmocka_unit_test(test_vp_by_quadrature),
        cmocka_unit_test(test_ve_and_flow_by_definition),
        cmocka_unit_test(test_known_alpha_bars),
        cmocka_unit_test(test_three_manners),
        cmocka_unit_test(test_zero_snr),
        cmocka_unit_test(test_foreign_tables),
        cmocka_unit_test(test_foreign_interpolation),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_one_curve_four_names),
        cmocka_unit_test(test_small_and_large_tables),
        cmocka_unit_test(test_own_betas_and_aliases),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_bad_betas),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
