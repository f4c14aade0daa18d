/* attention.h for one instruction set: a block of keys at a time, so that scores live in the cache
 * for a moment only.
 *
 *     pack:      K of each head in rows, V turned, block by block          (all threads)
 *     for parts      of the queries of a head, turned, too     (each thread its own)
 *       for blocks     of keys with their values, which stay in a core's cache
 *         for panels     of TILE_WIDTH queries, one in a lane
 *           score:         s = K q, [key][query]
 *           soften:        s becomes 2^(s - most), most the largest score of this query so far
 *           gather:        y = y 2^(most before - most) + V s, [channel][query]
 *       finish:        y / sum of all 2^(s - most), turned back
 *
 * With a query in each lane largest scores and sums are found for all lanes at once, and nothing
 * has to go from lane to lane. And channels of V are rows of tiles, of which there may be any
 * number; 40 in vectors of 16 would leave lanes empty.
 *
 * The sum that is put right when a larger score turns up: Milakov, Gimelshein 2018, "Online
 * normalizer calculation for softmax", arXiv:1805.02867; y put right with it: Dao 2022,
 * "FlashAttention", arXiv:2205.14135, algorithm 1. e^s is 2^(s log2 e), and log2 e is part of the
 * scale, which is part of K.
 *
 * With PAIRS, q, K, the weights 2^(s - most) and V are bf16, two in a number: two channels of q and
 * K, two keys of weights and V. Scores, sums and y stay floats.
 */
#include "base/parallel.h"
#include "nn/fast/math.h"
#include "nn/fast/shuffle.h"
#include "nn/fast/tile.h"
#include "nn/kernels.h"
#include <math.h>

enum {
    ROOM_OF_BLOCK = 1 << 18, /* floats of K and V that stay near while queries pass by */
    KEYS = 2 * TILE_ROWS,    /* a block has a multiple of so many, which soften() takes by four */
    PART = 96 / TILE_WIDTH,  /* panels that pass by, at most */
};

/* How the work is cut. */
typedef struct {
    int strips, depth, numbers;     /* a head's channels, in strips of so many, as numbers */
    int block, blocks;              /* keys of a block, and how many blocks */
    int rows;                       /* of K's matrix: more keys stand beside these */
    int channels;                   /* of V and y: whole vectors */
    int panels, parts;              /* of the queries */
    size_t of_k, of_block, of_head; /* floats of K; of K and V */
    size_t q, scores, y, sums, own; /* floats of what each thread has, and all of it */
} cut;

static cut cut_up(const attention *a)
{
    cut c = {.strips = share_parts(a->size, TILE_DEPTH * (1 + PAIRS)),
             .panels = share_parts(a->queries, TILE_WIDTH),
             .channels = share_whole(a->size, LANES)};
    c.parts = share_parts(c.panels, PART);
    c.depth = share_whole(share_parts(a->size, c.strips), LANES);
    c.numbers = tile_numbers(c.depth, PAIRS);
    int most = share_least(TILE_DEPTH, ROOM_OF_BLOCK / (2 * a->size)) / KEYS * KEYS;
    c.blocks = share_parts(a->keys, most ? most : KEYS);
    c.block = share_whole(share_parts(a->keys, c.blocks), KEYS);
    c.rows = share_whole(share_parts(c.block, TILE_DEPTH / c.numbers), TILE_ROWS);
    c.of_k = (size_t)(c.strips * c.rows) * TILE_STRIDE;
    c.of_block = c.of_k + (size_t)c.channels * TILE_STRIDE;
    c.of_head = (size_t)c.blocks * c.of_block;
    size_t panels = (size_t)share_parts(c.panels, c.parts) * TILE_WIDTH;
    c.q = panels * (size_t)(c.strips * c.numbers);
    c.scores = (size_t)(c.block * TILE_WIDTH);
    c.y = panels * (size_t)c.channels, c.sums = panels;
    c.own = c.q + c.scores + c.y + 2 * c.sums;
    return c;
}

