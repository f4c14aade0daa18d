/** @file parallel.h
 *  Loops on all cores where OpenMP is there, on one where it is not, with the same bits either way:
 *  an iteration writes its own outputs and nothing is summed across iterations.
 *
 *      PARALLEL_FOR(count > PARALLEL_WORTH)
 *      for (size_t i = 0; i < count; i++) out[i] = a * x[i];
 */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

/** @def PARALLEL_FOR
 *  Put before a for loop; it is shared out when `worth_it` is true. */
#ifdef _OPENMP
/** A pragma from words. */
#define PARALLEL_PRAGMA(text) _Pragma(#text)
#define PARALLEL_FOR(worth_it) PARALLEL_PRAGMA(omp parallel for simd schedule(static) if (worth_it))
#else
#define PARALLEL_FOR(worth_it) /* one after the other */
#endif

/** Below this many numbers a loop is not worth waking other threads for. */
enum { PARALLEL_WORTH = 1 << 15 };

/** How many threads a parallel loop uses.
 *  @return 1 without OpenMP */
int parallel_threads(void);

/** Set how many threads later loops use; nothing happens without OpenMP.
 *  @param n at least 1 */
void parallel_set_threads(int n);

#endif
