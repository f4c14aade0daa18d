/* Exercise 04. When has the crowd forgotten where it came from?
 *
 * Four crowds walk down the linear schedule: the lesson's two pubs, a narrow bell, a wide one, and
 * one whose centre is not at 0. How does a bell of centre m and width s look when alpha_bar of the
 * variance is left? The chain multiplies all by sqrt(alpha_bar) and adds noise of variance
 * 1 - alpha_bar. The centre is there. What is the variance?
 *
 * The table says at which t each crowd comes within 1 % of N(0, 1). Guess before you look: who is
 * first, who is last?
 *
 *     make exercises
 *     build/lessons/exercises/04_forward_process            a table
 *     build/lessons/exercises/04_forward_process --check    ends with 0 once your line is right
 *
 * As it stands everybody is drawn to the station and nobody staggers. The answer is in
 * lessons/answers/04_forward_process.c. Look at it after you have tried.
 */
#include "../lesson.h"
#include "base/pi.h"
#include "diffusion/exact.h"
#include "diffusion/schedule.h"

enum { SETS = 4 };
static const struct {
    const char *name;
    int bells;
    double share[2], centre[2], width[2], within; /* the last: the t to find */
} sets[SETS] = {{"two pubs", 2, {0.3, 0.7}, {-2, 1.5}, {0.3, 0.5}, 756},
                {"narrow", 1, {1}, {0}, {0.5}, 535},
                {"wide", 1, {1}, {0}, {2}, 648},
                {"off-centre", 1, {1}, {2}, {1}, 930}};

static double bell(double x, double m, double s, double alpha_bar)
{
    double centre = sqrt(alpha_bar) * m;
    double variance = alpha_bar * s * s; /* YOUR LINE HERE */
    return exp(-(x - centre) * (x - centre) / (2 * variance)) / sqrt(2 * PI * variance);
}

static double density(int set, double x, double alpha_bar)
{
    double sum = 0;
    for (int k = 0; k < sets[set].bells; k++)
        sum += sets[set].share[k] * bell(x, sets[set].centre[k], sets[set].width[k], alpha_bar);
    return sum;
}

/* The same from the library, which writes in VE. VP has shrunk the street by sqrt(alpha_bar), so
 * the crowd stands denser by one over that. */
static double library(int set, double x, double alpha_bar, arena scratch)
{
    tensor centre = tensor_new(&scratch, sets[set].bells, 1, 1, 1);
    tensor in_ve = tensor_new(&scratch, 1, 1, 1, 1);
    for (int k = 0; k < sets[set].bells; k++) centre.data[k] = (real)sets[set].centre[k];
    tensor_fill(in_ve, x / sqrt(alpha_bar));
    exact_mixture m = {.centre = centre, .weight = sets[set].share, .width = sets[set].width};
    double sigma = sqrt((1 - alpha_bar) / alpha_bar);
    return exp(exact_log_density(&m, in_ve, sigma)) / sqrt(alpha_bar);
}

static double off_bell(int set, double alpha_bar)
{
    double sum = 0, step = 0.02;
    for (double x = -10; x < 10; x += step)
        sum += fabs(density(set, x, alpha_bar) - exp(-x * x / 2) / sqrt(2 * PI)) * step / 2;
    return sum;
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    schedule s;
    lesson_must(schedule_make("linear", (schedule_options){0}, &l.memory, &s));
    printf("crowd       density at 0 for alpha_bar 1/4: yours  library   within 1 %% at t\n");
    for (int k = 0; k < SETS; k++) {
        double yours = density(k, 0, 0.25), wanted = library(k, 0, 0.25, l.memory);
        int t = 0;
        while (t < s.T && off_bell(k, schedule_alpha_bar(&s, t)) > 0.01) t++;
        printf("%-12s %36.4f %8.4f %12s\n", sets[k].name, yours, wanted,
               t < s.T ? lesson_words(&l, "%d", t) : "never");
        for (int x = -2; x <= 2; x++)
            lesson_expect(&l, "density", density(k, x, 0.25), library(k, x, 0.25, l.memory), 1e-14);
        lesson_expect(&l, "within 1 % at t", t, sets[k].within, 0);
    }
    return lesson_end(&l);
}
