/* test_sigmas_bounds.c: how many steps a list can have, and what it refuses. */
#include "sigmas_fixture.h"

/* ---- Property ---- */

static void check_walk(const char *name, int n, const schedule *s, sigmas_options o)
{
    arena before = shelf;
    sigmas walk = {0};
    error wrong = sigmas_make(name, n, s, o, &shelf, &walk);
    if (wrong) {
        assert_null(strchr(wrong, '\n'));
        assert_ptr_equal(shelf.begin, before.begin);
        if (!strstr(wrong, "needs")) assert_possible(name, 0, wrong, s, o);
        shelf = before;
        return;
    }
    assert_true(rises(name) ? walk.n >= n : walk.n == n);
    assert_null(sigmas_check(walk));
    for (int i = 0; i < walk.n; i++) {
        if (!(walk.at[i + 1] < walk.at[i]) && !rises(name))
            fail_msg("%s %d does not fall at %d", name, n, i);
        if (walk.t) assert_true(walk.t[i] >= s->t_min && walk.t[i] <= s->t_max);
        if (walk.t && i && !rises(name)) assert_true(walk.t[i] <= walk.t[i - 1]);
    }
    n = walk.n;
    bool above = o.end_at_min && s->kind != SCHEDULE_FLOW; /* flow's smallest sigma is 0 */
    assert_true(above ? walk.at[n] > 0 : walk.at[n] == 0 || o.end_at_min);
    shelf = before;
}

/* Exactly n falling sizes, or an error that says how many there can be, or that the schedule is of
 * the wrong kind; which of them is told below. */
static void test_any_number_of_steps(void **state)
{
    (void)state;
    const schedule *all[] = {&exact, &compvis, &diffusers, &flow3};
    for (int k = 0; sigmas_names[k]; k++)
        for (int i = 0; i < 4; i++)
            for (int n = 1; n <= 1003; n += n < 40 || n > 990 ? 1 : 7)
                for (int ends = 0; ends < 2; ends++)
                    check_walk(sigmas_names[k], n, all[i], (sigmas_options){.end_at_min = ends});
}

/* No list refuses a number that it can walk. */
static void test_who_takes_what(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int most;
    } short_ones[] = {{"leading", 1000},          {"leading_multistep", 999},
                      {"linspace_rounded", 1000}, {"linspace_multistep", 999},
                      {"trailing", 1000},         {"simple", 1000},
                      {"repaint", 1000},          {"beta", 138},
                      {"laplace", 429},           {"ddim_uniform", 0}};
    for (int k = 0; sigmas_names[k]; k++) {
        const char *name = sigmas_names[k];
        const schedule *s = strcmp(name, "flow") == 0 ? &flow3 : &diffusers;
        int most = 1000000, n = 1;
        for (size_t i = 0; i < sizeof short_ones / sizeof *short_ones; i++)
            if (strcmp(short_ones[i].name, name) == 0) most = short_ones[i].most;
        for (arena before = shelf; n <= most && n <= 1000; n++, shelf = before)
            make(name, n, s, (sigmas_options){0});
        static const int longer[] = {50000, 1000000};
        for (int i = 0; most > 0 && i < 2; i++) {
            arena before = shelf;
            sigmas walk;
            const schedule *own = longer[i] > 50000 && s != &flow3 ? &exact : s;
            error wrong = sigmas_make(name, longer[i], own, (sigmas_options){0}, &shelf, &walk);
            assert_int_equal(wrong != NULL, longer[i] > most);
            if (wrong && own == s) assert_possible(name, most, wrong, s, (sigmas_options){0});
            shelf = before;
        }
    }
}

static void test_times_belong_to_sizes(void **state)
{
    (void)state;
    const schedule *all[] = {&exact, &compvis, &diffusers};
    for (int k = 0; sigmas_names[k]; k++)
        for (int i = 0; i < 3; i++) {
            if (strcmp(sigmas_names[k], "flow") == 0) continue;
            sigmas w = make(sigmas_names[k], 20, all[i], (sigmas_options){0});
            for (int j = 0; j < w.n; j++) { /* beyond the trained range it is the nearest end's */
                double size = fmin(fmax(w.at[j], all[i]->sigma[0]), all[i]->sigma[999]);
                assert_near(schedule_sigma(all[i], w.t[j]), size, 1e-12);
            }
        }
}

