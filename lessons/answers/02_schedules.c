/* Answer to exercise 02. A hundred betas that do the work of a thousand.
 *
 * Training with T = 100 and betas in the same range ends in far too little noise (the page's
 * experiment). Find 100 betas whose step i does what the ten small steps 10 i .. 10 i + 9 do
 * together, so that sigma is the same at every tenth time. Nichol, Dhariwal 2021, arXiv:2102.09672,
 * section 4, sample in fewer steps with such betas.
 *
 *     make exercises && build/lessons/answers/02_schedules
 *
 * Look for: both columns alike, and 14.6146 at the end. Page: docs/02_schedules.md.
 */
#include "../lesson.h"
#include "diffusion/schedule.h"

enum { T = 1000, FEW = 100, EACH = T / FEW, SHOWN = 5 };
static const int shown[SHOWN] = {0, 24, 49, 74, 99};

/* beta_few[i] from alpha_bar at all T times: a product over ten steps is a ratio of two of them. */
static void respace(const double *alpha_bar, double *beta_few)
{
    for (int i = 0; i < FEW; i++) {
        int last = i * EACH + EACH - 1;
        double before = i > 0 ? alpha_bar[last - EACH] : 1;
        beta_few[i] = 1 - alpha_bar[last] / before;
    }
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    static double beta_few[FEW];
    schedule many, few;
    lesson_must(schedule_make("scaled_linear", (schedule_options){.T = T}, &l.memory, &many));
    respace(many.alpha_bar, beta_few);
    lesson_must(schedule_from_betas(beta_few, FEW, SCHEDULE_EXACT, &l.memory, &few));

    printf("%8s %11s %15s %14s\n", "of 100", "of 1000", "your sigma", "wanted");
    for (int k = 0; k < SHOWN; k++) {
        int i = shown[k], t = i * EACH + EACH - 1;
        printf("%8d %11d %15.4f %14.4f\n", i, t, schedule_sigma(&few, i), schedule_sigma(&many, t));
    }

    double worst = 0; /* as a share of sigma, over all times */
    for (int i = 0; i < FEW; i++) {
        double wanted = schedule_sigma(&many, i * EACH + EACH - 1);
        worst = fmax(worst, fabs(schedule_sigma(&few, i) / wanted - 1));
    }
    lesson_expect(&l, "sigma at the end", schedule_sigma(&few, FEW - 1), 14.6146412, 1e-6);
    lesson_expect(&l, "farthest from what is wanted", worst, 0, 1e-12);
    return lesson_end(&l);
}
