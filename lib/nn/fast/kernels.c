/* The table of one instruction set: what it has. */
#include "nn/kernels.h"

const kernels FAST(kernels) = {
    .linear = FAST(linear),
    .linear_room = FAST(linear_room),
    .conv = FAST(conv),
    .conv_room = FAST(conv_room),
    .attention = FAST(attention),
    .attention_room = FAST(attention_room),
    .softmax = FAST(softmax),
    .norm_sums = FAST(norm_sums),
    .norm_room = FAST(norm_room),
    .norm_apply = FAST(norm_apply),
    .activate = FAST(activate),
};
