/* linear.h for one instruction set: blocks of the product, in an order that keeps them near.
 *
 *     for rows       of x, as many as stay in the outer cache        (all threads together)
 *       lay:           copy them into strips of TILE_DEPTH, normed on the way
 *       for columns    of y, as many as fit into a core's cache      (each thread its own)
 *         for depth      strip by strip
 *           panel:         widen and turn the weights, once for all these rows
 *           tile:          six or fourteen rows at a time
 *         finish:        bias, activation, residual, while the sums are near
 *
 * Goto, van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication", with the weights
 * turned on the way instead of kept turned: that costs one pass for each block of rows.
 */
#include "base/parallel.h"
#include "nn/fast/norming.h"
#include "nn/fast/panel.h"
#include "nn/kernels.h"

enum {
    ROOM_OF_X = 4 << 20, /* bytes of x laid out at a time: they are read again for each group */
    ROOM_OF_PANELS = 3 << 16, /* bytes of weights that stay near while all rows pass by */
    GROUP = ROOM_OF_PANELS / (int)sizeof(float) / (TILE_WIDTH * TILE_DEPTH),
};

/* A strip's numbers: floats, or pairs of bf16. */
#if defined(ISA_BF16)
enum { PAIRS = true };
static tile_fn *const *const product = tile_pairs;
#else
enum { PAIRS = false };
static tile_fn *const *const product = tile;
#endif

/* How the work is cut. */
typedef struct {
    int strips, depth;  /* x lies in strips of so many columns each */
    int rows;           /* are laid out at a time */
    int panels, groups; /* TILE_WIDTH columns of y each; panels that one thread does together */
    int wide;           /* columns of sums: GROUP panels, twice with gate */
} cut;

static int parts_of(int n, int most)
{
    return (n + most - 1) / most;
}

static cut cut_up(const linear *l)
{
    cut c = {.strips = parts_of(l->in, TILE_DEPTH * (1 + PAIRS)),
             .panels = parts_of(l->out, TILE_WIDTH)};
    c.depth = parts_of(parts_of(l->in, c.strips), LANES) * LANES;
    int most = ROOM_OF_X / (int)sizeof(float) / (c.strips * TILE_STRIDE);
    c.rows = parts_of(l->rows, parts_of(l->rows, most < TILE_ROWS ? TILE_ROWS : most));
    int each = l->gate ? GROUP / 2 : GROUP, threads = parallel_threads();
    c.groups = threads * parts_of(c.panels, threads * each);
    c.groups = c.groups < c.panels ? c.groups : c.panels;
    c.wide = each * TILE_WIDTH * (l->gate ? 2 : 1);
    return c;
}

static int strip_depth(const linear *l, const cut *c, int s)
{
    int left = l->in - s * c->depth;
    return left < c->depth ? left : c->depth;
}

/* Row i of the block lies at strips[s][i]. */
static void lay(const linear *l, const cut *c, int first, int rows, float *strips)
{
    PARALLEL_FOR((size_t)rows * (size_t)l->in > PARALLEL_WORTH)
    for (int i = 0; i < rows; i++) {
        const float *x = l->x + (size_t)(first + i) * (size_t)l->in;
        norming r = norming_begin(&l->before, first + i, x, l->in);
        for (int s = 0; s < c->strips; s++) {
            float *strip = strips + ((size_t)s * (size_t)rows + (size_t)i) * TILE_STRIDE;
            int depth = strip_depth(l, c, s), from = s * c->depth;
            for (int k = 0; k < depth; k += LANES) {
                vec v = norming_at(&r, x, from + k, depth - k);
                if (PAIRS)
                    vec_store_bf16((uint16_t *)(void *)strip + k, v);
                else
                    vec_store(strip + k, v);
            }
        }
    }
}

/* `some` numbers, LANES at most, or all LANES: then it is one instruction. */
VEC_INLINE vec load_some(const float *p, int some)
{
    return some == LANES ? vec_load(p) : vec_load_some(p, some);
}

/* Bias, activation and residual of a vector of sums: columns `column` and so on of row i. */
VEC_INLINE void finish_some(const linear *l, int i, int column, vec v, vec gate, int some)
{
    float *y = l->y + (size_t)i * (size_t)l->out + (size_t)column;
    if (l->bias) v += load_some(l->bias + column, some);
    if (l->bias && l->gate) gate += load_some(l->bias + l->out + column, some);
    v = l->gate ? v * math_activate(l->after, gate) : math_activate(l->after, v);
    if (l->add) v += load_some(l->add + (y - l->y), some);
    if (some == LANES)
        vec_store(y, v);
    else
        vec_store_some(y, v, some);
}

