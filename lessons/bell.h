/* bell.h: the one bell of lesson 10, for lessons after it. Clean numbers from the Gaussian
 * N(1, 1/4): its best guess, its slope and its curve are formulas, so that an error can be
 * measured. bell_check() has what another program measured.
 */
#ifndef BELL_H
#define BELL_H
#include "diffusion/exact.h"
#include "diffusion/sigmas.h"
#include "lesson.h"

/* dx/dsigma = (x - D) / sigma,   D = 1 + (1/4) / (1/4 + sigma^2) (x - 1) */
static inline double bell_slope(double x, double sigma)
{
    return (x - 1) * sigma / (0.25 + sigma * sigma);
}

/* D itself. */
static inline double bell_guess(double x, double sigma)
{
    return x - sigma * bell_slope(x, sigma);
}

/* Where the curve through x at sigma is at the size `next`. */
static inline double bell_curve(double x, double sigma, double next)
{
    return 1 + (x - 1) * sqrt((0.25 + next * next) / (0.25 + sigma * sigma));
}

/* For its denoiser, exact_denoiser(). */
static inline exact_mixture bell_mixture(arena *keep)
{
    static const double width = 0.5;
    tensor centre = tensor_new(keep, 1, 1, 1, 1);
    tensor_fill(centre, 1);
    return (exact_mixture){.centre = centre, .width = &width};
}

/* The list it is walked down: Karras's, from 10 to 0.01. */
static inline sigmas bell_walk(lesson *l, int steps)
{
    sigmas walk;
    sigmas_options range = {.sigma_max = 10, .sigma_min = 0.01, .end_at_min = true};
    lesson_must(sigmas_make("karras", steps, NULL, range, &l->memory, &walk));
    return walk;
}

/* The error that a walk down Karras's list leaves, from x = 11 at sigma 10 to 0.01, in 10, 20, 40,
 * 80, 160 and 320 steps: as another program (NumPy, in doubles) printed it, if it knew the sampler.
 * Its three digits are right to half a percent; floats may be off by so much more. */
static inline void bell_check(lesson *l, const char *name, int row, double left, double floats)
{
    static const struct {
        const char *name;
        double left[6];
    } known[] = {{"euler", {7.78e-2, 4.06e-2, 2.07e-2, 1.05e-2, 5.26e-3, 2.64e-3}},
                 {"heun", {2.85e-2, 6.68e-3, 1.62e-3, 3.98e-4, 9.87e-5, 2.46e-5}},
                 {"dpmpp_2m", {2.90e-2, 7.08e-3, 1.66e-3, 4.02e-4, 9.89e-5, 2.45e-5}},
                 {"lms", {2.40e-2, 3.27e-3, 3.06e-4, 2.46e-5, 2.04e-6, 2.22e-7}}};
    for (int k = 0; k < 4; k++) {
        double right = known[k].left[row];
        if (strcmp(known[k].name, name) == 0)
            lesson_expect(l, "as NumPy", left, right, 0.005 * right + floats);
    }
}

#endif
