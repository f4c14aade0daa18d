/* Exercise 21. When does a symbol vanish, and when does it come back?
 *
 * In the noise "mask" a share t/T of the places is MASK at time t: of T = 10 times one tenth after
 * the first, all of them after the last. Now make it step by step:
 *
 *     on the way in    in step t, from time t - 1 to t, a code that is still there becomes MASK
 *                      with the chance vanish(t)
 *     on the way back  in step t, from time t to t - 1, a MASK becomes a code again with the chance
 *                      come_back(t)
 *
 * One tenth in each step would be a guess: what is left after ten of them? (Austin 2021,
 * arXiv:2107.03006, has the first of the two in section 3.) A hint: which share was there before
 * the step, and which is gone after it?
 *
 *     make exercises
 *     build/lessons/exercises/21_discrete            a table
 *     build/lessons/exercises/21_discrete --check    ends with 0 once your two lines are right
 *
 * Page: docs/21_discrete.md. The answer is in lessons/answers/21_discrete.c. Look at it after you
 * have tried.
 */
#include "../lesson.h"
#include "base/rng.h"

enum { PLACES = 100000, T = 10 };

static double vanish(int t)
{
    (void)t;
    return 1.0 / T; /* YOUR LINE HERE */
}

static double come_back(int t)
{
    (void)t;
    return 1.0 / T; /* YOUR LINE HERE */
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    static double u[PLACES];
    static bool mask[T + 1][PLACES];
    double share[2][T + 1] = {{0}, {[T] = 1}};
    rng r = rng_torch(21);
    for (int t = 1; t <= T; t++) { /* in: at time 0 there is no MASK */
        rng_uniform64(&r, u, PLACES);
        for (int i = 0; i < PLACES; i++) {
            mask[t][i] = mask[t - 1][i] || u[i] < vanish(t);
            share[0][t] += (double)mask[t][i] / PLACES;
        }
    }
    for (int i = 0; i < PLACES; i++) mask[T][i] = true; /* back: at time T there is nothing else */
    for (int t = T; t > 0; t--) {
        rng_uniform64(&r, u, PLACES);
        for (int i = 0; i < PLACES; i++) {
            mask[t - 1][i] = mask[t][i] && u[i] >= come_back(t);
            share[1][t - 1] += (double)mask[t - 1][i] / PLACES;
        }
    }
    printf("%2s %12s %12s %8s\n", "t", "MASK, in", "MASK, back", "wanted");
    for (int t = 0; t <= T; t++) {
        double wanted = (double)t / T, error_of_share = sqrt(wanted * (1 - wanted) / PLACES);
        printf("%2d %12.4f %12.4f %8.4f\n", t, share[0][t], share[1][t], wanted);
        /* Four standard errors, and roundings of sums. */
        lesson_expect(&l, "MASK, in", share[0][t], wanted, 4 * error_of_share + 1e-9);
        lesson_expect(&l, "MASK, back", share[1][t], wanted, 4 * error_of_share + 1e-9);
    }
    return lesson_end(&l);
}
