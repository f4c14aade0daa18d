#include "base/tensor.h"
#include "base/error.h"
#include "base/parallel.h"
#include <math.h>
#include <string.h>

size_t tensor_count(tensor x)
{
    return (size_t)x.n * (size_t)x.h * (size_t)x.w * (size_t)x.c;
}

tensor tensor_new(arena *a, int n, int h, int w, int c)
{
    PROMISE(n > 0 && h > 0 && w > 0 && c > 0, "tensor_new: a size is not positive");
    double bytes = (double)n * h * w * c * (double)sizeof(real);
    PROMISE(bytes <= (double)arena_left(*a), "tensor_new: the arena is full");
    tensor x = {NULL, n, h, w, c};
    x.data = arena_take(a, tensor_count(x) * sizeof *x.data);
    return x;
}

tensor tensor_like(arena *a, tensor x)
{
    return tensor_new(a, x.n, x.h, x.w, x.c);
}

bool tensor_same_shape(tensor x, tensor y)
{
    return x.n == y.n && x.h == y.h && x.w == y.w && x.c == y.c;
}

tensor tensor_pictures(tensor x, int first, int count)
{
    PROMISE(first >= 0 && count > 0 && count <= x.n - first, "tensor_pictures: not in the batch");
    x.data += (size_t)first * (tensor_count(x) / (size_t)x.n);
    x.n = count;
    return x;
}

void tensor_fill(tensor out, double value)
{
    for (size_t i = 0, count = tensor_count(out); i < count; i++) out.data[i] = (real)value;
}

void tensor_copy(tensor out, tensor x)
{
    PROMISE(tensor_same_shape(out, x), "tensor_copy: shapes differ");
    memmove(out.data, x.data, tensor_count(x) * sizeof *x.data);
}

void tensor_scale(tensor out, double a, tensor x)
{
    PROMISE(tensor_same_shape(out, x), "tensor_scale: shapes differ");
    size_t count = tensor_count(x);
    real p = (real)a;
    PARALLEL_FOR(count > PARALLEL_WORTH)
    for (size_t i = 0; i < count; i++) out.data[i] = p * x.data[i];
}

void tensor_mix(tensor out, double a, tensor x, double b, tensor y)
{
    PROMISE(tensor_same_shape(out, x) && tensor_same_shape(x, y), "tensor_mix: shapes differ");
    size_t count = tensor_count(x);
    real p = (real)a, q = (real)b;
    PARALLEL_FOR(count > PARALLEL_WORTH)
    for (size_t i = 0; i < count; i++) out.data[i] = p * x.data[i] + q * y.data[i];
}

void tensor_add_scaled(tensor out, double a, tensor x)
{
    tensor_mix(out, 1, out, a, x);
}

double tensor_distance(tensor x, tensor y)
{
    PROMISE(tensor_same_shape(x, y), "tensor_distance: shapes differ");
    double sum = 0;
    size_t count = tensor_count(x);
    for (size_t i = 0; i < count; i++) {
        double apart = (double)x.data[i] - (double)y.data[i];
        sum += apart * apart;
    }
    return sqrt(sum / (double)count);
}

bool tensor_finite(tensor x)
{
    int bad = 0; /* no way out in the middle, so that the loop can go by vectors */
    for (size_t i = 0, count = tensor_count(x); i < count; i++) bad |= !isfinite(x.data[i]);
    return !bad;
}

/* Element (n, h, w, c) of a picture stands at ((n H + h) W + w) C + c here
 * and at ((n C + c) H + h) W + w in the field's order. */
void tensor_to_nchw(real *out, tensor x)
{
    size_t pixels = (size_t)x.h * (size_t)x.w, channels = (size_t)x.c;
    for (size_t n = 0; n < (size_t)x.n; n++)
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < channels; c++)
                out[(n * channels + c) * pixels + p] = x.data[(n * pixels + p) * channels + c];
}

void tensor_from_nchw(tensor out, const real *in)
{
    size_t pixels = (size_t)out.h * (size_t)out.w, channels = (size_t)out.c;
    for (size_t n = 0; n < (size_t)out.n; n++)
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < channels; c++)
                out.data[(n * pixels + p) * channels + c] = in[(n * channels + c) * pixels + p];
}
