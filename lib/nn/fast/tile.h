/** @file tile.h
 *  The kernel under all others: a small block of a matrix product, held in registers.
 *
 *      to[r][c] = (sum over k of a[r][k] b[k][c]) + more     r < rows <= TILE_ROWS, c < TILE_WIDTH
 *
 *  Each number of a meets a whole row of b, so a is read one number at a time and b by vectors.
 *  a lies in rows of at most TILE_DEPTH numbers, TILE_STRIDE apart (a constant: the rows need no
 *  pointers of their own; and never a multiple of 4096 bytes, where cache lines fall on each
 *  other). b is a panel, [k][TILE_WIDTH], and aligned to its vectors.
 *
 *  With `pairs` each number of a and b is two bf16 (vec.h), depth counts the pairs, and what is
 *  added is the sum of two products. Sums are floats. TILE_STEP pairs are taken at a time. Where
 *  that is a matrix (matrix.h), so are TILE_ROWS rows of a: behind fewer there must be memory for
 *  so many, and what stands in it changes nothing.
 *
 *  The loop must load, multiply and add, and nothing else: no store. tools/inner_loops.sh looks
 *  at the assembly. 16 registers hold 6 x 2 vectors of sums, 32 hold 14 x 2.
 */
#ifndef NN_FAST_TILE_H
#define NN_FAST_TILE_H
#include "nn/fast/matrix.h"
#include "nn/fast/share.h"
#include "nn/fast/vec.h"
#include <stdbool.h>
#include <stddef.h>

enum {
    TILE_VECS = 2,
    TILE_WIDTH = TILE_VECS * LANES,
    TILE_ROWS = VEC_REGISTERS == 32 ? 14 : 6,
    TILE_DEPTH = 320,
    TILE_STRIDE = TILE_DEPTH + 16,
    TILE_STEP = MATRIX ? MATRIX_DEPTH : 1,
};

/** Lines of the cache to ask for while a tile multiplies, a few at a time: many would be in the way
 * of what it loads itself. */
typedef struct {
    const char *at;  /**< the next one */
    int left, lines; /**< of this row, of every row */
    ptrdiff_t skip;  /**< from behind a row to the next one, in bytes */
    int count;       /**< what is left of all rows */
} tile_ahead;

/** So many rows of n numbers of `size` bytes, `stride` numbers apart; or none: n may be below 0. */
static inline tile_ahead tile_rows(const void *at, size_t size, int rows, int n, size_t stride)
{
    const int line = VEC_LINE * sizeof(float);
    int lines = share_parts(n * (int)size, line);
    return (tile_ahead){at, lines, lines, (ptrdiff_t)(stride * size) - lines * line, rows * lines};
}

static inline void tile_ask(tile_ahead *f)
{
    for (int i = 0; i < 4 && f->count > 0; i++, f->count--) {
        __builtin_prefetch(f->at, 0, 2);
        f->at += VEC_LINE * sizeof(float);
        if (--f->left == 0) f->at += f->skip, f->left = f->lines;
    }
}

/** What is added to a product on its way out of the registers, in this order; NULL: nothing. */
typedef struct {
    bool old;          /**< what stands where it goes */
    const float *sums; /**< [rows][TILE_WIDTH] */
    const float *bias; /**< [TILE_WIDTH], the same for all rows */
    const float *add;  /**< in rows as far apart as those of the result */
    tile_ahead *ahead; /**< meanwhile to be fetched; matrices do not wait for it */
} tile_more;

/** Most often it is what stands there already. */
static const tile_more tile_old __attribute__((unused)) = {.old = true};

VEC_INLINE void tile_add(int rows, int vecs, vec s[TILE_ROWS][TILE_VECS], const float *from,
                         size_t stride)
{
    UNROLL(16)
    for (int r = 0; r < rows; r++) {
        UNROLL(2)
        for (int v = 0; v < vecs; v++) s[r][v] += vec_load(from + (size_t)r * stride + v * LANES);
    }
}

/** Each thread calls it before its first tile ... */
static inline void tile_begin(void)
{
#if defined(__AMX_BF16__)
    matrix_begin(TILE_ROWS);
#endif
}

/** ... and this after its last: as long as registers hold matrices, a core cannot sleep deeply. */
static inline void tile_end(void)
{
#if defined(__AMX_BF16__)
    _tile_release();
#endif
}

VEC_INLINE void tile_sums(int rows, int vecs, bool pairs, const float *a, const float *b, int depth,
                          vec s[TILE_ROWS][TILE_VECS], tile_ahead *ahead)
{
    UNROLL(16)
    for (int r = 0; r < rows; r++) {
        UNROLL(2)
        for (int v = 0; v < vecs; v++) s[r][v] = (vec){0};
    }
    /* Four turns at a time leave fewer instructions around the products. A core that works for two
     * threads has none to spare: this is worth a tenth there. (gcc must see that k begins at 0.) */
    for (int some; depth > 0; depth -= some, a += some) {
        some = share_least(depth, VEC_LINE);
        if (ahead) tile_ask(ahead);
#pragma GCC unroll 4
        for (int k = 0; k < some; k++, b += vecs * LANES) {
            vec w[TILE_VECS];
            UNROLL(2)
            for (int v = 0; v < vecs; v++) w[v] = ((const vec *)(const void *)b)[v];
            UNROLL(16)
            for (int r = 0; r < rows; r++) {
                vec x = vec_all(a[r * TILE_STRIDE + k]);
                UNROLL(2)
                for (int v = 0; v < vecs; v++)
                    s[r][v] = pairs ? vec_dot_pairs(s[r][v], x, w[v]) : s[r][v] + x * w[v];
            }
        }
    }
}

