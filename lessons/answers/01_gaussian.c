/* Answer to exercise 01. Noise in portions.
 *
 * Noise of standard deviation 2 is to be added in n equal portions, one after the other. How large
 * must each portion be, so that all of them together have it again? Lesson 01 says what adds up.
 * Lesson 03 will do this to a photograph, with n = 50.
 *
 *     make exercises && build/lessons/answers/01_gaussian
 *
 * Look for: 2.0 in every row of the last column. Page: docs/01_gaussian.md.
 */
#include "../lesson.h"
#include "base/rng.h"

enum { DRAWS = 100000, ROWS = 4 };
static const int portions[ROWS] = {1, 3, 12, 50};
static const double whole = 2;

/* The standard deviation of one of n portions that together have `all`. */
static double portion_of(double all, int n)
{
    return all / sqrt(n);
}

/* Add n portions to each of DRAWS numbers that begin at 0. */
static void add_up(double *sum, int n, double each, rng *r)
{
    static double z[DRAWS];
    memset(sum, 0, DRAWS * sizeof *sum);
    for (int k = 0; k < n; k++) {
        rng_normal64(r, z, DRAWS);
        for (int i = 0; i < DRAWS; i++) sum[i] += each * z[i];
    }
}

static double deviation(const double *x)
{
    double mean = 0, square = 0;
    for (int i = 0; i < DRAWS; i++) mean += x[i] / DRAWS;
    for (int i = 0; i < DRAWS; i++) square += (x[i] - mean) * (x[i] - mean) / DRAWS;
    return sqrt(square);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    static double sum[DRAWS];
    rng r = rng_torch(1);
    printf("%8s %20s %20s\n", "portions", "deviation of one", "deviation of all");
    for (int k = 0; k < ROWS; k++) {
        double each = portion_of(whole, portions[k]);
        add_up(sum, portions[k], each, &r);
        printf("%8d %20.4f %20.4f\n", portions[k], each, deviation(sum));
        lesson_expect(&l, "deviation of all portions", deviation(sum), whole,
                      4 * whole * sqrt(0.5 / DRAWS));
    }
    return lesson_end(&l);
}
