/* The table of one instruction set: what it has. */
#include "nn/kernels.h"

const kernels FAST(kernels) = {
    .linear = FAST(linear),
    .norm_sums = FAST(norm_sums),
    .norm_apply = FAST(norm_apply),
    .activate = FAST(activate),
};