static void finish(const linear *l, int i, int column, int n, const float *sums, const float *gates)
{
    int j = 0;
    for (; j + LANES <= n; j += LANES)
        finish_some(l, i, column + j, vec_load(sums + j), vec_load(gates + j), LANES);
    if (j < n) finish_some(l, i, column + j, vec_load(sums + j), vec_load(gates + j), n - j);
}

/* What a thread does at a time: panels `first` to `next` for rows low to high of the block. */
typedef struct {
    int first, next, low, high;
} share;

static share share_of(const cut *c, int rows, int i)
{
    int slices = parts_of(parallel_threads(), c->groups), g = i % c->groups, s = i / c->groups;
    return (share){c->panels * g / c->groups, c->panels * (g + 1) / c->groups, rows * s / slices,
                   rows * (s + 1) / slices};
}

/* The weights of a strip, with gate those of both halves. */
static void pack(const linear *l, const cut *c, int s, share w, float *panels)
{
    int count = w.next - w.first;
    for (int p = 0; p < (l->gate ? 2 : 1) * count; p++) {
        int column = (w.first + p % count) * TILE_WIDTH, left = l->out - column;
        size_t row = (size_t)(column + p / count * l->out);
        panel_pack(l->w, row * (size_t)l->in + (size_t)(s * c->depth), (size_t)l->in,
                   left < TILE_WIDTH ? left : TILE_WIDTH, strip_depth(l, c, s), PAIRS,
                   panels + p * TILE_DEPTH * TILE_WIDTH);
    }
}

static void multiply(const linear *l, const cut *c, int from, int rows, const float *strips,
                     share w, float *panels, float *sums)
{
    int count = w.next - w.first, all = (l->gate ? 2 : 1) * count;
    int column = w.first * TILE_WIDTH, n = l->out - column;
    if (n > count * TILE_WIDTH) n = count * TILE_WIDTH;
    for (int s = 0; s < c->strips; s++) {
        int depth = (strip_depth(l, c, s) + PAIRS) / (1 + PAIRS);
        pack(l, c, s, w, panels);
        for (int t = 0; t < tile_count(w.high - w.low); t++) {
            int row = tile_row(w.high - w.low, t), high = tile_row(w.high - w.low, t + 1) - row;
            const float *a =
                strips + ((size_t)s * (size_t)rows + (size_t)(w.low + row)) * TILE_STRIDE;
            float *sum = sums + (c->strips > 1 ? (size_t)row * (size_t)c->wide : 0);
            for (int p = 0; p < all; p++)
                product[high](a, panels + p * TILE_DEPTH * TILE_WIDTH, depth, sum + p * TILE_WIDTH,
                              (size_t)c->wide, s > 0);
            for (int i = 0; s == c->strips - 1 && i < high; i++)
                finish(l, from + w.low + row + i, column, n, sum + i * c->wide,
                       sum + i * c->wide + (all - count) * TILE_WIDTH);
        }
    }
}

void FAST(linear)(const linear *l, arena scratch)
{
    cut c = cut_up(l);
    int threads = parallel_threads(), shares = c.groups * parts_of(threads, c.groups);
    size_t sums = (size_t)c.rows * (size_t)c.wide, panels = ROOM_OF_PANELS / sizeof(float);
    float *strips =
        arena_take(&scratch, (size_t)c.strips * (size_t)c.rows * TILE_STRIDE * sizeof *strips);
    float *own = arena_take(&scratch, (size_t)threads * (sums + panels) * sizeof *own);
    for (int from = 0; from < l->rows; from += c.rows) {
        int rows = l->rows - from < c.rows ? l->rows - from : c.rows;
        lay(l, &c, from, rows, strips);
        PARALLEL_FOR((double)rows * l->in * l->out > 1e5)
        for (int t = 0; t < threads; t++)
            for (int i = t; i < shares; i += threads) {
                float *mine = own + (size_t)t * (sums + panels);
                multiply(l, &c, from, rows, strips, share_of(&c, rows, i), mine, mine + panels);
            }
    }
}
