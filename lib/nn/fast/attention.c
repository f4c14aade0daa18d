/* attention.h for one instruction set: a block of keys at a time, so that scores live in the cache
 * for a moment only.
 *
 *     pack:      K of each head into panels, V into aligned ones, block by block     (all threads)
 *     for parts      of the queries of a head, each laid out and scaled    (each thread its own)
 *       for blocks     of keys with their values, which stay in a core's cache
 *         for tiles      of six or fourteen queries
 *           score:         s = q . k, a tile times panels of K
 *           soften:        s becomes 2^(s - most), most the largest score of this query so far
 *           gather:        y = y 2^(most before - most) + s V, a tile times panels of V
 *       finish:        y / sum of all 2^(s - most)
 *
 * The sum that is put right when a larger score turns up: Milakov, Gimelshein 2018, "Online
 * normalizer calculation for softmax", arXiv:1805.02867; y put right with it: Dao 2022,
 * "FlashAttention", arXiv:2205.14135, algorithm 1. e^s is 2^(s log2 e), and log2 e is part of the
 * scale, which is part of q.
 *
 * With PAIRS, q, K, the weights 2^(s - most) and V are bf16, two in a number: two channels of q and
 * K, two keys of weights and V. Scores, sums and y stay floats.
 */
#include "base/parallel.h"
#include "nn/fast/math.h"
#include "nn/fast/panel.h"
#include "nn/kernels.h"
#include <math.h>

enum {
    ROOM_OF_BLOCK = 1 << 16, /* floats of K and V that stay near while queries pass by */
    PART = 96,               /* queries that pass by, at most */
    AHEAD = 8,               /* rows of q and y to fetch before their turn: they lie far apart */
};

/* How the work is cut. */
typedef struct {
    int strips, depth;              /* a head's channels, in strips of so many */
    int block, blocks;              /* keys of a block, and how many blocks */
    int parts, rows;                /* of the queries; the largest part has so many */
    int wide;                       /* channels of V: whole vectors, two at least */
    int of_k, of_v;                 /* floats that a key takes in K and in V */
    size_t of_block, of_head;       /* floats of K and V */
    size_t q, scores, y, sums, own; /* floats of what each thread has, and all of it */
} cut;

static int whole(int n, int of)
{
    return share_parts(n, of) * of;
}

static cut cut_up(const attention *a)
{
    cut c = {.strips = share_parts(a->size, TILE_DEPTH * (1 + PAIRS)),
             .parts = share_parts(a->queries, PART)};
    c.depth = whole(share_parts(a->size, c.strips), LANES * (1 + MATRIX));
    c.rows = share_parts(a->queries, c.parts);
    c.wide = a->size > LANES ? whole(a->size, LANES) : TILE_WIDTH;
    c.of_k = tile_numbers(a->size, PAIRS), c.of_v = c.wide / (1 + PAIRS);
    int most = share_least(TILE_DEPTH, ROOM_OF_BLOCK / (c.of_k + c.of_v)) / TILE_WIDTH * TILE_WIDTH;
    c.blocks = share_parts(a->keys, most ? most : TILE_WIDTH);
    c.block = whole(share_parts(a->keys, c.blocks), TILE_WIDTH);
    c.of_block = (size_t)c.block * (size_t)(c.of_k + c.of_v);
    c.of_head = (size_t)c.blocks * c.of_block;
    c.q = (size_t)c.strips * (size_t)c.rows * TILE_STRIDE;
    c.scores = TILE_ROWS * TILE_STRIDE;
    c.y = (size_t)c.rows * (size_t)c.wide;
    c.sums = (size_t)c.rows * LANES;
    c.own = c.q + c.scores + c.y + c.sums + (size_t)whole(c.rows, VEC_LINE);
    return c;
}

/* V of a block lies in panels of two vectors, or three where one would be left: panel by panel
 * [keys][vectors][LANES]; with PAIRS [pairs of keys], the first key below. */