/* LANES rows, LANES columns, as far as there are so many, turned. */
VEC_INLINE void square(const float *x, ptrdiff_t stride, int rows, int columns, vec r[LANES])
{
    if (rows >= LANES && columns >= LANES) {
        UNROLL(16)
        for (int i = 0; i < LANES; i++) r[i] = vec_load(x + i * stride);
    } else
        for (int i = 0; i < LANES; i++)
            r[i] = vec_load_upto(x + i * stride, i < rows ? columns : 0);
    shuffle_turn(r);
}

/* Where key j of a block stands. */
static size_t place(const cut *c, int strip, int j)
{
    size_t row = (size_t)(strip * c->rows + j % c->rows);
    return row * TILE_STRIDE + (size_t)(j / c->rows * c->numbers);
}

/* Block b of the keys of a head. */
static void pack(const attention *a, const cut *c, int picture, int head, int b, float *to)
{
    int first = b * c->block, keys = share_least(c->block, a->keys - first);
    size_t token = (size_t)picture * (size_t)a->keys + (size_t)first,
           channel = (size_t)head * (size_t)a->size;
    const float *k = a->k + token * (size_t)a->k_stride + channel,
                *v = a->v + token * (size_t)a->v_stride + channel;
    vec scale = vec_all(a->scale * 1.44269504f), r[LANES];
    for (int j = 0; j < keys; j++, k += a->k_stride)
        for (int s = 0; s < c->strips; s++) {
            const float *from = k + s * c->depth;
            float *row = to + place(c, s, j);
            int n = share_least(a->size - s * c->depth, c->depth);
            for (int i = 0; i < c->numbers * (1 + PAIRS); i += LANES)
                tile_lay(row, i, vec_load_upto(from + i, n - i) * scale, PAIRS);
        }
    to += c->of_k;
    for (int j = 0; j < tile_numbers(keys, PAIRS) * (1 + PAIRS); j += LANES)
        for (int i = 0; i < a->size; i += LANES) {
            square(v + (ptrdiff_t)j * a->v_stride + i, a->v_stride, keys - j, a->size - i, r);
            UNROLL(16)
            for (int l = 0; l < LANES; l++) tile_lay(to + (i + l) * TILE_STRIDE, j, r[l], PAIRS);
        }
}

/* What a thread works with; and what of it belongs to a panel. */
typedef struct {
    float *q;                /* [panels][strips][numbers][TILE_WIDTH] */
    float *scores;           /* [keys of a block][TILE_WIDTH] */
    float *y;                /* [panels][channels][TILE_WIDTH], to be divided by the sums */
    float *sums, *most;      /* [panels][TILE_WIDTH], of 2^(score - most); the largest score */
    int first, rows, panels; /* the part's queries, and how many panels they are */
    int from, keys;          /* the block's keys */
    const float *k;          /* they, and their values behind them */
} desk;

static void lay(const attention *a, const cut *c, const desk *d, const float *x)
{
    vec r[LANES];
    for (int q = 0; q < d->panels * TILE_WIDTH; q += LANES, x += LANES * a->q_stride)
        for (int s = 0; s < c->strips; s++) {
            int n = share_least(c->depth, a->size - s * c->depth);
            float *to =
                d->q + (q / TILE_WIDTH * c->strips + s) * c->numbers * TILE_WIDTH + q % TILE_WIDTH;
            for (int i = 0; i < c->numbers * (1 + PAIRS); i += LANES) {
                square(x + s * c->depth + i, a->q_stride, d->rows - q, n - i, r);
                UNROLL(16)
                for (int l = 0; l < LANES; l += 1 + PAIRS, to += TILE_WIDTH)
                    vec_store(to, PAIRS ? vec_pairs(r[l], r[l + 1]) : r[l]);
            }
        }
}

/* Of a panel, and the keys that its last query sees. */
static void score(const attention *a, const cut *c, const desk *d, const float *q, int keys)
{
    for (int s = 0; s < c->strips; s++, q += c->numbers * TILE_WIDTH) {
        int depth = tile_numbers(share_least(c->depth, a->size - s * c->depth), PAIRS);
        for (int j = 0; j < keys; j += TILE_ROWS)
            tile_product[share_least(TILE_ROWS, keys - j)](d->k + place(c, s, j), q, depth,
                                                           d->scores + j * TILE_WIDTH, TILE_WIDTH,
                                                           s > 0 ? &tile_old : NULL);
    }
}

