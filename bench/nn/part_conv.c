#include "data.h"
#include "nn/conv.h"
#include "nn/isa.h"
#include "parts.h"
#include "peers.h"
#include <stdio.h>

/* Pictures, pixels of a side of the result, channels before and after, and how much faster than
 * oneDNN's direct way ours should be. The first are the UNet's, those of 512 and 256 the VAE's. */
static const struct {
    int n, side, in, out;
    conv_sides sides;
    double target;
} shapes[] = {
    {1, 64, 320, 320, CONV_SAME, 2.5},   {2, 64, 320, 320, CONV_SAME, 2.5},
    {2, 64, 640, 320, CONV_SAME, 2.5},   {2, 64, 960, 320, CONV_SAME, 2.5},
    {1, 32, 640, 640, CONV_SAME, 2.5},   {2, 32, 640, 640, CONV_SAME, 2.5},
    {1, 16, 1280, 1280, CONV_SAME, 2.2}, {2, 16, 1280, 1280, CONV_SAME, 2.2},
    {2, 16, 2560, 1280, CONV_SAME, 2.2}, {1, 8, 1280, 1280, CONV_SAME, 1.7},
    {2, 8, 1280, 1280, CONV_SAME, 1.7},  {1, 64, 512, 512, CONV_SAME, 2.5},
    {1, 128, 512, 512, CONV_SAME, 2.5},  {1, 256, 256, 256, CONV_SAME, 2.5},
    {1, 256, 512, 512, CONV_SAME, 2.5},  {1, 512, 128, 128, CONV_SAME, 2.5},
    {1, 512, 256, 256, CONV_SAME, 2.5},  {2, 64, 4, 320, CONV_SAME, 0},
    {2, 64, 320, 4, CONV_SAME, 0},       {1, 512, 128, 3, CONV_SAME, 0},
    {2, 32, 320, 320, CONV_HALVE, 0},    {2, 16, 640, 640, CONV_HALVE, 0},
    {2, 64, 640, 640, CONV_DOUBLE, 0},
};

/* One of ours. */
typedef struct {
    conv what;
    arena scratch;
} own;

static void run_own(void *self)
{
    own *o = self;
    conv_apply(o->what, o->scratch);
}

/* x as the plain convolution sees it, which oneDNN has: with CONV_DOUBLE each pixel 2 x 2 times. */
static const float *as_it_is_seen(const conv *c, int side, arena *keep)
{
    if (c->sides != CONV_DOUBLE) return c->x;
    float *x = arena_take(keep, (size_t)(c->n * side * side * c->in) * sizeof *x), *to = x;
    for (int p = 0; p < c->n; p++)
        for (int i = 0; i < side; i++)
            for (int j = 0; j < side; j++)
                for (int k = 0; k < c->in; k++)
                    *to++ = c->x[((p * c->h + i / 2) * c->w + j / 2) * c->in + k];
    return x;
}

/* The plain sum, of x as it is seen, h x h pixels. */
static double sum_at(const conv *c, const float *x, int h, int stride, int side, size_t at)
{
    int o = (int)(at % (size_t)c->out), pixel = (int)(at / (size_t)c->out);
    int j = pixel % side, i = pixel / side % side, p = pixel / side / side;
    const float *w = (const float *)c->weights.data + (size_t)o * (size_t)c->in * 9;
    double sum = 0;
    for (int tap = 0; tap < 9; tap++) {
        int y = i * stride + tap / 3 - 1, z = j * stride + tap % 3 - 1;
        if (y < 0 || z < 0 || y >= h || z >= h) continue;
        const float *at_pixel = x + (size_t)((p * h + y) * h + z) * (size_t)c->in;
        for (int k = 0; k < c->in; k++) sum += (double)at_pixel[k] * (double)w[9 * k + tap];
    }
    return sum;
}

static void find_truth(data_truth *t, const conv *c, const float *x, int side)
{
    int stride = c->sides == CONV_HALVE ? 2 : 1;
    data_places(t, (size_t)(c->n * side * side) * (size_t)c->out);
    for (int i = 0; i < DATA_PLACES; i++)
        t->value[i] = sum_at(c, x, stride * side, stride, side, t->at[i]);
}

static void run_all(table *out, race *c, own both[2], const onednn_shape *shape,
                    const data_truth *t)
{
    float *y = both[0].what.y;
    runner ours = {.name = "ours f32", .side = RACE_OURS, .run = run_own, .self = &both[0]};
    data_enter(c, ours, t, y);
    ours.name = "ours f16", ours.self = &both[1];
    data_enter(c, ours, t, y);
    ours.name = "ours bf16", ours.isa = "amx_bf16"; /* without matrices convolutions are in float */
    if (isa_here(ours.isa)) data_enter(c, ours, t, y);
    onednn_layer *direct = onednn_make(ONEDNN_DIRECT, shape),
                 *winograd = isa_here("avx512") ? onednn_make(ONEDNN_WINOGRAD, shape) : NULL;
    data_enter(c, onednn_runner("oneDNN direct", direct), t, y);
    runner aside = onednn_runner("oneDNN Winograd", winograd); /* AVX-512 has it */
    aside.side = RACE_ASIDE;
    if (isa_here("avx512")) data_enter(c, aside, t, y);
    table_row(out, *c);
    onednn_free(direct), onednn_free(winograd);
}

static void one(table *t, int i, arena scratch)
{
    int n = shapes[i].n, side = shapes[i].side, in = shapes[i].in, out = shapes[i].out;
    bool half = shapes[i].sides == CONV_HALVE, twice = shapes[i].sides == CONV_DOUBLE;
    int h = half ? 2 * side : twice ? side / 2 : side;
    size_t of_x = (size_t)(n * h * h) * (size_t)in, of_y = (size_t)(n * side * side) * (size_t)out,
           of_w = (size_t)in * (size_t)out * 9;
    race c = {.work = 18.0 * (double)of_y * in,
              .bytes = 4.0 * (double)(of_x + of_y + of_w),
              .target = shapes[i].target};
    snprintf(c.name, sizeof c.name, "%dx%dx%d %d-%d%s", n, h, h, in, out,
             half    ? " /2"
             : twice ? " x2"
                     : "");
    data_weights w = data_halves(of_w, &scratch);
    own both[2] = {
        {.what = {.n = n, .h = h, .w = h, .in = in, .out = out, .sides = shapes[i].sides}}};
    conv *what = &both[0].what;
    what->x = data_floats(of_x, &scratch), what->weights = w.full;
    what->y = arena_take(&scratch, of_y * sizeof(float));
    const float *seen = as_it_is_seen(what, side, &scratch);
    both[0].scratch = scratch, both[1] = both[0], both[1].what.weights = w.half;
    data_truth truth;
    find_truth(&truth, what, seen, side);
    onednn_shape shape = {n, side, side, in, out, 3, half ? 2 : 1, seen, w.full.data};
    run_all(t, &c, both, &shape, &truth);
}

void part_conv(table *t, arena scratch)
{
    t->file = "conv", t->unit = "GFLOP/s";
    t->title = "3x3 convolutions: pictures x pixels, channels; FLOP are the plain sum's";
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) one(t, (int)i, scratch);
    table_end(t, scratch);
}
