#include "nn/activate.h"
#include <math.h>

float activate_one(activation which, float x)
{
    switch (which) {
    case ACTIVATE_SILU:
        return x / (1 + expf(-x));
    case ACTIVATE_GELU:
        return x * (1 + erff(x * 0.70710678f)) / 2;
    case ACTIVATE_GELU_QUICK:
        return x / (1 + expf(-1.702f * x));
    case ACTIVATE_NOT:
        break;
    }
    return x;
}
