/* attention.h for one instruction set: a block of keys at a time, so that scores live in the cache
 * for a moment only.
 *
 *     pack:      K of each head into panels, V into aligned panels, block by block   (all threads)
 *     for queries    of a head, as many as share a block of keys        (each thread its own heads)
 *       for keys       as many as stay in a core's cache
 *         for tile       six or fourteen queries
 *           scores:        of these queries and keys: a tile times panels of K
 *           soften:        s becomes 2^(s - most), most the largest score of this query so far
 *           gather:        y = y 2^(most before - most) + s V: a tile times panels of V
 *       finish:        y / sum of all 2^(s - most)
 *
 * The sum that is corrected when a larger score turns up: Milakov, Gimelshein 2018, "Online
 * normalizer calculation for softmax", arXiv:1805.02867; y corrected with it: Dao 2022,
 * "FlashAttention", arXiv:2205.14135, algorithm 1. e^s is 2^(s log2 e), and log2 e is part of the
 * scale, which is part of q.
 */
#include "base/parallel.h"
#include "nn/fast/math.h"
#include "nn/fast/panel.h"
#include "nn/kernels.h"
#include <math.h>

enum {
    ROOM = 1 << 16, /* floats of K and V of a block of keys: they stay near while queries pass by */
    QUERIES = 96,   /* that pass by */
};

/* How the work is cut. */
typedef struct {
    int strips, depth;              /* channels of a head: strips of so many, for TILE_DEPTH */
    int block, blocks;              /* keys of a block, and how many blocks */
    int rows, parts;                /* queries of the largest part, and how many parts */
    int wide;                       /* channels of V: whole vectors, at least two */
    size_t panels;                  /* floats of K and V of a head */
    size_t q, scores, y, sums, own; /* floats of what a thread has for its own, and all of it */
} cut;

static int parts_of(int n, int most)
{
    return (n + most - 1) / most;
}

static int whole(int n, int of)
{
    return parts_of(n, of) * of;
}

