/* Lesson 20. Fill a hole: keep what is known, and go back up until the rest agrees with it.
 *
 * After each step the known part of a picture is put in, with the noise of that step; no network
 * need be trained for it. But the denoiser sees it through this noise only. When it has become
 * clear, the rest has long been decided, by dice. So the walk goes back up and decides again.
 *
 *     make run L=20       prints four tables, writes two plots and a strip to out/
 *
 * Look for: what mends a part that does not fit, more steps or more visits?
 * Needs: 11. Runs in about a second. Try: JUMP = 30. As many calls, and nothing is mended: why?
 */
#include "hole.h"
#include "icons.h"
#include "spiral.h"

enum { SEED = 23, PAIRS = 2000, STEPS = 40, JUMP = 4, ROWS = 7, LENGTHS = 4, TURNS = 4 };
enum { POINTS = 120, SIDE = 12, TRIES = 4 };
static const double SAID = 0.6, WIDTH = 0.3, HIGH = 10, LOW = 0.02;
static const int steps[ROWS] = {20, 40, 80, 160, STEPS, STEPS, STEPS};
static const int visits[ROWS] = {1, 1, 1, 1, 2, 4, 8}, jumps[LENGTHS] = {1, 4, 16, 30};

/* Two pixels that agree, both near -1 or both near 1: the guess of the second (lesson 05). */
static double guess(const real *pair, double sigma)
{
    double s2 = WIDTH * WIDTH, v = s2 + sigma * sigma;
    double middle = tanh((double)(pair[0] + pair[1]) / v);
    return middle + s2 / v * ((double)pair[1] - middle);
}

/* Lugmayr 2022, arXiv:2201.09865, Algorithm 1:   known = x0 + next z
 *     unknown = D + q^2 (x - D) + next sqrt(1 - q^2) z,  q = next / sigma:  DDPM's step in sigma */
static void step_down(real *pair, const real *z, double sigma, double next)
{
    double D = guess(pair, sigma), q = next / sigma, fresh = next * sqrt(1 - q * q);
    pair[0] = (real)(SAID + next * (double)z[0]);
    pair[1] = (real)(D + q * q * ((double)pair[1] - D) + fresh * (double)z[1]);
}

/* Known or not:   x = x + sqrt(next^2 - sigma^2) z */
static void step_up(real *pair, const real *z, double sigma, double next)
{
    double up = sqrt(next * next - sigma * sigma);
    for (int i = 0; i < 2; i++) pair[i] += (real)(up * (double)z[i]);
}

/* All pairs along a list. Returns the calls: one a step down. */
static int walk_pairs(lesson *l, tensor x, sigmas walk)
{
    int calls = 0;
    tensor z = tensor_like(&l->memory, x);
    rng r = hole_noise(l, x, walk, SEED);
    for (int i = 0; i < walk.n; i++) {
        bool down = walk.at[i + 1] < walk.at[i];
        if (walk.at[i + 1] > 0) rng_normal(&r, z, l->memory);
        for (int p = 0; p < 2 * x.n; p += 2)
            (down ? step_down : step_up)(x.data + p, z.data + p, walk.at[i], walk.at[i + 1]);
        calls += down;
    }
    return calls;
}

/* a: the first pixel is 0.6, so the second should be N(1, 0.3^2), in 0.04 % of cases below 0. */
static void part_a(lesson *l)
{
    static const double expect[ROWS] = {15.6, 14.35, 14.3, 12, 5.7, 1.8, 0.35};
    printf("steps  visits  calls     mean    width  disagree\n");
    for (int k = 0; k < ROWS; k++) {
        lesson now = *l;
        tensor x = tensor_new(&now.memory, PAIRS, 1, 1, 2);
        int calls = walk_pairs(&now, x, hole_list(&now, steps[k], JUMP, visits[k], HIGH, LOW));
        hole_pairs(x, steps[k], visits[k], calls);
        lesson_expect(l, "disagree", hole_disagree(x), expect[k], 0.11);
    }
    tensor x = tensor_new(&l->memory, PAIRS, 1, 1, 2);
    sigmas walk = hole_list(l, STEPS, JUMP, 2, HIGH, LOW);
    hole_expect(l, x, walk_pairs(l, x, walk), walk, (hole_pair){SAID, WIDTH}, SEED);
}