static int panel_vecs(int left)
{
    return left == 3 ? 3 : 2;
}

static void pack_values(const float *v, size_t stride, int keys, int size, int wide, float *to)
{
    int all = tile_numbers(keys, PAIRS) * (1 + PAIRS);
    for (int j = 0; j < all; j += 1 + PAIRS, v += (1 + PAIRS) * stride)
        for (int at = 0, n; at < wide; at += n) {
            n = panel_vecs((wide - at) / LANES) * LANES;
            float *panel = to + at * tile_numbers(keys, PAIRS) + j / (1 + PAIRS) * n;
            for (int c = 0, some = size - at; c < n; c += LANES, some -= LANES) {
                vec one = vec_load_upto(v + at + c, j < keys ? some : 0);
                if (PAIRS)
                    one =
                        vec_pairs(one, vec_load_upto(v + stride + at + c, j + 1 < keys ? some : 0));
                vec_store(panel + c, one);
            }
        }
}

/* Block b of the keys of a head. */
static void pack(const attention *a, const cut *c, int picture, int head, int b, float *to)
{
    int first = b * c->block, keys = share_least(c->block, a->keys - first);
    size_t token = (size_t)picture * (size_t)a->keys + (size_t)first,
           channel = (size_t)head * (size_t)a->size;
    size_t k_stride = (size_t)a->k_stride, v_stride = (size_t)a->v_stride;
    for (int j = 0; j < keys; j += TILE_WIDTH)
        panel_pack((panel_weights){{a->k, DTYPE_F32},
                                   (token + (size_t)j) * k_stride + channel,
                                   k_stride,
                                   share_least(keys - j, TILE_WIDTH),
                                   a->size},
                   PAIRS, to + j * c->of_k);
    pack_values(a->v + token * v_stride + channel, v_stride, keys, a->size, c->wide,
                to + c->block * c->of_k);
}

/* What a thread works with. */
typedef struct {
    float *q;        /* [strips][rows][TILE_STRIDE], scaled */
    float *scores;   /* [TILE_ROWS][TILE_STRIDE] of the keys of a block */
    float *y;        /* [rows][wide], to be divided by the sums */
    float *sums;     /* [rows][LANES] of 2^(score - most), to be added up */
    float *most;     /* [rows], the largest score so far */
    int first, rows; /* the part's queries */
    int from, keys;  /* the block's keys */
    const float *k;  /* their panels; those of V follow */
} desk;

static void fetch(const float *row, int n)
{
    for (int k = 0; k < n; k += VEC_LINE) __builtin_prefetch(row + k);
}

static void lay(const attention *a, const cut *c, const desk *d, const float *x)
{
    vec scale = vec_all(a->scale * 1.44269504f);
    for (int r = 0; r < d->rows; r++, x += a->q_stride) {
        fetch(x + AHEAD * (size_t)a->q_stride, a->size);
        float *to = d->q + r * TILE_STRIDE;
        for (int s = 0; s < c->strips; s++, to += c->rows * TILE_STRIDE) {
            int n = share_least(c->depth, a->size - s * c->depth);
            for (int k = 0; k < tile_numbers(n, PAIRS) * (1 + PAIRS); k += LANES)
                tile_lay(to, k, vec_load_upto(x + s * c->depth + k, n - k) * scale, PAIRS);
        }
        vec_store(d->sums + r * LANES, (vec){0});
        d->most[r] = -INFINITY;
    }
}

/* How many keys of the block row r sees. */
static int seen(const attention *a, const desk *d, int r)
{
    int n = a->causal ? share_least(d->keys, d->first + r + 1 - d->from) : d->keys;
    return n > 0 ? n : 0;
}

