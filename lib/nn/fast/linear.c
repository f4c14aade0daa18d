/* linear.h for one instruction set: blocks of the product, in an order that keeps them near.
 *
 *     for blocks     some rows of x, some columns of y     (each thread its own, or the next one)
 *       for depth      strip by strip
 *         lay:           copy the rows, normed on the way: they stay in the outer cache of a core
 *         for panels     of columns
 *           pack:          widen and turn the weights: they stay in the inner cache
 *           tile:          six or fourteen rows at a time, with bias and residual into y
 *           finish:        the same with activation or gate, while the sums are near
 *
 * Goto, van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication", with the weights
 * turned on the way: that costs one pass for each block of rows, unless the weights are few enough
 * to be kept for the next block. While tiles are multiplied the next panel's weights are fetched,
 * and x of the next strip; y's lines before a tile's sums are ready; the first panel of a strip
 * comes unannounced.
 */
#include "base/parallel.h"
#include "nn/fast/norming.h"
#include "nn/fast/panel.h"
#include "nn/kernels.h"
#include <stdatomic.h>

enum {
    /* Rows of x in a block, at most: 0.45 MB or 0.26 MB, which stay in the outer cache. A block
     * packs weights anew that are too many to keep, so where that cache is larger, blocks are. */
    ROWS = LANES == 16 ? 336 : 192,
    COLUMNS = 640, /* of sums in a block, at most: they are read again for each strip */
    KEPT = 425000, /* of turned weights, at most, are kept: 320 x 1280 and a little */
    /* Columns of x in a strip. With bf16 it is twice as wide, but not with matrices: they multiply
     * faster than so large a panel comes from the outer cache. */
    STRIP = TILE_DEPTH * (PAIRS && !MATRIX ? 2 : 1),
    AHEAD = 4, /* rows of x to fetch before their turn: their pieces lie far apart */
    PIECE = TILE_DEPTH * TILE_WIDTH,
};

/* How the work is cut. */
typedef struct {
    int strips, depth;  /* x is cut into strips of so many columns each */
    int slices, rows;   /* and into slices of at most so many rows, */
    bool free;          /* which whoever is free takes next; else each thread has its own */
    int panels, groups; /* TILE_WIDTH columns of y each; groups of panels */
    int kinds;          /* of panels: with gate 2, values and gates in turn */
    size_t sums;        /* floats of a panel's sums; 0 where they are finished at once */
    bool kept;          /* are a group's turned weights, for the next slice */
} cut;

/* A group's panels, each in strips. */
static size_t pieces(const cut *c)
{
    return (size_t)(share_parts(c->panels, c->groups) * c->kinds) * (size_t)c->strips;
}

/* Threads never are equally fast. So that all come to an end together, slices that are free become
 * smaller: what is left before slice i of n is ((n - i) / n)^2 of all rows, in whole tiles. */
static int slice_first(const linear *l, const cut *c, int i)
{
    double root = 1 - (double)i / c->slices;
    int left = share_whole((int)(l->rows * (root * root)), TILE_ROWS);
    return c->free ? l->rows - share_least(l->rows, left) : share_first(l->rows, i, c->slices);
}

static cut cut_up(const linear *l)
{
    cut c = {.strips = share_parts(l->in, STRIP), .kinds = l->gate ? 2 : 1};
    c.depth = share_whole(share_parts(l->in, c.strips), LANES);
    c.slices = share_parts(l->rows, ROWS), c.rows = share_parts(l->rows, c.slices);
    c.panels = share_parts(l->out, TILE_WIDTH), c.groups = 1;
    int threads = parallel_threads(), widest = COLUMNS / TILE_WIDTH / c.kinds, fair = 1;
    c.free = c.panels <= widest && c.slices > threads && pieces(&c) * PIECE <= KEPT;
    if (c.free) c.slices = share_parts(2 * l->rows, ROWS - TILE_ROWS), c.rows = ROWS;
    /* Else as few groups as make slices times groups a multiple of the threads, with COLUMNS each
     * at most; but no group without a panel. */
    while (!c.free && c.slices * fair % threads) fair++;
    c.groups = share_least(fair * share_parts(c.panels, fair * widest), c.panels);
    c.sums = c.strips > 1 || l->gate ? (size_t)(c.rows * TILE_WIDTH) : 0;
    /* Where a thread may have two slices. */
    c.kept = c.slices > 1 && c.slices * c.groups > threads && pieces(&c) * PIECE <= KEPT;
    return c;
}

