/** @file conv.h
 *  What the ways to do a 3x3 convolution have in common, for one instruction set.
 *
 *  Each way lays its input out as rows for tile.h, in one or more planes; turns a block of weights
 *  into as many planes; multiplies plane by plane; and makes y of the sums. conv.c drives it, and
 *  shares the work out:
 *
 *     for groups       of pixels of y
 *       for strips       of the channels of x, so that both together stay near
 *         lay:             x as rows, normed and with zeros around it    (all threads together)
 *         for panels       TILE_WIDTH channels of y                      (whoever is free)
 *           for chunks       of the strip's channels, whose weights stay in the inner cache
 *             turn:            weights into planes, once for all rows of the group
 *             tile:            six or fourteen rows at a time, plane by plane
 *           finish:          after the last strip y from the sums
 *
 *  With more threads than panels each panel's rows are shared out as well, and each thread turns
 *  the weights for its own. With enough groups each thread does all this for groups of its own.
 */
#ifndef NN_FAST_CONV_H
#define NN_FAST_CONV_H
#include "base/parallel.h"
#include "nn/conv.h"
#include "nn/fast/norming.h"
#include "nn/fast/panel.h"
#include "nn/kernels.h"

enum {
    CONV_TAPS = 9,
    CONV_PLANES = 36,
    CONV_AHEAD = 4, /* pixels that are asked for before they are used */
    /* Rows of a thread's own groups, at least: for fewer, turning all weights alone would cost too
     * much; more with matrices, whose products take no time. */
    CONV_WORTH = MATRIX ? 1000 : 64,
    CONV_FAR = 32 << 20, /* bytes of y that nobody finds in a cache afterwards */
};

/** One way, for one convolution. Sizes of blocks are counted in floats. */
typedef struct conv_plan conv_plan;
struct conv_plan {
    const conv *c;
    int h, w;                    /**< of y */
    int strips, depth;           /**< channels of x lie in strips of `depth` */
    int chunk;                   /**< of which so many meet their weights at a time */
    int planes, deep;            /**< planes of products; columns of each for a channel: 1 or 9 */
    int width;                   /**< channels of y in a panel */
    bool pairs;                  /**< rows and weights are bf16, two channels of x in a number */
    int groups, rows;            /**< groups; rows of a plane in one, at most */
    bool alone;                  /**< each thread has groups of its own */
    bool far;                    /**< whole lines of y go past the caches */
    size_t laid;                 /**< all planes of a strip */
    size_t at[CONV_PLANES];      /**< where each begins */
    size_t turned, sums;         /**< a plane of weights; of sums, 0: all add to the same */
    size_t all_turned, all_sums; /**< all planes, for one panel */
    size_t gathered;             /**< what `lay` needs for itself */

    /** @return rows of a group; `parts` is how many parts lay() has for a strip */
    int (*begin)(const conv_plan *p, int group, int strip, int *parts);
    void (*lay)(const conv_plan *p, int group, int strip, int part, float *laid, float *own);
    /** @param nine [count * 9][TILE_WIDTH], of `count` channels of x */
    void (*turn)(const conv_plan *p, const float *nine, int count, float *turned);
    /** Rows first .. next - 1 of the group, `width` channels of y from `column` on. */
    void (*finish)(const conv_plan *p, int group, int column, int first, int next,
                   const float *sums);
};

conv_plan FAST(conv_winograd)(const conv *c);
conv_plan FAST(conv_direct)(const conv *c);

/** Cut the work into groups: own ones for each thread where they can be about equal, and large
 *  enough to turn all weights for. Threads that do not wait for each other do not all lay at once,
 *  and then all multiply: one has the memory while another has no use for it.
 *  @param p     whose groups
 *  @param n     parts that no group crosses
 *  @param units of each part
 *  @param rows  of the product that a unit has
 *  @param own, all units that there is room for: one thread's, all threads'
 *  @return units of a group, at most; p->groups, p->alone */
static inline int conv_share(conv_plan *p, int n, int units, int rows, int own, int all)
{
    int threads = parallel_threads(), bands = share_parts(units, own);
    while ((long long)n * bands % threads) bands++;
    bool equal = bands <= units && share_whole(units, bands) * 3 <= units * 4;
    p->alone = equal && units / bands * rows >= CONV_WORTH;
    if (!p->alone) bands = share_parts(units, all);
    p->groups = n * bands;
    return share_parts(units, bands);
}

/** How many channels strip s has. */
static inline int conv_depth(const conv_plan *p, int s)
{
    return share_least(p->depth, p->c->in - s * p->depth);
}

/** `some` channels from k on of a pixel of norm(x), enlarged if so, or zeros around it. What
 *  follows in the last vector is of no use; pairs are followed by zeros. The processor does not
 *  guess the way of a loop that takes a few channels of every pixel: pixels that come next are
 *  asked for early. */
static inline void conv_pixel(const conv_plan *p, const norming *r, int picture, int row,
                              int column, int k, int some, float *to)
{
    const conv *c = p->c;
    int twice = c->sides == CONV_DOUBLE, all = tile_numbers(some, p->pairs) * (1 + p->pairs);
    if (row < 0 || row >= c->h << twice || column < 0 || column >= c->w << twice) {
        for (int j = 0; j < all; j += LANES) tile_lay(to, j, (vec){0}, p->pairs);
        return;
    }
    size_t pixel = ((size_t)picture * (size_t)c->h + (size_t)(row >> twice)) * (size_t)c->w +
                   (size_t)(column >> twice);
    const float *from = c->x + pixel * (size_t)c->in;
    for (int j = 0; j < some; j += VEC_LINE) __builtin_prefetch(from + k + j + CONV_AHEAD * c->in);
    for (int j = 0; j < all; j += LANES)
        tile_lay(to, j, norming_at(r, from, k + j, some - j), p->pairs);
}

/** What is added to every pixel of a picture: bias and shift of LANES channels. */
VEC_INLINE vec conv_constant(const conv *c, int picture, int column)
{
    vec v = {0};
    int some = c->out - column;
    if (c->bias) v = vec_load_upto(c->bias + column, some);
    if (c->shift) v += vec_load_upto(c->shift + (size_t)picture * (size_t)c->out + column, some);
    return v;
}

/** LANES channels of a pixel, as far as there are so many. */
VEC_INLINE void conv_store(const conv_plan *p, size_t pixel, int column, vec v)
{
    const conv *c = p->c;
    size_t at = pixel * (size_t)c->out + (size_t)column;
    int some = c->out - column, ahead = CONV_AHEAD * c->out;
    if (!p->far) __builtin_prefetch(c->y + at + ahead, 1);
    if (c->add) __builtin_prefetch(c->add + at + ahead);
    if (c->add) v += vec_load_upto(c->add + at, some);
    if (p->far)
        vec_store_far(c->y + at, v);
    else
        vec_store_upto(c->y + at, v, some);
}
#endif
