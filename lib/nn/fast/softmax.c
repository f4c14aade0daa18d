/* softmax.h for one instruction set: three passes over a row, which stays in the cache. */
#include "base/parallel.h"
#include "nn/fast/math.h"
#include "nn/kernels.h"

static float largest(const float *x, int n)
{
    int i = 0;
    vec top = vec_all(x[0]);
    for (; i + LANES <= n; i += LANES) top = vec_max(vec_load(x + i), top);
    float most = vec_most(top);
    for (; i < n; i++) most = x[i] > most ? x[i] : most;
    return most;
}

static void row(float *y, const float *x, int n)
{
    float most = largest(x, n);
    vec sums = {0};
    int i = 0, rest = n % LANES;
    for (; i + LANES <= n; i += LANES) {
        vec e = math_exp(vec_load(x + i) - most);
        vec_store(y + i, e);
        sums += e;
    }
    vec last = math_exp(vec_load_upto(x + i, rest) - most);
    float sum = vec_sum(sums);
    for (int j = 0; j < rest; j++) sum += y[i + j] = last[j];
    vec part = vec_all(1 / sum);
    for (i = 0; i < n; i += LANES) vec_store_upto(y + i, vec_load_upto(y + i, n - i) * part, n - i);
}

void FAST(softmax)(float *y, const float *x, int rows, int n)
{
    PARALLEL_FOR((size_t)rows * (size_t)n > PARALLEL_WORTH)
    for (int r = 0; r < rows; r++) row(y + (size_t)r * (size_t)n, x + (size_t)r * (size_t)n, n);
}