/* ---- Bad input ---- */

static void assert_refused(const char *name, int n, const schedule *s, sigmas_options o,
                           const char *says)
{
    arena before = shelf;
    sigmas walk;
    error wrong = sigmas_make(name, n, s, o, &shelf, &walk);
    assert_non_null(wrong);
    if (!strstr(wrong, says) || strchr(wrong, '\n')) fail_msg("\"%s\" lacks \"%s\"", wrong, says);
    assert_ptr_equal(shelf.begin, before.begin);
}

#define OPTIONS(...) ((sigmas_options){__VA_ARGS__})

static void test_bad_input(void **state)
{
    (void)state;
    const schedule *s = &exact;
    assert_refused("karas", 10, s, OPTIONS(0), "nearest is karras");
    assert_refused("karras", 0, s, OPTIONS(0), "0 steps cannot be walked: choose 1 to 1000000");
    assert_refused("karras", -5, s, OPTIONS(0), "choose 1 to");
    assert_refused("karras", INT32_MAX, s, OPTIONS(.end_at_min = true), "choose 1 to");
    assert_refused("karras", 1000001, s, OPTIONS(0), "choose 1 to");
    assert_refused("karras", 9, NULL, OPTIONS(0), "needs a schedule, or sigma_min and sigma_max");
    assert_refused("linspace", 9, NULL, OPTIONS(.sigma_min = 1, .sigma_max = 2),
                   "needs a schedule");
    assert_refused("karras", 9, s, OPTIONS(.sigma_min = 20), "1e-30 <= sigma_min < sigma_max");
    assert_refused("karras", 9, s, OPTIONS(.sigma_min = -1), "1e-30 <= sigma_min < sigma_max");
    assert_refused("karras", 9, s, OPTIONS(.sigma_max = nan("")), "1e-30 <= sigma_min < sigma_max");
    assert_refused("karras", 9, s, OPTIONS(.sigma_max = HUGE_VAL), "sigma_max <= 1e+06");
    assert_refused("karras", 9, s, OPTIONS(.sigma_min = 1, .sigma_max = 1), "are both 1");
    assert_refused("karras", 9, s, OPTIONS(.rho = nan("")), "rho must be from 0.02");
    assert_refused("karras", 9, s, OPTIONS(.rho = -7), "rho must be from 0.02");
    assert_refused("karras", 9, s, OPTIONS(.rho = 1001), "to 1000, but is 1001");
    assert_refused("karras", 9, s, OPTIONS(.rho = 1e-3), "rho must be from 0.02 to 1000");
    assert_refused("karras", 9, s, OPTIONS(.sigma_min = 1e-31), "1e-30 <= sigma_min");
    assert_refused("polyexponential", 9000, s, OPTIONS(.rho = 900), "are both");
    assert_refused("linspace", 9, s, OPTIONS(.sigma_max = 80),
                   "sigma_max <= 14.6147, but has 0.0291672 and");
    assert_refused("linspace", 9, s, OPTIONS(.sigma_max = nan("")),
                   "sigma_max <= 14.6147, but has 0.0291672 and");
    assert_refused("linspace", 9, s, OPTIONS(.sigma_min = 5, .sigma_max = 1), "but has 5 and 1");
    assert_refused("linspace", 9, s, OPTIONS(.sigma_min = 1e-3), "0.0291671 <= sigma_min");
    assert_refused("linspace", 9, s, OPTIONS(.sigma_min = -1), "0.0291671 <= sigma_min");
    assert_refused("linspace", 9, &flow3, OPTIONS(0), "sizes 8 and 9 are both 0");
    assert_refused("karras", 9, &flow3, OPTIONS(0), "1e-30 <= sigma_min");
    assert_refused("flow", 9, s, OPTIONS(0), "needs a flow schedule");
    assert_refused("flow", 9, NULL, OPTIONS(0), "needs a flow schedule");
}