/* What a query does not see counts nothing. The panel's first one sees keys 0 to `first`, the next
 * one more. */
static void hide(float *s, int keys, int first)
{
    for (int j = first + 1 > 0 ? first + 1 : 0; j < keys; j++)
        for (int l = 0; l < TILE_WIDTH && first + l < j; l++) s[j * TILE_WIDTH + l] = -INFINITY;
}

/* LANES scores of each key become weights. `most` is the largest one then, and what earlier sums
 * must be multiplied by is given back.
 *
 * Rounded weights are summed, so that y is still a mean of v: an error e[j] of a weight then moves
 * y by e[j] (v[j] - y) and not by e[j] v[j]. For weights p that sum to 1, errors in proportion to
 * them and values v, all at random, the square of what is wrong is
 *
 *     sum p^2 - 2 sum p^3 + (sum p^2)^2   instead of   sum p^2
 *
 * which is less by sum p^3 at least, as (sum p^2)^2 <= sum p sum p^3. */
static vec soften(float *s, int keys, float *most, float *sums)
{
    vec before = vec_load(most), top[4] = {before, before, before, before}, sum[2] = {{0}};
    int all = share_whole(keys, 4);
    for (int j = keys; j < all; j++) vec_store(s + j * TILE_WIDTH, vec_all(-INFINITY));
    for (int j = 0; j < all; j += 4) {
        UNROLL(4)
        for (int i = 0; i < 4; i++) top[i] = vec_max(vec_load(s + (j + i) * TILE_WIDTH), top[i]);
    }
    vec now = vec_max(vec_max(top[0], top[1]), vec_max(top[2], top[3]));
    for (int j = 0; j < all; j += 2) {
        float *one = s + j * TILE_WIDTH, *two = one + TILE_WIDTH;
        vec p = math_exp2(vec_load(one) - now), q = math_exp2(vec_load(two) - now);
        if (PAIRS) {
            vec both = vec_pairs(p, q);
            vec_store(s + j / 2 * TILE_WIDTH, both);
            p = (vec)((vec_bits)both << 16), q = (vec)((vec_bits)both & 0xffff0000);
        } else {
            vec_store(one, p);
            vec_store(two, q);
        }
        sum[0] += p, sum[1] += q;
    }
    for (int j = all / (1 + PAIRS); j < tile_numbers(keys, PAIRS); j++)
        vec_store(s + j * TILE_WIDTH, (vec){0});
    vec shrink = math_exp2(before - now);
    vec_store(most, now);
    vec_store(sums, vec_load(sums) * shrink + (sum[0] + sum[1]));
    return shrink;
}

/* Panel p of a part meets a block. */
static void meet(const attention *a, const cut *c, const desk *d, int p)
{
    int first = d->first + p * TILE_WIDTH - d->from, last = d->first + d->rows - 1 - d->from;
    int keys =
        a->causal ? share_least(d->keys, share_least(first + TILE_WIDTH, last + 1)) : d->keys;
    if (keys <= 0) return;
    score(a, c, d, d->q + p * c->strips * c->numbers * TILE_WIDTH, keys);
    if (a->causal) hide(d->scores, keys, first);
    float *y = d->y + p * c->channels * TILE_WIDTH;
    for (int v = 0; v < TILE_WIDTH; v += LANES) {
        int at = p * TILE_WIDTH + v;
        vec shrink = soften(d->scores + v, keys, d->most + at, d->sums + at);
        bool shrinks = d->from > 0 && vec_most(1 - shrink) > 0;
        for (int i = v; shrinks && i < a->size * TILE_WIDTH; i += TILE_WIDTH)
            vec_store(y + i, vec_load(y + i) * shrink);
    }
    for (int t = 0; t < tile_count(a->size); t++) {
        int row = tile_row(a->size, t);
        tile_product[tile_row(a->size, t + 1) - row](
            d->k + c->of_k + row * TILE_STRIDE, d->scores, tile_numbers(keys, PAIRS),
            y + row * TILE_WIDTH, TILE_WIDTH, d->from > 0 ? &tile_old : NULL);
    }
}

