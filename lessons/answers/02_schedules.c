/* Exercise 02. From betas to alpha-bar and sigma.
 *
 * You are given Stable Diffusion's 1,000 betas. Write the loop that every diffusion program has
 * somewhere: the running product alpha_bar_t = prod_{s <= t} (1 - beta_s), and the noise for one
 * unit of picture, sigma_t = sqrt((1 - alpha_bar_t) / alpha_bar_t). The table compares yours with
 * the library's.
 *
 *     make exercises && build/lessons/exercises/02_schedules
 *
 * Look for: all rows alike, and 14.6146 at the end. Page: docs/02_schedules.md.
 */
#include "../lesson.h"
#include "diffusion/schedule.h"

enum { T = 1000, SHOWN = 5 };
static const int shown[SHOWN] = {0, 250, 500, 750, 999};

static void fill(const double *beta, double *alpha_bar, double *sigma)
{
    double product = 1;
    for (int t = 0; t < T; t++) {
        product *= 1 - beta[t];
        alpha_bar[t] = product;
        sigma[t] = sqrt((1 - product) / product);
    }
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    static double alpha_bar[T], sigma[T];
    schedule sd;
    lesson_must(schedule_make("scaled_linear", (schedule_options){.T = T}, &l.memory, &sd));
    fill(sd.beta, alpha_bar, sigma);

    printf("%4s %15s %10s %11s %10s\n", "t", "your alpha_bar", "library", "your sigma", "library");
    for (int k = 0; k < SHOWN; k++) {
        int t = shown[k];
        printf("%4d %15.6f %10.6f %11.4f %10.4f\n", t, alpha_bar[t], schedule_alpha_bar(&sd, t),
               sigma[t], schedule_sigma(&sd, t));
    }

    double worst = 0; /* as a share of sigma, over all times */
    for (int t = 0; t < T; t++) worst = fmax(worst, fabs(sigma[t] / schedule_sigma(&sd, t) - 1));
    lesson_expect(&l, "alpha_bar at 999", alpha_bar[T - 1], 0.0046600985, 1e-9);
    lesson_expect(&l, "sigma at 999", sigma[T - 1], 14.6146412, 1e-6);
    lesson_expect(&l, "farthest from the library's sigma", worst, 0, 1e-12);
    return lesson_end(&l);
}
