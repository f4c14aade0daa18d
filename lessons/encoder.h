/* encoder.h: CLIP's text encoder in plain loops, all but its attention, which lesson 27 brings.
 *
 *     tensor x = encoder_run(&text, ids, attend, &memory, scratch);      [1, 1, 77, width]
 *
 * For each layer, with rows x of one number list for each token:
 *
 *     x += out(attention(q(norm(x)), k(norm(x)), v(norm(x))))      rows hear each other
 *     x += fc2(bend(fc1(norm(x))))                                 each row thinks for itself
 */
#ifndef ENCODER_H
#define ENCODER_H
#include "diagram.h"
#include "lesson.h"
#include "models/clip_text.h"
#include "nn/norm.h"
#include <math.h>

/* y = the mix that each row takes of all v, with so many heads. */
typedef void encoder_attend(tensor q, tensor k, tensor v, int heads, tensor y);

/* y = W x + b, for each row. */
static inline void encoder_product(linear p, tensor x, tensor y)
{
    enum { WIDEST = 8192 };
    float w[WIDEST];
    PROMISE(x.c <= WIDEST, "encoder_product: rows of up to 8192 numbers");
    for (int o = 0; o < y.c; o++) {
        for (int k = 0; k < x.c; k++) w[k] = weight_at(p.w, (size_t)o * (size_t)x.c + (size_t)k);
        for (int i = 0; i < x.w; i++) {
            float sum = p.bias[o];
            for (int k = 0; k < x.c; k++) sum += w[k] * x.data[i * x.c + k];
            y.data[i * y.c + o] = sum;
        }
    }
}

/* y = each row of x with mean 0 and variance 1, scaled and shifted. */
static inline void encoder_norm(norm n, tensor x, tensor y)
{
    norm_apply(n, x.data, x.w, x.c, y.data);
}

static inline tensor encoder_run(const clip_text *c, const int32_t *ids, encoder_attend *attend,
                                 arena *keep, arena scratch)
{
    tensor x = tensor_new(keep, 1, 1, c->length, c->width), normed = tensor_like(&scratch, x);
    tensor q = tensor_like(&scratch, x), k = tensor_like(&scratch, x);
    tensor v = tensor_like(&scratch, x), y = tensor_like(&scratch, x);
    tensor wide = tensor_new(&scratch, 1, 1, c->length, c->inner);
    for (int i = 0; i < x.w; i++)
        for (int o = 0; o < x.c; o++)
            x.data[i * x.c + o] = weight_at(c->tokens, (size_t)ids[i] * (size_t)x.c + (size_t)o) +
                                  weight_at(c->positions, (size_t)(i * x.c + o));
    for (const clip_text_layer *at = c->layer; at < c->layer + c->layers; at++) {
        encoder_norm(at->q.before, x, normed);
        encoder_product(at->q, normed, q);
        encoder_product(at->k, normed, k);
        encoder_product(at->v, normed, v);
        attend(q, k, v, c->heads, y);
        encoder_product(at->out, y, q);
        tensor_add_scaled(x, 1, q);
        encoder_norm(at->fc1.before, x, normed);
        encoder_product(at->fc1, normed, wide);
        activate(c->bend, wide.data, wide.data, tensor_count(wide));
        encoder_product(at->fc2, wide, q);
        tensor_add_scaled(x, 1, q);
    }
    encoder_norm(c->last, x, x);
    return x;
}

/* The cosine of the angle between two rows: 1 the same direction, 0 nothing in common. */
static inline double encoder_cosine(const float *x, const float *y, int n)
{
    double xy = 0, xx = 0, yy = 0;
    for (int k = 0; k < n; k++) {
        xy += (double)x[k] * (double)y[k];
        xx += (double)x[k] * (double)x[k];
        yy += (double)y[k] * (double)y[k];
    }
    return xy / sqrt(xx * yy);
}

enum { ENCODER_PROMPTS = 8 };

/* White for what is least alike, dark for 1. */
static inline colour encoder_shade(double alike, double least)
{
    double part = least < 1 ? (alike - least) / (1 - least) : 1;
    return (colour){(unsigned char)(250 - 110 * part), (unsigned char)(250 - 70 * part),
                    (unsigned char)(250 - 35 * part), 255};
}

/* Table of cosines between rows of so many numbers, also out/27_cosine.svg. NULL ends texts. */
static inline void encoder_alike(lesson *l, const char *title, const char *const *texts,
                                 float *const *row, int width)
{
    const double wide = 104, high = 34, left = 112, top = 56;
    double alike[ENCODER_PROMPTS][ENCODER_PROMPTS], least = 1;
    int n = 0;
    while (texts[n]) n++;
    printf("\ncosine\n");
    for (int i = 0; i < n; i++) {
        printf("%-14s", texts[i]);
        for (int j = 0; j <= i; j++) {
            alike[i][j] = alike[j][i] = encoder_cosine(row[i], row[j], width);
            least = fmin(least, alike[i][j]);
            printf(" %5.2f%s", alike[i][j], j == i ? "\n" : "");
        }
    }
    diagram d = diagram_begin(l, "27_cosine", left + n * wide + 8, top + n * high + 8);
    diagram_words(&d, title, (canvas_point){left + n * wide / 2, 18}, 14, 0.5);
    for (int i = 0; i < n; i++) {
        double x = left + i * wide, y = top + i * high;
        diagram_words(&d, texts[i], (canvas_point){x + wide / 2, top - 10}, 12.5, 0.5);
        diagram_words(&d, texts[i], (canvas_point){left - 12, y + high / 2 + 4.5}, 12.5, 1);
        for (int j = 0; j < n; j++)
            diagram_box(&d, (canvas_box){left + j * wide, y, wide, high},
                        encoder_shade(alike[i][j], least), lesson_words(l, "%.2f", alike[i][j]),
                        NULL);
    }
    diagram_end(&d);
}

#endif
