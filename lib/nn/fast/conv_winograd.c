/* Winograd's way: 4 x 4 pixels of y from 6 x 6 of x with 36 products instead of 144.
 * Lavin, Gray 2015, "Fast Algorithms for Convolutional Neural Networks", arXiv:1509.09308.
 *
 * In one dimension: four sums y[i] = g0 d[i] + g1 d[i + 1] + g2 d[i + 2] are numbers of a product
 * of polynomials read backwards, and a polynomial of degree 5 is known by its values at 6 points.
 * At each point values are multiplied: 6 products, not 12. In two dimensions it is done to columns,
 * then to rows, so
 *
 *     y = A^T [(G g G^T) . (B^T d B)] A             . number by number; d 6 x 6, g 3 x 3, y 4 x 4
 *
 * and the sum over channels of x stands inside the brackets: 36 matrix products. The points are 0,
 * +-a, +-b and infinity with a = 1 / sqrt 2, b = sqrt 2; with the usual +-1, +-2 rounding is twice
 * as large.
 */
#include "nn/fast/conv.h"
#include <limits.h>

#define POINT_A 0.70710678118654752440f
#define POINT_B 1.41421356237309504880f

enum {
    SIDE = 4,
    POINTS = 6, /* pixels and points of a tile's side */
    BLOCK = 8,  /* tiles of a block's side: x is gathered block by block */
    PIECE = 64, /* channels gathered at a time */
    /* Channels whose weights are turned at a time. Sums of a large picture come and go with each,
     * which costs more than weights that leave the inner cache. */
    STEP = 160,
    LARGE = LANES == 16 ? 256 : INT_MAX, /* tiles */
    /* Bytes of x laid at a time: each panel reads them again, a wide one less often. */
    ROOM = LANES == 16 ? 12 << 20 : 4 << 20,
};

/* B^T d: row of a point is (the product of (t - other points)) in powers of t. */
VEC_INLINE void points_of_x(const vec d[POINTS], vec v[POINTS])
{
    vec even_a = d[4] - 2 * d[2], odd_a = (d[3] - 2 * d[1]) * POINT_A;
    vec even_b = d[4] - 0.5f * d[2], odd_b = (d[3] - 0.5f * d[1]) * POINT_B;
    v[0] = d[0] - 2.5f * d[2] + d[4];
    v[1] = even_a + odd_a;
    v[2] = even_a - odd_a;
    v[3] = even_b + odd_b;
    v[4] = even_b - odd_b;
    v[5] = d[1] - 2.5f * d[3] + d[5];
}

/* G g: the value g0 + g1 t + g2 t^2 at a point, over the value there of B's row. */
VEC_INLINE void points_of_weights(const vec g[3], vec u[POINTS])
{
    vec even_a = (g[0] + 0.5f * g[2]) * (-2.0f / 3), odd_a = g[1] * (POINT_A * -2 / 3);
    vec even_b = (g[0] + 2 * g[2]) * (1.0f / 6), odd_b = g[1] * (POINT_B / 6);
    u[0] = g[0];
    u[1] = even_a + odd_a;
    u[2] = even_a - odd_a;
    u[3] = even_b + odd_b;
    u[4] = even_b - odd_b;
    u[5] = g[2];
}

/* A^T m: row i is the points' power t^i. */
VEC_INLINE void sums_of_points(const vec m[POINTS], vec y[SIDE])
{
    vec sum_a = m[1] + m[2], apart_a = (m[1] - m[2]) * POINT_A;
    vec sum_b = m[3] + m[4], apart_b = (m[3] - m[4]) * POINT_B;
    y[0] = m[0] + sum_a + sum_b;
    y[1] = apart_a + apart_b;
    y[2] = 0.5f * sum_a + 2 * sum_b;
    y[3] = 0.5f * apart_a + 2 * apart_b + m[5];
}

