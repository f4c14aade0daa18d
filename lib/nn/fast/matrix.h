/** @file matrix.h
 *  tile.h's products of bf16 by AMX: eight registers that hold a matrix each, 16 rows of 64 bytes,
 *  and an instruction that multiplies two and adds to a third. A panel of pairs lies as it wants b.
 *
 *  Registers 0 to 2 hold the sums, 3 is a's, 4 to 6 are b's.
 *  Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18.
 */
#ifndef NN_FAST_MATRIX_H
#define NN_FAST_MATRIX_H
#include "nn/fast/vec.h"
#include <stdbool.h>

enum { MATRIX_DEPTH = 16 }; /**< pairs that are multiplied at a time */

#if defined(__AMX_BF16__)

/* What lies in memory is there before this line: gcc 12 does not know that these read. */
#define MATRIX_READS __asm__ volatile("" ::: "memory")

/** Say how many rows the sums and a have, at most 16. Each thread does so before it multiplies. */
static inline void matrix_begin(int rows)
{
    struct {
        uint8_t palette, start, none[14];
        uint16_t bytes[16]; /* of a row */
        uint8_t rows[16];
    } shape = {.palette = 1};
    for (int i = 0; i < 7; i++) shape.bytes[i] = 64, shape.rows[i] = (uint8_t)(i < 4 ? rows : 16);
    MATRIX_READS;
    _tile_loadconfig(&shape);
}

/* sums += a b, MATRIX_DEPTH pairs deep. */
VEC_INLINE void matrix_step(int vecs, const float *a, size_t a_row, const float *b)
{
    size_t line = (size_t)vecs * LANES * sizeof *b;
    _tile_loadd(3, a, a_row * sizeof *a);
    _tile_loadd(4, b, line);
    _tile_dpbf16ps(0, 3, 4);
    _tile_loadd(5, b + LANES, line);
    _tile_dpbf16ps(1, 3, 5);
    if (vecs < 3) return;
    _tile_loadd(6, b + 2 * LANES, line);
    _tile_dpbf16ps(2, 3, 6);
}

/** Rows of sums, to_row floats apart, with what stands there already or without it; a's rows are
 *  a_row numbers apart, b is [depth][vecs][LANES]. */
VEC_INLINE void matrix_product(int vecs, const float *a, size_t a_row, const float *b, int depth,
                               float *to, size_t to_row, bool old)
{
    size_t row = to_row * sizeof *to;
    MATRIX_READS;
    if (old) {
        _tile_loadd(0, to, row);
        _tile_loadd(1, to + LANES, row);
        if (vecs == 3) _tile_loadd(2, to + 2 * LANES, row);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
    }
    for (int k = 0; k < depth; k += MATRIX_DEPTH)
        matrix_step(vecs, a + k, a_row, b + k * vecs * LANES);
    _tile_stored(0, to, row);
    _tile_stored(1, to + LANES, row);
    if (vecs == 3) _tile_stored(2, to + 2 * LANES, row);
}
#endif
#endif
