/* linear.h for one instruction set: blocks of the product, in an order that keeps them near.
 *
 *     for blocks     some rows of x, some columns of y     (each thread its own)
 *       for depth      strip by strip
 *         lay:           copy the rows, normed on the way: they stay in the outer cache of a core
 *         for panels     of columns
 *           pack:          widen and turn the weights: they stay in the inner cache
 *           tile:          six or fourteen rows at a time
 *           finish:        bias, activation, residual, while the sums are near
 *
 * Goto, van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication", with the weights
 * turned on the way instead of kept turned: that costs one pass for each block of rows. What comes
 * next is fetched while the tiles before it are multiplied.
 */
#include "base/parallel.h"
#include "nn/fast/norming.h"
#include "nn/fast/panel.h"
#include "nn/kernels.h"

enum {
    ROWS = 192,    /* of x in a block, at most */
    COLUMNS = 640, /* of sums in a block, at most: they are read again for each strip */
    LINE = 64,     /* bytes that are fetched together */
    AHEAD = 4,     /* rows of x to fetch before their turn: their pieces lie far apart */
};

/* How the work is cut. */
typedef struct {
    int strips, depth;  /* x is cut into strips of so many columns each */
    int slices, rows;   /* and into slices of at most so many rows */
    int panels, groups; /* TILE_WIDTH columns of y each; groups of panels */
    int halves;         /* 2 with gate */
    size_t sums;        /* floats of a panel's sums; 0 where they are finished at once */
} cut;

static int parts_of(int n, int most)
{
    return (n + most - 1) / most;
}

static int common(int a, int b)
{
    return b ? common(b, a % b) : a;
}

static cut cut_up(const linear *l)
{
    cut c = {.strips = parts_of(l->in, TILE_DEPTH * (1 + PAIRS)), .halves = l->gate ? 2 : 1};
    c.depth = parts_of(parts_of(l->in, c.strips), LANES) * LANES;
    c.slices = parts_of(l->rows, ROWS), c.rows = parts_of(l->rows, c.slices);
    c.panels = parts_of(l->out, TILE_WIDTH);
    int threads = parallel_threads(), fair = threads / common(threads, c.slices);
    c.groups = fair * parts_of(c.panels, fair * (COLUMNS / TILE_WIDTH / c.halves));
    c.groups = c.groups < c.panels ? c.groups : c.panels;
    c.sums = c.strips > 1 || l->gate ? (size_t)(c.rows * TILE_WIDTH) : 0;
    return c;
}

static int strip_depth(const linear *l, const cut *c, int s)
{
    int left = l->in - s * c->depth;
    return left < c->depth ? left : c->depth;
}

/* What a thread works at, and with. */
typedef struct {
    int from, rows;  /* of x */
    int first, next; /* panels */
    norming *norms;  /* [rows] */
    float *strip;    /* [rows][TILE_STRIDE] */
    float *panel;    /* [depth][TILE_WIDTH] */
    float *sums;     /* [panels][halves][rows][TILE_WIDTH] */
} desk;

/* Row i; `normed` says whether there is a norm. */
VEC_INLINE void lay_row(const linear *l, const desk *d, int i, int from, int depth, bool normed)
{
    const float *x = l->x + (size_t)(d->from + i) * (size_t)l->in;
    float *to = d->strip + i * TILE_STRIDE;
    norming n = d->norms[i];
    if (!normed) n.scale = NULL;
    for (int k = 0; k < depth; k += LINE / (int)sizeof *x)
        __builtin_prefetch(x + AHEAD * (size_t)l->in + from + k);
    for (int k = 0; k < depth; k += LANES) tile_lay(to, k, norming_at(&n, x, from + k, depth - k));
}

static void lay(const linear *l, const cut *c, const desk *d, int s)
{
    int depth = strip_depth(l, c, s), from = s * c->depth;
    for (int i = 0; i < d->rows; i++) {
        const float *x = l->x + (size_t)(d->from + i) * (size_t)l->in;
        if (s == 0) d->norms[i] = norming_begin(&l->before, d->from + i, x, l->in);
        if (l->before.scale)
            lay_row(l, d, i, from, depth, true);
        else
            lay_row(l, d, i, from, depth, false);
    }
}

/* `some` numbers, LANES at most, or all LANES: then it is one instruction. */
VEC_INLINE vec load_some(const float *p, int some)
{
    return some >= LANES ? vec_load(p) : vec_load_some(p, some);
}

/* Columns `column` and so on, LANES at most, of some rows: bias, activation, residual. */
VEC_INLINE void finish_as(const linear *l, activation after, bool gate, int from, int rows,
                          int column, int some, const float *sums, const float *gates)
{
    vec bias = l->bias ? load_some(l->bias + column, some) : (vec){0};
    vec gate_bias = l->bias && gate ? load_some(l->bias + l->out + column, some) : (vec){0};
    size_t at = (size_t)from * (size_t)l->out + (size_t)column;
    for (int i = 0; i < rows; i++, at += (size_t)l->out) {
        vec v = vec_load(sums + i * TILE_WIDTH) + bias;
        v = gate ? v * math_activate(after, vec_load(gates + i * TILE_WIDTH) + gate_bias)
                 : math_activate(after, v);
        if (l->add) v += load_some(l->add + at, some);
        if (some >= LANES)
            vec_store(l->y + at, v);
        else
            vec_store_some(l->y + at, v, some);
    }
}