static void score(const attention *a, const cut *c, const desk *d, int row, int rows, int width)
{
    for (int s = 0; s < c->strips; s++)
        for (int j = 0; j < width; j += TILE_WIDTH)
            tile_product[rows](d->q + (s * c->rows + row) * TILE_STRIDE,
                               d->k + j * c->of_k + tile_numbers(s * c->depth, PAIRS) * TILE_WIDTH,
                               tile_numbers(share_least(c->depth, a->size - s * c->depth), PAIRS),
                               d->scores + j, TILE_STRIDE, s > 0 ? &tile_old : NULL);
}

/* Scores of a row, of which it sees some, become weights; those up to a whole panel become 0. What
 * earlier sums must be multiplied by is given back.
 *
 * Rounded weights are summed, so that y is still a mean of v: an error e[j] of a weight then moves
 * y by e[j] (v[j] - y) and not by e[j] v[j]. For weights p that sum to 1, errors in proportion to
 * them and values v, all at random, the square of what is wrong is
 *
 *     sum p^2 - 2 sum p^3 + (sum p^2)^2   instead of   sum p^2
 *
 * which is less by sum p^3 at least, as (sum p^2)^2 <= sum p sum p^3. */
static float soften(float *s, int some, int width, float *most, float *sums)
{
    int all = whole(width, TILE_WIDTH);
    for (int j = some; j < all; j++) s[j] = -INFINITY;
    vec top[2] = {vec_all(*most), vec_all(*most)};
    for (int j = 0; j < all; j += TILE_WIDTH)
        for (int v = 0; v < 2; v++) top[v] = vec_max(vec_load(s + j + v * LANES), top[v]);
    float now = vec_most(vec_max(top[0], top[1])), shrink = math_exp2(vec_all(*most - now))[0];
    vec sum[2] = {vec_load(sums) * shrink};
    for (int j = 0; j < all; j += TILE_WIDTH)
        for (int v = 0; v < 2; v++) {
            vec p = math_exp2(vec_load(s + j + v * LANES) - now);
            tile_lay(s, j + v * LANES, p, PAIRS);
            sum[v] += PAIRS ? vec_from_bf16((uint16_t *)(void *)s + j + v * LANES) : p;
        }
    vec_store(sums, sum[0] + sum[1]);
    *most = now;
    return shrink;
}

/* clang-format off */
TILES_WIDE(TILE, wide_tile, 3, PAIRS)
static tile_fn *const wide_tile[] = {NULL, TILES_WIDE(TILE_NAME, wide_tile)};
/* clang-format on */

static void gather(const cut *c, const desk *d, int row, int rows, int width)
{
    const float *v = d->k + c->block * c->of_k, *p = d->scores;
    size_t wide = (size_t)c->wide;
    int depth = tile_numbers(width, PAIRS);
    const tile_more *more = d->from > 0 ? &tile_old : NULL;
    for (int i = 0, n; i < c->wide; i += n * LANES, v += tile_numbers(d->keys, PAIRS) * n * LANES) {
        float *y = d->y + row * c->wide + i;
        n = panel_vecs((c->wide - i) / LANES);
        if (n == 2)
            tile_product[rows](p, v, depth, y, wide, more);
        else
            for (int r = 0, some; r < rows; r += some) {
                some = share_least(rows - r, TILE_WIDE_ROWS);
                wide_tile[some](p + r * TILE_STRIDE, v, depth, y + r * c->wide, wide, more);
            }
    }
}

/* Rows of a part meet a block. */
static void meet(const attention *a, const cut *c, const desk *d, int row, int rows)
{
    int width = seen(a, d, row + rows - 1);
    if (!width) return;
    score(a, c, d, row, rows, width);
    for (int r = row; r < row + rows; r++) {
        float *y = d->y + r * c->wide;
        float shrink = soften(d->scores + (r - row) * TILE_STRIDE, seen(a, d, r), width,
                              d->most + r, d->sums + r * LANES);
        for (int i = 0; d->from > 0 && shrink < 1 && i < c->wide; i += LANES)
            vec_store(y + i, vec_load(y + i) * shrink);
    }
    gather(c, d, row, rows, width);
}

