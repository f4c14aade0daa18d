/** @file norm.h
 *  Numbers brought to mean 0 and variance 1, then scaled and shifted by weights.
 *
 *      layer norm   over the channels of each row                 Ba 2016, arXiv:1607.06450
 *      group norm   over the pixels of a picture and a group of its channels
 *                                                                 Wu 2018, arXiv:1803.08494
 *
 *  Both are used by a layer that follows (linear.h, conv.h), which applies them while it loads its
 *  input, so no normed copy is ever written. Group norm needs its sums first, which is one pass
 *  over the pictures:
 *
 *      norm before = norm_group((norm_groups){.pictures = 2, .rows = 64 * 64, .channels = 320,
 *                                             .groups = 32, .x = x, .weight = w, .bias = b,
 *                                             .epsilon = 1e-5f, .silu = true}, &scratch);
 *      conv_apply((conv){.before = before, ...}, scratch);
 */
#ifndef NN_NORM_H
#define NN_NORM_H
#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>

/** What is done to an input while it is loaded:
 *      layer   x'[i][k] = (x[i][k] - mean_i) / sqrt(variance_i + epsilon) scale[k] + shift[k]
 *      group   x'[i][k] = x[i][k] scale[p][k] + shift[p][k], p the picture that row i belongs to,
 *              then SiLU where it is asked for
 *  All zero: nothing is done. It is done in float: where the mean is m deviations from 0, x' is off
 *  by up to m 2^-23 (group) or m 2^-21 (layer) more than 1e-6. And |x| must be below 1e18, or its
 *  square is infinite. */
typedef struct {
    const float *scale; /**< layer: [channels], the weights; group: [pictures][channels], from
                             norm_group() */
    const float *shift; /**< the same */
    float epsilon;      /**< layer: above 0; group: 0 */
    int rows;           /**< group: rows (pixels) of a picture */
    bool silu;          /**< group: SiLU behind it; layer: false */
} norm;

/** A group norm, before its sums are known. */
typedef struct {
    int pictures, rows, channels; /**< rows: pixels of a picture */
    int groups;                   /**< a divisor of channels */
    const float *x;               /**< [pictures, rows, channels] */
    const float *weight, *bias;   /**< [channels] */
    float epsilon;                /**< is added to each variance */
    bool silu;                    /**< SiLU behind it */
} norm_groups;

/** Abort where `scale` is there, but neither epsilon, as for a layer norm, nor rows, as for a group
 *  norm; and where a layer norm has SiLU. Whoever takes a norm asks once.
 *  @param n which */
void norm_check(const norm *n);

/** Take the sums, in one order for any number of threads and pictures.
 *      scale[p][k] = weight[k] / sqrt(variance_pg + epsilon)        g the group that has channel k
 *      shift[p][k] = bias[k] - mean_pg scale[p][k]
 *  The plain twin sums in double. The fast kernels sum how far numbers are from a guess, which is
 *  the mean of 16 rows from all over the picture: 128 rows in float, such sums in double. So scale
 *  is off by up to 1e-6 (1 + g^2) of itself, the guess being g deviations from the mean: less than
 *  1 as a rule, sqrt(rows) / 16 where one of the 16 rows is unlike all others. Of a variance less
 *  than (2^-22 mean)^2 nothing is known but that it is not below 0.
 *  Sizes of 0 or less or beyond 2^28, and channels that are no multiple of groups, abort.
 *  @param g    of what
 *  @param keep where scale and shift live; has norm_group_room() bytes, most of them for a while
 *  @return what the layer that follows wants to know */
norm norm_group(norm_groups g, arena *keep);

/** How much it takes while it works.
 *  @param g of what
 *  @return bytes, with room for alignment: where pictures are large, a 60th of x */
size_t norm_group_room(norm_groups g);

/** The norm written out, for the few places where no layer follows. Aborts as norm_check().
 *  @param n        which
 *  @param x        [rows, channels]
 *  @param rows     how many; with pictures: of all of them
 *  @param channels how many
 *  @param y        [rows, channels] the result; may be x */
void norm_apply(norm n, const float *x, int rows, int channels, float *y);

/** One row, as the layer that follows loads it: the plain twin of fast/norming.h.
 *  @param n        what to do; `scale` NULL: nothing
 *  @param row      which row of the layer's input
 *  @param x        [channels] that row
 *  @param channels how many
 *  @param out      [channels] the result; may be x */
void norm_row(const norm *n, int row, const float *x, int channels, float *out);

#endif
