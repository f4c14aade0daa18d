/* Answer to exercise 09. The same curve in VP.
 *
 * A network trained on VP pictures sees y = sqrt(alpha_bar) x and a time t. Song 2021,
 * arXiv:2011.13456, writes the ODE in these letters:
 *
 *     dy/dt = -beta(t)/2 (y + score),     score = -eps / sqrt(1 - alpha_bar)      (lesson 06)
 *
 * beta(t) is how fast noise comes in, per unit of time: time is not counted in a thousand steps
 * here, but runs evenly from 0 to 1. Walk down in time, in small steps, from where the VE walk of
 * the lesson starts. Both must end in the same places.
 *
 *     make exercises
 *     build/lessons/answers/09_ode            a table
 *     build/lessons/answers/09_ode --check    ends with 0
 *
 * Look for: three times as many steps, a third of the distance. Page: docs/09_ode.md.
 */
#include "../bells.h"
#include "../lesson.h"
#include "diffusion/sigmas.h"

enum { PEOPLE = 9, COUNTS = 4 };
static const int counts[COUNTS] = {30, 100, 300, 900};
static const double top = 5, low = 0.02;

static double vp_slope(double y, double eps, double beta, double alpha_bar)
{
    double score = -eps / sqrt(1 - alpha_bar);
    return -beta / 2 * (y + score);
}

/* From size `top` down to size `low` in even steps of time. */
static void walk_in_vp(denoiser d, tensor y, const schedule *s, int steps, arena scratch)
{
    double t = schedule_t(s, top), dt = (schedule_t(s, low) - t) / steps;
    tensor x = tensor_like(&scratch, y);
    answer out = denoiser_room(d, &scratch, x);
    for (int i = 0; i < steps; i++, t += dt) {
        double sigma = schedule_sigma(s, t), alpha_bar = schedule_alpha_bar(s, t);
        tensor_scale(x, 1 / sqrt(alpha_bar), y);
        denoiser_ask(d, out, x, sigma, scratch);
        for (int k = 0; k < PEOPLE; k++) {
            double eps = (double)(x.data[k] - out.x0.data[k]) / sigma, here = (double)y.data[k];
            y.data[k] = (real)(here + dt * vp_slope(here, eps, schedule_beta(s, t), alpha_bar));
        }
    }
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    exact_mixture bells = bells_mixture(&l.memory);
    tensor y = tensor_new(&l.memory, PEOPLE, 1, 1, 1), end = tensor_like(&l.memory, y);
    schedule vp;
    lesson_must(schedule_make("vp", (schedule_options){0}, NULL, &vp));
    double before = 0, apart = 0;
    printf("%5s %24s %10s\n", "steps", "VP's ends from VE's", "ratio");
    for (int j = 0; j < COUNTS; j++) {
        for (int k = 0; k < PEOPLE; k++) {
            double rank = (k + 0.5) / PEOPLE; /* at both ends, as the lesson has shown */
            y.data[k] = (real)(bells_who(rank, top) / sqrt(1 + top * top));
            end.data[k] = (real)bells_who(rank, low);
        }
        walk_in_vp(exact_denoiser(&bells), y, &vp, counts[j], l.memory);
        tensor_scale(y, sqrt(1 + low * low), y);
        before = apart, apart = tensor_distance(y, end);
        printf("%5d %24.5f %10.3f\n", counts[j], apart, before > 0 ? apart / before : 0);
    }
    lesson_expect(&l, "a third", apart / before, 1 / 3.0, 0.001);
    lesson_expect(&l, "VP's ends from VE's", apart, 0, 0.0005); /* twice what 900 steps leave */
    return lesson_end(&l);
}
