/** @file machine.h
 *  The machine that is measured: its names, and the two roofs over everything that runs on it.
 */
#ifndef BENCH_NN_MACHINE_H
#define BENCH_NN_MACHINE_H
#include "base/arena.h"
#include "fast/loops.h"
#include <stdbool.h>

/** What was found. */
typedef struct {
    const loops *best; /**< the instruction set with the most multiply-adds a second */
    double peak;       /**< GFLOP/s of its loop on all threads */
    double read, copy; /**< GB/s from memory on all threads; copy counts what is read and what is
                            written */
} machine;

/** Whether others work on this machine: then seconds are those that the processor gave to this
 *  program, which only makes sense for one thread. */
extern bool machine_shared;

/** Seconds on a clock. */
double machine_seconds(void);

/** The middle one.
 *  @param x [n], sorted afterwards
 *  @param n how many, above 0
 *  @return it, or the mean of the two in the middle */
double machine_median(double *x, int n);

/** Multiply-adds on all threads for a hundredth of a second.
 *  @param l which loop
 *  @return GFLOP/s */
double machine_fma(const loops *l);

/** The most multiply-adds of floats that any set makes on all threads, now.
 *  @return GFLOP/s */
double machine_peak(void);

/** Measure it, and print what it is.
 *  @param scratch some hundred MB
 *  @return its roofs */
machine machine_look(arena scratch);

#endif
