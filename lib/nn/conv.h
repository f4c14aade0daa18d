/** @file conv.h
 *  A 3x3 convolution, channels last: each pixel of y is a weighted sum over 3 x 3 pixels of x.
 *
 *      y[p][i][j][o] = sum over r, c in 0..2 and k of
 *                          norm(x)[p][s i + r - b][s j + c - b][k] weights[o][k][r][c]
 *                      + bias[o] + shift[p][o] + add[p][i][j][o]
 *
 *  with 0 for what lies outside of x (outside of norm(x): the zeros come after the norm). The step
 *  s and the border b follow from `sides`. What stands around the sum costs no pass of its own.
 *
 *      conv_apply((conv){.n = 2, .h = 64, .w = 64, .in = 320, .out = 320, .x = x, .weights = w,
 *                        .bias = b, .y = y}, scratch);
 */
#ifndef NN_CONV_H
#define NN_CONV_H
#include "base/arena.h"
#include "nn/norm.h"
#include "nn/weight.h"

/** How the sides of y follow from those of x. */
typedef enum {
    CONV_SAME,       /**< as they are: s = 1, b = 1 */
    CONV_DOUBLE,     /**< twice: each pixel of x counts as 2 x 2 pixels, then as CONV_SAME */
    CONV_HALVE,      /**< half, rounded up: s = 2, b = 1. The UNet's */
    CONV_HALVE_LATE, /**< half, rounded down: s = 2, b = 0, so zeros are met on the right and below
                          only. The VAE encoder's */
} conv_sides;

/** What to compute. What is zero is not there. */
typedef struct {
    int n, h, w, in, out; /**< pictures, sides of x, channels of x and of y */
    conv_sides sides;     /**< of y */
    const float *x;       /**< [n, h, w, in] */
    norm before;          /**< of x: a group norm, or nothing; its `rows` are known from h and w */
    weight weights;       /**< [out, in, 3, 3], as PyTorch has it */
    const float *bias;    /**< [out] */
    const float *shift;   /**< [n, out]: the time, added to all pixels of a picture */
    const float *add;     /**< [n, h', w', out]: a residual */
    float *y;             /**< [n, h', w', out]; may be add, not x */
} conv;

/** One side of y.
 *  @param sides how
 *  @param of_x  that side of x
 *  @return pixels; 0 for a side of 1 with CONV_HALVE_LATE, which conv_apply() refuses */
int conv_side(conv_sides sides, int of_x);

/** Compute it. Weights are widened to float on the way; sums run in float, in one order for any
 *  number of threads and pictures. From 16 channels of x and 16 of y on, where s = 1, sums take a
 *  fast way with fewer products (Winograd's), whose rounding is two to five times that of a plain
 *  sum. Where the instruction set multiplies matrices (amx_bf16, avx2_bf16; isa.h) there is no such
 *  way, and from 36 channels of x on norm(x) and weights are rounded to bf16 first. With the fast
 *  way a number of x that is not finite, or nearly so, spoils up to 8 x 8 pixels, not 3 x 3. No
 *  pixels, no channels, sizes beyond 2^28, y = x, too little scratch, and a layer norm before it
 *  abort.
 *  @param c       what
 *  @param scratch conv_room() bytes */
void conv_apply(conv c, arena scratch);

/** How much scratch it takes with the threads and the instruction set in use; ask again after a
 *  change of either.
 *  @param c what; arrays need not be there yet
 *  @return bytes, with room for alignment */
size_t conv_room(conv c);

#endif
