/** @file linear.h
 *  A linear layer, and a 1x1 convolution, which is the same thing where channels stand last:
 *
 *      y[i] = after(W norm(x[i]) + bias) + add[i]          for each row i
 *
 *  What stands before and after the product costs no pass of its own: the norm is applied while x
 *  is loaded, and the rest while the sums are still in the cache.
 *
 *      linear_apply((linear){.rows = 77, .in = 768, .out = 3072, .x = x, .w = w, .bias = b,
 *                            .after = ACTIVATE_GELU_QUICK, .y = y}, scratch);
 */
#ifndef NN_LINEAR_H
#define NN_LINEAR_H
#include "base/arena.h"
#include "nn/activate.h"
#include "nn/norm.h"
#include "nn/weight.h"

/** What to compute. What is zero is not there. */
typedef struct {
    int rows, in, out;
    const float *x;    /**< [rows, in] */
    norm before;       /**< of x */
    weight w;          /**< [out, in], as PyTorch has it; with gate [2 out, in] */
    const float *bias; /**< [out]; with gate [2 out] */
    activation after;  /**< of the sums */
    bool gate;         /**< GEGLU: y = (first half of W x + bias) times after(second half); Shazeer
                            2020, arXiv:2002.05202 */
    const float *add;  /**< [rows, out]: a residual */
    float *y;          /**< [rows, out]; may be add, not x */
} linear;

/** Compute it. Weights are widened to float on the way; sums run in float, in one order for any
 *  number of threads and rows. Where the instruction set is a bf16 one (isa.h), norm(x) and weights
 *  are rounded to bf16 first. Sizes of 0 or less or beyond 2^28, y = x, too little scratch, and a
 *  norm with neither epsilon nor rows abort.
 *  @param l       what
 *  @param scratch linear_room() bytes */
void linear_apply(linear l, arena scratch);

/** How much scratch it takes with the threads and the instruction set in use; ask again after a
 *  change of either.
 *  @param l what; arrays need not be there yet
 *  @return bytes, with room for alignment: less than LINEAR_ROOM for each thread, or 4 `in` in the
 *          plain twin */
size_t linear_room(linear l);

enum { LINEAR_ROOM = 4 << 20 }; /**< bytes for a thread that are enough for any layer */

#endif