/* b: a list that rises, and how long its jumps should be. */
static void part_b(lesson *l)
{
    static double calls[LENGTHS][TURNS], off[LENGTHS][TURNS];
    plot panels[2] = {{.title = "20 steps, jumps of 5, 3 visits", .x.label = "step"},
                      {.title = "Pairs that disagree, in percent", .y.high = 22}};
    panels[0].y = (plot_axis){.label = "σ", .log = true};
    panels[1].x = (plot_axis){.label = "calls of the denoiser", .log = true};
    sigmas walk = hole_list(l, 20, 5, 3, HIGH, LOW);
    plot_line(&panels[0], NULL, walk.n, NULL, walk.at)->marker = PLOT_NO_MARKERS;
    printf("\nvisits            1      2      4      8\n");
    for (int k = 0; k < LENGTHS; k++) {
        printf("jumps of %-3d", jumps[k]);
        for (int i = 0; i < TURNS; i++) {
            lesson now = *l;
            tensor x = tensor_new(&now.memory, PAIRS / 2, 1, 1, 2);
            calls[k][i] = walk_pairs(&now, x, hole_list(&now, STEPS, jumps[k], 1 << i, HIGH, LOW));
            printf(" %5.1f%%", off[k][i] = hole_disagree(x));
        }
        printf("\n");
        plot_line(&panels[1], lesson_words(l, "jumps of %d", jumps[k]), TURNS, calls[k], off[k]);
    }
    lesson_plot(l, "20_jumps", 1, 2, panels);
    lesson_expect(l, "a jump too long mends nothing", off[3][3], 13, 4 * 1.1);
    lesson_expect(l, "a short one does", off[1][3], 0.04, 1);
}

/* c: points of the spiral of which one coordinate is known. */
static void part_c(lesson *l)
{
    plot panels[3];
    double off[2];
    exact_mixture data = spiral_make(&l->memory);
    tensor known = tensor_new(&l->memory, POINTS, 1, 1, 2), x = tensor_like(&l->memory, known);
    printf("\non the spiral                 off       gaps\n");
    spiral_show_data(l, &panels[2], &data, known, SEED);
    for (int k = 0; k < 2; k++) {
        hole_fill(l, &data, hole_list(l, STEPS, JUMP, k ? 8 : 1, HIGH, LOW / 2), known, x, SEED);
        off[k] = spiral_show(l, &panels[k], k ? "8 visits" : "1 visit", x).off;
    }
    lesson_plot(l, "20_spiral", 1, 3, panels);
    lesson_expect(l, "nearer to the spiral", off[1] / off[0], 0.54, 0.01);
}

/* d: eight pictures known by heart, and of each only the left edge is told. */
static void part_d(lesson *l)
{
    static const int n[] = {30, 60, 30, 30}, times[] = {1, 1, 4, 8}, expect[] = {4, 4, 7, 8};
    hole_strip all = {0};
    exact_mixture data = {.centre = icons_draw(&l->memory, SIDE)};
    tensor x = hole_cover(l, data.centre);
    hole_row(l, &all, "known", x, data.centre);
    printf("\nsteps  visits  calls  whole of 8\n");
    for (int k = 0; k < TRIES; k++) {
        sigmas walk = hole_list(l, n[k], 3, times[k], 30, 0.1);
        int calls = hole_fill(l, &data, walk, data.centre, x, SEED);
        int whole = hole_row(l, &all, hole_name(l, n[k], times[k]), x, data.centre);
        printf("%5d %7d %6d %11d\n", n[k], times[k], calls, whole);
        lesson_expect(l, "whole", whole, expect[k], 0);
    }
    hole_save(l, "20_edges", &all);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l);
    part_b(&l);
    part_c(&l);
    part_d(&l);
    return lesson_end(&l);
}
