/* Exercise 12. Look back after landing.
 *
 * A step of LMS continues a curve through the last slopes, over a stretch where it has not been.
 * It lands, and the next step begins with a look there. Now the curve need not be continued:
 * it can be drawn through this new slope too. Go back, walk the same step again along the better
 * curve, and go on from where it ends. The new slope is kept for the next step, so no call is made
 * that would not have been made anyway. (UniPC's corrector is this: Zhao 2023, arXiv:2302.04867.)
 *
 *     landed = x + (next - sigma) sum_j w_j d_j       the lesson's step, through `looks` slopes
 *     d'     = slope(landed, next)                    the call that the next step would make
 *     x'     = x + (next - sigma) sum_j v_j d_j       through d' and the same `looks` slopes
 *
 *     make exercises
 *     build/lessons/exercises/12_multistep            a table
 *     build/lessons/exercises/12_multistep --check    ends with 0 once your lines are right
 *
 * Look for: an order one higher in every row. Page: docs/12_multistep.md. The answer is in
 * lessons/answers/12_multistep.c. Look at it after you have tried.
 */
#include "../bell.h"
#include "../lesson.h"
#include "diffusion/sigmas.h"

enum { MOST = 320, COUNTS = 4, LOOKS = 3 };
static const int counts[COUNTS] = {40, 80, 160, MOST};

/* As in the lesson: 1 at look j, 0 at the others; at[0] is the newest, at[-1] the one before. */
static double basis(const double *at, int looks, int j, double sigma)
{
    double product = 1;
    for (int m = 0; m < looks; m++)
        if (m != j) product *= (sigma - at[-m]) / (at[-j] - at[-m]);
    return product;
}

/* The weights w[0 .. looks - 1] of a step between any two sizes. */
static void weigh(const double *at, int looks, double from, double to, double *w)
{
    for (int j = 0; j < looks; j++) {
        double middle = basis(at, looks, j, (from + to) / 2);
        w[j] = (basis(at, looks, j, from) + 4 * middle + basis(at, looks, j, to)) / 6;
    }
}

/* x is at at[0]; the step landed at at[1], where the slope is d[1]; d[0], d[-1], ... as before. */
static double correct(double x, double landed, const double *at, const double *d, int looks)
{
    (void)x, (void)at, (void)d, (void)looks;
    return landed; /* YOUR LINES HERE. This corrects nothing. */
}

/* The distance from the true end, from x = 11 at sigma 10 down to 0.01. */
static double error_of(lesson *l, int steps, int looks)
{
    arena scratch = l->memory;
    sigmas walk;
    sigmas_options range = {.sigma_max = 10, .sigma_min = 0.01, .end_at_min = true};
    lesson_must(sigmas_make("karras", steps, NULL, range, &scratch, &walk));
    double d[MOST + 1], w[LOOKS], x = 11;
    d[0] = bell_slope(x, walk.at[0]);
    for (int i = 0; i < steps; i++) {
        const double *at = &walk.at[i];
        int known = i + 1 < looks ? i + 1 : looks;
        double landed = x;
        weigh(at, known, at[0], at[1], w);
        for (int j = 0; j < known; j++) landed += (at[1] - at[0]) * w[j] * d[i - j];
        d[i + 1] = bell_slope(landed, at[1]); /* the only call */
        x = correct(x, landed, at, &d[i], known);
    }
    return fabs(x - bell_curve(11, 10, 0.01));
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    printf("looks, and one:");
    for (int k = 0; k < COUNTS; k++) printf(" %3d steps", counts[k]);
    printf("  order\n");
    for (int looks = 1; looks <= LOOKS; looks++) {
        double before = 0, now = 0;
        printf("%14d ", looks);
        for (int k = 0; k < COUNTS; k++) {
            before = now, now = error_of(&l, counts[k], looks);
            printf(" %9.2e", now);
        }
        printf(" %6.2f\n", log2(before / now));
        lesson_expect(&l, "order", log2(before / now), looks + 1, 0.1); /* the error's next term */
    }
    return lesson_end(&l);
}