static void finish(const linear *l, int from, int rows, int column, const float *sums,
                   const float *gates)
{
    for (int v = 0, some; v < TILE_WIDTH && (some = l->out - column - v) > 0; v += LANES)
        if (l->after == ACTIVATE_NOT && !l->gate && some >= LANES)
            finish_as(l, ACTIVATE_NOT, false, from, rows, column + v, LANES, sums + v, gates + v);
        else
            finish_as(l, l->after, l->gate, from, rows, column + v, some, sums + v, gates + v);
}

/* The weights of a panel in a strip. */
typedef struct {
    size_t at; /* the first one's number */
    int rows, depth;
} patch;

static patch patch_of(const linear *l, const cut *c, int s, int panel)
{
    int column = panel / c->halves * TILE_WIDTH, left = l->out - column;
    size_t row = (size_t)column + (size_t)(panel % c->halves) * (size_t)l->out;
    return (patch){row * (size_t)l->in + (size_t)(s * c->depth),
                   left < TILE_WIDTH ? left : TILE_WIDTH, strip_depth(l, c, s)};
}

/* Part t of `parts` of a patch's rows. */
static void fetch_weights(const linear *l, const patch *p, int t, int parts)
{
    size_t size = dtype_size(l->w.type);
    for (int r = p->rows * t / parts; r < p->rows * (t + 1) / parts; r++) {
        const char *row = (const char *)l->w.data + (p->at + (size_t)r * (size_t)l->in) * size;
        for (size_t b = 0; b < (size_t)p->depth * size; b += LINE)
            __builtin_prefetch(row + b, 0, 2);
    }
}

/* All rows of the block meet one panel; `ahead` is the next. */
static void meet(const linear *l, const cut *c, const desk *d, int s, int panel, const patch *ahead)
{
    int depth = tile_numbers(strip_depth(l, c, s)), tiles = tile_count(d->rows);
    int column = panel / c->halves * TILE_WIDTH;
    bool last = s == c->strips - 1 && panel % c->halves == c->halves - 1;
    float *sums = d->sums + (size_t)(panel - d->first * c->halves) * c->sums;
    for (int t = 0; t < tiles; t++) {
        int row = tile_row(d->rows, t), rows = tile_row(d->rows, t + 1) - row;
        float *sum = sums + (c->sums ? row * TILE_WIDTH : 0);
        if (ahead) fetch_weights(l, ahead, t, tiles);
        tile_product[rows](d->strip + row * TILE_STRIDE, d->panel, depth, sum, TILE_WIDTH, s > 0);
        if (last)
            finish(l, d->from + row, rows, column, sum - (c->halves - 1) * (ptrdiff_t)c->sums, sum);
    }
}

static void work(const linear *l, const cut *c, const desk *d)
{
    int first = d->first * c->halves, next = d->next * c->halves;
    for (int s = 0; s < c->strips; s++) {
        lay(l, c, d, s);
        for (int panel = first; panel < next; panel++) {
            patch p = patch_of(l, c, s, panel), ahead = patch_of(l, c, s, panel + 1);
            panel_pack(l->w, p.at, (size_t)l->in, p.rows, p.depth, PAIRS, d->panel);
            meet(l, c, d, s, panel, panel + 1 < next ? &ahead : NULL);
        }
    }
}

void FAST(linear)(const linear *l, arena scratch)
{
    cut c = cut_up(l);
    int threads = parallel_threads(), blocks = c.slices * c.groups;
    size_t strip = (size_t)c.rows * TILE_STRIDE, panel = TILE_DEPTH * TILE_WIDTH,
           most =
               (size_t)(parts_of(c.panels, c.groups) * c.halves) * c.sums + TILE_ROWS * TILE_WIDTH;
    size_t own = (strip + panel + most + 15) / 16 * 16;
    float *room = arena_take(&scratch, (size_t)threads * own * sizeof *room);
    norming *norms = arena_take(&scratch, (size_t)(threads * c.rows) * sizeof *norms);
    PARALLEL_FOR((double)l->rows * l->in * l->out > 1e5)
    for (int t = 0; t < threads; t++)
        for (int i = t; i < blocks; i += threads) {
            int slice = i / c.groups, group = i % c.groups;
            float *mine = room + (size_t)t * own;
            int from = (int)((long long)l->rows * slice / c.slices),
                to = (int)((long long)l->rows * (slice + 1) / c.slices);
            work(l, &c,
                 &(desk){from, to - from, c.panels * group / c.groups,
                         c.panels * (group + 1) / c.groups, norms + t * c.rows, mine + panel, mine,
                         mine + panel + strip});
        }
}
