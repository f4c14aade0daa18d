#include "nn/conv.h"
#include "base/error.h"
#include "base/parallel.h"
#include "nn/kernels.h"
#include "nn/profile.h"

enum { AROUND = 128 }; /* what an arena may want beside a block */

int conv_side(conv_sides sides, int of_x)
{
    const int side[] = {of_x, 2 * of_x, (of_x + 1) / 2, of_x / 2};
    return side[sides];
}

/* The sum in conv.h for one number of y; x has been normed. */
static double plain_sum(const conv *c, const float *x, int p, int i, int j, int o)
{
    int step = c->sides >= CONV_HALVE ? 2 : 1, border = c->sides != CONV_HALVE_LATE;
    int larger = c->sides == CONV_DOUBLE ? 2 : 1;
    size_t h = (size_t)c->h, w = (size_t)c->w, in = (size_t)c->in;
    double sum = 0;
    for (int tap = 0; tap < 9; tap++) {
        int row = step * i + tap / 3 - border, column = step * j + tap % 3 - border;
        if (row < 0 || row >= larger * c->h || column < 0 || column >= larger * c->w) continue;
        size_t pixel = ((size_t)p * h + (size_t)(row / larger)) * w + (size_t)(column / larger);
        for (size_t k = 0; k < in; k++) {
            size_t at = ((size_t)o * in + k) * 9 + (size_t)tap;
            sum += (double)x[pixel * in + k] * (double)weight_at(c->weights, at);
        }
    }
    return sum;
}

static void plain(const conv *c, float *normed)
{
    int h = conv_side(c->sides, c->h), w = conv_side(c->sides, c->w);
    norm_apply(c->before, c->x, c->n * c->h * c->w, c->in, normed);
    PARALLEL_FOR((double)c->n * h * w * c->in * c->out > 1e5)
    for (int row = 0; row < c->n * h; row++)
        for (int j = 0; j < w; j++)
            for (int o = 0; o < c->out; o++) {
                int p = row / h;
                size_t at = ((size_t)row * (size_t)w + (size_t)j) * (size_t)c->out + (size_t)o;
                double y = plain_sum(c, normed, p, row % h, j, o);
                if (c->bias) y += (double)c->bias[o];
                if (c->shift) y += (double)c->shift[(size_t)p * (size_t)c->out + (size_t)o];
                c->y[at] = (float)(y + (c->add ? (double)c->add[at] : 0));
            }
}

void conv_apply(conv c, arena scratch)
{
    PROMISE(c.x != c.y && c.before.epsilon <= 0 && conv_room(c) <= arena_left(scratch),
            "conv_apply: y is x, a layer norm before it, or scratch is less than conv_room()");
    c.before.rows = c.h * c.w;
    double enter = profile_enter();
    const kernels *fast = isa_kernels();
    if (fast)
        fast->conv(&c, scratch);
    else
        plain(&c, arena_take(&scratch, conv_room(c) - AROUND));
    arena_forget(scratch);
    int h = conv_side(c.sides, c.h), w = conv_side(c.sides, c.w);
    profile_leave(enter, 18.0 * c.n * h * w * c.in * c.out, "conv %d x %d x %d, %d to %d", c.n, h,
                  w, c.in, c.out);
}

size_t conv_room(conv c)
{
    const kernels *fast = isa_kernels();
    kernels_check((double)c.n * c.h * c.w, 9.0 * c.in, c.out);
    PROMISE(conv_side(c.sides, c.h) > 0 && conv_side(c.sides, c.w) > 0, "conv: y has no pixels");
    return fast ? fast->conv_room(&c)
                : (size_t)c.n * (size_t)c.h * (size_t)c.w * (size_t)c.in * sizeof *c.x + AROUND;
}
