/** @file parts.h
 *  The tables. Each runs its rows, prints them and draws its figure.
 */
#ifndef BENCH_NN_PARTS_H
#define BENCH_NN_PARTS_H
#include "table.h"

/** y = x W^T of linear layers and 1x1 convolutions.
 *  @param t       {0} but for the machine; its rows are filled in
 *  @param scratch some hundred MB; the same for all parts */
void part_linear(table *t, arena scratch);

/** 3x3 convolutions; FLOP are those of the plain sum, whatever way is taken.
 *  @param t       as above
 *  @param scratch as above */
void part_conv(table *t, arena scratch);

/** Softmax attention, beside product, softmax, product.
 *  @param t       as above
 *  @param scratch as above */
void part_attention(table *t, arena scratch);

/** Group norm and layer norm beside memcpy.
 *  @param t       as above
 *  @param scratch as above */
void part_norm(table *t, arena scratch);

#endif
