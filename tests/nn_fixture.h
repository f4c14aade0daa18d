/** @file nn_fixture.h
 *  What the tests of lib/nn share: every test runs once for each instruction set, arrays end where
 *  memory ends, and numbers come from a formula that Python can write, too. To be included first.
 *
 *      static void test_it(void) { ... isa_name() ... }
 *      int main(void) { return nn_run((const nn_test[]){NN_TEST(test_it)}, 1); }
 */
#ifndef TESTS_NN_FIXTURE_H
#define TESTS_NN_FIXTURE_H
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* mmap, setenv */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/parallel.h"
#include "fence.h"
#include "nn/isa.h"
#include "nn/weight.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** The front of an arena, of which just so much is left. */
static inline arena nn_cut(arena a, size_t bytes)
{
    assert_true(bytes <= arena_left(a));
    a.end -= arena_left(a) - bytes;
    return a;
}

/** The same, full of NaN: what is used before it is set shows. */
static inline arena nn_promised(arena a, size_t bytes)
{
    arena taken = a;
    memset(arena_take(&taken, bytes), 0xff, bytes);
    return nn_cut(a, bytes);
}

/** A test, its set being chosen already. */
typedef struct {
    const char *name;
    void (*run)(void);
} nn_test;
#define NN_TEST(f) \
    {              \
#f, f      \
    }

/** Of very many cases every so many are run: all of them, but in an emulator (tools/cross.sh). */
#ifndef NN_EVERY
#define NN_EVERY 1
#endif

static double nn_worst; /**< largest error in this test, in units of what is allowed */

typedef struct {
    const char *set;
    void (*run)(void);
} nn_case;

static inline void nn_one(void **state)
{
    const nn_case *c = *state;
    if (!isa_here(c->set)) {
        print_message("not run here: %s\n", c->set);
        skip();
    }
    assert_null(isa_choose(c->set));
    nn_worst = 0;
    int threads = parallel_threads();
    c->run();
    parallel_set_threads(threads);
    if (nn_worst > 0) print_message("largest error: %.2f of what is allowed\n", nn_worst);
}

/** Run all of them with all sets that this library was built with.
 *  @return for main() */
static inline int nn_run(const nn_test *tests, int count)
{
    static struct CMUnitTest all[400];
    static nn_case cases[400];
    static char names[400][100];
    size_t n = 0;
    for (int t = 0; t < count; t++)
        for (int i = 0; isa_names[i]; i++, n++) {
            assert_true(n < 400);
            snprintf(names[n], sizeof names[n], "%s_%s", tests[t].name, isa_names[i]);
            cases[n] = (nn_case){isa_names[i], tests[t].run};
            all[n] = (struct CMUnitTest){names[n], nn_one, NULL, NULL, &cases[n]};
        }
    return _cmocka_run_group_tests("tests", all, n, NULL, NULL);
}

/** Whether convolutions are rounded to bf16, too. */
static inline bool nn_matrix(void)
{
    return strcmp(isa_name(), "amx_bf16") == 0 || strcmp(isa_name(), "avx2_bf16") == 0;
}

/** Whether products are rounded to bf16. */
static inline bool nn_bf16(void)
{
    return strstr(isa_name(), "bf16") != NULL;
}

/** Number i of stream `seed`: one of -128 to 127, divided by 128, so that every type has it. */
static inline float nn_number(uint32_t i, uint32_t seed)
{
    uint32_t h = (i + 1000003 * seed) * 2654435761u;
    h = (h ^ h >> 15) * 2246822519u;
    h = (h ^ h >> 13) * 3266489917u;
    return (float)(int)(h >> 24) / 128 - 1;
}

/** n of them, times size. */
static inline void nn_fill(float *x, size_t n, uint32_t seed, float size)
{
    for (size_t i = 0; i < n; i++) x[i] = nn_number((uint32_t)i, seed) * size;
}

/** A float as a number of another type, which must have it, and no subnormal. */
static inline uint16_t nn_narrow(dtype type, float x)
{
    uint32_t bits, sign;
    memcpy(&bits, &x, sizeof bits);
    sign = bits >> 16 & 0x8000;
    if (type == DTYPE_BF16 || x == 0) return (uint16_t)(bits >> 16);
    return (uint16_t)(sign | (((bits & 0x7fffffff) - (112u << 23)) >> 13));
}

/** Floats as an array of another type. */
static inline weight nn_weights(dtype type, void *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (type == DTYPE_F32)
            ((float *)to)[i] = from[i];
        else
            ((uint16_t *)to)[i] = nn_narrow(type, from[i]);
    return (weight){to, type};
}

/** Room for n numbers of `size` bytes.
 *  @param place -1: they begin where memory begins; 0: they end where it ends; else they end so
 *               many numbers before */
static inline void *nn_place(fence f, size_t n, size_t size, int place)
{
    assert_true((n + (place > 0 ? (size_t)place : 0)) * size <= (size_t)(f.end - f.begin));
    return place < 0 ? f.begin : f.end - (n + (size_t)place) * size;
}

/** Hold a number to another.
 *  @param what is said when it is too far, with where */
static inline void nn_near(const char *what, size_t where, float got, double expected,
                           double allowed)
{
    double off = fabs((double)got - expected);
    if (!(off <= allowed))
        fail_msg("%s: number %zu is %.9g, not %.9g; %.2g is allowed, not %.2g", what, where,
                 (double)got, expected, allowed, off);
    if (off / allowed > nn_worst) nn_worst = off / allowed;
}

#endif
