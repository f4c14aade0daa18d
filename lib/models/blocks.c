#include "models/blocks.h"
#include "base/parallel.h"
#include <string.h>

enum { AROUND = 1024 }; /* bytes that an arena may want beside a few blocks */

conv blocks_filter(weights w, const char *name, int in, int out)
{
    weights at = weights_in(w, "%s", name);
    conv c = {.in = in, .out = out, .weights = weights_filter(at, "weight", out, in)};
    c.bias = weights_floats(at, "bias", out);
    return c;
}

linear blocks_matrix(weights w, const char *name, int in, int out)
{
    weights at = weights_in(w, "%s", name);
    return (linear){.in = in, .out = out, .w = weights_matrix(at, "weight", out, in)};
}

linear blocks_linear(weights w, const char *name, int in, int out)
{
    linear l = blocks_matrix(w, name, in, out);
    l.bias = weights_floats(weights_in(w, "%s", name), "bias", out);
    return l;
}

norm_groups blocks_group_norm(weights w, const char *name, norm_groups usual)
{
    weights at = weights_in(w, "%s", name);
    usual.weight = weights_floats(at, "weight", usual.channels);
    usual.bias = weights_floats(at, "bias", usual.channels);
    return usual;
}

norm blocks_layer_norm(weights w, const char *name, int channels)
{
    weights at = weights_in(w, "%s", name);
    return (norm){.scale = weights_floats(at, "weight", channels),
                  .shift = weights_floats(at, "bias", channels),
                  .epsilon = 1e-5f};
}

float *blocks_multiply(linear l, int rows, const float *x, float *y, arena scratch)
{
    l.rows = rows, l.x = x, l.y = y;
    linear_apply(l, scratch);
    return y;
}

void blocks_multiply_add(linear l, int rows, const float *y, float *x, arena scratch)
{
    l.add = x;
    blocks_multiply(l, rows, y, x, scratch);
}

static int rows_of(tensor x)
{
    return x.n * x.h * x.w;
}

/* The norm of x, once its sums are known. */
static norm normed(norm_groups g, tensor x, arena *keep)
{
    g.pictures = x.n, g.rows = x.h * x.w, g.x = x.data;
    return norm_group(g, keep);
}

tensor blocks_convolve(conv c, tensor x, float *y, arena scratch)
{
    PROMISE(x.c == c.in, "blocks_convolve: x has other channels");
    c.n = x.n, c.h = x.h, c.w = x.w, c.x = x.data, c.y = y;
    conv_apply(c, scratch);
    return (tensor){y, x.n, conv_side(c.sides, x.h), conv_side(c.sides, x.w), c.out};
}

tensor blocks_norm_convolve(norm_groups g, conv c, tensor x, float *y, arena scratch)
{
    c.before = normed(g, x, &scratch);
    return blocks_convolve(c, x, y, scratch);
}

static norm_groups norm_before(tensor x)
{
    return (norm_groups){.pictures = x.n, .rows = x.h * x.w, .channels = x.c, .groups = x.c};
}

size_t blocks_convolve_room(conv c, tensor x)
{
    c.n = x.n, c.h = x.h, c.w = x.w, x.c = c.in;
    return norm_group_room(norm_before(x)) + conv_room(c) + AROUND;
}

size_t blocks_linear_room(void)
{
    return (size_t)parallel_threads() * LINEAR_ROOM + AROUND;
}

blocks_resnet blocks_resnet_load(weights w, int in, int out, int time, norm_groups usual)
{
    blocks_resnet r = {0};
    usual.silu = true;
    usual.channels = in;
    r.norm1 = blocks_group_norm(w, "norm1", usual);
    r.conv1 = blocks_filter(w, "conv1", in, out);
    if (time) r.time = blocks_linear(w, "time_emb_proj", time, out);
    usual.channels = out;
    r.norm2 = blocks_group_norm(w, "norm2", usual);
    r.conv2 = blocks_filter(w, "conv2", out, out);
    if (in != out) r.shortcut = blocks_linear(w, "conv_shortcut", in, out);
    return r;
}

/* x = W x, for pictures so large that a second one is too much. Some rows at a time; from the end
 * where rows get longer, so that nothing is written over before it was read. */
static void in_place(linear l, int rows, float *x, arena scratch)
{
    int bands = (rows + BLOCKS_ROWS - 1) / BLOCKS_ROWS;
    float *y = arena_take(&scratch, BLOCKS_ROWS * (size_t)l.out * sizeof *y);
    for (int b = 0; b < bands; b++) {
        size_t first = BLOCKS_ROWS * (size_t)(l.out <= l.in ? b : bands - 1 - b),
               left = (size_t)rows - first;
        int some = left < BLOCKS_ROWS ? (int)left : BLOCKS_ROWS;
        blocks_multiply(l, some, x + first * (size_t)l.in, y, scratch);
        memcpy(x + first * (size_t)l.out, y, (size_t)some * (size_t)l.out * sizeof *x);
    }
}

void blocks_resnet_apply(const blocks_resnet *r, blocks_stream *s, const float *time, arena scratch)
{
    conv first = r->conv1, second = r->conv2;
    if (r->time.in) {
        float *told = arena_take(&scratch, (size_t)s->x.n * (size_t)r->time.out * sizeof *told);
        first.shift = blocks_multiply(r->time, s->x.n, time, told, scratch);
    }
    tensor between = blocks_norm_convolve(r->norm1, first, s->x, s->spare, scratch);
    if (r->shortcut.in) in_place(r->shortcut, rows_of(s->x), s->x.data, scratch);
    second.add = s->x.data;
    s->x = blocks_norm_convolve(r->norm2, second, between, s->x.data, scratch);
}

