#include "nn/weight.h"
#include <math.h>
#include <string.h>

size_t dtype_size(dtype type)
{
    return type == DTYPE_F32 ? sizeof(float) : sizeof(uint16_t);
}

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* (-1)^sign 2^(exponent - 15) (1 + fraction / 1024); exponent 0 has no 1 and counts as 1; 31 is
 * infinity, or no number. A float has the same parts, 13 bits further up, 2^(exponent - 127). */
static float from_f16(uint16_t half)
{
    float size = from_bits((half & 0x7fffu) << 13) * 0x1p112f;
    if (size >= 65536) size = half & 1023 ? NAN : INFINITY;
    return half & 0x8000 ? -size : size;
}

float weight_at(weight w, size_t i)
{
    if (w.type == DTYPE_F32) return ((const float *)w.data)[i];
    uint16_t half = ((const uint16_t *)w.data)[i];
    return w.type == DTYPE_F16 ? from_f16(half) : from_bits((uint32_t)half << 16);
}
