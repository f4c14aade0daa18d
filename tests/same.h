/** @file same.h
 *  For tests that hold one rule against another way of writing it.
 */
#ifndef TESTS_SAME_H
#define TESTS_SAME_H
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** Where a walk from toy_start() ends. */
static inline tensor same_end(sampler s, int pictures, arena *keep)
{
    tensor x = toy_start(keep, pictures, s.walk.at[0]);
    error wrong = sampler_run(&s, x, *keep);
    if (wrong) fail_msg("%s", wrong);
    return x;
}

/** In double: numbers of size 10, rounded some hundred times, are apart by up to 1e-13. */
static inline void assert_same(tensor x, tensor y)
{
    for (size_t i = 0; i < tensor_count(x); i++)
        if (!(fabs((double)(x.data[i] - y.data[i])) <= 1e-12))
            fail_msg("number %zu: %.17g and %.17g", i, (double)x.data[i], (double)y.data[i]);
}

#endif