static int strip_depth(const linear *l, const cut *c, int s)
{
    return share_least(c->depth, l->in - s * c->depth);
}

/* What a thread works at, and with. */
typedef struct {
    int from, rows;               /* of x */
    int first, next;              /* panels */
    bool known;                   /* their weights lie turned from the block before */
    norming *norms;               /* [rows] */
    float *strip;                 /* [rows][TILE_STRIDE] */
    float *turned;                /* pieces, [depth][TILE_WIDTH] each */
    float *sums;                  /* [panels][kinds][rows][TILE_WIDTH] */
    tile_ahead panel, next_strip; /* to be fetched: the next panel's weights, then x */
} desk;

static void lay(const linear *l, const cut *c, const desk *d, int s)
{
    int depth = strip_depth(l, c, s), from = s * c->depth;
    const float *x = l->x + (size_t)d->from * (size_t)l->in;
    float *to = d->strip;
    for (int i = 0; i < d->rows; i++, x += l->in, to += TILE_STRIDE) {
        if (s == 0) d->norms[i] = norming_begin(&l->before, d->from + i, x, l->in);
        norming n = d->norms[i];
        for (int k = 0; k < depth; k += VEC_LINE)
            __builtin_prefetch(x + AHEAD * (size_t)l->in + from + k);
        for (int k = 0; k < tile_numbers(depth, PAIRS) * (1 + PAIRS); k += LANES)
            tile_lay(to, k, norming_at(&n, x, from + k, depth - k), PAIRS);
    }
}

/* Some rows of a panel where tile.h's sums are not all: activation or gate, or a narrow panel.
 * Alone, so that its loop has all registers. */
__attribute__((noinline)) static void finish(const linear *l, int from, int rows, int column,
                                             const float *sums, const float *gates)
{
    for (int v = 0; v < TILE_WIDTH && column + v < l->out; v += LANES) {
        int some = share_least(LANES, l->out - column - v);
        const float *b = l->bias ? l->bias + column + v : NULL;
        vec bias = b ? vec_load_upto(b, some) : (vec){0};
        vec other = b && l->gate ? vec_load_upto(b + l->out, some) : (vec){0};
        size_t at = (size_t)from * (size_t)l->out + (size_t)(column + v);
        for (int i = v; i < rows * TILE_WIDTH; i += TILE_WIDTH, at += (size_t)l->out) {
            vec y = vec_load(sums + i) + bias;
            y = l->gate ? y * math_activate(l->after, vec_load(gates + i) + other)
                        : math_activate(l->after, y);
            if (l->add) y += vec_load_upto(l->add + at, some);
            vec_store_upto(l->y + at, y, some);
        }
    }
}

/* Of a panel, in a strip. */
static panel_weights weights_of(const linear *l, const cut *c, int s, int panel)
{
    int column = panel / c->kinds * TILE_WIDTH;
    size_t row = (size_t)column + (size_t)(panel % c->kinds) * (size_t)l->out;
    return (panel_weights){l->w, row * (size_t)l->in + (size_t)(s * c->depth), (size_t)l->in,
                           share_least(l->out - column, TILE_WIDTH), strip_depth(l, c, s)};
}

/* Of y, the lines that a tile's rows of one panel lie in: stores wait for lines that are far. */
static void fetch_results(const linear *l, int from, int rows, int column)
{
    float *y = l->y + (size_t)from * (size_t)l->out + (size_t)column;
    for (int i = 0; i < rows; i++, y += l->out)
        for (int v = 0; v < TILE_WIDTH; v += VEC_LINE) __builtin_prefetch(y + v, 1);
}

/* Some rows meet a panel; y is made by the tile itself where it only adds. */
static void multiply(const linear *l, const cut *c, desk *d, int s, int panel, const float *turned,
                     int row, int rows)
{
    tile_ahead *ahead = d->panel.count > 0 ? &d->panel : &d->next_strip;
    const float *x = d->strip + row * TILE_STRIDE;
    float *sums = d->sums + (size_t)(panel - d->first * c->kinds) * c->sums;
    if (c->sums) sums += row * TILE_WIDTH;
    int depth = tile_numbers(strip_depth(l, c, s), PAIRS), column = panel / c->kinds * TILE_WIDTH,
        from = d->from + row;
    bool last = s == c->strips - 1 && panel % c->kinds == c->kinds - 1;
    if (last) fetch_results(l, from, rows, column);
    if (last && l->after == ACTIVATE_NOT && !l->gate && column + TILE_WIDTH <= l->out) {
        size_t at = (size_t)from * (size_t)l->out + (size_t)column;
        tile_more more = {.sums = s > 0 ? sums : NULL,
                          .bias = l->bias ? l->bias + column : NULL,
                          .add = l->add ? l->add + at : NULL,
                          .ahead = ahead};
        tile_product[rows](x, turned, depth, l->y + at, (size_t)l->out, &more);
        return;
    }
    tile_more more = {.old = s > 0, .ahead = ahead};
    tile_product[rows](x, turned, depth, sums, TILE_WIDTH, &more);
    if (last) /* with gate the panel before this one has the values, and this one the gates */
        finish(l, from, rows, column, sums - (c->kinds - 1) * (ptrdiff_t)c->sums, sums);
}

