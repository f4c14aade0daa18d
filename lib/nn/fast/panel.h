/** @file panel.h
 *  A panel of weights for tile.h: TILE_WIDTH columns of the product, widened to float and turned,
 *  from the file's [out][in] to [k][TILE_WIDTH].
 */
#ifndef NN_FAST_PANEL_H
#define NN_FAST_PANEL_H
#include "nn/fast/shuffle.h"
#include "nn/fast/tile.h"

/* LANES rows of the matrix, LANES columns; what lies outside counts as 0. */
VEC_INLINE void panel_square(weight w, size_t at, size_t stride, int rows, int columns, bool pairs,
                             float *panel)
{
    vec r[LANES];
    if (rows == LANES && columns == LANES) {
        UNROLL(16)
        for (int i = 0; i < LANES; i++) r[i] = vec_weights(w.data, w.type, at + (size_t)i * stride);
    } else
        for (int i = 0; i < LANES; i++) {
            float some[LANES] = {0};
            for (int j = 0; i < rows && j < columns; j++)
                some[j] = weight_at(w, at + (size_t)i * stride + (size_t)j);
            r[i] = vec_load(some);
        }
    shuffle_turn(r);
    for (int j = 0; j < columns; j += 1 + pairs) {
        *(vec *)(void *)panel = pairs ? vec_pairs(r[j], r[j + 1]) : r[j];
        panel += TILE_WIDTH;
    }
}

/** The weights of a panel: some columns of some rows, at most TILE_WIDTH. */
typedef struct {
    weight w;
    size_t at, stride; /**< the first number, and how far the next row's is */
    int rows, columns;
} panel_weights;

/** What panel_pack() will read; nothing where there are no rows. */
static inline tile_ahead panel_ahead(panel_weights p)
{
    size_t size = dtype_size(p.w.type);
    return tile_rows((const char *)p.w.data + p.at * size, size, p.rows, p.columns, p.stride);
}

/* panel_pack() for one type, a constant. */
VEC_INLINE void panel_turn(panel_weights p, dtype type, bool pairs, float *panel)
{
    p.w.type = type;
    for (int v = 0; v < TILE_WIDTH; v += LANES)
        for (int k = 0; k < p.columns; k += LANES) {
            int r = share_least(p.rows - v, LANES), c = share_least(p.columns - k, LANES);
            panel_square(p.w, p.at + (size_t)v * p.stride + (size_t)k, p.stride, r < 0 ? 0 : r, c,
                         pairs, panel + k / (1 + pairs) * TILE_WIDTH + v);
        }
}

/** Put zeros behind `columns` factors of each of so many columns of a product. */
static inline void panel_fill(float *panel, int columns, int width, bool pairs)
{
    int from = (columns + pairs) / (1 + pairs) * width, to = tile_numbers(columns, pairs) * width;
    for (int i = from; i < to; i += LANES) vec_store(panel + i, (vec){0});
}

/** Make a panel.
 *  @param p     its weights
 *  @param pairs two columns, as bf16, in one number of the panel
 *  @param panel [tile_numbers(columns)][TILE_WIDTH]; zeros where there are no rows or columns */
static inline void panel_pack(panel_weights p, bool pairs, float *panel)
{
    if (p.w.type == DTYPE_F32) panel_turn(p, DTYPE_F32, pairs, panel);
    if (p.w.type == DTYPE_F16) panel_turn(p, DTYPE_F16, pairs, panel);
    if (p.w.type == DTYPE_BF16) panel_turn(p, DTYPE_BF16, pairs, panel);
    panel_fill(panel, p.columns, TILE_WIDTH, pairs);
}
#endif
