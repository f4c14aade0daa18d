/* Lesson 04. A whole distribution sinks into noise.
 *
 * Lesson 03 noised one picture, here a crowd of them is noised. A picture is one number, a place in
 * a street, so that the crowd can be drawn as a curve. Two pubs close. At every step everybody is
 * drawn a little to the station at 0, and staggers a little. In the end nobody can tell who came
 * from which pub: the crowd is one bell, whatever the pubs were. There a sampler will begin.
 *
 *     make run L=04       prints two tables, writes three figures to out/
 *
 * Look for: when do two bells become one? In the second table: which trainings end in no bell?
 * Needs: 03. Runs in about a second.
 *
 * Try: move the small pub farther out, to -3.5. Why does the crowd end nearer to the bell?
 */
#include "base/pi.h"
#include "base/rng.h"
#include "diffusion/schedule.h"
#include "lesson.h"

enum { T = 1000, FEW = 50, CROWD = 20000, SHOWN = 6, BINS = 80, CELLS = 100, WAYS = 5, SEED = 3 };
static const double share[2] = {0.3, 0.7}, centre[2] = {-2, 1.5}, width[2] = {0.3, 0.5};
static const int shown[SHOWN] = {0, T / 10, T / 5, 2 * T / 5, 3 * T / 5, T - 1};
static const char *const kinds[3] = {"linear", "scaled_linear", "cosine"};
static double crowd[SHOWN][CROWD], way[WAYS][T], place[BINS];

/* The forward process is a chain: where one stands next depends on where one stands now, alone.
 *
 *   x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) z */
static void walk(const schedule *s)
{
    static double x[CROWD], u[CROWD], z[CROWD];
    rng r = rng_torch(SEED);
    rng_uniform64(&r, u, CROWD), rng_normal64(&r, z, CROWD);
    for (int i = 0; i < CROWD; i++)
        x[i] = centre[u[i] >= share[0]] + width[u[i] >= share[0]] * z[i];
    for (int t = 0, k = 0; t < T; t++) {
        double beta = schedule_beta(s, t);
        rng_normal64(&r, z, CROWD);
        for (int i = 0; i < CROWD; i++) x[i] = sqrt(1 - beta) * x[i] + sqrt(beta) * z[i];
        for (int p = 0; p < WAYS && p < CROWD; p++) way[p][t] = x[p];
        if (k < SHOWN && t == shown[k]) memcpy(crowd[k++], x, sizeof x);
    }
}

/* How dense the crowd is at x, when alpha_bar of the variance is left. At 0 it is N(x; 0, 1).
 *
 *   p(x) = sum_k w_k N(x; sqrt(alpha_bar) m_k, alpha_bar s_k^2 + 1 - alpha_bar) */
static double density(double x, double alpha_bar)
{
    double sum = 0;
    for (int k = 0; k < 2; k++) {
        double apart = x - sqrt(alpha_bar) * centre[k];
        double variance = alpha_bar * width[k] * width[k] + 1 - alpha_bar;
        sum += share[k] * exp(-apart * apart / (2 * variance)) / sqrt(2 * PI * variance);
    }
    return sum;
}

/* The share of the people who stand in the wrong place for N(0, 1): half the area between the two
 * curves, because whoever is too many here is missing there. */
static double off_bell(double alpha_bar)
{
    double sum = 0, step = 0.005;
    for (double x = -8; x < 8; x += step)
        sum += fabs(density(x, alpha_bar) - density(x, 0)) * step / 2;
    return sum;
}

static void draw_density(lesson *l, plot *p, const char *name, double alpha_bar)
{
    double *y = arena_take(&l->memory, sizeof place);
    for (int b = 0; b < BINS; b++) y[b] = density(place[b], alpha_bar);
    plot_line(p, name, BINS, place, y)->marker = PLOT_NO_MARKERS;
}

/* a: the crowd at six times, counted in bins, against the formula. The standard error of a share p
 * of N people is sqrt(p (1 - p) / N); the check allows four, and four people in bins near empty. */
