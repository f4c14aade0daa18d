/** @file loops.h
 *  Loops that say what a machine can do, built for each instruction set as the kernels are.
 */
#ifndef BENCH_NN_FAST_LOOPS_H
#define BENCH_NN_FAST_LOOPS_H
#include <stdbool.h>
#include <stddef.h>

enum { LOOPS_SUMS = 12 };

/** What one instruction set has. */
typedef struct {
    const char *isa;                         /**< its name in nn/isa.h */
    int lanes;                               /**< products of an instruction */
    bool pairs;                              /**< of bf16, two in a number */
    float (*fma)(long turns);                /**< LOOPS_SUMS multiply-adds of vectors a
                                                             turn, none waiting for another */
    float (*read)(const float *x, size_t n); /**< the sum of n floats */
} loops;

#endif