static void finish(const attention *a, const cut *c, const desk *d, float *y)
{
    size_t stride = (size_t)(a->heads * a->size);
    vec r[LANES];
    for (int q = 0; q < d->rows; q += LANES, y += LANES * stride) {
        const float *from = d->y + q / TILE_WIDTH * c->channels * TILE_WIDTH + q % TILE_WIDTH;
        vec part = 1 / vec_load(d->sums + q);
        for (int i = 0; i < a->size; i += LANES) {
            for (int l = 0; l < LANES; l++) r[l] = vec_load(from + (i + l) * TILE_WIDTH) * part;
            shuffle_turn(r);
            for (int l = 0; l < LANES && q + l < d->rows; l++)
                vec_store_upto(y + (size_t)l * stride + i, r[l], a->size - i);
        }
    }
}

/* Part i of all queries. Heads in turn where all their keys are few: their channels of q and y are
 * neighbours. Else all parts of a head, while its K and V are near. */
static void ask(const attention *a, const cut *c, desk d, const float *panels, int i)
{
    bool few = (double)a->keys * a->heads * a->size <= ROOM_OF_BLOCK / 2;
    int picture = i / (a->heads * c->parts), left = i % (a->heads * c->parts);
    int head = few ? left % a->heads : left / c->parts,
        part = few ? left / a->heads : left % c->parts;
    int panel = share_first(c->panels, part, c->parts);
    d.panels = share_first(c->panels, part + 1, c->parts) - panel;
    d.first = panel * TILE_WIDTH;
    d.rows = share_least(d.panels * TILE_WIDTH, a->queries - d.first);
    size_t token = (size_t)picture * (size_t)a->queries + (size_t)d.first,
           channel = (size_t)head * (size_t)a->size;
    lay(a, c, &d, a->q + token * (size_t)a->q_stride + channel);
    for (int q = 0; q < d.panels * TILE_WIDTH; q++) d.most[q] = -INFINITY, d.sums[q] = 0;
    d.k = panels + (size_t)(picture * a->heads + head) * c->of_head;
    for (int b = 0; b < c->blocks; b++, d.k += c->of_block) {
        d.from = b * c->block, d.keys = share_least(c->block, a->keys - d.from);
        for (int p = 0; p < d.panels; p++) meet(a, c, &d, p);
    }
    finish(a, c, &d, a->y + token * (size_t)(a->heads * a->size) + channel);
}

/* K and V of all heads; a tile of few rows may read on behind them. */
static size_t heads_room(const attention *a, const cut *c)
{
    return (size_t)(a->n * a->heads) * c->of_head + TILE_ROWS * TILE_STRIDE;
}

size_t FAST(attention_room)(const attention *a)
{
    cut c = cut_up(a);
    return (heads_room(a, &c) + (size_t)parallel_threads() * c.own) * sizeof(float) + 2 * 128;
}

void FAST(attention)(const attention *a, arena scratch)
{
    cut c = cut_up(a);
    int heads = a->n * a->heads, threads = parallel_threads(), all = heads * c.parts;
    float *panels = arena_take(&scratch, heads_room(a, &c) * sizeof *panels);
    float *own = arena_take(&scratch, (size_t)threads * c.own * sizeof *own);
    PARALLEL_FOR((double)heads * a->keys * a->size > PARALLEL_WORTH)
    for (int i = 0; i < heads * c.blocks; i++) {
        int head = i / c.blocks, b = i % c.blocks;
        pack(a, &c, head / a->heads, head % a->heads, b, panels + (size_t)i * c.of_block);
    }
    PARALLEL_FOR((double)heads * a->queries * a->keys * a->size > PARALLEL_WORTH)
    for (int t = 0; t < threads; t++) {
        desk d = {.q = own + (size_t)t * c.own};
        d.scores = d.q + c.q, d.y = d.scores + c.scores, d.sums = d.y + c.y,
        d.most = d.sums + c.sums;
        tile_begin();
        int next = share_first(all, t + 1, threads);
        for (int i = share_first(all, t, threads); i < next; i++) ask(a, &c, d, panels, i);
        tile_end();
    }
}
