/* Exercise 30b. Two taps, two outputs, three multiplications.
 *
 * The lesson's filter has three taps. A filter with two is easier, and it is needed: Stable
 * Diffusion's decoder doubles each pixel in both directions and then filters 3x3, three times. So
 * each output sees only 2x2 different pixels. In one row:
 *
 *     y[0] = d[0] g[0] + d[1] g[1]
 *     y[1] = d[1] g[0] + d[2] g[1]
 *
 * That is four multiplications. Do it with three: one of d[1] with both taps at once, and two that
 * take away what was too much. Additions and subtractions are free here, `times` is counted. What
 * depends on g alone is done once for a whole picture.
 *
 *     make exercises
 *     build/lessons/answers/30b_winograd            a row of outputs, and the count
 *     build/lessons/answers/30b_winograd --check    ends with 0 once three are enough
 *
 * Look for: 1.5 multiplications for an output; in two dimensions then 9 do the work of 16. Page:
 * docs/30b_winograd.md.
 */
#include "../lesson.h"

enum { OUTPUTS = 12 };
static const double taps[2] = {3, -2};
static int multiplications;

static double times(double a, double b)
{
    multiplications++;
    return a * b;
}

static void two_outputs(const double d[3], const double g[2], double y[2])
{
    double both = times(d[1], g[0] + g[1]);
    y[0] = both + times(d[0] - d[1], g[0]);
    y[1] = both + times(d[2] - d[1], g[1]);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    double d[OUTPUTS + 1], y[OUTPUTS];
    for (int i = 0; i <= OUTPUTS; i++) d[i] = i * i % 7;
    for (int i = 0; i < OUTPUTS; i += 2) two_outputs(d + i, taps, y + i);
    for (int i = 0; i < OUTPUTS; i++) printf("%s%g", i ? " " : "y: ", y[i]);
    printf("\n%d multiplications for %d outputs\n", multiplications, OUTPUTS);
    for (int i = 0; i < OUTPUTS; i++)
        lesson_expect(&l, "y", y[i], d[i] * taps[0] + d[i + 1] * taps[1], 0);
    lesson_expect(&l, "multiplications for an output", multiplications / (double)OUTPUTS, 1.5, 0);
    return lesson_end(&l);
}
