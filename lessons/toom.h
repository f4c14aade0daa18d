/* toom.h: the three small matrices of Winograd's F(m, 3): m outputs of a filter with 3 taps, from
 * n = m + 2 inputs, by n multiplications.
 *
 *     toom t = toom_make(2, (const double[]){0, 1, -1});
 *     y = out ((taps g) * (in d))            * number by number: the n multiplications
 *
 * Toom and Cook: two polynomials are multiplied by multiplying their values at n points, one of
 * which is infinity, where the value is the last coefficient. A filter is that, read backwards.
 * With N_j(x) the product of (x - a_l) over all other points:
 *
 *     taps[j] = 1, a_j, a_j^2, divided by N_j(a_j)          out[i][j] = a_j^i
 *     in[j]   = the coefficients of N_j                     (Winograd 1980; Lavin, Gray 2015)
 */
#ifndef TOOM_H
#define TOOM_H
#include "base/error.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { TOOM_MOST = 8 };
typedef struct {
    int m, n;
    float in[TOOM_MOST][TOOM_MOST], taps[TOOM_MOST][TOOM_MOST], out[TOOM_MOST][TOOM_MOST];
} toom;

/* The coefficients of the product of (x - a_l), l from 0 to n - 2, without l = left_out. */
static inline void toom_polynomial(const double *points, int n, int left_out, double *c)
{
    memset(c, 0, TOOM_MOST * sizeof *c);
    c[0] = 1;
    for (int l = 0; l < n - 1; l++) {
        if (l == left_out) continue;
        for (int k = n - 1; k > 0; k--) c[k] = c[k - 1] - points[l] * c[k];
        c[0] *= -points[l];
    }
}

/* points: n - 1 = m + 1 of them, all different. */
static inline toom toom_make(int m, const double *points)
{
    PROMISE(m + 2 <= TOOM_MOST, "toom_make: tiles too large for TOOM_MOST");
    toom t = {.m = m, .n = m + 2};
    for (int j = 0; j < t.n; j++) {
        bool infinity = j == t.n - 1;
        double c[TOOM_MOST], a = infinity ? 0 : points[j], at_a = 0;
        toom_polynomial(points, t.n, infinity ? -1 : j, c);
        for (int k = 0; k < t.n; k++) at_a += c[k] * pow(a, k), t.in[j][k] = (float)c[k];
        for (int k = 0; k < 3; k++)
            t.taps[j][k] = infinity ? (float)(k == 2) : (float)(pow(a, k) / at_a);
        for (int i = 0; i < m; i++) t.out[i][j] = infinity ? (float)(i == m - 1) : (float)pow(a, i);
    }
    return t;
}

/* Small squares of numbers that lie scattered in an array, `many` of them side by side, as channels
 * do. */
enum { TOOM_MANY = 64 };
typedef struct {
    float *at;
    int down, across;
} toom_squares;

/* to = m from m^T for each square, with m one of the matrices; `columns` is the side of `from`. */
static inline void toom_both(const float m[TOOM_MOST][TOOM_MOST], int rows, int columns,
                             toom_squares from, toom_squares to, int many)
{
    PROMISE(many <= TOOM_MANY, "toom_both: more channels than TOOM_MANY");
    float half[TOOM_MOST][TOOM_MOST][TOOM_MANY] = {{{0}}}, sum[TOOM_MANY];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            for (int k = 0; k < columns; k++) {
                const float *x = from.at + k * from.down + j * from.across;
                for (int c = 0; c < many; c++) half[i][j][c] += m[i][k] * x[c];
            }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++) {
            memset(sum, 0, sizeof sum);
            for (int k = 0; k < columns; k++)
                for (int c = 0; c < many; c++) sum[c] += half[i][k][c] * m[j][k];
            memcpy(to.at + i * to.down + j * to.across, sum, (size_t)many * sizeof *sum);
        }
}

#endif
