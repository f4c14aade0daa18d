/* Exercise 07. Where was x one step ago?
 *
 * A clean number x0 is noised in four steps, as in training: x_t = sqrt(alpha_t) x_{t-1} +
 * sqrt(beta_t) z. You are told x0 and x_t. Where was x_{t-1}? Ho 2020 (arXiv:2006.11239) calls the
 * answer q(x_{t-1} | x_t, x0): a Gaussian, whose mean and variance are its equation 7. Do not copy
 * it, find it. Two bells say where x_{t-1} was:
 *
 *     seen from x0    x_{t-1} = sqrt(abar_{t-1}) x0 + sqrt(1 - abar_{t-1}) z
 *     seen from x_t   x_{t-1} = (x_t - sqrt(beta_t) z) / sqrt(alpha_t)
 *
 * Add their precisions, then simplify with 1 - abar_t = 1 - alpha_t abar_{t-1}, until nothing is
 * divided by 1 - abar_{t-1}: it is 0 in the row t = 1, and 1 - abar_0 is where programs break.
 *
 *     make exercises
 *     build/lessons/exercises/07_ddpm            a table
 *     build/lessons/exercises/07_ddpm --check    ends with 0 once your line is right
 *
 * The program plays a million games and counts. As it stands the line looks from x_t alone and
 * takes beta_t. The answer is in lessons/answers/07_ddpm.c. Look at it after you have tried.
 */
#include "../lesson.h"
#include "base/rng.h"

enum { GAMES = 1000000, T = 4 };
static const double beta[T + 1] = {0, 0.1, 0.2, 0.3, 0.4}; /* beta[1] is the first: as in papers */
static double alpha[T + 1] = {1}, abar[T + 1] = {1};

typedef struct {
    double mean, variance;
} bell;

static bell one_step_ago(double x_t, double x0, int t)
{
    (void)x0;
    return (bell){x_t / sqrt(alpha[t]), beta[t]}; /* YOUR LINE HERE */
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    static double x[GAMES], z[GAMES];
    const double x0 = 2, seen = 1.5, half_bin = 0.02;
    rng r = rng_torch(7);
    for (int i = 0; i < GAMES; i++) x[i] = x0;
    printf("%2s %8s %8s %16s %7s %20s %7s\n", "t", "abar_t", "games", "mean: counted", "yours",
           "variance: counted", "yours");
    for (int t = 1; t <= T; t++) {
        double kept = 0, mean = 0, square = 0;
        alpha[t] = 1 - beta[t];
        abar[t] = abar[t - 1] * alpha[t];
        rng_normal64(&r, z, GAMES);
        for (int i = 0; i < GAMES; i++) {
            double before = x[i];
            x[i] = sqrt(alpha[t]) * before + sqrt(beta[t]) * z[i];
            if (fabs(x[i] - seen) > half_bin) continue;
            kept++;
            mean += before;
            square += (before - x0) * (before - x0);
        }
        mean /= kept;
        double variance = square / kept - (mean - x0) * (mean - x0);
        bell yours = one_step_ago(seen, x0, t);
        printf("%2d %8.4f %8.0f %16.4f %7.4f %20.4f %7.4f\n", t, abar[t], kept, mean, yours.mean,
               variance, yours.variance);
        /* Four standard errors; in the row t = 1 there is nothing to count, and only roundings. */
        lesson_expect(&l, "mean", yours.mean, mean, 4 * sqrt(variance / kept) + 1e-9);
        lesson_expect(&l, "variance", yours.variance, variance,
                      4 * variance * sqrt(2 / kept) + 1e-9);
    }
    return lesson_end(&l);
}
