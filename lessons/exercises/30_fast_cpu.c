/* Exercise 30. Fetch less.
 *
 * A processor multiplies faster than memory can bring numbers. So the art is to use a number often
 * while it is near. Here time plays no part, so that all machines agree: a small cache of 32 KiB
 * (lessons/cache.h) counts how many lines of 64 bytes are fetched while one product is made,
 *
 *     y[i][j] = sum over k of x[i][k] w[k][j],   all three matrices SIDE x SIDE
 *
 * In the order that is written here all of w is fetched anew for each row of y: it has 144 KiB and
 * does not fit. Write loops that take a piece of w that does fit, let all rows of x meet it, and
 * only then go on to the next piece. Call multiply(i, k, j) once for each triple. For each i and j
 * let k rise, so that the sums are the same bit for bit.
 *
 *     make exercises
 *     build/lessons/exercises/30_fast_cpu            the lines that were fetched
 *     build/lessons/exercises/30_fast_cpu --check    ends with 0 once they are few enough
 *
 * Look for: 447,000 lines become fewer than 30,000. Page: docs/30_fast_cpu.md. The answer is in
 * lessons/answers/30_fast_cpu.c. Look at it after you have tried.
 */
#include "../cache.h"
#include "../lesson.h"
#include "base/rng.h"

enum { SIDE = 192, NUMBERS = SIDE * SIDE, EACH = SIDE * SIDE * sizeof(float), FEW = 30000 };
static float x[SIDE][SIDE], w[SIDE][SIDE], y[SIDE][SIDE];
static cache near = {.sets = CACHE_32K};

static void multiply(int i, int k, int j)
{
    cache_touch(&near, 4 * (i * SIDE + k));
    cache_touch(&near, EACH + 4 * (k * SIDE + j));
    cache_touch(&near, 2 * EACH + 4 * (i * SIDE + j));
    y[i][j] += x[i][k] * w[k][j];
}

static void product(void)
{
    /* YOUR LOOPS HERE. These are the second rung of the ladder. */
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++)
            for (int j = 0; j < SIDE; j++) multiply(i, k, j);
}

/* How many numbers of y are not what plain sums give. */
static int wrong(void)
{
    int count = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            float sum = 0;
            for (int k = 0; k < SIDE; k++) sum += x[i][k] * w[k][j];
            count += !(sum == y[i][j]);
        }
    return count;
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    rng r = rng_torch(30);
    rng_normal32(&r, x[0], NUMBERS);
    rng_normal32(&r, w[0], NUMBERS);
    product();
    printf("%d multiplications, %.0f lines fetched; each matrix has %d\n", SIDE * NUMBERS,
           near.fetched, (int)EACH / CACHE_LINE);
    lesson_expect(&l, "numbers that are wrong", wrong(), 0, 0);
    lesson_expect(&l, "lines fetched", near.fetched, FEW / 2.0, FEW / 2.0);
    return lesson_end(&l);
}