static void part_a(lesson *l, const schedule *s)
{
    static plot panels[SHOWN];
    walk(s);
    printf("   t  alpha_bar   left of 0: counted  formula   off the bell\n");
    for (int k = 0; k < SHOWN; k++) {
        double alpha_bar = schedule_alpha_bar(s, shown[k]), left[2] = {0}, wide = 8.0 / BINS;
        for (int b = 0; b < BINS; b++) {
            double n = 0, p = wide * density(place[b] = -4 + (b + 0.5) * wide, alpha_bar);
            for (int i = 0; i < CROWD; i++) n += fabs(crowd[k][i] - place[b]) < wide / 2;
            lesson_expect(l, "a bin", n / CROWD, p, 4 * sqrt(p * (1 - p) / CROWD) + 4.0 / CROWD);
            if (place[b] < 0) left[0] += n / CROWD, left[1] += p;
        }
        printf("%4d %10.6f %20.4f %8.4f %14.4f\n", shown[k], alpha_bar, left[0], left[1],
               off_bell(alpha_bar));
        panels[k].title = lesson_words(l, "t = %d", shown[k]);
        panels[k].x = (plot_axis){.label = "place x", .low = -4, .high = 4};
        panels[k].y = (plot_axis){.label = "density", .low = 0, .high = 0.65};
        plot_histogram(&panels[k], k ? NULL : "counted", CROWD, crowd[k], BINS);
        draw_density(l, &panels[k], k ? NULL : "formula", alpha_bar);
        draw_density(l, &panels[k], k ? NULL : "N(0, 1)", 0);
    }
    lesson_plot(l, "04_marginals", 2, 3, panels);
}

/* b: how dense the crowd is at every place and time, and five people's ways through it. */
static void part_b(lesson *l, const schedule *s)
{
    static double heat[BINS * CELLS];
    plot chart = {.title = "Two pubs, one crowd", .z = {.label = "density"}};
    chart.x.label = "training time t", chart.y.label = "place x";
    for (int i = 0; i < BINS * CELLS; i++)
        heat[i] = density(place[i / CELLS], schedule_alpha_bar(s, (i % CELLS + 0.5) * T / CELLS));
    plot_heat(&chart, BINS, CELLS, heat, (plot_box){0, -4, T, 4});
    for (int p = 0; p < WAYS; p++) {
        plot_series *line = plot_line(&chart, NULL, T, NULL, way[p]);
        line->marker = PLOT_NO_MARKERS, line->dash = 0, line->width = 1, line->ink = colour_paper;
    }
    lesson_plot(l, "04_forward_process", 1, 1, &chart);
}

/* c: how far from the bell a training ends. The mean of the crowd lasts longest: it shrinks as
 * sqrt(alpha_bar), and a bell moved by m is off by m N(0; 0, 1). All else shrinks as alpha_bar: a
 * variance of 2.77 alpha_bar + 1 - alpha_bar makes a bell off by 1.77 alpha_bar N(1; 0, 1). */
static void part_c(lesson *l)
{
    plot chart = {.title = lesson_words(l, "Two pubs, after %d steps", FEW)};
    chart.x.label = "place x", chart.y.label = "density";
    const double mean = share[0] * centre[0] + share[1] * centre[1];
    printf("\ntraining          T  last abar  off the bell  by the mean alone\n");
    for (int i = 0; i < 6; i++) {
        schedule s;
        schedule_options steps = {.T = i % 2 ? FEW : T};
        lesson_must(schedule_make(kinds[i / 2], steps, &l->memory, &s));
        double alpha_bar = schedule_alpha_bar(&s, s.T - 1), off = off_bell(alpha_bar);
        double alone = sqrt(alpha_bar) * mean * density(0, 0);
        printf("%-14s %4d %10.2e %13.6f %18.6f\n", kinds[i / 2], s.T, alpha_bar, off, alone);
        lesson_expect(l, "off the bell", off, alone, 1.77 * alpha_bar * density(1, 0));
        if (i % 2) draw_density(l, &chart, kinds[i / 2], alpha_bar);
    }
    lesson_plot(l, "04_ends", 1, 1, &chart);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    schedule s;
    lesson_must(schedule_make(kinds[0], (schedule_options){.T = T}, &l.memory, &s));
    part_a(&l, &s);
    part_b(&l, &s);
    part_c(&l);
    return lesson_end(&l);
}
