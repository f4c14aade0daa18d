/** @file norm.h
 *  Numbers brought to mean 0 and variance 1, then scaled and shifted by weights.
 *
 *      layer norm   over the channels of each row                 Ba 2016, arXiv:1607.06450
 *      group norm   over the pixels of a picture and a group of its channels
 *                                                                 Wu 2018, arXiv:1803.08494
 *
 *  Both are used by a layer that follows (linear.h, conv.h), which applies them while it loads its
 *  input, so no normed copy is ever written. Group norm needs its sums first: norm_group().
 */
#ifndef NN_NORM_H
#define NN_NORM_H
#include <stdbool.h>
#include <stddef.h>

/** What is done to an input while it is loaded:
 *      layer   x'[i][k] = (x[i][k] - mean_i) / sqrt(variance_i + epsilon) scale[k] + shift[k]
 *      group   x'[i][k] = x[i][k] scale[p][k] + shift[p][k], p the picture that row i belongs to,
 *              then SiLU where it is asked for
 *  All zero: nothing is done. */
typedef struct {
    const float *scale,
        *shift;    /**< layer: [channels], the weights; group: [pictures][channels], from
                                     norm_group() */
    float epsilon; /**< layer: above 0; group: 0 */
    int rows;      /**< group: rows (pixels) of a picture */
    bool silu;     /**< group: SiLU behind it */
} norm;

/** One row, as the layer that follows loads it.
 *  @param n        what to do; `scale` NULL: nothing
 *  @param row      which row of the layer's input
 *  @param x        [channels] that row
 *  @param channels how many
 *  @param out      [channels] the result; may be x */
void norm_row(const norm *n, int row, const float *x, int channels, float *out);

#endif