/* LANES channels of a tile: d[i][j] at from + i row + j column, point q at to + q plane. */
static inline void turn_x(const float *from, size_t row, size_t column, float *to, size_t plane)
{
    vec t[POINTS][POINTS], d[POINTS], v[POINTS];
    UNROLL(6)
    for (int j = 0; j < POINTS; j++) {
        UNROLL(6)
        for (int i = 0; i < POINTS; i++)
            d[i] = vec_load(from + (size_t)i * row + (size_t)j * column);
        points_of_x(d, v);
        UNROLL(6)
        for (int i = 0; i < POINTS; i++) t[i][j] = v[i];
    }
    UNROLL(6)
    for (int i = 0; i < POINTS; i++) {
        points_of_x(t[i], v);
        UNROLL(6)
        for (int j = 0; j < POINTS; j++) vec_store(to + (size_t)(i * POINTS + j) * plane, v[j]);
    }
}

/* LANES channels of y and one of x: tap j at nine + j TILE_WIDTH. */
static inline void turn_weights(const float *nine, float *to, size_t plane)
{
    vec t[POINTS][3], u[POINTS];
    UNROLL(3)
    for (int j = 0; j < 3; j++) {
        vec g[3];
        UNROLL(3)
        for (int i = 0; i < 3; i++) g[i] = vec_load(nine + (3 * i + j) * TILE_WIDTH);
        points_of_weights(g, u);
        UNROLL(6)
        for (int i = 0; i < POINTS; i++) t[i][j] = u[i];
    }
    UNROLL(6)
    for (int i = 0; i < POINTS; i++) {
        points_of_weights(t[i], u);
        UNROLL(6)
        for (int j = 0; j < POINTS; j++) vec_store(to + (size_t)(i * POINTS + j) * plane, u[j]);
    }
}

/* LANES channels of a tile of y. */
static inline void turn_sums(const float *sums, size_t plane, vec y[SIDE][SIDE])
{
    vec t[SIDE][POINTS], m[POINTS], v[SIDE];
    UNROLL(6)
    for (int j = 0; j < POINTS; j++) {
        UNROLL(6)
        for (int i = 0; i < POINTS; i++) m[i] = vec_load(sums + (size_t)(i * POINTS + j) * plane);
        sums_of_points(m, v);
        UNROLL(4)
        for (int i = 0; i < SIDE; i++) t[i][j] = v[i];
    }
    UNROLL(4)
    for (int i = 0; i < SIDE; i++) sums_of_points(t[i], y[i]);
}

/* Some tiles of a picture: BLOCK x BLOCK, or what is there. */
typedef struct {
    int picture, top, left, high, wide; /* in tiles */
} block;

static block block_of(const conv_plan *p, int number)
{
    int high = share_parts(p->h, SIDE), wide = share_parts(p->w, SIDE);
    int down = share_parts(high, BLOCK), across = share_parts(wide, BLOCK);
    int i = number / across % down, j = number % across;
    int top = share_first(high, i, down), left = share_first(wide, j, across);
    return (block){number / (down * across), top, left, share_first(high, i + 1, down) - top,
                   share_first(wide, j + 1, across) - left};
}

static int blocks(const conv_plan *p)
{
    return p->c->n * share_parts(share_parts(p->h, SIDE), BLOCK) *
           share_parts(share_parts(p->w, SIDE), BLOCK);
}

/* Group g begins with this block. */
static int first_block(const conv_plan *p, int group)
{
    return share_first(blocks(p), group, p->groups);
}

static int begin(const conv_plan *p, int group, int strip, int *parts)
{
    int first = first_block(p, group), next = first_block(p, group + 1), rows = 0;
    for (int i = first; i < next; i++) rows += block_of(p, i).high * block_of(p, i).wide;
    *parts = (next - first) * share_parts(conv_depth(p, strip), PIECE);
    return rows;
}

/* A piece of the channels of one block: gathered, normed, turned. */
static void lay(const conv_plan *p, int group, int strip, int part, float *laid, float *own)
{
    int depth = conv_depth(p, strip), pieces = share_parts(depth, PIECE);
    int k = part % pieces * PIECE, some = depth - k < PIECE ? depth - k : PIECE;
    int number = first_block(p, group);
    block b = block_of(p, number);
    laid += k;
    for (int i = 0; i < part / pieces; i++) {
        laid += b.high * b.wide * TILE_STRIDE;
        b = block_of(p, ++number);
    }
    int rows = SIDE * b.high + 2, columns = SIDE * b.wide + 2;
    norming r = norming_begin(&p->c->before, b.picture * p->c->before.rows, NULL, p->c->in);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            conv_pixel(p, &r, b.picture, SIDE * b.top + i - 1, SIDE * b.left + j - 1,
                       strip * p->depth + k, some, own + (i * columns + j) * PIECE);
    for (int i = 0; i < b.high; i++)
        for (int j = 0; j < b.wide; j++, laid += TILE_STRIDE)
            for (int v = 0; v < some; v += LANES)
                turn_x(own + (i * columns + j) * SIDE * PIECE + v, (size_t)(columns * PIECE), PIECE,
                       laid + v, p->at[1]);
}

