/** @file fence.h
 *  Arrays that end where memory ends: who reads or writes one number too far is stopped. To be
 *  included first.
 */
#ifndef TESTS_FENCE_H
#define TESTS_FENCE_H
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* mmap */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

/** Memory between two pages that nobody may touch. */
typedef struct {
    char *begin, *end;
} fence;

static inline fence fence_make(size_t floats)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE),
           bytes = (floats * sizeof(float) + page - 1) / page * page;
    char *all =
        mmap(NULL, bytes + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(all != MAP_FAILED);
    assert_int_equal(mprotect(all, page, PROT_NONE), 0);
    assert_int_equal(mprotect(all + page + bytes, page, PROT_NONE), 0);
    return (fence){all + page, all + page + bytes};
}

/** The last n floats before the fence. */
static inline float *fence_end(fence f, size_t n)
{
    assert_true(n <= (size_t)(f.end - f.begin) / sizeof(float));
    return (float *)(void *)f.end - n;
}

#endif
