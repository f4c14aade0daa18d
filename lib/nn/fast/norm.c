/* norm.h for one instruction set.
 *
 * Memory is read once, in the order in which it lies: no other order comes near to it. Each channel
 * has two sums, of how far its numbers are from a first guess of their mean and of the squares of
 * that, so that nothing cancels. They run in float for ROWS rows and in double from there on; then
 * channels become groups.
 */
#include "base/parallel.h"
#include "nn/fast/norming.h"
#include "nn/fast/share.h"
#include "nn/kernels.h"

enum {
    ROWS = 128, /* a piece, which one thread sums up */
    SOME = 16,  /* rows make the guess, so that one of them cannot spoil it */
};

static void guess_means(const norm_groups *g, const float *x, float *guess)
{
    int some = share_least(g->rows, SOME);
    memset(guess, 0, (size_t)share_whole(g->channels, LANES) * sizeof *guess);
    for (int i = 0; i < some; i++) {
        size_t row = (size_t)g->rows * (size_t)i / (size_t)some;
        for (int k = 0; k < g->channels; k++)
            guess[k] += x[row * (size_t)g->channels + (size_t)k] / (float)some;
    }
}

VEC_INLINE void add(vec apart, float *sum, float *squares)
{
    vec_store(sum, vec_load(sum) + apart);
    vec_store(squares, vec_load(squares) + apart * apart);
}

/* Rows of x onto sums[2][channels, in whole vectors]. */
static void add_rows(const float *x, const float *guess, int rows, int channels, float *sums)
{
    float *squares = sums + share_whole(channels, LANES);
    memset(sums, 0, 2 * (size_t)share_whole(channels, LANES) * sizeof *sums);
    for (int i = 0; i < rows; i++, x += channels) {
        for (int k = 0; k < channels; k += LANES)
            add(vec_load_upto(x + k, channels - k) - vec_load(guess + k), sums + k, squares + k);
    }
}

/* Mean and variance of the groups of one picture, from sums[pieces][2][wide]. A group's variance
 * is that within each channel and that of the channels' means. `total` is room. */
static void gather(const norm_groups *g, const float *guess, const float *sums, int pieces,
                   double *total, double *mean_variance)
{
    int members = g->channels / g->groups, wide = share_whole(g->channels, LANES);
    for (int k = 0; k < 2 * wide; k++) total[k] = 0;
    for (int p = 0; p < pieces; p++, sums += 2 * wide)
        for (int k = 0; k < 2 * wide; k++) total[k] += (double)sums[k];
    for (int from = 0; from < g->channels; from += members, mean_variance += 2) {
        double mean = 0, squares = 0, share = 1.0 / g->rows;
        for (int k = from; k < from + members; k++) {
            double inside = total[k] * share;
            double apart = (double)guess[k] - (double)guess[from] + inside;
            mean += apart / members;
            squares += (apart * apart + total[wide + k] * share - inside * inside) / members;
        }
        double variance = squares - mean * mean; /* of what is no number it must be none */
        mean_variance[0] = (double)guess[from] + mean;
        mean_variance[1] = variance < 0 ? 0 : variance;
    }
}

size_t FAST(norm_room)(const norm_groups *g)
{
    size_t wide = (size_t)g->pictures * (size_t)share_whole(g->channels, LANES);
    return wide * (2 * (size_t)share_parts(g->rows, ROWS) * sizeof(float) + sizeof(float) +
                   2 * sizeof(double)) +
           3 * 128; /* what an arena may want beside three blocks */
}

void FAST(norm_sums)(const norm_groups *g, double *mean_variance, arena scratch)
{
    int pieces = share_parts(g->rows, ROWS), all = g->pictures * pieces;
    size_t picture = (size_t)g->rows * (size_t)g->channels,
           wide = (size_t)share_whole(g->channels, LANES), n = (size_t)g->pictures;
    float *sums = arena_take(&scratch, (size_t)all * 2 * wide * sizeof *sums);
    float *guess = arena_take(&scratch, n * wide * sizeof *guess);
    double *total = arena_take(&scratch, n * 2 * wide * sizeof *total);
    for (size_t p = 0; p < n; p++) guess_means(g, g->x + p * picture, guess + p * wide);
    PARALLEL_FOR(n * picture > PARALLEL_WORTH)
    for (int i = 0; i < all; i++) {
        size_t p = (size_t)(i / pieces);
        int from = i % pieces * ROWS, left = g->rows - from;
        add_rows(g->x + p * picture + (size_t)from * (size_t)g->channels, guess + p * wide,
                 share_least(left, ROWS), g->channels, sums + (size_t)i * 2 * wide);
    }
    PARALLEL_FOR(n * picture > PARALLEL_WORTH)
    for (size_t p = 0; p < n; p++)
        gather(g, guess + p * wide, sums + p * (size_t)pieces * 2 * wide, pieces,
               total + p * 2 * wide, mean_variance + 2 * p * (size_t)g->groups);
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
        vec_store_upto(to + k, norming_at(&r, from, k, channels - k), channels - k);
    }
}
