/* Are ticks round numbers, and do labels say what they are? */
#include "svg_check.h"

#include "draw/plot_ticks.h"
#include <float.h>

static int labels_of(const plot_tick *t, int n)
{
    int labels = 0;
    for (int i = 0; i < n; i++) labels += t[i].label[0] != 0;
    return labels;
}

/* What a label says: 2.5×10^{−3}. */
static double value_of(const char *label)
{
    char plain[PLOT_TICK_LABEL], *out = plain;
    for (const char *at = label; *at;) {
        size_t minus = strlen("\u2212"), times = strlen("×10^{");
        if (strncmp(at, "\u2212", minus) == 0)
            *out++ = '-', at += minus;
        else if (strncmp(at, "×10^{", times) == 0)
            *out++ = 'e', at += times;
        else if (strncmp(at, "10^{", 4) == 0)
            *out++ = '1', *out++ = 'e', at += 4;
        else if (*at == '}')
            at++;
        else
            *out++ = *at++;
    }
    *out = 0;
    return strtod(plain, NULL);
}

static bool one_two_five(double step)
{
    double part = step / pow(10, floor(log10(step) + 1e-6));
    return fabs(part - 1) < 1e-5 || fabs(part - 2) < 1e-5 || fabs(part - 5) < 1e-5;
}

static void check_ticks(plot_axis axis, int most)
{
    plot_tick t[PLOT_TICKS];
    int n = plot_ticks(axis, most, t), labels = labels_of(t, n);
    if (most > 3 && labels < 2) print_error("%g to %g: %d labels\n", axis.low, axis.high, labels);
    assert_true(n <= PLOT_TICKS && labels <= most && (labels >= 2 || most <= 3));
    if (!axis.log && n > 1) assert_true(one_two_five((t[n - 1].at - t[0].at) / (n - 1)));
    double slack = 1e-6 * (axis.high - axis.low), before = -DBL_MAX;
    for (int i = 0; i < n; i++) {
        assert_true(t[i].at >= axis.low * (1 - 1e-8 * (axis.low > 0)) - slack);
        assert_true(t[i].at <= axis.high * (1 + 1e-8 * (axis.high > 0)) + slack);
        assert_true(t[i].at > before);
        before = t[i].at;
        if (!t[i].label[0]) continue;
        double said = value_of(t[i].label), off = fabs(said - t[i].at);
        bool right = axis.log ? off <= 1e-6 * t[i].at : off <= 0.01 * (axis.high - axis.low) / most;
        if (!right) print_error("%g is labelled %s\n", t[i].at, t[i].label);
        assert_true(right);
        for (int j = 0; j < i; j++) assert_string_not_equal(t[i].label, t[j].label);
    }
}

static void ticks_are_round_and_say_what_they_are(void **state)
{
    (void)state;
    static const double ends[][2] = {
        {0, 1},           {-1, 1},          {0, 14},           {0.0292, 14.6146},
        {-4e-5, 3e-5},    {1e6, 1e6 + 1},   {999.9, 1000.1},   {-1e300, 1e300},
        {0, 1e300},       {1e-300, 3e-300}, {-1e-299, 1e-299}, {0, 5e-290},
        {123456, 234567}, {-0.5, 6.5},      {1e299, 1e300}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (int most = 2; most <= 12; most++)
            check_ticks((plot_axis){.low = ends[i][0], .high = ends[i][1]}, most);
}

static void log_ticks_are_powers_of_ten(void **state)
{
    (void)state;
    static const double ends[][2] = {
        {0.0292, 14.6146}, {1, 10},      {1, 1000},  {1e-300, 1e300}, {6, 384},        {2, 3},
        {1.0001, 1.0002},  {1e-5, 1e-2}, {0.9, 1.1}, {3e7, 8e22},     {1e-300, 1e-299}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (int most = 4; most <= 12; most++)
            check_ticks((plot_axis){.log = true, .low = ends[i][0], .high = ends[i][1]}, most);
    plot_tick t[PLOT_TICKS];
    int n = plot_ticks((plot_axis){.log = true, .low = 0.01, .high = 10}, 8, t);
    assert_int_equal(n, 3 * 9 + 1);
    assert_string_equal(t[0].label, "10^{\u22122}");
    assert_string_equal(t[1].label, "");
    assert_string_equal(t[27].label, "10^{1}");
}

static void long_names_are_cut_between_letters(void **state)
{
    (void)state;
    plot_tick t[PLOT_TICKS];
    const char *name = "aσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσ"; /* one byte, then two each */
    const char *cut = "aσσσσσσσσσσσσσσσσσσσσσ…", *fits = "σσσσσσσσσσσσσσσσσσσσσσσx";
    plot_axis axis = {.low = -1, .high = 3, .names = (const char *[]){name, name + 1, fits, NULL}};
    assert_int_equal(plot_ticks(axis, 9, t), 3);
    assert_string_equal(t[0].label, cut);
    assert_string_equal(t[1].label, "σσσσσσσσσσσσσσσσσσσσσσ…"); /* 44 and 3 bytes */
    assert_string_equal(t[2].label, fits);
}

static void positions_and_numbers_are_inverse(void **state)
{
    (void)state;
    plot_axis axis[] = {{.low = -3, .high = 7},
                        {.log = true, .low = 0.01, .high = 100},
                        {.low = -1e300, .high = 1e300},
                        {.log = true, .low = 1e-300, .high = 1e300}};
    for (int i = 0; i < 4; i++)
        for (double t = 0; t <= 1; t += 0.125)
            assert_true(fabs(plot_position(axis[i], plot_number(axis[i], t)) - t) < 1e-12);
    assert_true(isnan(plot_position(axis[0], (double)NAN)));
    assert_true(isnan(plot_position(axis[0], (double)INFINITY)));
    assert_true(isnan(plot_position(axis[1], 0)));
    assert_true(isnan(plot_position(axis[1], -1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_and_say_what_they_are),
        cmocka_unit_test(log_ticks_are_powers_of_ten),
        cmocka_unit_test(long_names_are_cut_between_letters),
        cmocka_unit_test(positions_and_numbers_are_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
