/* Lesson 02. Four names for one curve.
 *
 * Training makes a picture noisy in a thousand small steps. Lesson 01 says that small steps of
 * noise are one big step, so all that matters is how much noise there is at time t. The field has
 * four names for this: beta, alpha-bar, sigma and the signal-to-noise ratio. A schedule is the
 * curve; a sampler later walks along it in far fewer steps, so it asks for sigma at times between.
 *
 *     make run L=02       prints three tables, writes out/02_schedules.svg and out/02_sigma.svg
 *
 * Look for: which schedule keeps the picture longest? Does any of them end in pure noise?
 * Needs: 01. Runs in well under a second.
 *
 * Try: T = 100 with the same betas. How much of the picture is left at the end now?
 */
#include "base/rng.h"
#include "diffusion/sigmas.h"
#include "lesson.h"

enum { T = 1000, DOTS = 200, STEPS = 15, PIXELS = 200000, KINDS = 4 };
static const char *const kinds[KINDS] = {"linear", "scaled_linear", "cosine", "sigmoid"};

/* a: one pixel noised twice. With x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) z a pixel keeps the
 * share sqrt((1 - beta_1)(1 - beta_2)) of itself, and the noise in it has the variance
 * (1 - beta_2) beta_1 + beta_2 = 1 - (1 - beta_1)(1 - beta_2). So with
 *
 *   alpha_bar_t = prod_{s<=t} (1 - beta_s):   x = sqrt(alpha_bar_t) x0 + sqrt(1 - alpha_bar_t) z */
static void part_a(lesson *l)
{
    static double z1[PIXELS], z2[PIXELS];
    const double x0 = 2, beta1 = 0.1, beta2 = 0.2, alpha_bar = (1 - beta1) * (1 - beta2);
    double mean = 0, square = 0;
    rng r = rng_torch(1);
    rng_normal64(&r, z1, PIXELS);
    rng_normal64(&r, z2, PIXELS);
    for (int i = 0; i < PIXELS; i++) {
        double x1 = sqrt(1 - beta1) * x0 + sqrt(beta1) * z1[i];
        double x2 = sqrt(1 - beta2) * x1 + sqrt(beta2) * z2[i];
        mean += x2 / PIXELS;
        square += x2 * x2 / PIXELS;
    }
    double variance = square - mean * mean;
    printf("one pixel of value 2, noised twice   counted  in one step\n");
    printf("  mean: what is left of the 2        %7.4f  %11.4f\n", mean, sqrt(alpha_bar) * x0);
    printf("  variance: the noise in it          %7.4f  %11.4f\n\n", variance, 1 - alpha_bar);
    lesson_expect(l, "mean of a pixel", mean, sqrt(alpha_bar) * x0, 4 / sqrt(PIXELS));
    lesson_expect(l, "variance of a pixel", variance, 1 - alpha_bar, 4 / sqrt(PIXELS));
}

/* The betas say all the rest. The noise for one unit of picture is
 *
 *   sigma_t = sqrt((1 - alpha_bar_t) / alpha_bar_t)
 *
 * How far the library's table is from that, at worst, as a share of sigma. */
static double farthest(const schedule *s)
{
    double alpha_bar = 1, worst = 0;
    for (int t = 0; t < T; t++) {
        alpha_bar *= 1 - schedule_beta(s, t);
        double sigma = sqrt((1 - alpha_bar) / alpha_bar);
        worst = fmax(worst, fabs(sigma / schedule_sigma(s, t) - 1));
    }
    return worst;
}

