/* Lists that rise against the rules of those who made them, written out here the way they have
 * them: A1111's restart as pairs of sizes, RePaint's jumps as times and a counter for each one. */
#include "diffusion/sampler.h"
#include "sigmas_fixture.h"
#include "toy.h"

/* ---- Restart ---- */

enum { MOST = 5000 };

/* A1111's own: from `high` to `low` in `count` sizes. */
static void karras_list(double *out, int count, double low, double high)
{
    for (int i = 0; i < count; i++) {
        double ramp = count > 1 ? (double)i / (count - 1) : 0;
        out[i] = pow(pow(high, 1 / 7.0) + ramp * (pow(low, 1 / 7.0) - pow(high, 1 / 7.0)), 7);
    }
}

static int nearest_index(const double *list, int count, double size)
{
    int best = 0;
    for (int i = 0; i < count; i++)
        if (fabs(list[i] - size) < fabs(list[best] - size)) best = i;
    return best;
}

typedef struct {
    double from, to;
} pair;

/* The steps that are walked with Heun's rule; where one begins higher than the one before ended,
 * noise is added in between. */
static int restart_steps(pair *step, int n, double low, double high)
{
    int restart_steps = 9, restart_times = n >= 20 ? 1 : 0, count = 0;
    if (n >= 36) restart_steps = n / 4, restart_times = 2;
    int grid = n - restart_steps * restart_times;
    double list[MOST], again[MOST];
    karras_list(list, grid, low, high);
    list[grid] = 0;
    int min_index = nearest_index(list, grid + 1, 0.1),
        max_index = nearest_index(list, grid + 1, 2);
    karras_list(again, restart_steps + 1, list[min_index], list[max_index]);
    for (int i = 0; i < grid; i++) {
        step[count++] = (pair){list[i], list[i + 1]};
        for (int k = 0; i + 1 == min_index && k < restart_times; k++)
            for (int j = 0; j < restart_steps; j++) step[count++] = (pair){again[j], again[j + 1]};
    }
    return count;
}

static void restart_is_that_of_a1111(void **state)
{
    (void)state;
    for (int n = 1; n <= 1000; n += n < 80 ? 1 : 23) {
        arena before = shelf;
        sigmas walk = make("restart", n, &exact, (sigmas_options){0});
        pair step[MOST];
        int count = restart_steps(step, n, exact.sigma[0], exact.sigma[999]), ups = 0;
        assert_int_equal(count, n); /* n counts the steps down */
        for (int i = 0, k = 0; i < walk.n; i++) {
            bool up = walk.at[i + 1] > walk.at[i];
            ups += up;
            if (up) continue;
            assert_near(walk.at[i], step[k].from, 1e-12);
            assert_near(walk.at[i + 1], step[k].to, 1e-12);
            k++;
        }
        assert_int_equal(ups, n >= 36 ? 2 : n >= 20);
        assert_int_equal(walk.n, n + ups);
        shelf = before;
    }
}

/* 2 n - 1 calls with Heun's rule: what n steps of any other list cost. */
static void a_restart_costs_no_call_more(void **state)
{
    (void)state;
    static const int counts[] = {1, 19, 20, 35, 36, 50, 101};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        sampler s = sampler_make(&sampler_heun, toy_bells,
                                 make("restart", counts[i], &exact, (sigmas_options){0}),
                                 noise_fresh(rng_torch(1)));
        assert_null(sampler_run(&s, toy_start(&shelf, 1, s.walk.at[0]), shelf));
        assert_int_equal(s.calls, 2 * counts[i] - 1);
        assert_int_equal(s.noise.draws, counts[i] >= 36 ? 2 : counts[i] >= 20);
    }
}

/* A range without a 0.1 or a 2 still rises, by a place at least, and keeps its number of steps. */
static void a_restart_finds_room_in_any_range(void **state)
{
    (void)state;
    const double ranges[][2] = {{0.001, 0.05}, {3, 4}, {0.5, 80}, {0.01, 1}, {0.11, 0.12}};
    for (int i = 0; i < 10; i++) {
        sigmas_options o = {.sigma_min = ranges[i / 2][0], .sigma_max = ranges[i / 2][1]};
        o.end_at_min = i % 2;
        sigmas walk = make("restart", 40, NULL, o);
        int ups = 0;
        for (int k = 0; k < walk.n; k++) ups += walk.at[k + 1] > walk.at[k];
        assert_true(ups == 2 && walk.n == 42 && !walk.t);
        assert_null(sigmas_check(walk));
    }
}

/* ---- RePaint ---- */

