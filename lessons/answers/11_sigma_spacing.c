/* Answer to exercise 11. The best ten looks for one bell.
 *
 * Write sigma = s tan(angle), s the width of the data. Pure noise is at 90 degrees, the clean
 * number at 0. A step of Euler from one angle to another keeps the cosine of their difference of
 * the spread, and starting at sigma[0] keeps cos(90 degrees - first angle). Ten steps and the
 * start share the 90 degrees among them. Make the list that loses least.
 *
 *     make exercises
 *     build/lessons/answers/11_sigma_spacing            a table
 *     build/lessons/answers/11_sigma_spacing --check    ends with 0
 *
 * Look for: 0.1064 for each width, and karras far behind. Page: docs/11_sigma_spacing.md.
 */
#include "../lesson.h"
#include "base/pi.h"
#include "diffusion/exact.h"
#include "diffusion/sampler.h"

enum { STEPS = 10, WIDTHS = 4 };
static const double widths[WIDTHS] = {0.05, 0.5, 1, 5};

/* Sizes 0 .. STEPS for data of width s; the last must be 0. */
static double best_size(int i, double s)
{
    return i == STEPS ? 0 : s * tan(PI / 2 * (STEPS - i) / (STEPS + 1));
}

/* The share of the spread that is lost by the library's Euler, from pure noise to a bell. */
static double loss_of(lesson *l, sigmas walk, double s)
{
    arena scratch = l->memory;
    tensor centre = tensor_new(&scratch, 1, 1, 1, 1), x = tensor_like(&scratch, centre);
    tensor_fill(centre, 0), tensor_fill(x, walk.at[0]);
    exact_mixture bell = {.centre = centre, .width = &s};
    sampler euler = sampler_make(&sampler_euler, exact_denoiser(&bell), walk, (noise){0});
    lesson_must(sampler_run(&euler, x, scratch));
    return 1 - (double)x.data[0] / s;
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    double size[STEPS + 1], least = 1 - pow(cos(PI / 2 / (STEPS + 1)), STEPS + 1);
    sigmas karras;
    sigmas_options range = {.sigma_min = 0.0292, .sigma_max = 14.6146};
    lesson_must(sigmas_make("karras", STEPS, NULL, range, &l.memory, &karras));
    printf("%6s %12s %9s %9s\n", "width", "starts at", "karras", "yours");
    for (int k = 0; k < WIDTHS; k++) {
        double s = widths[k];
        for (int i = 0; i <= STEPS; i++) size[i] = best_size(i, s);
        double yours = loss_of(&l, (sigmas){.n = STEPS, .at = size}, s);
        printf("%6g %12.4f %9.4f %9.4f\n", s, size[0], loss_of(&l, karras, s), yours);
        lesson_expect(&l, "the least there can be", yours, least, 1e-6); /* floats */
    }
    return lesson_end(&l);
}
