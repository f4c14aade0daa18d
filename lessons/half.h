/* half.h: a float in 16 bits, as IEEE 754 has it: 1 sign, 5 of exponent, 10 of fraction.
 *
 *     uint16_t h = half_narrow(0.1f);       the nearest there is
 *     float x = half_widen(h);              0.0999756
 *
 * A float has 1, 8 and 23 of them. So the bits of a half are those of a float, 13 places to the
 * right, if the exponent is counted from 15 instead of 127: 2^112 in size. (Infinities and what is
 * no number are left out: weights have none.)
 */
#ifndef HALF_H
#define HALF_H
#include <stdint.h>
#include <string.h>

/* A loop of these becomes vectors: a shift, two masks, a multiplication. */
static inline float half_widen(uint16_t h)
{
    uint32_t bits = (uint32_t)(h & 0x8000) << 16 | (uint32_t)(h & 0x7fff) << 13;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x * 0x1p112f;
}

/* To the nearest; of two as near the even one. */
static inline uint16_t half_narrow(float x)
{
    uint32_t bits;
    x *= 0x1p-112f;
    memcpy(&bits, &x, sizeof bits);
    uint32_t size = (bits & 0x7fffffff) + 0xfff + (bits >> 13 & 1);
    return (uint16_t)((bits >> 16 & 0x8000) | size >> 13);
}

#endif
