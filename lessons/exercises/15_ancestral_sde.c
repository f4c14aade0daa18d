/* Exercise 15. Make a tape of dice finer.
 *
 * The lesson wrote its tape for the longest walk, and shorter walks took sums of kicks. What if
 * nobody knows beforehand how long a walk will be? Then write the sum of all kicks first, W at the
 * end, and put in more and more places between: W in the middle of two places where it is known.
 *
 *     W(a) ------------- W(m)? ------------- W(b)          b - a = length
 *
 * Seen from the left, W(m) is W(a) and a kick of variance length/2. Seen from the right, it is W(b)
 * and another such kick. Both are readings of one number, as in lesson 07. What are the mean and
 * the variance of W(m), once both are known? z is a fresh normal number.
 *
 *     make exercises
 *     build/lessons/exercises/15_ancestral_sde            a table
 *     build/lessons/exercises/15_ancestral_sde --check    ends with 0 once your line is right
 *
 * Look for: kicks of variance 1 in every row, and a last column that halves. Page:
 * docs/15_ancestral_sde.md. The answer is in lessons/answers/15_ancestral_sde.c. Look at it after
 * you have tried.
 */
#include "../dice.h"

enum { PEOPLE = 500, MOST = 256, SEED = 1 };
static const sigmas_options range = {.sigma_max = 10, .sigma_min = 0.01, .end_at_min = true};

static double middle(double left, double right, double length, double z)
{
    (void)length, (void)z;
    return (left + right) / 2; /* YOUR LINE HERE. This draws a straight line, without dice. */
}

/* W of each person at 0, 1/n, ..., 1, and the number n of steps between them. */
typedef struct {
    int n;
    double at[PEOPLE][MOST + 1];
} paths;

/* From n steps to 2 n. */
static void halve(paths *w, rng *r, arena scratch)
{
    tensor z = tensor_new(&scratch, PEOPLE, w->n, 1, 1);
    rng_normal(r, z, scratch);
    for (int k = 0; k < PEOPLE; k++) {
        double *at = w->at[k];
        for (int i = w->n; i > 0; i--) at[2 * i] = at[i];
        for (int i = 0; i < w->n; i++)
            at[2 * i + 1] =
                middle(at[2 * i], at[2 * i + 2], 1.0 / w->n, (double)z.data[k * w->n + i]);
    }
    w->n *= 2;
}

/* What a sampler gets for its step number `draw`: the path's way over that step, scaled to 1. */
static void kick(void *self, tensor z, int draw, double from, double to)
{
    const paths *w = self;
    (void)from, (void)to;
    for (int k = 0; k < PEOPLE; k++)
        z.data[k] = (real)((w->at[k][draw + 1] - w->at[k][draw]) * sqrt(w->n));
}

int main(int argc, char **argv)
{
    static paths w = {.n = 1};
    lesson l = lesson_begin(argc, argv);
    exact_mixture bell = bell_mixture(&l.memory);
    sampler s = dice_sampler(&sampler_euler_ancestral, &bell);
    tensor start = tensor_new(&l.memory, PEOPLE, 1, 1, 1), x = tensor_like(&l.memory, start);
    tensor before = tensor_like(&l.memory, start);
    double moved = 0, earlier = 0;
    rng r = rng_torch(SEED);
    rng_normal(&r, x, l.memory), rng_normal(&r, start, l.memory);
    for (int k = 0; k < PEOPLE; k++) w.at[k][1] = (double)x.data[k];
    printf("steps   variance of a kick   moved by twice the steps\n");
    while (w.n < MOST) {
        double variance = 0;
        halve(&w, &r, l.memory);
        for (int k = 0; k < PEOPLE; k++)
            for (int i = 0; i < w.n; i++)
                variance += pow(w.at[k][i + 1] - w.at[k][i], 2) / PEOPLE; /* n kicks of 1/n */
        tensor_copy(before, x), tensor_scale(x, range.sigma_max, start);
        lesson_must(sigmas_make("exponential", w.n, NULL, range, &l.memory, &s.walk));
        sampler walker = s;
        walker.noise = noise_given(kick, &w);
        lesson_must(sampler_run(&walker, x, l.memory));
        earlier = moved, moved = tensor_distance(x, before);
        if (w.n > 2) printf("%5d %20.4f %26.4f\n", w.n, variance, moved);
        /* four standard errors of the mean of so many squares */
        lesson_expect(&l, "variance", variance, 1, 4 * sqrt(2.0 / (PEOPLE * w.n)));
    }
    lesson_expect(&l, "half as far", moved / earlier, 0.5, 0.05); /* the next term of the error */
    return lesson_end(&l);
}