static cut cut_up(const attention *a)
{
    cut c = {.strips = parts_of(a->size, TILE_DEPTH), .parts = parts_of(a->queries, QUERIES)};
    c.depth = whole(parts_of(a->size, c.strips), LANES);
    c.wide = whole(a->size, LANES) > TILE_WIDTH ? whole(a->size, LANES) : TILE_WIDTH;
    int most = ROOM / (a->size + c.wide) / TILE_WIDTH * TILE_WIDTH;
    if (most > TILE_DEPTH) most = TILE_DEPTH;
    if (most < TILE_WIDTH) most = TILE_WIDTH;
    c.blocks = parts_of(a->keys, most);
    c.block = whole(parts_of(a->keys, c.blocks), TILE_WIDTH);
    c.rows = parts_of(a->queries, c.parts);
    c.panels = (size_t)c.blocks * (size_t)c.block * (size_t)(a->size + c.wide);
    c.q = (size_t)c.strips * (size_t)c.rows * TILE_STRIDE;
    c.scores = (size_t)TILE_ROWS * TILE_STRIDE;
    c.y = (size_t)c.rows * (size_t)c.wide;
    c.sums = (size_t)c.rows * LANES;
    c.own = c.q + c.scores + c.y + c.sums + (size_t)whole(c.rows, 16);
    return c;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* V of a block lies in panels of two vectors, and one of three where their number is odd: panel by
 * panel [keys][vectors][LANES]. */
static int vecs_of_panel(int vecs_left)
{
    return vecs_left == 3 ? 3 : 2;
}

static void pack_v(const float *v, size_t stride, int keys, int size, int wide, float *to)
{
    for (int at = 0, n; at < wide; at += n) {
        n = vecs_of_panel((wide - at) / LANES) * LANES;
        for (int j = 0; j < keys; j++)
            for (int c = at; c < at + n; c += LANES, to += LANES) {
                const float *from = v + (size_t)j * stride + c;
                int some = size - c < 0 ? 0 : size - c;
                vec_store(to, some < LANES ? vec_load_some(from, some) : vec_load(from));
            }
    }
}

/* Block b of the keys of a head. */
static void pack(const attention *a, const cut *c, int picture, int head, int b, float *to)
{
    int first = b * c->block, keys = least(c->block, a->keys - first);
    size_t token = (size_t)picture * (size_t)a->keys + (size_t)first,
           channel = (size_t)head * (size_t)a->size;
    size_t k_stride = (size_t)a->k_stride, v_stride = (size_t)a->v_stride;
    for (int j = 0; j < keys; j += TILE_WIDTH)
        panel_pack((weight){a->k, DTYPE_F32}, (token + (size_t)j) * k_stride + channel, k_stride,
                   least(keys - j, TILE_WIDTH), a->size, to + j * a->size);
    pack_v(a->v + token * v_stride + channel, v_stride, keys, a->size, c->wide,
           to + c->block * a->size);
}

/* What a thread works with. */
typedef struct {
    float *q;      /* [strips][rows][TILE_STRIDE], scaled */
    float *scores; /* [TILE_ROWS][TILE_STRIDE] */
    float *y;      /* [rows][wide], not yet divided by the sums */
    float *sums;   /* [rows][LANES] of 2^(score - most), to be added up */
    float *most;   /* [rows] the largest score so far */
} desk;

static void lay(const attention *a, const cut *c, const float *x, int rows, const desk *d)
{
    vec scale = vec_all(a->scale * 1.44269504f);
    for (int r = 0; r < rows; r++, x += a->q_stride) {
        for (int k = 0; k < a->size; k += LANES) {
            int some = a->size - k, s = k / c->depth;
            float *to = d->q + (s * c->rows + r) * TILE_STRIDE + k - s * c->depth;
            vec_store(to, scale * (some < LANES ? vec_load_some(x + k, some) : vec_load(x + k)));
        }
        vec_store(d->sums + r * LANES, (vec){0});
        d->most[r] = -INFINITY;
    }
}

/* The first `seen` scores of a row, of `width`. */
static float soften(float *s, int seen, int width, float *most, float *sums)
{
    for (int j = seen; j < whole(width, LANES); j++) s[j] = -INFINITY;
    vec top = vec_all(*most);
    for (int j = 0; j < width; j += LANES) top = vec_max(vec_load(s + j), top);
    float now = top[0];
    for (int i = 1; i < LANES; i++) now = top[i] > now ? top[i] : now;
    float shrink = math_exp2(vec_all(*most - now))[0];
    vec sum = vec_load(sums) * shrink;
    for (int j = 0; j < width; j += LANES) {
        vec p = math_exp2(vec_load(s + j) - now);
        vec_store(s + j, p);
        sum += p;
    }
    vec_store(sums, sum);
    *most = now;
    return shrink;
}

#define WIDE_TILE(rows)                                                                 \
    __attribute__((noinline, unused)) static void wide_tile_##rows(                     \
        const float *a, const float *b, int depth, float *sum, size_t stride, bool add) \
    {                                                                                   \
        tile_of(rows, 3, a, b, depth, sum, stride, add);                                \
    }
WIDE_TILE(1)
WIDE_TILE(2)
WIDE_TILE(3)
#if defined(__AVX512F__) || defined(VEC_WIDE) || defined(__aarch64__)
WIDE_TILE(4)
WIDE_TILE(5)
WIDE_TILE(6)
WIDE_TILE(7)
#endif
static tile_fn *const wide_tile[TILE_ROWS / 2 + 1] = {
    NULL,        wide_tile_1, wide_tile_2, wide_tile_3,
#if defined(__AVX512F__) || defined(VEC_WIDE) || defined(__aarch64__)
    wide_tile_4, wide_tile_5, wide_tile_6, wide_tile_7,
#endif
};