/* The paper's appendix: times from T - 1 down to 0 and then -1, the picture without noise. */
static int repaint_times(int *times, int T, int jump_length, int jump_n_sample)
{
    int jumps[1001] = {0}, t = T, count = 0;
    for (int j = 0; j < T - jump_length; j += jump_length) jumps[j] = jump_n_sample - 1;
    while (t >= 1) {
        times[count++] = --t;
        if (jumps[t] == 0) continue;
        jumps[t]--;
        for (int i = 0; i < jump_length; i++) times[count++] = ++t;
    }
    times[count++] = -1;
    return count;
}

static void assert_repaint(int n, int j, int r)
{
    arena before = shelf;
    int *times = arena_take(&shelf, (1 << 20) * sizeof *times);
    int count = repaint_times(times, n, j, r), ratio = 1000 / n;
    sigmas walk = make("repaint", n, &diffusers, (sigmas_options){.jump = j, .visits = r});
    assert_int_equal(walk.n + 1, count);
    for (int i = 0; i < walk.n; i++) {
        if (walk.t[i] != times[i] * ratio)
            fail_msg("%d steps, j %d, r %d: time %d is %g, not %d", n, j, r, i, walk.t[i],
                     times[i] * ratio);
        assert_true(walk.at[i] == diffusers.sigma[times[i] * ratio]);
    }
    assert_true(walk.at[walk.n] == 0);
    shelf = before;
}

static void repaint_is_that_of_the_paper(void **state)
{
    (void)state;
    for (int n = 1; n <= 60; n++)
        for (int j = 1; j <= 12; j++)
            for (int r = 1; r <= 4; r++) assert_repaint(n, j, r);
    assert_repaint(250, 10, 10);
    assert_repaint(1000, 10, 10);
    assert_repaint(1000, 1, 300);
}

/* The numbers of the paper's face model, T = 250, j = 10, r = 10, are what zeros ask for. */
static void counts_of_the_paper(void **state)
{
    (void)state;
    sigmas walk = make("repaint", 250, &exact, (sigmas_options){0});
    int down = 0, up = 0;
    for (int i = 0; i < walk.n; i++) *(walk.at[i + 1] < walk.at[i] ? &down : &up) += 1;
    assert_true(walk.n + 1 == 4571 && down == 2410 && up == 2160);
    walk = make("repaint", 25, &exact, (sigmas_options){0});
    for (int i = down = 0; i < walk.n; i++) down += walk.at[i + 1] < walk.at[i];
    assert_int_equal(down, 205);
}

/* ---- Jumps on any list ---- */

/* Without its jumps a list is the list that falls, and every jump goes up place by place. */
static void any_list_may_jump(void **state)
{
    (void)state;
    for (int k = 0; sigmas_names[k]; k++) {
        const char *name = sigmas_names[k];
        if (rises(name)) continue;
        const schedule *s = strcmp(name, "flow") == 0 ? &flow3 : &exact;
        sigmas_options o = {.sigma_min = 0}, jumps = {.jump = 3, .visits = 4};
        sigmas falls = make(name, 20, s, o), walk;
        assert_null(sigmas_make(name, 20, s, jumps, &shelf, &walk));
        assert_int_equal(walk.n, 20 + 6 * 3 * 6); /* places 19, 16, ..., 4; 3 jumps; up and down */
        int place = 0, lowest = 0;
        for (int i = 1; i <= walk.n; i++) {
            place += walk.at[i] < walk.at[i - 1] ? 1 : -1;
            assert_true(walk.at[i] == falls.at[place]);
            if (walk.t && i < walk.n) assert_near(walk.t[i], falls.t[place], 1e-9);
            if (place > lowest) lowest = place;
            assert_true(place >= lowest - 3);
        }
        assert_int_equal(place, 20);
    }
}

static void jumps_end_where_the_list_does(void **state)
{
    (void)state;
    sigmas_options o = {.sigma_min = 1, .sigma_max = 3, .jump = 2, .visits = 2, .end_at_min = true};
    sigmas walk;
    assert_null(sigmas_make("linspace", 4, &exact, o, &shelf, &walk));
    assert_int_equal(walk.n, 4 + 2 * 4); /* places 4 and 2: size sigma_min is one to jump from */
    assert_near(walk.at[12], 1, 1e-14);
    assert_near(walk.at[8], walk.at[12], 1e-14);
    o.jump = 5; /* longer than the walk: none */
    assert_int_equal(make("linspace", 4, &exact, o).n, 4);
    o.jump = 2, o.visits = 1;
    assert_int_equal(make("linspace", 4, &exact, o).n, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restart_is_that_of_a1111),
        cmocka_unit_test(a_restart_costs_no_call_more),
        cmocka_unit_test(a_restart_finds_room_in_any_range),
        cmocka_unit_test(repaint_is_that_of_the_paper),
        cmocka_unit_test(counts_of_the_paper),
        cmocka_unit_test(any_list_may_jump),
        cmocka_unit_test(jumps_end_where_the_list_does),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
