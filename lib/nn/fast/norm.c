/* norm.h for one instruction set.
 *
 * Memory is read once, in the order in which it lies: no other order comes near to it. Each channel
 * has two sums, of how far its numbers are from its first one and of the squares of that, so nothing
 * cancels. They run in float for ROWS rows and in double from there on; then channels become groups.
 */
#include "base/parallel.h"
#include "nn/fast/norming.h"
#include "nn/kernels.h"

enum { ROWS = 128 }; /* a piece, which one thread sums up */

static int padded(int channels)
{
    return (channels + LANES - 1) / LANES * LANES;
}

VEC_INLINE void add(vec apart, float *sum, float *squares)
{
    vec_store(sum, vec_load(sum) + apart);
    vec_store(squares, vec_load(squares) + apart * apart);
}

/* Rows of x onto sums[2][padded]. */
static void add_rows(const float *x, const float *first, int rows, int channels, float *sums)
{
    int rest = channels % LANES;
    float *squares = sums + padded(channels);
    memset(sums, 0, 2 * (size_t)padded(channels) * sizeof *sums);
    for (int i = 0; i < rows; i++, x += channels) {
        int k = 0;
        for (; k + LANES <= channels; k += LANES)
            add(vec_load(x + k) - vec_load(first + k), sums + k, squares + k);
        if (rest > 0)
            add(vec_load_some(x + k, rest) - vec_load_some(first + k, rest), sums + k, squares + k);
    }
}

/* Mean and variance of the groups of one picture, from sums[pieces][2][padded]. A group's variance
 * is that within each channel and that of the channels' means. `total` is room. */
static void gather(const norm_groups *g, const float *first, const float *sums, int pieces,
                   double *total, double *mean_variance)
{
    int members = g->channels / g->groups, wide = padded(g->channels);
    for (int k = 0; k < 2 * wide; k++) total[k] = 0;
    for (int p = 0; p < pieces; p++, sums += 2 * wide)
        for (int k = 0; k < 2 * wide; k++) total[k] += (double)sums[k];
    for (int from = 0; from < g->channels; from += members, mean_variance += 2) {
        double mean = 0, squares = 0, share = 1.0 / g->rows;
        for (int k = from; k < from + members; k++) {
            double inside = total[k] * share;
            double apart = (double)first[k] - (double)first[from] + inside;
            mean += apart / members;
            squares += (apart * apart + total[wide + k] * share - inside * inside) / members;
        }
        mean_variance[0] = (double)first[from] + mean;
        mean_variance[1] = squares > mean * mean ? squares - mean * mean : 0;
    }
}

void FAST(norm_sums)(const norm_groups *g, double *mean_variance, arena scratch)
{
    int pieces = (g->rows + ROWS - 1) / ROWS, all = g->pictures * pieces;
    size_t picture = (size_t)g->rows * (size_t)g->channels, both = 2 * (size_t)padded(g->channels);
    float *sums = arena_take(&scratch, (size_t)all * both * sizeof *sums);
    double *total = arena_take(&scratch, (size_t)g->pictures * both * sizeof *total);
    PARALLEL_FOR((size_t)g->pictures * picture > PARALLEL_WORTH)
    for (int i = 0; i < all; i++) {
        const float *x = g->x + (size_t)(i / pieces) * picture;
        int from = i % pieces * ROWS, left = g->rows - from;
        add_rows(x + (size_t)from * (size_t)g->channels, x, left < ROWS ? left : ROWS, g->channels,
                 sums + (size_t)i * both);
    }
    PARALLEL_FOR((size_t)g->pictures * picture > PARALLEL_WORTH)
    for (int p = 0; p < g->pictures; p++)
        gather(g, g->x + (size_t)p * picture, sums + (size_t)(p * pieces) * both, pieces,
               total + (size_t)p * both, mean_variance + 2 * p * g->groups);
}

void FAST(norm_apply)(const norm *n, const float *x, int rows, int channels, float *y)
{
    PARALLEL_FOR((size_t)rows * (size_t)channels > PARALLEL_WORTH)
    for (int i = 0; i < rows; i++) {
        const float *from = x + (size_t)i * (size_t)channels;
        float *to = y + (size_t)i * (size_t)channels;
        norming r = norming_begin(n, i, from, channels);
        int k = 0;
        for (; k + LANES <= channels; k += LANES) vec_store(to + k, norming_at(&r, from, k, LANES));
        int rest = channels - k;
        if (rest > 0) vec_store_some(to + k, norming_at(&r, from, k, rest), rest);
    }
}