/* rows, vecs and pairs are constants where this is called, so all inner loops vanish. */
VEC_INLINE void tile_of(int rows, int vecs, bool pairs, const float *a, const float *b, int depth,
                        float *to, size_t stride, const tile_more *more)
{
    vec s[TILE_ROWS][TILE_VECS];
    bool old = more && more->old;
#if defined(__AMX_BF16__)
    if (pairs && rows == TILE_ROWS && !(more && (more->sums || more->bias || more->add))) {
        matrix_product(a, TILE_STRIDE, b, depth, to, stride, old);
        return;
    }
    if (pairs) {
        for (int r = 0; old && r < rows; r++)
            for (int v = 0; v < vecs; v++) s[r][v] = vec_load(to + (size_t)r * stride + v * LANES);
        matrix_product(a, TILE_STRIDE, b, depth, (float *)s, TILE_WIDTH, old);
        old = false;
    } else
#endif
        tile_sums(rows, vecs, pairs, a, b, depth, s, more ? more->ahead : NULL);
    if (more) {
        const float *from[] = {old ? to : NULL, more->sums, more->bias, more->add};
        const size_t strides[] = {stride, TILE_WIDTH, 0, stride};
        for (int i = 0; i < 4; i++)
            if (from[i]) tile_add(rows, vecs, s, from[i], strides[i]);
    }
    UNROLL(16)
    for (int r = 0; r < rows; r++) {
        UNROLL(2)
        for (int v = 0; v < vecs; v++) vec_store(to + (size_t)r * stride + v * LANES, s[r][v]);
    }
}

typedef void tile_fn(const float *a, const float *b, int depth, float *to, size_t stride,
                     const tile_more *more);

/* clang-format off */
#define TILE(rows, name, vecs, pairs)                                                       \
    __attribute__((noinline, unused)) static void name##_##rows(                            \
        const float *a, const float *b, int depth, float *to, size_t stride,                \
        const tile_more *more)                                                              \
    {                                                                                       \
        tile_of(rows, vecs, pairs, a, b, depth, to, stride, more);                          \
    }
#define TILE_NAME(rows, name) name##_##rows,
#define TILES_6(X, ...)                                                                     \
    X(1, __VA_ARGS__) X(2, __VA_ARGS__) X(3, __VA_ARGS__)                                   \
    X(4, __VA_ARGS__) X(5, __VA_ARGS__) X(6, __VA_ARGS__)
#define TILES_14(X, ...)                                                                    \
    TILES_6(X, __VA_ARGS__)                                                                 \
    X(7, __VA_ARGS__) X(8, __VA_ARGS__) X(9, __VA_ARGS__) X(10, __VA_ARGS__)                \
    X(11, __VA_ARGS__) X(12, __VA_ARGS__) X(13, __VA_ARGS__) X(14, __VA_ARGS__)
#if VEC_REGISTERS == 32
#define TILES TILES_14
#else
#define TILES TILES_6
#endif

TILES(TILE, tile, TILE_VECS, false)
static tile_fn *const tile[TILE_ROWS + 1] = {NULL, TILES(TILE_NAME, tile)};
#if defined(ISA_BF16)
TILES(TILE, tile_pairs, TILE_VECS, true)
static tile_fn *const tile_pairs[TILE_ROWS + 1] = {NULL, TILES(TILE_NAME, tile_pairs)};
#endif
/* clang-format on */

/** What linear layers and attention multiply: floats, or pairs of bf16. */
#if defined(ISA_BF16)
static tile_fn *const *const tile_product = tile_pairs;
#else
static tile_fn *const *const tile_product = tile;
#endif

/** How many numbers of a or b n factors are. */
static inline int tile_numbers(int n, bool pairs)
{
    int numbers = (n + pairs) / (1 + pairs);
    return pairs ? share_whole(numbers, TILE_STEP) : numbers;
}

/** LANES factors from number k on, into a row of a; n factors take tile_numbers(n), with
 * zeros behind them. */
VEC_INLINE void tile_lay(float *row, int k, vec v, bool pairs)
{
    if (pairs)
        vec_store_bf16((uint16_t *)(void *)row + k, v);
    else
        vec_store(row + k, v);
}

/** Rows begin at tile_row(n, i) for tile i of tile_count(n): as even as they can be, so that no
 * tile is nearly empty. */
static inline int tile_count(int n)
{
    return share_parts(n, TILE_ROWS);
}

static inline int tile_row(int n, int i)
{
    return share_first(n, i, tile_count(n));
}
#endif
