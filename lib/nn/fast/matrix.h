/** @file matrix.h
 *  tile.h's products of bf16 by AMX: eight registers that hold a matrix each, 16 rows of 64 bytes,
 *  and an instruction that multiplies two and adds to a third. A panel of pairs lies as it wants b.
 *
 *  Registers 0 and 1 hold the sums, 2 is a's, 3 and 4 are b's.
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
    for (int i = 0; i < 5; i++) shape.bytes[i] = 64, shape.rows[i] = (uint8_t)(i < 3 ? rows : 16);
    MATRIX_READS;
    _tile_loadconfig(&shape);
}

/** Rows of sums, to_row floats apart, with what stands there already or without it; a's rows are
 *  a_row numbers apart, b is [depth][2][LANES]. */
VEC_INLINE void matrix_product(const float *a, size_t a_row, const float *b, int depth, float *to,
                               size_t to_row, bool old)
{
    enum { LINE = 2 * LANES * sizeof *b };
    size_t row = to_row * sizeof *to;
    MATRIX_READS;
    if (old) {
        _tile_loadd(0, to, row);
        _tile_loadd(1, to + LANES, row);
    } else {
        _tile_zero(0);
        _tile_zero(1);
    }
    for (int k = 0; k < depth; k += MATRIX_DEPTH) {
        _tile_loadd(2, a + k, a_row * sizeof *a);
        _tile_loadd(3, b + k * 2 * LANES, LINE);
        _tile_dpbf16ps(0, 2, 3);
        _tile_loadd(4, b + k * 2 * LANES + LANES, LINE);
        _tile_dpbf16ps(1, 2, 4);
    }
    _tile_stored(0, to, row);
    _tile_stored(1, to + LANES, row);
}
#endif
#endif