/* b: four schedules, each drawn in three of its names. */
static void part_b(lesson *l, const schedule *of)
{
    static const double expect[KINDS][3] = {{4.036e-5, 0.0100, 157.407},
                                            {0.004660, 0.0292, 14.6146},
                                            {2.43e-9, 0.0064, 20291},
                                            {3.968e-5, 0.0122, 158.745}};
    static double t[DOTS], value[3][KINDS][DOTS];
    plot panels[3] = {
        {.title = "the picture's share of the variance", .y = {.label = "ᾱ_t"}},
        {.title = "noise for one unit of picture", .y = {.label = "σ_t", .log = true}},
        {.title = "log signal-to-noise ratio", .y = {.label = "ln(ᾱ_t / (1 - ᾱ_t))"}},
    };
    printf("%-14s %9s %9s %11s %10s %10s\n", "schedule", "beta_0", "sigma_0", "last sigma",
           "last abar", "half at t");
    for (int k = 0; k < KINDS; k++) {
        int half = 0;
        while (half < T && schedule_alpha_bar(&of[k], half) >= 0.5) half++;
        double end = schedule_alpha_bar(&of[k], T - 1);
        double first = schedule_sigma(&of[k], 0), last = schedule_sigma(&of[k], T - 1);
        printf("%-14s %9.6f %9.4f %11.4f %10.2e %10d\n", kinds[k], schedule_beta(&of[k], 0), first,
               last, end, half);
        lesson_expect(l, "sigma from the betas", farthest(&of[k]), 0, 1e-15);
        lesson_expect(l, "abar_999", end, expect[k][0], 1e-3 * expect[k][0] + 5e-12);
        lesson_expect(l, "sigma_0", first, expect[k][1], 5e-5);
        lesson_expect(l, "sigma_999", last, expect[k][2], 3e-5 * expect[k][2]);
        for (int i = 0; i < DOTS; i++) {
            t[i] = (T - 1) * i / (DOTS - 1.0);
            value[0][k][i] = schedule_alpha_bar(&of[k], t[i]);
            value[1][k][i] = schedule_sigma(&of[k], t[i]);
            value[2][k][i] = schedule_log_snr(&of[k], t[i]);
        }
        for (int p = 0; p < 3; p++) plot_line(&panels[p], kinds[k], DOTS, t, value[p][k]);
    }
    for (int p = 0; p < 3; p++) panels[p].x.label = "training time t";
    lesson_plot(l, "02_schedules", 1, 3, panels);
}

/* c: a sampler makes 15 steps where training made 1,000. It divides 999 into 14 equal parts, so
 * its times fall between the trained ones. diffusers keeps its table in float32 and draws a
 * straight line between two sigmas; the column `exact` is in double, on a line in log sigma. */
static void part_c(lesson *l)
{
    const schedule_options rounded = {.manner = SCHEDULE_DIFFUSERS}, unrounded = {0};
    static const double expect[STEPS + 1] = {14.6146, 9.6826, 6.6780, 4.7746, 3.5221, 2.6666,
                                             2.0606,  1.6156, 1.2768, 1.0097, 0.7913, 0.6056,
                                             0.4397,  0.2780, 0.0292, 0};
    schedule sd, exact;
    sigmas walk, pure;
    lesson_must(schedule_make("scaled_linear", rounded, &l->memory, &sd));
    lesson_must(schedule_make("scaled_linear", unrounded, &l->memory, &exact));
    lesson_must(sigmas_make("linspace", STEPS, &sd, (sigmas_options){0}, &l->memory, &walk));
    lesson_must(sigmas_make("linspace", STEPS, &exact, (sigmas_options){0}, &l->memory, &pure));
    printf("\n%4s %10s %9s %9s\n", "step", "t", "sigma", "exact");
    for (int i = 0; i <= STEPS; i++) {
        if (i < STEPS)
            printf("%4d %10.4f %9.4f %9.4f\n", i, walk.t[i], walk.at[i], pure.at[i]);
        else
            printf("%4s %10s %9.4f %9.4f\n", "end", "", walk.at[i], pure.at[i]);
        lesson_expect(l, "sigma", walk.at[i], expect[i], 5e-5);
        if (i < STEPS) lesson_expect(l, "t", walk.t[i], 999 - 999 * i / 14.0, 5e-5);
    }
    plot chart = {.title = lesson_words(l, "The %d noise sizes of %d steps", STEPS + 1, STEPS),
                  .x = {.label = "Sampling step"},
                  .y = {.label = "sigma"}};
    plot_line(&chart, NULL, STEPS + 1, NULL, walk.at);
    lesson_plot(l, "02_sigma", 1, 1, &chart);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    schedule of[KINDS];
    for (int k = 0; k < KINDS; k++)
        lesson_must(schedule_make(kinds[k], (schedule_options){.T = T}, &l.memory, &of[k]));
    part_a(&l);
    part_b(&l, of);
    part_c(&l);
    return lesson_end(&l);
}
