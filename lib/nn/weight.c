#include "nn/weight.h"
#include <math.h>
#include <string.h>

size_t dtype_size(dtype type)
{
    return type == DTYPE_F32 ? sizeof(float) : sizeof(uint16_t);
}

/* (-1)^sign 2^(exponent - 15) (1 + fraction / 1024); exponent 0 has no 1 and counts as 1; 31 is
 * infinity, or no number. */
static float from_f16(uint16_t half)
{
    int exponent = half >> 10 & 31, fraction = half & 1023;
    float size =
        ldexpf((float)(exponent ? 1024 + fraction : fraction), (exponent ? exponent : 1) - 25);
    if (exponent == 31) size = fraction ? NAN : INFINITY;
    return half & 0x8000 ? -size : size;
}

static float from_bf16(uint16_t upper)
{
    uint32_t bits = (uint32_t)upper << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

float weight_at(weight w, size_t i)
{
    if (w.type == DTYPE_F32) return ((const float *)w.data)[i];
    uint16_t half = ((const uint16_t *)w.data)[i];
    return w.type == DTYPE_F16 ? from_f16(half) : from_bf16(half);
}