static void finish(const attention *a, const cut *c, const desk *d, float *y)
{
    size_t stride = (size_t)a->heads * (size_t)a->size;
    for (int r = 0; r < d->rows; r++, y += stride) {
        fetch(y + AHEAD * stride, a->size);
        float *row = d->y + r * c->wide, part = 1 / vec_sum(vec_load(d->sums + r * LANES));
        for (int i = 0; i < c->wide; i += LANES) vec_store(row + i, vec_load(row + i) * part);
        memcpy(y, row, (size_t)a->size * sizeof *y);
    }
}

/* A part of the queries of a head, whose panels begin at k. */
static void ask(const attention *a, const cut *c, desk d, int picture, int head, int part)
{
    const float *k = d.k;
    d.first = share_first(a->queries, part, c->parts);
    d.rows = share_first(a->queries, part + 1, c->parts) - d.first;
    size_t token = (size_t)picture * (size_t)a->queries + (size_t)d.first,
           channel = (size_t)head * (size_t)a->size;
    lay(a, c, &d, a->q + token * (size_t)a->q_stride + channel);
    for (int b = 0; b < c->blocks; b++) {
        d.from = b * c->block, d.keys = share_least(c->block, a->keys - d.from);
        d.k = k + (size_t)b * c->of_block;
        for (int t = 0; t < tile_count(d.rows); t++) {
            int row = tile_row(d.rows, t);
            meet(a, c, &d, row, tile_row(d.rows, t + 1) - row);
        }
    }
    finish(a, c, &d, a->y + token * (size_t)(a->heads * a->size) + channel);
}

/* Heads in turn where all keys are one block: their channels of q and y are neighbours. Else all
 * parts of a head, while its K and V are near. */
static void share(const attention *a, const cut *c, desk d, const float *panels, int i)
{
    int picture = i / (a->heads * c->parts), left = i % (a->heads * c->parts);
    int head = c->blocks == 1 ? left % a->heads : left / c->parts,
        part = c->blocks == 1 ? left / a->heads : left % c->parts;
    d.k = panels + (size_t)(picture * a->heads + head) * c->of_head;
    ask(a, c, d, picture, head, part);
}

size_t FAST(attention_room)(const attention *a)
{
    cut c = cut_up(a);
    size_t panels = (size_t)(a->n * a->heads) * c.of_head, threads = (size_t)parallel_threads();
    return (panels + threads * c.own) * sizeof(float) + 128;
}

void FAST(attention)(const attention *a, arena scratch)
{
    cut c = cut_up(a);
    int heads = a->n * a->heads, threads = parallel_threads(), all = heads * c.parts;
    float *panels = arena_take(&scratch, (size_t)heads * c.of_head * sizeof *panels);
    float *own = arena_take(&scratch, (size_t)threads * c.own * sizeof *own);
    PARALLEL_FOR((size_t)all * c.of_head > PARALLEL_WORTH)
    for (int i = 0; i < heads * c.blocks; i++) {
        int head = i / c.blocks, b = i % c.blocks;
        pack(a, &c, head / a->heads, head % a->heads, b, panels + (size_t)i * c.of_block);
    }
    PARALLEL_FOR((size_t)all * c.of_head > PARALLEL_WORTH)
    for (int t = 0; t < threads; t++) {
        /* scores behind q: a tile of few rows may read on */
        float *q = own + (size_t)t * c.own, *scores = q + c.q, *y = scores + c.scores,
              *sums = y + c.y;
        desk d = {.q = q, .scores = scores, .y = y, .sums = sums, .most = sums + c.sums};
        tile_begin();
        int next = share_first(all, t + 1, threads);
        for (int i = share_first(all, t, threads); i < next; i++) share(a, &c, d, panels, i);
        tile_end();
    }
}
