/* Answer to exercise 00. Two noises from one seed.
 *
 * A generator moves on as it draws: ask it twice and you get other numbers. Begin again from its
 * seed and you get the same ones. Draw two noises so that the second goes on where the first ends,
 * as PyTorch would draw them after torch.manual_seed(7).
 *
 *     make exercises && build/lessons/answers/00_hello_figure
 *
 * Look for: their correlation. 1 means the same noise, 0 means nothing in common.
 * Page: docs/00_hello_figure.md.
 */
#include "../lesson.h"
#include "base/rng.h"

enum { NUMBERS = 4096 };
static const uint64_t seed = 7;

static void draw_two(double *first, double *second)
{
    rng generator = rng_torch(seed);
    rng_normal64(&generator, first, NUMBERS);
    rng_normal64(&generator, second, NUMBERS);
}

/* The mean of x y, scaled so that a noise with itself gives 1. */
static double correlation(const double *x, const double *y)
{
    double xy = 0, xx = 0, yy = 0;
    for (int i = 0; i < NUMBERS; i++) {
        xy += x[i] * y[i];
        xx += x[i] * x[i];
        yy += y[i] * y[i];
    }
    return xy / sqrt(xx * yy);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    static double first[NUMBERS], second[NUMBERS], both[2 * NUMBERS];
    draw_two(first, second);
    rng generator = rng_torch(seed); /* the same numbers in one go */
    rng_normal64(&generator, both, 2 * NUMBERS);

    printf("%-14s %9s %9s %9s\n", "", "number 1", "number 2", "number 3");
    printf("%-14s %9.4f %9.4f %9.4f\n", "first noise", first[0], first[1], first[2]);
    printf("%-14s %9.4f %9.4f %9.4f\n", "second noise", second[0], second[1], second[2]);
    printf("correlation: %.4f\n", correlation(first, second));

    /* The standard error of a correlation near 0 is 1/sqrt(N) = 0.016. */
    lesson_expect(&l, "correlation", correlation(first, second), 0, 4 / sqrt(NUMBERS));
    lesson_expect(&l, "first number of the first noise", first[0], both[0], 0);
    lesson_expect(&l, "first number of the second noise", second[0], both[NUMBERS], 0);
    return lesson_end(&l);
}
