/** @file parallel.h
 *  Loops on all cores where OpenMP is there, on one where it is not, with the same bits either way:
 *  an iteration writes its own outputs and nothing is summed across iterations.
 *
 *      PARALLEL_FOR(count > PARALLEL_WORTH)
 *      for (size_t i = 0; i < count; i++) out[i] = a * x[i];
 *
 *  After fork() a child must not run them on several threads if its parent already has: gcc's
 *  OpenMP would wait for threads that only the parent has.
 */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

/** @def PARALLEL_FOR
 *  Put before a for loop; it is shared out when `worth_it` is true. */
/** @def parallel_threads
 *  How many threads a parallel loop uses; 1 without OpenMP. */
/** @def parallel_set_threads
 *  Set how many threads later loops use, at least 1; nothing happens without OpenMP. */
#ifdef _OPENMP
#include <omp.h>
/** A pragma from words. */
#define PARALLEL_PRAGMA(text) _Pragma(#text)
#define PARALLEL_FOR(worth_it) PARALLEL_PRAGMA(omp parallel for schedule(static) if (worth_it))

#define parallel_threads()      omp_get_max_threads()
#define parallel_set_threads(n) omp_set_num_threads(n)
#else
#define PARALLEL_FOR(worth_it)  /* one after the other */
#define parallel_threads()      1
#define parallel_set_threads(n) ((void)(n))
#endif

/** Below this many numbers a loop is not worth waking other threads for. */
enum { PARALLEL_WORTH = 1 << 15 };

#endif
