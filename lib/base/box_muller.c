#include "base/box_muller.h"
#include "base/pi.h"
#include "base/simd.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 16, HALF = BLOCK / 2 };

/* log x for 0 < x <= 1: x = m 2^e with sqrt(1/2) <= m < sqrt(2), then a polynomial in m - 1.
 * Polynomial and the two halves of ln 2: Moshier's Cephes library, single/logf.c. */
SIMD_INLINE float log_fused(float x)
{
    const uint32_t sqrt_half = 0x3f3504f3u; /* the bits of 0.70710678f */
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += 0x3f800000u - sqrt_half;
    float e = (float)((int32_t)(bits >> 23) - 127), m;
    bits = (bits & 0x7fffffu) + sqrt_half;
    memcpy(&m, &bits, sizeof m);
    m -= 1;
    float y = fmaf(7.0376836292e-2f, m, -1.1514610310e-1f), square = m * m;
    y = fmaf(y, m, 1.1676998740e-1f);
    y = fmaf(y, m, -1.2420140846e-1f);
    y = fmaf(y, m, 1.4249322787e-1f);
    y = fmaf(y, m, -1.6668057665e-1f);
    y = fmaf(y, m, 2.0000714765e-1f);
    y = fmaf(y, m, -2.4999993993e-1f);
    y = fmaf(y, m, 3.3333331174e-1f);
    y = fmaf(y * m, square, e * -2.12194440e-4f);
    y = fmaf(square, -0.5f, y);
    return fmaf(e, 0.693359375f, m + y);
}

/* sin x and cos x for 0 <= x <= 2 pi: the distance r to the nearest multiple of pi/2 (in three
 * parts, for exactness), then one polynomial for sin r and one for cos r, and the quadrant says
 * which is which. Moshier's Cephes library, single/sinf.c. */
SIMD_INLINE void sincos_fused(float x, float *sine, float *cosine)
{
    int32_t octant = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
    float j = (float)octant, r = fmaf(j, -0.78515625f, x);
    r = fmaf(j, -2.4187564849853515625e-4f, r);
    r = fmaf(j, -3.77489497744594108e-8f, r);
    float z = r * r;
    float c = fmaf(2.443315711809948e-5f, z, -1.388731625493765e-3f);
    c = fmaf(c, z, 4.166664568298827e-2f) * z;
    c = fmaf(c, z, z * -0.5f) + 1;
    float s = fmaf(-1.9515295891e-4f, z, 8.3321608736e-3f);
    s = fmaf(s, z, -1.6666654611e-1f) * z;
    s = fmaf(s, r, r);
    bool swap = octant & 2;
    float a = swap ? c : s, b = swap ? s : c;
    *sine = octant & 4 ? -a : a;
    *cosine = (octant + 2) & 4 ? -b : b;
}

/* Two loops over a block, because a compiler that must keep errno does sqrtf() one by one. The
 * `+ 0.0f` is PyTorch's "times 1 plus the mean 0": it turns -0 into 0. */
SIMD_INLINE void transform(float *data, size_t blocks)
{
    for (size_t k = 0; k < blocks; k++, data += BLOCK) {
        float square[HALF], sine[HALF], cosine[HALF];
        for (int j = 0; j < HALF; j++) {
            square[j] = -2 * log_fused(1 - data[j]);
            sincos_fused((float)(2 * PI) * data[j + HALF], &sine[j], &cosine[j]);
        }
        for (int j = 0; j < HALF; j++) {
            float radius = sqrtf(square[j]);
            data[j] = radius * cosine[j] + 0.0f;
            data[j + HALF] = radius * sine[j] + 0.0f;
        }
    }
}

SIMD_AVX2 static void transform_avx2(float *data, size_t blocks)
{
    transform(data, blocks);
}

void box_muller_float_plain(float *data, size_t blocks)
{
    transform(data, blocks);
}

void box_muller_float(float *data, size_t blocks)
{
    (simd_has_avx2() ? transform_avx2 : box_muller_float_plain)(data, blocks);
}

void box_muller_double(double *data, size_t blocks)
{
    for (size_t k = 0; k < blocks; k++, data += BLOCK)
        for (int j = 0; j < HALF; j++) {
            double radius = sqrt(-2 * log(1 - data[j])), angle = (2 * PI) * data[j + HALF];
            data[j] = radius * cos(angle) + 0.0;
            data[j + HALF] = radius * sin(angle) + 0.0;
        }
}