static void turn(const conv_plan *p, const float *nine, int count, float *turned)
{
    for (int k = 0; k < count; k++)
        for (int v = 0; v < TILE_WIDTH; v += LANES)
            turn_weights(nine + k * CONV_TAPS * TILE_WIDTH + v, turned + k * TILE_WIDTH + v,
                         p->turned);
}

/* One tile of y, LANES channels, as far as it lies in the picture. */
static void finish_tile(const conv_plan *p, int picture, int top, int left, int column,
                        const float *sums)
{
    vec y[SIDE][SIDE], constant = conv_constant(p->c, picture, column);
    turn_sums(sums, p->sums, y);
    for (int i = 0; i < SIDE && top + i < p->h; i++)
        for (int j = 0; j < SIDE && left + j < p->w; j++) {
            size_t row = (size_t)picture * (size_t)p->h + (size_t)(top + i);
            conv_store(p, row * (size_t)p->w + (size_t)(left + j), column, y[i][j] + constant);
        }
}

static void finish(const conv_plan *p, int group, int column, int first, int next,
                   const float *sums)
{
    int row = 0;
    for (int number = first_block(p, group); row < next; number++) {
        block b = block_of(p, number);
        for (int t = 0; t < b.high * b.wide; t++, row++)
            for (int v = 0; v < TILE_WIDTH && column + v < p->c->out; v += LANES)
                if (row >= first && row < next)
                    finish_tile(p, b.picture, SIDE * (b.top + t / b.wide),
                                SIDE * (b.left + t % b.wide), column + v,
                                sums + (row - first) * TILE_WIDTH + v);
    }
}

/* An odd number of lines of the cache, so that no two of the 36 planes meet there. */
static size_t plane_of(size_t floats)
{
    return ((floats + VEC_LINE - 1) / VEC_LINE | 1) * VEC_LINE;
}

conv_plan FAST(conv_winograd)(const conv *c)
{
    conv_plan p = {.c = c, .h = conv_side(c->sides, c->h), .w = conv_side(c->sides, c->w)};
    p.begin = begin, p.lay = lay, p.turn = turn, p.finish = finish;
    p.planes = CONV_PLANES, p.deep = 1, p.width = TILE_WIDTH;
    p.strips = share_parts(c->in, TILE_DEPTH);
    p.depth = share_whole(share_parts(c->in, p.strips), PIECE);
    int high = share_parts(p.h, SIDE), wide = share_parts(p.w, SIDE);
    int chunks = share_parts(p.depth, high * wide < LARGE ? STEP : TILE_DEPTH);
    p.chunk = share_whole(share_parts(p.depth, chunks), LANES);
    int most =
        share_parts(high, share_parts(high, BLOCK)) * share_parts(wide, share_parts(wide, BLOCK));
    int all = ROOM / (int)sizeof(float) / (CONV_PLANES * TILE_STRIDE * most);
    if (all < 1) all = 1;
    p.rows = most * conv_share(&p, 1, blocks(&p), most, all, all);
    size_t plane = plane_of((size_t)p.rows * TILE_STRIDE);
    for (int q = 0; q < CONV_PLANES; q++) p.at[q] = (size_t)q * plane;
    p.laid = CONV_PLANES * plane;
    p.turned = plane_of((size_t)(p.chunk * TILE_WIDTH));
    p.sums = plane_of((size_t)(p.rows * TILE_WIDTH));
    p.all_turned = CONV_PLANES * p.turned, p.all_sums = CONV_PLANES * p.sums;
    p.gathered = (SIDE * BLOCK + 2) * (SIDE * BLOCK + 2) * PIECE;
    return p;
}
