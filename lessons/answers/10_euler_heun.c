/* Exercise 10. Look again, anywhere.
 *
 * Heun looks again at the end of the step and counts both slopes alike. DPM2 looks again about half
 * way and counts the second slope alone. Both have order 2. What do they have in common? Look again
 * after a share c of the step, where Euler lands there, and walk the whole step along a mean of
 * both slopes:
 *
 *     middle = sigma + c (next - sigma)
 *     x' = x + (next - sigma) ((1 - w) d + w d'),   d' the slope at `middle`
 *
 * Which weight w has order 2, for any c? (Karras 2022, arXiv:2206.00364, Algorithm 3, writes alpha
 * for c.) A hint: over a step of length h the true curve leaves the line by x'' h^2 / 2, and d'
 * differs from d by x'' c h.
 *
 *     make exercises
 *     build/lessons/answers/10_euler_heun            a table
 *     build/lessons/answers/10_euler_heun --check    ends with 0 once your line is right
 *
 * Look for: a last ratio of 4 in every row. Page: docs/10_euler_heun.md.
 */
#include "../lesson.h"
#include "diffusion/sigmas.h"

enum { SHARES = 4, COUNTS = 4 };
static const double shares[SHARES] = {0.25, 0.5, 2.0 / 3, 1};
static const int counts[COUNTS] = {40, 80, 160, 320};

/* As in the lesson: clean numbers from the Gaussian N(1, 1/4). */
static double slope(double x, double sigma)
{
    double guess = 1 + 0.25 / (0.25 + sigma * sigma) * (x - 1);
    return (x - guess) / sigma;
}

static double weight(double c)
{
    return 1 / (2 * c);
}

static double look_again(double x, double sigma, double next, double c)
{
    double d = slope(x, sigma), middle = sigma + c * (next - sigma), w = weight(c);
    double second = slope(x + (middle - sigma) * d, middle);
    return x + (next - sigma) * ((1 - w) * d + w * second);
}

/* The distance from the true end, from x = 11 at sigma 10 down to 0.01. */
static double error_of(lesson *l, int steps, double c)
{
    arena scratch = l->memory;
    sigmas walk;
    sigmas_options range = {.sigma_max = 10, .sigma_min = 0.01, .end_at_min = true};
    lesson_must(sigmas_make("karras", steps, NULL, range, &scratch, &walk));
    double x = 11, true_end = 1 + 10 * sqrt((0.25 + 0.01 * 0.01) / (0.25 + 10 * 10));
    for (int i = 0; i < steps; i++) x = look_again(x, walk.at[i], walk.at[i + 1], c);
    return fabs(x - true_end);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    printf("%8s %8s", "looks at", "weight");
    for (int k = 0; k < COUNTS; k++) printf(" %5d steps", counts[k]);
    printf("   last ratio\n");
    for (int j = 0; j < SHARES; j++) {
        double before = 0, now = 0;
        printf("%8.3f %8.3f", shares[j], weight(shares[j]));
        for (int k = 0; k < COUNTS; k++) {
            before = now, now = error_of(&l, counts[k], shares[j]);
            printf(" %11.2e", now);
        }
        printf(" %12.2f\n", before / now);
        double order = log2(before / now); /* c = 1/2 has 3 here, a gift of this one bell */
        lesson_expect(&l, "order 2 at least", fmin(order, 2), 2, 0.05); /* the error's next term */
    }
    return lesson_end(&l);
}
