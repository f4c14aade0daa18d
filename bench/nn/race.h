/** @file race.h
 *  The same work done by several, round by round: A B C A B C ..., so that what slows the machine
 *  slows all of them. Medians count, and beside each round runs the loop of multiply-adds, which
 *  says how much of the machine was there.
 */
#ifndef BENCH_NN_RACE_H
#define BENCH_NN_RACE_H
#include "machine.h"

enum { RACE_MOST = 8, RACE_ROUNDS = 5, RACE_LAST = 15 };

/** Whose it is. */
typedef enum {
    RACE_THEIRS,
    RACE_OURS,
    RACE_ASIDE, /**< a measure beside them, which nobody has to beat */
} race_side;

/** One that runs. */
typedef struct {
    const char *name;        /**< the column's */
    race_side side;          /**< whose */
    const char *isa;         /**< ours: the instruction set to take, NULL the usual one */
    void (*run)(void *self); /**< the work, once; NULL: cannot do it */
    void (*result)(void *self, float *y); /**< brings what it computed; NULL: it is there */
    void *self;                           /**< for both */
    double work;                          /**< if it is another than the race's */
    double share;                         /**< of the roof that is wanted; 0: no wish */
    double error; /**< rms of what is wrong in its result / rms of that; NaN: not known */
    double rate;  /**< out: 10^9 of its work a second, the median; NaN: did not run */
} runner;

/** One row of a table. */
typedef struct {
    char name[40];       /**< the row's */
    double work;         /**< FLOP of one run, or bytes */
    double bytes;        /**< that must come from or go to memory at least once */
    double target;       /**< ours / best library that is wanted; 0: no wish */
    runner r[RACE_MOST]; /**< in the order of columns */
    int n;               /**< how many */
    double peak;         /**< out: GFLOP/s of the multiply-add loop beside it, the median */
    bool noisy;          /**< out: fewer than RACE_ROUNDS quiet rounds came in RACE_LAST */
} race;

/** Run it. A round is quiet when the loop beside it, before and after, was within a tenth of its
 *  best in this row and in the table of roofs; rounds are added until there are RACE_ROUNDS quiet
 *  ones, RACE_LAST in all, or no patience left. Only quiet ones count, or all of them where there
 *  are too few.
 *  @param c the race
 *  @param m for the loop */
void race_run(race *c, const machine *m);

/** The faster of several ways to do the same.
 *  @param r [n] the ways
 *  @param n how many
 *  @return a copy of it: the best of three runs decides */
runner race_faster(const runner *r, int n);

#endif