/* Queries row .. row + rows - 1 of a part, which begins with query `first`, meet block b. */
static void meet(const attention *a, const cut *c, const desk *d, const float *k, int b, int first,
                 int row, int rows)
{
    int from = b * c->block, width = least(c->block, a->keys - from);
    if (a->causal) width = least(width, first + row + rows - from);
    if (width <= 0) return;
    for (int s = 0; s < c->strips; s++)
        for (int j = 0; j < width; j += TILE_WIDTH)
            tile[rows](d->q + (s * c->rows + row) * TILE_STRIDE,
                       k + j * a->size + s * c->depth * TILE_WIDTH,
                       least(c->depth, a->size - s * c->depth), d->scores + j, TILE_STRIDE, s > 0);
    float *y = d->y + row * c->wide;
    for (int r = 0; r < rows; r++) {
        int seen = a->causal ? least(width, first + row + r + 1 - from) : width;
        float shrink = soften(d->scores + r * TILE_STRIDE, seen < 0 ? 0 : seen, width,
                              d->most + row + r, d->sums + (row + r) * LANES);
        for (int i = 0; b > 0 && i < c->wide; i += LANES)
            vec_store(y + r * c->wide + i, vec_load(y + r * c->wide + i) * shrink);
    }
    const float *v = k + c->block * a->size;
    int keys = least(c->block, a->keys - from), half = rows / 2;
    for (int i = 0, n; i < c->wide; i += n * LANES, v += keys * n * LANES) {
        n = vecs_of_panel((c->wide - i) / LANES);
        if (n == 2)
            tile[rows](d->scores, v, width, y + i, (size_t)c->wide, b > 0);
        else {
            if (half) wide_tile[half](d->scores, v, width, y + i, (size_t)c->wide, b > 0);
            wide_tile[rows - half](d->scores + half * TILE_STRIDE, v, width, y + half * c->wide + i,
                                   (size_t)c->wide, b > 0);
        }
    }
}

static void finish(const attention *a, const cut *c, const desk *d, int rows, float *y)
{
    for (int r = 0; r < rows; r++, y += a->heads * a->size) {
        vec sum = vec_all(vec_sum(vec_load(d->sums + r * LANES)));
        for (int i = 0; i < a->size; i += LANES) {
            vec v = vec_load(d->y + r * c->wide + i) / sum;
            if (i + LANES <= a->size)
                vec_store(y + i, v);
            else
                vec_store_some(y + i, v, a->size - i);
        }
    }
}

/* A part of the queries of a head. */
static void ask(const attention *a, const cut *c, int picture, int head, int part,
                const float *panels, const desk *d)
{
    int first = (int)((long long)a->queries * part / c->parts),
        rows = (int)((long long)a->queries * (part + 1) / c->parts) - first;
    size_t token = (size_t)picture * (size_t)a->queries + (size_t)first,
           channel = (size_t)head * (size_t)a->size;
    lay(a, c, a->q + token * (size_t)a->q_stride + channel, rows, d);
    for (int b = 0; b < c->blocks; b++) {
        const float *k = panels + (size_t)b * (size_t)c->block * (size_t)(a->size + c->wide);
        for (int t = 0; t < tile_count(rows); t++) {
            int row = tile_row(rows, t);
            meet(a, c, d, k, b, first, row, tile_row(rows, t + 1) - row);
        }
    }
    finish(a, c, d, rows, a->y + token * (size_t)(a->heads * a->size) + channel);
}

size_t FAST(attention_room)(const attention *a)
{
    cut c = cut_up(a);
    return sizeof(float) *
               ((size_t)(a->n * a->heads) * c.panels + (size_t)parallel_threads() * c.own) +
           128;
}

void FAST(attention)(const attention *a, arena scratch)
{
    cut c = cut_up(a);
    int heads = a->n * a->heads, threads = parallel_threads();
    bool many = (double)heads * a->queries * a->keys * a->size > 1e5;
    float *panels = arena_take(&scratch, (size_t)heads * c.panels * sizeof *panels);
    float *own = arena_take(&scratch, (size_t)threads * c.own * sizeof *own);
    PARALLEL_FOR(many)
    for (int i = 0; i < heads * c.blocks; i++) {
        int head = i / c.blocks, b = i % c.blocks;
        pack(a, &c, head / a->heads, head % a->heads, b,
             panels + (size_t)head * c.panels +
                 (size_t)b * (size_t)c.block * (size_t)(a->size + c.wide));
    }
    PARALLEL_FOR(many)
    for (int t = 0; t < threads; t++) {
        float *mine = own + (size_t)t * c.own;
        desk d = {.q = mine, .scores = mine + c.q, .y = mine + c.q + c.scores};
        d.sums = d.y + c.y, d.most = d.sums + c.sums;
        int all = heads * c.parts, last = (int)((long long)all * (t + 1) / threads);
        for (int i = (int)((long long)all * t / threads); i < last; i++) {
            int head = i / c.parts;
            ask(a, &c, head / a->heads, head % a->heads, i % c.parts,
                panels + (size_t)head * c.panels, &d);
        }
    }
}
