/* Exercise 16. How long shall the next step be?
 *
 * A rule tried a step of length h, and the hasty and the careful end of it were `off` times as far
 * apart as is allowed. With off <= 1 the step is made, else it is tried again, shorter. The line
 * below knows two answers: half as long, twice as long. It works, and throws many attempts away.
 *
 * The hasty rule is Euler's. In one step of length h it is off by about C h^2. C depends on the
 * place and changes from one step to the next, but not all at once. So an attempt tells you C.
 * Which h would have been off by exactly what is allowed? Take MARGIN of it, because C may be
 * larger at the next place.
 *
 *     make exercises
 *     build/lessons/exercises/16_adaptive            a table
 *     build/lessons/exercises/16_adaptive --check    ends with 0 once your line is right
 *
 * Look for: few attempts thrown away, and ends that are not further off. Page: docs/16_adaptive.md.
 * The answer is in lessons/answers/16_adaptive.c. Look at it after you have tried.
 */
#include "../bells.h"
#include "../lesson.h"

enum { CROWD = 200, FEW = 5 };
static const double HIGH = 10, LOW = 0.02, RTOL = 0.05, ATOL = 0.0078, FIRST = 0.05, MARGIN = 0.6;

static double next_length(double h, double off)
{
    (void)MARGIN;                    /* and off may be 0: take fmax(off, 1e-4) */
    return off <= 1 ? 2 * h : h / 2; /* YOUR LINE HERE, with MARGIN */
}

typedef struct {
    int accepted, rejected;
    double off; /* of the true end */
} walk;

static walk walk_from(double x)
{
    walk w = {0};
    double sigma = HIGH, h = FIRST, before = x, truth = bells_who(bells_left(x, HIGH), LOW);
    while (sigma > LOW && w.accepted + w.rejected < 10000) {
        double next = fmax(sigma * exp(-h), LOW), mid = sqrt(sigma * next);
        double slope = bells_slope(x, sigma), hasty = x + (next - sigma) * slope;
        double careful = x + (next - sigma) * bells_slope(x + (mid - sigma) * slope, mid);
        double off = fabs(hasty - careful) / fmax(ATOL, RTOL * fmax(fabs(hasty), fabs(before)));
        h = next_length(h, off);
        *(off <= 1 ? &w.accepted : &w.rejected) += 1;
        if (off <= 1) before = hasty, x = careful, sigma = next;
    }
    w.off = fabs(x - truth);
    return w;
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    static const double start[FEW] = {-12, -5, -4.6, 0, 8};
    walk all = {0};
    printf("start  accepted  rejected   off by\n");
    for (int i = 0; i < FEW; i++) {
        walk w = walk_from(start[i]);
        printf("%5.1f %9d %9d %8.3f\n", start[i], w.accepted, w.rejected, w.off);
    }
    for (int i = 0; i < CROWD; i++) {
        walk w = walk_from(bells_who((i + 0.5) / CROWD, HIGH));
        all.accepted += w.accepted, all.rejected += w.rejected, all.off += w.off / CROWD;
    }
    double lost = (double)all.rejected / (all.accepted + all.rejected);
    double calls = (2.0 * all.accepted + all.rejected) / CROWD;
    printf("a crowd of %d: %.0f %% thrown away, %.1f calls, off by %.4f\n", CROWD, 100 * lost,
           calls, all.off);
    lesson_expect(&l, "share thrown away", lost, 0.09, 0.02);
    lesson_expect(&l, "calls", calls, 24.6, 0.5);
    lesson_expect(&l, "off by", all.off, 0.0327, 0.002);
    return lesson_end(&l);
}
