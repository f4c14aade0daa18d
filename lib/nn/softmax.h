/** @file softmax.h
 *  Rows of any numbers made into weights: 0 or more, and 1 in sum.
 *
 *      y[i] = e^x[i] / sum over j of e^x[j]           Bridle 1990, doi:10.1007/978-3-642-76153-9_28
 *
 *  attention.h has it built in and never needs it alone; it is here for those who write attention
 *  in three steps, to see what that costs.
 */
#ifndef NN_SOFTMAX_H
#define NN_SOFTMAX_H
#include <stddef.h>

/** Of each row.
 *  @param y    [rows, n] the result; may be x
 *  @param x    [rows, n]; the largest of a row is taken off first, so none is too large. -INFINITY
 *              masks: its weight is below 2e-38. The largest must be finite
 *  @param rows how many
 *  @param n    numbers in a row, at least 1 */
void softmax_rows(float *y, const float *x, int rows, int n);

#endif
