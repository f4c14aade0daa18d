/** @file walks.h
 *  Walks that other programs made: the form of the tables that tools/golden/ prints.
 */
#ifndef GOLDEN_WALKS_H
#define GOLDEN_WALKS_H
#include "diffusion/sampler.h"
#include <math.h>

/** [n, c, h, w] is [3, 2, 5, 3]; every seventh of the 90 numbers is kept. */
enum { GOLDEN_N = 3, GOLDEN_H = 5, GOLDEN_W = 3, GOLDEN_C = 2, GOLDEN_EVERY = 7, GOLDEN_KEPT = 13 };

/** x0 cut to [-0.8, 0.8], noise from the cut x0 or the uncut (KEEP); dynamic: share 0.9, limit
 * 1.05, noise from the uncut */
typedef enum { CUT_NOT, CUT, CUT_KEEP, CUT_DYNAMIC } golden_cut;

/** A walk and where it ends. */
typedef struct {
    const char *source, *kind, *model;
    golden_cut cut;
    unsigned seed; /**< of the start, and of the noise that follows */
    int n;
    sampler_options options;
    const double *sigma;   /**< [n + 1] */
    double x[GOLDEN_KEPT]; /**< in the field's order */
} golden_walk;

#endif
