/* Exercise 13. Without the ++.
 *
 * The lesson's rules let the guess D be continued through the last looks. The first DPM-Solver does
 * it with the noise, eps = (x - D) / sigma, which is the slope. From dx = -sigma eps dlambda it has
 *
 *     x'  = x - next (B_0 eps + B_1 lean + B_2 bend)
 *     B_k = int_0^1 h e^(h (1-v)) v^k dv,   B_0 = e^h - 1
 *
 * where eps + lean v + bend v^2 is the curve at the share v of the step. What is B_k, when B_(k-1)
 * is known? Integrate by parts, as the page does for A_k.
 *
 *     make exercises
 *     build/lessons/exercises/13_dpm_solver            a table
 *     build/lessons/exercises/13_dpm_solver --check    ends with 0 once your line is right
 *
 * Look for: the orders 1, 2, 3. The first row is Euler's, to the last digit: why? And with two
 * looks, is this worse than the ++ of the lesson? Page: docs/13_dpm_solver.md. The answer is in
 * lessons/answers/13_dpm_solver.c. Look at it after you have tried.
 */
#include "../bell.h"

enum { MOST = 320, COUNTS = 6, LOOKS = 3 };
static const int counts[COUNTS] = {10, 20, 40, 80, 160, MOST};

static double area(int k, double h)
{
    if (k == 0) return expm1(h);
    return 0; /* YOUR LINE HERE. This takes the noise as level: with it all orders are 1. */
}

/* As in the lesson: eps[0] is the look made now, at time[0]; [-1] and [-2] lie before. */
static double step(int looks, double x, const double *eps, const double *time)
{
    double h = time[1] - time[0], one = (time[-1] - time[0]) / h, two = (time[-2] - time[0]) / h;
    double lean = looks > 1 ? (eps[-1] - eps[0]) / one : 0;
    double bend = looks > 2 ? ((eps[-2] - eps[0]) / two - lean) / (two - one) : 0;
    double sum = area(0, h) * eps[0] + area(1, h) * (lean - bend * one) + area(2, h) * bend;
    return x - exp(-time[1]) * sum;
}

/* The distance from the true end. The first looks are put on the true curve (lesson 12). */
static double error_of(sigmas walk, int looks)
{
    double eps[MOST + 2] = {0}, time[MOST + 3] = {0}, x = 11;
    for (int i = 0; i <= walk.n; i++) time[i + 2] = -log(walk.at[i]);
    for (int i = 0; i < walk.n; i++) {
        if (i < looks) x = bell_curve(11, walk.at[0], walk.at[i]);
        eps[i + 2] = bell_slope(x, walk.at[i]);
        x = step(i + 1 < looks ? i + 1 : looks, x, &eps[i + 2], &time[i + 2]);
    }
    return fabs(x - bell_curve(11, 10, 0.01));
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    printf("looks  calls: 10       20       40       80      160      320  order\n");
    for (int looks = 1; looks <= LOOKS; looks++) {
        double left[COUNTS];
        printf("%-9d", looks);
        for (int b = 0; b < COUNTS; b++) {
            left[b] = error_of(bell_walk(&l, counts[b]), looks);
            printf(" %8.2e", left[b]);
        }
        double order = log2(left[COUNTS - 2] / left[COUNTS - 1]);
        printf(" %6.2f\n", order);
        lesson_expect(&l, "order", order, looks, 0.05); /* the error's next term */
        for (int b = 0; looks == 1 && b < COUNTS; b++) bell_check(&l, "euler", b, left[b], 0);
    }
    return lesson_end(&l);
}
