/* Exercise 14. Measure an order without knowing the truth.
 *
 * With a real network nobody knows where a walk should end, so no error can be measured. The order
 * can. Walk with n, 2n and 4n steps. If x_n is off by about C / n^p, then
 *
 *     x_n - x_2n     =  C / n^p - C / (2n)^p
 *     x_2n - x_4n    =  C / (2n)^p - C / (4n)^p          what is the first over the second?
 *
 * Once p is known, C can be got rid of as well: mix x_2n and x_4n so that what is left of C
 * cancels. (Richardson 1911.) The result is nearer to the truth than both.
 *
 *     make exercises
 *     build/lessons/exercises/14_convergence_lab            a table
 *     build/lessons/exercises/14_convergence_lab --check    ends with 0 once your lines are right
 *
 * Look for: the promised orders, and a last column well below the one before it. Page:
 * docs/14_convergence_lab.md. The answer is in lessons/answers/14_convergence_lab.c. Look at it
 * after you have tried.
 */
#include "../bells.h"
#include "../lesson.h"
#include "diffusion/sampler.h"

enum { RULES = 4, STEPS = 40 };
static const sampler_kind *const rules[RULES] = {&sampler_euler, &sampler_heun, &sampler_dpm_2,
                                                 &sampler_dpmpp_2m};
static const double START = 4;

static double order_of(double x, double x2, double x4)
{
    (void)x, (void)x2, (void)x4;
    return 1; /* YOUR LINE HERE. This believes what a table says of Euler. */
}

static double better(double x2, double x4, double order)
{
    (void)x2, (void)order;
    return x4; /* YOUR LINE HERE. This takes the last walk as it is. */
}

/* Where the walk from START at sigma 10 ends, at 0.02, among the two bells of the lesson. */
static double end_of(lesson *l, const sampler_kind *rule, int steps)
{
    arena scratch = l->memory;
    sigmas walk;
    sigmas_options range = {.sigma_max = 10, .sigma_min = 0.02, .end_at_min = true};
    lesson_must(sigmas_make("karras", steps, NULL, range, &scratch, &walk));
    exact_mixture m = bells_mixture(&scratch);
    tensor x = tensor_new(&scratch, 1, 1, 1, 1);
    tensor_fill(x, START);
    sampler s = sampler_make(rule, exact_denoiser(&m), walk, (noise){0});
    lesson_must(sampler_run(&s, x, scratch));
    return (double)x.data[0];
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    double truth = bells_who(bells_left(START, 10), 0.02); /* for the check, not for you */
    printf("%-9s %9s %9s %9s %7s   off by    mixed\n", "ends with", "40 steps", "80", "160",
           "order");
    for (int k = 0; k < RULES; k++) {
        double x = end_of(&l, rules[k], STEPS), x2 = end_of(&l, rules[k], 2 * STEPS);
        double x4 = end_of(&l, rules[k], 4 * STEPS), order = order_of(x, x2, x4);
        double off = fabs(x4 - truth), mixed = fabs(better(x2, x4, order) - truth);
        printf("%-9s %9.6f %9.6f %9.6f %7.2f %8.1e %8.1e\n", rules[k]->label, x, x2, x4, order, off,
               mixed);
        lesson_expect(&l, "order", order, rules[k]->order, 0.15); /* the error's next term */
        lesson_expect(&l, "mixed, of what it was", mixed / off, 0, 0.1);
    }
    return lesson_end(&l);
}
