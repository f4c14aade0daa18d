#include "nn/norm.h"
#include "nn/activate.h"
#include <math.h>
#include <string.h>

static void layer_row(const norm *n, const float *x, int channels, float *out)
{
    double mean = 0, variance = 0;
    for (int k = 0; k < channels; k++) mean += (double)x[k] / channels;
    for (int k = 0; k < channels; k++) {
        double apart = (double)x[k] - mean;
        variance += apart * apart / channels;
    }
    double size = 1 / sqrt(variance + (double)n->epsilon);
    for (int k = 0; k < channels; k++)
        out[k] = (float)(((double)x[k] - mean) * size) * n->scale[k] + n->shift[k];
}

static void group_row(const norm *n, int row, const float *x, int channels, float *out)
{
    size_t of = (size_t)(row / n->rows) * (size_t)channels;
    for (int k = 0; k < channels; k++) {
        float y = x[k] * n->scale[of + (size_t)k] + n->shift[of + (size_t)k];
        out[k] = activate_one(n->silu ? ACTIVATE_SILU : ACTIVATE_NOT, y);
    }
}

void norm_row(const norm *n, int row, const float *x, int channels, float *out)
{
    if (!n->scale)
        memmove(out, x, (size_t)channels * sizeof *x);
    else if (n->epsilon > 0)
        layer_row(n, x, channels, out);
    else
        group_row(n, row, x, channels, out);
}
