/* Lesson 00. Noise you can hold on to.
 *
 * Diffusion models turn noise into pictures, so we begin with noise: 65,536 random numbers from one
 * seed, looked at as a grey picture and counted in a histogram. Every number in this course can be
 * had again: the same seed gives the same numbers on every machine, and the numbers that PyTorch
 * gives for that seed.
 *
 *     make run L=00       prints a table, writes out/00_noise.png and out/00_histogram.svg
 *
 * Look for: does the picture have a pattern? Which values are common, and how rare is one beyond 3?
 * Needs: nothing. Runs in well under a second.
 *
 * Try: another seed, then another SIDE. What changes in the picture, and what in the histogram?
 */
#include "base/pi.h"
#include "base/rng.h"
#include "lesson.h"

enum { SIDE = 256, NUMBERS = SIDE * SIDE, BINS = 60, CURVE = 121 };
_Static_assert(SIDE >= 3, "the table shows the first five numbers");
static const uint64_t seed = 1;

/* The Gaussian, or bell curve: N(x; 0, 1) = exp(-x^2 / 2) / sqrt(2 pi). */
static double gaussian(double x)
{
    return exp(-x * x / 2) / sqrt(2 * PI);
}

/* How large a share of the numbers lies within -limit .. limit. */
static double share_within(const double *value, double limit)
{
    int inside = 0;
    for (int i = 0; i < NUMBERS; i++) inside += fabs(value[i]) < limit;
    return (double)inside / NUMBERS;
}

/* One number that changes when any of the first 1,000 words changes (FNV-1a). */
static double fingerprint(rng r)
{
    uint32_t hash = 2166136261u;
    for (int i = 0; i < 1000; i++) hash = (hash ^ rng_word(&r)) * 16777619u;
    return hash;
}

static void draw_picture(lesson *l, tensor noise)
{
    tensor grey = tensor_like(&l->memory, noise);
    tensor_scale(grey, 1.0 / 3, noise); /* -3 becomes black, 3 becomes white */
    image picture = image_from_tensor(&l->memory, grey, 0);
    const char *caption = lesson_words(l, "seed %u, %d × %d", (unsigned)seed, SIDE, SIDE);
    lesson_strip(l, "00_noise",
                 &(strip){.rows = 1, .columns = 1, .pictures = &picture, .captions = &caption});
}

static void draw_histogram(const lesson *l, const double *value)
{
    static double x[CURVE], y[CURVE];
    for (int i = 0; i < CURVE; i++) {
        x[i] = -4 + 8.0 * i / (CURVE - 1);
        y[i] = gaussian(x[i]);
    }
    plot chart = {.title = "How often each value occurs",
                  .x = {.label = "value of a number"},
                  .y = {.label = "share per unit"}};
    plot_histogram(&chart, "counted", NUMBERS, value, BINS);
    plot_line(&chart, "Gaussian", CURVE, x, y)->marker = PLOT_NO_MARKERS;
    lesson_plot(l, "00_histogram", 1, 1, &chart);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);

    rng generator = rng_torch(seed); /* the idea: a seed, */
    tensor noise = tensor_new(&l.memory, 1, SIDE, SIDE, 1);
    rng_normal(&generator, noise, l.memory); /* and noise from it */

    static double value[NUMBERS];
    double mean = 0, square = 0;
    for (int i = 0; i < NUMBERS; i++) {
        value[i] = (double)noise.data[i];
        mean += value[i] / NUMBERS;
        square += value[i] * value[i] / NUMBERS;
    }
    double deviation = sqrt(square - mean * mean);

    printf("the first five     %9.4f %9.4f %9.4f %9.4f %9.4f\n", value[0], value[1], value[2],
           value[3], value[4]);
    printf("%-19s %9s %9s\n", "", "counted", "Gaussian");
    printf("%-19s %9.4f %9.4f\n", "mean", mean, 0.0);
    printf("%-19s %9.4f %9.4f\n", "standard deviation", deviation, 1.0);
    for (int limit = 1; limit <= 3; limit++)
        printf("within -%d .. %d      %9.4f %9.4f\n", limit, limit, share_within(value, limit),
               erf(limit / sqrt(2)));

    /* The standard error of a mean of N numbers is 1/sqrt(N) = 0.004. The checks allow four of
     * them, which is reached once in 16,000 seeds. */
    lesson_expect(&l, "fingerprint of the seed", fingerprint(rng_torch(seed)), 524553115, 0);
    lesson_expect(&l, "mean", mean, 0, 4.0 / SIDE);
    lesson_expect(&l, "standard deviation", deviation, 1, 4 * sqrt(0.5) / SIDE);
    for (int limit = 1; limit <= 3; limit++)
        lesson_expect(&l, "share inside", share_within(value, limit), erf(limit / sqrt(2)),
                      2.0 / SIDE);
    draw_picture(&l, noise);
    draw_histogram(&l, value);
    return lesson_end(&l);
}
