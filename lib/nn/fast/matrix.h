/** @file matrix.h
 *  tile.h's products of bf16 by AMX: eight registers that hold a matrix each, 16 rows of 64 bytes,
 *  and an instruction that multiplies two and adds to a third. A panel of pairs lies as it wants b.
 *
 *  Registers 0 to 2 hold the sums of TILE_ROWS rows, 3 is a's, 4 to 6 are b's.
 *  Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18.
 */
#ifndef NN_FAST_MATRIX_H
#define NN_FAST_MATRIX_H
#include "nn/fast/vec.h"

/* What lies in memory is there before this line: gcc 12 does not know that these read. */
#define MATRIX_READS __asm__ volatile("" ::: "memory")

/** Say what the registers hold. Each thread does so before its first tile. */
static inline void matrix_begin(void)
{
    struct {
        uint8_t palette, start, none[14];
        uint16_t bytes[16]; /* of a row */
        uint8_t rows[16];
    } shape = {.palette = 1};
    for (int i = 0; i < 7; i++) shape.bytes[i] = 64, shape.rows[i] = i < 4 ? TILE_ROWS : 16;
    MATRIX_READS;
    _tile_loadconfig(&shape);
}

/* sums += a b, TILE_STEP pairs deep. */
VEC_INLINE void matrix_step(int vecs, const float *a, const float *b)
{
    size_t line = (size_t)vecs * LANES * sizeof *b;
    _tile_loadd(3, a, TILE_STRIDE * sizeof *a);
    _tile_loadd(4, b, line);
    _tile_dpbf16ps(0, 3, 4);
    _tile_loadd(5, b + LANES, line);
    _tile_dpbf16ps(1, 3, 5);
    if (vecs < 3) return;
    _tile_loadd(6, b + 2 * LANES, line);
    _tile_dpbf16ps(2, 3, 6);
}

/* Rows of sums, `stride` floats apart, with what stands there already or without it. */
VEC_INLINE void matrix_product(int vecs, const float *a, const float *b, int depth, float *to,
                               size_t stride, bool old)
{
    size_t row = stride * sizeof *to;
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
    for (int k = 0; k < depth; k += TILE_STEP) matrix_step(vecs, a + k, b + k * vecs * LANES);
    _tile_stored(0, to, row);
    _tile_stored(1, to + LANES, row);
    if (vecs == 3) _tile_stored(2, to + 2 * LANES, row);
}
#endif
