/** @file data.h
 *  Numbers to compute with, and how wrong a result is.
 */
#ifndef BENCH_NN_DATA_H
#define BENCH_NN_DATA_H
#include "base/arena.h"
#include "nn/weight.h"
#include "race.h"

/** Numbers from -1 to 1, without any pattern.
 *  @param n    how many
 *  @param keep where they live
 *  @return [n] */
float *data_floats(size_t n, arena *keep);

/** Weights of two kinds, the same numbers: halves, and floats. */
typedef struct {
    weight half, full;
} data_weights;

/** Halves of 1/16 to 1, of both signs.
 *  @param n    how many
 *  @param keep where they live
 *  @return both kinds */
data_weights data_halves(size_t n, arena *keep);

enum { DATA_PLACES = 200 };

/** What some places of a result should hold, computed in double. */
typedef struct {
    size_t at[DATA_PLACES];
    double value[DATA_PLACES];
} data_truth;

/** Places that are spread over a result; their values are for the caller to compute.
 *  @param t the places
 *  @param n size of the result */
void data_places(data_truth *t, size_t n);

/** Enter a race: run once, and find the error.
 *  @param c the race, one more in it
 *  @param r who
 *  @param t what is right
 *  @param y where the result will be, or where r.result may put it */
void data_enter(race *c, runner r, const data_truth *t, float *y);

#endif