/* What only some of n, of the options or of the schedules make possible. */
static void test_what_a_list_cannot_make(void **state)
{
    (void)state;
    const schedule *s = &exact;
    assert_refused("karras", 9, s, OPTIONS(.jump = -1), "jumps of -1 steps, 10 visits: not 1 to");
    assert_refused("repaint", 9, s, OPTIONS(.visits = -1), "jumps of 10 steps, -1 visits");
    assert_refused("repaint", 999, s, OPTIONS(.visits = 600), "visits: not 1 to 1000000 steps");
    assert_refused("repaint", 999, s, OPTIONS(.jump = 1, .visits = INT32_MAX), "not 1 to 1000000");
    assert_refused("repaint", 1001, s, OPTIONS(0), "at most 1000 steps, not 1001");
    assert_refused("leading", 1001, s, OPTIONS(0), "at most 1000 steps, not 1001");
    assert_refused("trailing", 5, &flow3, OPTIONS(0), "needs a schedule with a table");
    assert_refused("simple", 5, NULL, OPTIONS(0), "needs a schedule with a table");
    assert_refused("simple", 5, s, OPTIONS(.sigma_max = 5), "cannot be chosen");
    assert_refused("leading", 1000, s, OPTIONS(.offset = 1), "choose 0 to 0");
    assert_refused("leading", 9, s, OPTIONS(.offset = -1), "choose 0 to 111");
    assert_refused("leading", 9, s, OPTIONS(.offset = INT32_MAX), "choose 0 to 111");
    assert_refused("leading", 9, s, OPTIONS(.end_at_min = true), "are both 0.0291672");
    assert_refused("leading", 1001, s, OPTIONS(.offset = 7), "at most 993 steps, not 1001");
    assert_refused("ddim_uniform", 30, s, OPTIONS(0), "makes 31 steps, not 30; possible: 27 or 37");
    assert_refused("ddim_uniform", 1001, s, OPTIONS(0), "ask for at most 999 steps, not 1001");
    assert_refused("beta", 139, s, OPTIONS(0), "steps possible here: 138");
    assert_refused("beta", 99999, s, OPTIONS(0), "ask for at most 138 steps, not 99999");
    assert_refused("beta", 9, s, OPTIONS(.a = nan("")), "from 0.01 to 50, but are nan and 0");
    assert_refused("beta_sigmas", 9, s, OPTIONS(.b = 51),
                   "beta_sigmas: a and b must be from 0.01 to 50, but are 0 and 51");
    assert_refused("beta", 9, s, OPTIONS(.a = 0.0099), "from 0.01 to 50, but are 0.0099 and 0");
    assert_refused("beta_sigmas", 999, s, OPTIONS(.a = 0.02), "steps possible here: ");
    assert_refused("beta", 9, s, OPTIONS(.sigma_min = 1), "picks trained times: sigma_min");
    assert_refused("beta", 9, &flow3, OPTIONS(0), "needs a schedule with a table");
    assert_refused("beta", 9, s, OPTIONS(.a = 51), "from 0.01 to 50, but are 51 and 0");
    assert_refused("laplace", 430, &diffusers, OPTIONS(0), "steps possible here: 429");
    assert_refused("laplace", 430, &diffusers, OPTIONS(.end_at_min = true), "here: 428");
    assert_refused("gits", 9, s, OPTIONS(.sigma_max = 9), "picks sizes from a table: sigma_min");
    assert_refused("linear_quadratic", 9, s, OPTIONS(.sigma_min = -1), "0 <= sigma_min");
    assert_refused("leading", 9, s, OPTIONS(.end_at_min = true), "steps possible here: 0");
}

/* An arena of any size: a list or an error, never an abort. */
static void test_no_memory(void **state)
{
    (void)state;
    int made = 0;
    for (int bytes = 0; bytes < 4096; bytes += 64) {
        arena small = {shelf.begin, shelf.begin + bytes, shelf.shelf};
        sigmas walk;
        error wrong = sigmas_make("karras", 99, &exact, OPTIONS(0), &small, &walk);
        if (wrong) assert_string_equal(wrong, "no memory for 99 steps");
        if (wrong) assert_ptr_equal(small.begin, shelf.begin);
        made += !wrong;
    }
    assert_in_range(made, 1, 50);
}

