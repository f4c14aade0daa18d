/* Lesson 01. Add noise to noise and you get noise.
 *
 * Lesson 00 drew from a bell curve, the Gaussian. Where does it come from? Add up a few dice and
 * their sum nearly follows it. And the whole course lives on this: the sum of two Gaussians is a
 * Gaussian again, whose standard deviation we know beforehand. Noise added twice is noise added
 * once.
 *
 *     make run L=01       prints a table, writes out/01_sums.svg
 *
 * Look for: how many dice does it take until the histogram hides behind the curve? Then compare the
 * columns of the second table: is the standard deviation a + b?
 * Needs: 00. Runs in well under a second.
 *
 * Try: 1, 3 and 48 dice. Which sums know that rare things happen, and how far can each go at most?
 */
#include "base/pi.h"
#include "base/rng.h"
#include "lesson.h"

enum { DRAWS = 200000, KINDS = 3, BINS = 60, CURVE = 121 };
static const int dice[KINDS] = {1, 2, 12};
static const double sizes[KINDS][2] = {{1, 1}, {3, 4}, {0.5, 0.1}};

/* Sum of `count` uniform numbers, moved and scaled to mean 0 and standard deviation 1: one uniform
 * number in [0, 1) has mean 1/2 and variance 1/12, and both add up. */
static void sum_of_dice(double *out, int count, rng *r, arena scratch)
{
    double *u = arena_take(&scratch, (size_t)(DRAWS * count) * sizeof *u);
    rng_uniform64(r, u, (size_t)(DRAWS * count));
    for (int i = 0; i < DRAWS; i++) {
        double sum = 0;
        for (int k = 0; k < count; k++) sum += u[i * count + k];
        out[i] = (sum - count / 2.0) / sqrt(count / 12.0);
    }
}

static double deviation(const double *x)
{
    double mean = 0, square = 0;
    for (int i = 0; i < DRAWS; i++) mean += x[i] / DRAWS;
    for (int i = 0; i < DRAWS; i++) square += (x[i] - mean) * (x[i] - mean) / DRAWS;
    return sqrt(square);
}

static double share_beyond(const double *x, double limit)
{
    int beyond = 0;
    for (int i = 0; i < DRAWS; i++) beyond += fabs(x[i]) > limit;
    return (double)beyond / DRAWS;
}

static void compare_with_gaussian(plot *panel, const double *value, const char *title)
{
    static double x[CURVE], y[CURVE];
    for (int i = 0; i < CURVE; i++) {
        x[i] = -4 + 8.0 * i / (CURVE - 1);
        y[i] = exp(-x[i] * x[i] / 2) / sqrt(2 * PI);
    }
    *panel = (plot){.title = title,
                    .x = {.label = "sum, scaled", .low = -4, .high = 4},
                    .y = {.label = "share per unit", .low = 0, .high = 0.5}};
    plot_histogram(panel, "counted", DRAWS, value, BINS);
    plot_line(panel, "Gaussian", CURVE, x, y)->marker = PLOT_NO_MARKERS;
}

/* a: dice become Gaussian. */
static void part_a(lesson *l, rng *r)
{
    static double value[KINDS][DRAWS], normal[DRAWS];
    static plot panels[KINDS];
    printf("%-24s %18s %14s\n", "", "standard deviation", "share |x| > 4");
    for (int k = 0; k < KINDS; k++) {
        const char *name = lesson_words(l, "sum of %d number%s", dice[k], dice[k] == 1 ? "" : "s");
        sum_of_dice(value[k], dice[k], r, l->memory);
        compare_with_gaussian(&panels[k], value[k], name);
        printf("%-24s %18.4f %14.6f\n", name, deviation(value[k]), share_beyond(value[k], 4));
        lesson_expect(l, "deviation of a sum", deviation(value[k]), 1, 4 / sqrt(DRAWS));
    }
    rng_normal64(r, normal, DRAWS);
    printf("%-24s %18.4f %14.6f\n", "the generator's numbers", deviation(normal),
           share_beyond(normal, 4));
    printf("%-24s %18.4f %14.6f\n\n", "a Gaussian, worked out", 1.0, erfc(4 / sqrt(2)));
    lesson_expect(l, "numbers beyond 4", share_beyond(normal, 4), erfc(4 / sqrt(2)),
                  3 * sqrt(erfc(4 / sqrt(2)) / DRAWS));
    lesson_plot(l, "01_sums", 1, KINDS, panels);
}

/* b: Gaussians of standard deviation a and b. Variances add: the sum has sqrt(a^2 + b^2), not
 * a + b. And it is a Gaussian: 0.3173 of it lie beyond one standard deviation. */
static void part_b(lesson *l, rng *r)
{
    static double first[DRAWS], second[DRAWS], sum[DRAWS];
    printf("%5s %6s %8s %16s %19s %12s\n", "a", "b", "a + b", "sqrt(a^2 + b^2)",
           "standard deviation", "beyond one");
    for (int k = 0; k < KINDS; k++) {
        double a = sizes[k][0], b = sizes[k][1], rule = sqrt(a * a + b * b);
        rng_normal64(r, first, DRAWS);
        rng_normal64(r, second, DRAWS);
        for (int i = 0; i < DRAWS; i++) sum[i] = a * first[i] + b * second[i];
        printf("%5.1f %6.1f %8.4f %16.4f %19.4f %12.4f\n", a, b, a + b, rule, deviation(sum),
               share_beyond(sum, rule));
        lesson_expect(l, "deviation of a sum of two", deviation(sum), rule,
                      4 * rule * sqrt(0.5 / DRAWS));
        lesson_expect(l, "share beyond one deviation", share_beyond(sum, rule), erfc(1 / sqrt(2)),
                      2 / sqrt(DRAWS));
    }
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    rng r = rng_torch(1);
    part_a(&l, &r);
    part_b(&l, &r);
    return lesson_end(&l);
}
