#include "nn/norm.h"
#include "base/error.h"
#include "nn/activate.h"
#include "nn/kernels.h"
#include "nn/profile.h"
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

void norm_check(const norm *n)
{
    PROMISE(!n->scale || n->epsilon > 0 || n->rows > 0, "a norm without epsilon and rows");
    PROMISE(n->epsilon <= 0 || !n->silu, "a layer norm with SiLU");
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

void norm_apply(norm n, const float *x, int rows, int channels, float *y)
{
    const kernels *fast = isa_kernels();
    size_t wide = (size_t)channels;
    norm_check(&n);
    if (fast)
        fast->norm_apply(&n, x, rows, channels, y);
    else
        for (int i = 0; i < rows; i++, x += wide, y += wide) norm_row(&n, i, x, channels, y);
}

/* Mean and variance of each group of each picture. */
static void plain(const norm_groups *g, double *mean_variance)
{
    size_t channels = (size_t)g->channels, members = channels / (size_t)g->groups;
    size_t many = (size_t)g->rows * members;
    for (int i = 0; i < g->pictures * g->groups; i++) {
        size_t first = (size_t)(i / g->groups) * (size_t)g->rows * channels;
        const float *x = g->x + first + (size_t)(i % g->groups) * members;
        double mean = 0, variance = 0;
        for (size_t k = 0; k < many; k++)
            mean += (double)x[k / members * channels + k % members] / (double)many;
        for (size_t k = 0; k < many; k++) {
            double apart = (double)x[k / members * channels + k % members] - mean;
            variance += apart * apart / (double)many;
        }
        mean_variance[2 * i] = mean, mean_variance[2 * i + 1] = variance;
    }
}

size_t norm_group_room(norm_groups g)
{
    const kernels *fast = isa_kernels();
    kernels_check((double)g.pictures * g.rows, g.channels, (double)g.pictures * g.groups);
    PROMISE(g.rows > 0 && g.channels % g.groups == 0, "norm_group: channels / groups is not whole");
    size_t two = (size_t)g.channels * sizeof(float) + (size_t)g.groups * sizeof(double);
    /* 128 for each of three blocks, and a guard */
    return 2 * (size_t)g.pictures * two + (fast ? fast->norm_room(&g) : 0) + 4 * 128;
}

norm norm_group(norm_groups g, arena *keep)
{
    PROMISE(norm_group_room(g) <= arena_left(*keep), "norm_group: less than norm_group_room()");
    double enter = profile_enter();
    size_t many = (size_t)g.pictures * (size_t)g.channels;
    float *scale = arena_take(keep, many * sizeof *scale);
    float *shift = arena_take(keep, many * sizeof *shift);
    arena scratch = *keep;
    double *sums = arena_take(&scratch, 2 * (size_t)g.pictures * (size_t)g.groups * sizeof *sums);
    const kernels *fast = isa_kernels();
    if (fast)
        fast->norm_sums(&g, sums, scratch);
    else
        plain(&g, sums);
    for (size_t i = 0; i < many; i++) {
        size_t k = i % (size_t)g.channels, members = (size_t)(g.channels / g.groups);
        const double *of = sums + 2 * (i / members);
        double size = (double)g.weight[k] / sqrt(of[1] + (double)g.epsilon);
        scale[i] = (float)size;
        shift[i] = (float)((double)g.bias[k] - of[0] * size);
    }
    arena_forget(*keep);
    profile_leave(enter, 3.0 * g.rows * (double)many, "group norm %d x %d rows, %d", g.pictures,
                  g.rows, g.channels);
    return (norm){.scale = scale, .shift = shift, .rows = g.rows, .silu = g.silu};
}