/* Also with strange wishes the number of steps that an error names is one that can be made. */
static void test_what_is_possible_is(void **state)
{
    (void)state;
    static double two[] = {0.5, 0.5};
    schedule short_ones[4];
    for (int T = 1; T < 4; T++) {
        schedule_options o = {.T = T, .manner = SCHEDULE_DIFFUSERS};
        assert_null(schedule_make("laplace", o, &shelf, &short_ones[T]));
    }
    assert_null(schedule_from_betas(two, 2, SCHEDULE_EXACT, &shelf, &short_ones[0]));
    const schedule *all[] = {&exact, &flow3, short_ones, short_ones + 1, short_ones + 3};
    const sigmas_options wishes[] = {{.sigma_min = 1e-30, .sigma_max = 2e-30},
                                     {.sigma_min = 1, .sigma_max = 1 + 1e-14},
                                     {.sigma_min = 1e-40},
                                     {.sigma_min = 1e-40, .end_at_min = true},
                                     {.sigma_min = 3, .sigma_max = 4},
                                     {.a = 0.01, .b = 50},
                                     {.rho = 0.02, .end_at_min = true},
                                     {.rho = 1000},
                                     {.offset = 7}};
    static const int counts[] = {1, 2, 3, 11, 500, 998, 1001};
    for (int k = 0; sigmas_names[k]; k++)
        for (size_t i = 0; i < 5; i++)
            for (size_t w = 0; w < sizeof wishes / sizeof *wishes; w++)
                for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                    arena before = shelf;
                    sigmas walk;
                    error wrong =
                        sigmas_make(sigmas_names[k], counts[c], all[i], wishes[w], &shelf, &walk);
                    if (wrong && (strstr(wrong, "possible") || strstr(wrong, "at most ")))
                        assert_possible(sigmas_names[k], 0, wrong, all[i], wishes[w]);
                    for (int j = 0; !wrong && j < walk.n; j++)
                        assert_true(walk.t[j] >= all[i]->t_min && walk.t[j] <= all[i]->t_max);
                    shelf = before;
                }
}

/* Three steps within one rounding of 0.29: karras goes down, up and down again. */
static void test_a_list_never_rises(void **state)
{
    (void)state;
    sigmas walk;
    sigmas_options o = {.sigma_min = 0.29, .sigma_max = 0.29};
    error wrong = sigmas_make("karras", 3, NULL, o, &shelf, &walk);
    assert_non_null(wrong);
    assert_true(strstr(wrong, "do not fall") || strstr(wrong, "are both"));
}

static void test_check(void **state)
{
    (void)state;
    double good[] = {3, 1, 2, 0}, twice[] = {3, 1, 1, 0}, zero[] = {0, 3, 0, 1},
           nan_in[] = {3, nan(""), 0}, below[] = {3, -1}, endless[] = {HUGE_VAL, 1},
           widest[] = {1e30, 1e-30, 0}, tiny[] = {1, 9e-31, 0}, huge[] = {1.1e30, 1};
    assert_null(sigmas_check((sigmas){3, good, NULL}));
    assert_non_null(strstr(sigmas_check((sigmas){3, twice, NULL}), "sizes 1 and 2 are both 1"));
    assert_null(sigmas_check((sigmas){3, zero, NULL}));
    assert_non_null(strstr(sigmas_check((sigmas){2, nan_in, NULL}), "size 1 of 2 is nan"));
    assert_non_null(strstr(sigmas_check((sigmas){1, below, NULL}), "is -1"));
    assert_non_null(strstr(sigmas_check((sigmas){1, endless, NULL}), "is inf"));
    assert_null(sigmas_check((sigmas){2, widest, NULL}));
    assert_non_null(strstr(sigmas_check((sigmas){2, tiny, NULL}), "size 1 of 2 is 9e-31"));
    assert_non_null(strstr(sigmas_check((sigmas){1, huge, NULL}), "size 0 of 1 is 1.1e+30"));
    assert_non_null(sigmas_check((sigmas){0, good, NULL}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_number_of_steps),
        cmocka_unit_test(test_who_takes_what),
        cmocka_unit_test(test_times_belong_to_sizes),
        cmocka_unit_test(test_what_is_possible_is),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_what_a_list_cannot_make),
        cmocka_unit_test(test_a_list_never_rises),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
