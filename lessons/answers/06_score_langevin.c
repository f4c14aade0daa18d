/* Answer to exercise 06. One step of a moth.
 *
 * Data from N(0, 1.75) in noise of size 1.5 are one hill, N(0, 4). 4,000 moths start at its top and
 * make a hundred steps. Each is told the best guess D of the clean number under its x, and gets a
 * fresh Gaussian number z. Write Langevin's step:
 *
 *     score = (D - x) / sigma^2             x' = x + h score + sqrt(2 h) z
 *
 * The table holds the variance of the moths against what a step of h must lead to. Which steps are
 * too small, and why does the last line have no end?
 *
 *     make exercises
 *     build/lessons/answers/06_score_langevin            a table
 *     build/lessons/answers/06_score_langevin --check    ends with 0
 */
#include "../lesson.h"
#include "base/rng.h"
#include "diffusion/exact.h"

enum { MOTHS = 4000, KICKS = 100, STEPS = 7 };
static const double steps[STEPS] = {0.001, 0.01, 0.1, 1, 4, 7, 8.4};

static double langevin(double x, double d, double sigma, double h, double z)
{
    double score = (d - x) / (sigma * sigma);
    return x + h * score + sqrt(2 * h) * z;
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    static double z[MOTHS];
    const double s2 = 4, sigma = 1.5; /* the hill's variance, the noise in it */
    tensor x = tensor_new(&l.memory, MOTHS, 1, 1, 1), centre = tensor_new(&l.memory, 1, 1, 1, 1);
    tensor_fill(centre, 0);
    exact_mixture hill = {.centre = centre, .width = (double[]){sqrt(s2 - sigma * sigma)}};
    denoiser d = exact_denoiser(&hill);
    answer out = denoiser_room(d, &l.memory, x);
    rng r = rng_torch(1);
    printf("%8s %12s %12s %12s\n", "step h", "variance", "wanted", "in the end");
    for (int k = 0; k < STEPS; k++) {
        double h = steps[k], end = s2 / (1 - h / (2 * s2)), variance = 0;
        double wanted = (1 - pow(1 - h / s2, 2 * KICKS)) * end;
        tensor_fill(x, 0);
        for (int n = 0; n < KICKS; n++) {
            denoiser_ask(d, out, x, sigma, l.memory);
            rng_normal64(&r, z, MOTHS);
            for (int i = 0; i < MOTHS; i++)
                x.data[i] =
                    (real)langevin((double)x.data[i], (double)out.x0.data[i], sigma, h, z[i]);
        }
        for (int i = 0; i < MOTHS; i++) variance += pow((double)x.data[i], 2) / MOTHS;
        printf("%8g %12.4g %12.4g %12s\n", h, variance, wanted,
               h < 2 * s2 ? lesson_words(&l, "%.4g", end) : "none");
        /* A variance counted from N has the standard error sqrt(2 / N) of itself: four of them. */
        lesson_expect(&l, "variance", variance / wanted, 1, 4 * sqrt(2.0 / MOTHS));
    }
    return lesson_end(&l);
}