/* All rows of the block meet one panel. */
static void meet(const linear *l, const cut *c, desk *d, int s, int panel)
{
    int number = c->kept ? (panel - d->first * c->kinds) * c->strips + s : 0;
    float *turned = d->turned + (size_t)number * PIECE;
    if (!d->known) {
        panel_pack(weights_of(l, c, s, panel), PAIRS, turned);
        panel_weights next = weights_of(l, c, s, panel + 1);
        if (panel + 1 == d->next * c->kinds) next.rows = 0;
        d->panel = panel_ahead(next);
    }
    int tiles = tile_count(d->rows);
    for (int t = 0; t < tiles; t++) {
        int row = tile_row(d->rows, t);
        multiply(l, c, d, s, panel, turned, row, tile_row(d->rows, t + 1) - row);
    }
}

/* Block i, of one slice and one group. */
static void work(const linear *l, const cut *c, desk *d, int i)
{
    int slice = i % c->slices, group = i / c->slices,
        first = share_first(c->panels, group, c->groups);
    d->from = slice_first(l, c, slice), d->rows = slice_first(l, c, slice + 1) - d->from;
    d->known = c->kept && d->next > 0 && d->first == first;
    d->first = first, d->next = share_first(c->panels, group + 1, c->groups);
    const float *x = l->x + (size_t)d->from * (size_t)l->in;
    for (int s = 0; s < c->strips; s++) {
        lay(l, c, d, s);
        d->next_strip = tile_rows(x + (s + 1) * c->depth, sizeof *x, d->rows,
                                  strip_depth(l, c, s + 1), (size_t)l->in);
        for (int p = first * c->kinds; p < d->next * c->kinds; p++) meet(l, c, d, s, p);
    }
}

/* Floats of what a thread has: strip, turned weights, sums. In this order: a tile of few rows may
 * read on behind the strip. */
typedef struct {
    size_t strip, turned, sums, own;
} room;

static room room_of(const cut *c)
{
    room r = {.strip = (size_t)c->rows * TILE_STRIDE,
              .turned = c->kept ? pieces(c) * PIECE : PIECE};
    r.sums = (size_t)(share_parts(c->panels, c->groups) * c->kinds) * c->sums;
    r.sums += TILE_ROWS * TILE_WIDTH; /* a tile's, where they are finished at once */
    r.own = (r.strip + r.turned + r.sums + VEC_LINE - 1) / VEC_LINE * VEC_LINE;
    return r;
}

size_t FAST(linear_room)(const linear *l)
{
    cut c = cut_up(l);
    size_t own = room_of(&c).own * sizeof(float) + (size_t)c.rows * sizeof(norming);
    return (size_t)parallel_threads() * own + 2 * 128; /* what an arena may want beside a block */
}

void FAST(linear)(const linear *l, arena scratch)
{
    cut c = cut_up(l);
    room r = room_of(&c);
    int threads = parallel_threads(), blocks = c.slices * c.groups;
    int turns = c.free ? blocks : threads;
    float *all = arena_take(&scratch, (size_t)threads * r.own * sizeof *all);
    norming *norms = arena_take(&scratch, (size_t)(threads * c.rows) * sizeof *norms);
    atomic_int next = 0;
    PARALLEL_FOR((double)l->rows * l->in * l->out > 1e5)
    for (int t = 0; t < threads; t++) {
        desk d = {.norms = norms + t * c.rows, .strip = all + (size_t)t * r.own};
        d.turned = d.strip + r.strip, d.sums = d.turned + r.turned;
        tile_begin();
        for (int turn; (turn = atomic_fetch_add(&next, 1)) < turns;)
            for (int i = share_first(blocks, turn, turns); i < share_first(blocks, turn + 1, turns);
                 i++)
                work(l, &c, &d, i);
        tile_end();
    }
}
