/* Exercise 05. The best guess for three numbers, by hand.
 *
 * The clean number is -2, 0.5 or 1.5, each as likely as the others. It was read with noise of size
 * sigma as x. What is the best guess of the clean number?
 *
 *     weight_k = exp(-(x - m_k)^2 / (2 sigma^2))
 *     D(x)     = sum_k weight_k m_k / sum_k weight_k
 *
 * Far from all three every weight is too small for a double and D is 0/0. Take the largest of the
 * exponents out of all of them first: D does not change, and one weight is then exactly 1.
 *
 *     make exercises
 *     build/lessons/exercises/05_ideal_denoiser            a table
 *     build/lessons/exercises/05_ideal_denoiser --check    ends with 0 once your lines are right
 *
 * As it stands the line is the best guess for a Gaussian N(0, 1). The answer is in
 * lessons/answers/05_ideal_denoiser.c. Look at it after you have tried.
 */
#include "../lesson.h"
#include "diffusion/exact.h"

enum { POINTS = 3, READINGS = 6, SIZES = 3 };
static const double points[POINTS] = {-2, 0.5, 1.5};
static const double readings[READINGS] = {-3, -0.75, 0, 1, 4, 40};
static const double sizes[SIZES] = {3, 1, 0.1};

static double guess(double x, double sigma)
{
    return x / (1 + sigma * sigma); /* YOUR LINES HERE */
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    tensor centre = tensor_new(&l.memory, POINTS, 1, 1, 1), x = tensor_new(&l.memory, 1, 1, 1, 1);
    for (int k = 0; k < POINTS; k++) centre.data[k] = (real)points[k];
    exact_mixture three = {.centre = centre};
    denoiser d = exact_denoiser(&three);
    answer library = denoiser_room(d, &l.memory, x);
    printf("%8s %8s %12s %12s\n", "sigma", "x", "yours", "library");
    for (int j = 0; j < SIZES; j++) {
        for (int i = 0; i < READINGS; i++) {
            double yours = guess(readings[i], sizes[j]);
            x.data[0] = (real)readings[i];
            denoiser_ask(d, library, x, sizes[j], l.memory);
            printf("%8g %8g %12.6f %12.6f\n", sizes[j], readings[i], yours,
                   (double)library.x0.data[0]);
            /* The library rounds its guess to float: off by up to 1.2e-7 for numbers up to 2. */
            lesson_expect(&l, "best guess", yours, (double)library.x0.data[0], 1.2e-7);
        }
    }
    return lesson_end(&l);
}
