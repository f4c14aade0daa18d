/* Lesson 30. One product, seven times: from three loops to the speed of the machine.
 *
 * A network is mostly y = x w: rows of numbers times a matrix of weights. Three loops say it, and
 * leave 99 of 100 parts of a processor idle. Six changes follow, each a small one.
 *
 *     make run L=30       prints a table, writes out/30_ladder.svg and out/30_ladder_here.svg
 *
 * Look for: which change costs nothing, and gains most? Which gains no speed, and what then?
 * Needs: 00. Runs in about a second.
 * Try: APART = OUT + 16, or DEPTH = 2048. Which of the rungs feel it?
 */
#include "base/rng.h"
#include "half.h"
#include "speed.h"

enum { ROWS = 192, IN = 2048, OUT = 2048, APART = OUT, SEED = 30 };
enum { BAND = 16, DEPTH = 256, WIDE = 16, HIGH = 6 };
static _Alignas(64) float x[ROWS][IN + 16], w[IN][APART], y[ROWS][OUT];
static uint16_t half[IN][OUT]; /* w in 16 bits */
static double truth[ROWS][OUT];

/* Naive:   y[i][j] = sum over k of x[i][k] w[k][j].   w is read down its columns. */
static void naive(int rows)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < OUT; j++)
            for (int k = 0; k < IN; k++) y[i][j] += x[i][k] * w[k][j];
}

/* Order: j innermost. w and y are read along their rows, and neighbours are made together. */
static void order(int rows)
{
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < IN; k++)
            for (int j = 0; j < OUT; j++) y[i][j] += x[i][k] * w[k][j];
}

/* Blocked: BAND rows of w stay in a cache while all rows of x meet them. */
static void blocked(int rows)
{
    for (int k0 = 0; k0 < IN; k0 += BAND)
        for (int i = 0; i < rows; i++)
            for (int k = k0; k < k0 + BAND; k++)
                for (int j = 0; j < OUT; j++) y[i][j] += x[i][k] * w[k][j];
}

/* HIGH rows of y, WIDE columns, DEPTH products for each: the sums stay in registers. */
SIMD_INLINE void tile_of(int i, int j, int k0, const float *piece, int stride)
{
    vec sum[HIGH][WIDE / LANES] = {{{0}}};
    for (int k = k0; k < k0 + DEPTH; k++, piece += stride)
        for (int r = 0; r < HIGH; r++)
            for (int v = 0; v < WIDE / LANES; v++)
                sum[r][v] += x[i + r][k] * ((const vec *)piece)[v];
    for (int r = 0; r < HIGH; r++)
        for (int v = 0; v < WIDE / LANES; v++) ((vec *)&y[i + r][j])[v] += sum[r][v];
}

SIMD_AVX2 static void tile_avx2(int i, int j, int k0, const float *piece, int stride)
{
    tile_of(i, j, k0, piece, stride);
}

static void tile_plain(int i, int j, int k0, const float *piece, int stride)
{
    tile_of(i, j, k0, piece, stride);
}
static void (*tile)(int, int, int, const float *, int); /* one of the two, as the machine has it */

/* Vector: the piece is one tile wide, and HIGH rows meet it at a time. */
static void vector(int rows)
{
    for (int k = 0; k < IN; k += DEPTH)
        for (int j = 0; j < OUT; j += WIDE)
            for (int i = 0; i < rows; i += HIGH) tile(i, j, k, &w[k][j], APART);
}

/* Packed: the piece is copied first, so that its rows lie side by side. */
static void packed(int rows)
{
    for (int k = 0; k < IN; k += DEPTH)
        for (int j = 0; j < OUT; j += WIDE) {
            _Alignas(64) float piece[DEPTH][WIDE];
            for (int d = 0; d < DEPTH; d++) memcpy(piece[d], &w[k + d][j], sizeof piece[d]);
            for (int i = 0; i < rows; i += HIGH) tile(i, j, k, piece[0], WIDE);
        }
}

/* Threads: each core has columns of its own. */
static void threads(int rows)
{
    for (int k = 0; k < IN; k += DEPTH) {
        PARALLEL_FOR(true)
        for (int j = 0; j < OUT; j += WIDE) {
            _Alignas(64) float piece[DEPTH][WIDE];
            for (int d = 0; d < DEPTH; d++) memcpy(piece[d], &w[k + d][j], sizeof piece[d]);
            for (int i = 0; i < rows; i += HIGH) tile(i, j, k, piece[0], WIDE);
        }
    }
}

/* f16: weights of half the size, widened while they are copied. */
static void f16(int rows)
{
    for (int k = 0; k < IN; k += DEPTH) {
        PARALLEL_FOR(true)
        for (int j = 0; j < OUT; j += WIDE) {
            _Alignas(64) float piece[DEPTH][WIDE];
            for (int d = 0; d < DEPTH; d++)
                for (int c = 0; c < WIDE; c++) piece[d][c] = half_widen(half[k + d][j + c]);
            for (int i = 0; i < rows; i += HIGH) tile(i, j, k, piece[0], WIDE);
        }
    }
}

/* Numbers to multiply, and the plain sums in double. */
static void prepare(void)
{
    rng r = rng_torch(SEED);
    rng_normal32(&r, x[0], ROWS * (IN + 16)), rng_normal32(&r, w[0], IN * APART);
    for (int i = 0; i < IN * OUT; i++) half[i / OUT][i % OUT] = half_narrow(w[i / OUT][i % OUT]);
    PARALLEL_FOR(true)
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < IN; k++)
            for (int j = 0; j < OUT; j++) truth[i][j] += (double)x[i][k] * (double)w[k][j];
}

int main(int argc, char **argv)
{
    static void (*const rung[])(int) = {naive, order, blocked, vector, packed, threads, f16};
    static const int rows[] = {2, 12, ROWS, ROWS, ROWS, ROWS, ROWS}; /* the slow ones make fewer */
    static const double expected[] = {8e-7, 8e-7, 8e-7, 3e-7, 3e-7, 3e-7, 2.08e-4};
    lesson l = lesson_begin(argc, argv);
    speed_machine here = speed_here(&l);
    double off[SPEED_RUNGS];
    tile = simd_has_avx2() ? tile_avx2 : tile_plain;
    prepare();
    for (int k = 0; k < SPEED_RUNGS; k++) {
        double flop = 2.0 * rows[k] * IN * OUT;
        if (!l.checking) here.ladder[k] = 1e-9 * flop / speed_best(rung[k], rows[k], 5);
        memset(y, 0, sizeof y);
        rung[k](rows[k]);
        off[k] = speed_off(y[0], truth[0], rows[k] * OUT);
        speed_row(&l, k, off[k], k == 6 ? sizeof half : sizeof w, &here);
        lesson_expect(&l, "off by", off[k], expected[k], 0.05 * expected[k]);
    }
    lesson_expect(&l, "threads and vector have the same sums", off[5], off[3], 0);
    speed_plot(&l, "30_ladder", &speed_kept), speed_plot(&l, "30_ladder_here", &here);
    return lesson_end(&l);
}
