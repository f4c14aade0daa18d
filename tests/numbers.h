/* numbers.h: is a number near another, and are very many numbers the ones that were seen? */
#ifndef NUMBERS_H
#define NUMBERS_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline void assert_near(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("%.17g is not %.17g within %g of it", got, expected, relative);
}

/* FNV-1a, 64 bits: Fowler, Noll, Vo 1991; of a word the lowest byte first. */
static const uint64_t hash_of_nothing = UINT64_C(0xcbf29ce484222325);
static inline uint64_t hash_word(uint64_t h, uint32_t word)
{
    for (int byte = 0; byte < 4; byte++)
        h = (h ^ (word >> 8 * byte & 0xff)) * UINT64_C(0x100000001b3);
    return h;
}

#endif