size_t blocks_resnet_room(const blocks_resnet *r, tensor x)
{
    size_t row = (size_t)r->conv1.out * sizeof *x.data;
    size_t matrix = blocks_linear_room() + (r->shortcut.in ? BLOCKS_ROWS * row : 0);
    size_t convs =
        blocks_larger(blocks_convolve_room(r->conv1, x), blocks_convolve_room(r->conv2, x));
    return (size_t)x.n * row + blocks_larger(matrix, convs) + AROUND;
}

size_t blocks_resnet_widest(const blocks_resnet *r, tensor x)
{
    x.c = r->conv1.in > r->conv1.out ? r->conv1.in : r->conv1.out;
    return tensor_count(x);
}

/* Each pixel of y is the one of x that lies there when x is drawn twice as large. */
static tensor doubled(tensor x, int h, int w, float *y)
{
    size_t pixel = (size_t)x.c;
    PARALLEL_FOR((double)x.n * h * w * x.c > PARALLEL_WORTH)
    for (int row = 0; row < x.n * h; row++)
        for (int j = 0; j < w; j++) {
            size_t from = ((size_t)(row / h * x.h + row % h / 2) * (size_t)x.w + (size_t)(j / 2));
            memcpy(y + ((size_t)row * (size_t)w + (size_t)j) * pixel, x.data + from * pixel,
                   pixel * sizeof *y);
        }
    return (tensor){y, x.n, h, w, x.c};
}

void blocks_resize(conv c, blocks_stream *s, arena scratch)
{
    float *old = s->x.data;
    s->x = blocks_convolve(c, s->x, s->spare, scratch);
    s->spare = old;
}

/* Whether a convolution can do the enlarging, too. */
static bool doubles(tensor x, int h, int w)
{
    return h == 2 * x.h && w == 2 * x.w;
}

size_t blocks_enlarge_room(conv c, tensor x, int h, int w)
{
    if (doubles(x, h, w))
        c.sides = CONV_DOUBLE;
    else
        x.h = h, x.w = w;
    return blocks_convolve_room(c, x);
}

void blocks_enlarge(conv c, blocks_stream *s, int h, int w, arena scratch)
{
    if (doubles(s->x, h, w)) {
        c.sides = CONV_DOUBLE;
        blocks_resize(c, s, scratch);
    } else
        s->x = blocks_convolve(c, doubled(s->x, h, w, s->spare), s->x.data, scratch);
}

blocks_attention blocks_attention_load(weights w, int channels, norm_groups usual)
{
    /* diffusers since 0.17, and before */
    static const char *const names[2][4] = {{"to_q", "to_k", "to_v", "to_out.0"},
                                            {"query", "key", "value", "proj_attn"}};
    const char *const *name = names[weights_has(w, "query.weight")];
    usual.channels = channels;
    return (blocks_attention){.norm = blocks_group_norm(w, "group_norm", usual),
                              .q = blocks_linear(w, name[0], channels, channels),
                              .k = blocks_linear(w, name[1], channels, channels),
                              .v = blocks_linear(w, name[2], channels, channels),
                              .out = blocks_linear(w, name[3], channels, channels)};
}

void blocks_attend(const linear to[4], attention a, tensor x, arena scratch)
{
    size_t bytes = tensor_count(x) * sizeof *x.data;
    if (!a.y) a.y = arena_take(&scratch, bytes);
    float *k = arena_take(&scratch, bytes), *v = arena_take(&scratch, bytes);
    a.n = x.n, a.size = x.c / a.heads, a.queries = a.keys = x.h * x.w;
    a.q = blocks_multiply(to[0], rows_of(x), x.data, a.y, scratch);
    a.k = blocks_multiply(to[1], rows_of(x), x.data, k, scratch);
    a.v = blocks_multiply(to[2], rows_of(x), x.data, v, scratch);
    attention_apply(a, scratch);
    blocks_multiply_add(to[3], rows_of(x), a.y, x.data, scratch);
}

void blocks_think(linear widen, linear narrow, tensor x, arena scratch)
{
    int rows = rows_of(x), most = rows < BLOCKS_ROWS ? rows : BLOCKS_ROWS;
    float *wide = arena_take(&scratch, (size_t)most * (size_t)widen.out * sizeof *wide);
    for (int first = 0; first < rows; first += most) {
        int some = rows - first < most ? rows - first : most;
        float *of = x.data + (size_t)first * (size_t)x.c;
        blocks_multiply(widen, some, of, wide, scratch);
        blocks_multiply_add(narrow, some, wide, of, scratch);
    }
}

size_t blocks_attention_room(tensor x)
{
    attention a = {.n = x.n, .heads = 1, .size = x.c, .queries = x.h * x.w, .keys = x.h * x.w};
    return norm_group_room(norm_before(x)) + 2 * tensor_count(x) * sizeof *x.data +
           blocks_larger(blocks_linear_room(), attention_room(a)) + AROUND;
}

void blocks_attention_apply(const blocks_attention *a, blocks_stream *s, arena scratch)
{
    linear to[] = {a->q, a->k, a->v, a->out};
    to[0].before = to[1].before = to[2].before = normed(a->norm, s->x, &scratch);
    blocks_attend(to, (attention){.heads = 1, .y = s->spare}, s->x, scratch);
}
