#include "nn/softmax.h"
#include "nn/kernels.h"
#include <math.h>

static void plain(float *y, const float *x, int n)
{
    float most = x[0];
    double sum = 0;
    for (int i = 1; i < n; i++) most = fmaxf(most, x[i]);
    for (int i = 0; i < n; i++) sum += exp((double)x[i] - (double)most);
    for (int i = 0; i < n; i++) y[i] = (float)(exp((double)x[i] - (double)most) / sum);
}

void softmax_rows(float *y, const float *x, int rows, int n)
{
    const kernels *fast = isa_kernels();
    if (fast)
        fast->softmax(y, x, rows, n);
    else
        for (size_t r = 0; r < (size_t)rows; r++) plain(y + r * (size_t)n, x + r * (size_t)n, n);
}
