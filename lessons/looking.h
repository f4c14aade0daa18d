/* looking.h: for lesson 28: what looks and is looked at, as rows of numbers.
 *
 *     tensor q = looking_queries(x, 0.1, &memory), k = looking_keys(x, &memory);
 *
 * One number more in each row makes q . k / sqrt(size) = -|x - x'|^2 / (2 h^2) + what is the same
 * for all keys, so that softmax gives the more, the nearer x' is: with x . x' - |x'|^2 / 2 the
 * square is complete but for |x|^2.
 */
#ifndef LOOKING_H
#define LOOKING_H
#include "any_model.h"
#include "nn/attention.h"

static inline tensor looking_rows(tensor x, double scale, bool query, arena *keep)
{
    int size = x.c + 1;
    tensor y = tensor_new(keep, 1, 1, x.h * x.w, size);
    for (int i = 0; i < y.w; i++) {
        double square = 0;
        for (int c = 0; c < x.c; c++) {
            double value = (double)x.data[i * x.c + c];
            square += value * value;
            y.data[i * size + c] = (float)(scale * value);
        }
        y.data[i * size + x.c] = (float)(query ? scale : -square / 2);
    }
    return y;
}

static inline tensor looking_keys(tensor x, arena *keep)
{
    return looking_rows(x, 1, false, keep);
}

/* h: how far apart two may be and still be alike. */
static inline tensor looking_queries(tensor x, double h, arena *keep)
{
    return looking_rows(x, sqrt(x.c + 1) / (h * h), true, keep);
}

/* Each pixel with its neighbours, [1, h, w, 9 c]; at the border the nearest pixel counts again. */
static inline tensor looking_around(tensor x, arena *keep)
{
    tensor y = tensor_new(keep, 1, x.h, x.w, 9 * x.c);
    for (int i = 0; i < x.h * x.w * 9; i++) {
        int row = i / 9 / x.w + i % 9 / 3 - 1, column = i / 9 % x.w + i % 3 - 1;
        row = row < 0 ? 0 : row < x.h ? row : x.h - 1;
        column = column < 0 ? 0 : column < x.w ? column : x.w - 1;
        memcpy(y.data + i * x.c, x.data + (row * x.w + column) * x.c, (size_t)x.c * sizeof *y.data);
    }
    return y;
}

/* Some pixels as rows, seen in place. */
static inline tensor looking_flat(tensor x)
{
    return (tensor){x.data, 1, 1, x.h * x.w, x.c};
}

/* How far y is from what the library's attention makes of the same rows. It wants values as long as
 * keys; what is missing in v is 0. */
static inline double looking_apart(lesson *l, tensor q, tensor k, tensor v, tensor y)
{
    tensor wide = tensor_like(&l->memory, k), z = tensor_like(&l->memory, q);
    double square = 0;
    tensor_fill(wide, 0);
    for (int i = 0; i < v.w * v.c; i++) wide.data[i / v.c * k.c + i % v.c] = v.data[i];
    attention_apply((attention){.n = 1,
                                .heads = 1,
                                .size = q.c,
                                .queries = q.w,
                                .keys = k.w,
                                .q = q.data,
                                .k = k.data,
                                .v = wide.data,
                                .y = z.data},
                    l->memory);
    for (int i = 0; i < y.w * y.c; i++)
        square += pow((double)(z.data[i / y.c * q.c + i % y.c] - y.data[i]), 2);
    return sqrt(square / (double)tensor_count(y));
}

/* Exchange n numbers. */
static inline void looking_swap(float *x, float *y, int n)
{
    for (int i = 0; i < n; i++) {
        float kept = x[i];
        x[i] = y[i], y[i] = kept;
    }
}

/* One number of each row as a picture: black 0, white `most` and above; 0: the largest. */
static inline image looking_map(lesson *l, int w, int h, const float *share, int stride, float most)
{
    tensor map = tensor_new(&l->memory, 1, h, w, 1);
    bool largest = most <= 0;
    for (int i = 0; largest && i < w * h; i++) most = fmaxf(most, share[i * stride]);
    for (int i = 0; i < w * h; i++) map.data[i] = 2 * share[i * stride] / most - 1;
    return image_from_tensor(&l->memory, map, 0);
}

/* What the network answers about x, having heard the text. */
static inline void looking_ask(lesson *l, const any_model *m, tensor x, double t, tensor text,
                               tensor out)
{
    unet_apply(&m->sd.unet, x, t, unet_remember(&m->sd.unet, text, &l->memory), out, m->scratch);
}

/* How far two answers are apart, in parts of the first. */
static inline double looking_part(lesson *l, tensor x, tensor y)
{
    tensor nothing = tensor_like(&l->memory, x);
    tensor_fill(nothing, 0);
    return tensor_distance(x, y) / tensor_distance(x, nothing);
}

/* Where two answers differ. */
static inline image looking_change(lesson *l, tensor x, tensor y)
{
    tensor map = tensor_new(&l->memory, 1, x.h, x.w, 1);
    for (int i = 0; i < x.h * x.w; i++) {
        tensor a = {x.data + i * x.c, 1, 1, 1, x.c}, b = {y.data + i * x.c, 1, 1, 1, x.c};
        map.data[i] = (float)tensor_distance(a, b);
    }
    return looking_map(l, x.w, x.h, map.data, 1, 0);
}

#endif
