#include "nn/activate.h"
#include "nn/kernels.h"
#include <math.h>

/* In double, so that the fast kernels have something to be measured by. */
float activate_one(activation which, float x)
{
    double v = (double)x;
    switch (which) {
    case ACTIVATE_SILU:
        return (float)(v / (1 + exp(-v)));
    case ACTIVATE_GELU: /* erfc: 1 + erf(v) would lose all digits below -4 */
        return (float)(v * erfc(-v * sqrt(0.5)) / 2);
    case ACTIVATE_GELU_QUICK:
        return (float)(v / (1 + exp(-1.702 * v)));
    case ACTIVATE_NOT:
        break;
    }
    return x;
}

void activate(activation which, float *y, const float *x, size_t n)
{
    const kernels *fast = isa_kernels();
    if (fast)
        fast->activate(which, y, x, n);
    else
        for (size_t i = 0; i < n; i++) y[i] = activate_one(which, x[i]);
}
