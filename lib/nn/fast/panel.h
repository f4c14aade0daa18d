/** @file panel.h
 *  A panel of weights for tile.h: columns `first` .. `first` + TILE_WIDTH of the product, widened to
 *  float and turned, from the file's [out][in] to [k][TILE_WIDTH].
 */
#ifndef NN_FAST_PANEL_H
#define NN_FAST_PANEL_H
#include "nn/fast/shuffle.h"
#include "nn/fast/tile.h"

/* LANES rows of the matrix, LANES columns; what lies outside counts as 0. */
VEC_INLINE void panel_square(weight w, size_t at, size_t stride, int rows, int columns,
                             float *panel)
{
    vec r[LANES];
    if (rows == LANES && columns == LANES)
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) r[i] = vec_weights(w.data, w.type, at + (size_t)i * stride);
    else
        for (int i = 0; i < LANES; i++) {
            float some[LANES] = {0};
            for (int j = 0; i < rows && j < columns; j++)
                some[j] = weight_at(w, at + (size_t)i * stride + (size_t)j);
            r[i] = vec_load(some);
        }
    shuffle_turn(r);
    for (int j = 0; j < columns; j++) *(vec *)(void *)(panel + j * TILE_WIDTH) = r[j];
}

/** @param w       [rows][stride], of which `rows` from number `at` on, at most TILE_WIDTH
 *  @param columns of these rows, from the same place
 *  @param panel   [columns][TILE_WIDTH], zeros where there are no rows */
static inline void panel_pack(weight w, size_t at, size_t stride, int rows, int columns,
                              float *panel)
{
    for (int v = 0; v < TILE_WIDTH; v += LANES)
        for (int k = 0; k < columns; k += LANES) {
            int r = rows - v < LANES ? rows - v : LANES,
                c = columns - k < LANES ? columns - k : LANES;
            size_t from = at + (size_t)v * stride + (size_t)k;
            float *to = panel + k * TILE_WIDTH + v;
            if (r < 0) r = 0;
            if (w.type == DTYPE_F32)
                panel_square((weight){w.data, DTYPE_F32}, from, stride, r, c, to);
            if (w.type == DTYPE_F16)
                panel_square((weight){w.data, DTYPE_F16}, from, stride, r, c, to);
            if (w.type == DTYPE_BF16)
                panel_square((weight){w.data, DTYPE_BF16}, from, stride, r, c, to);
        }
}
#endif
