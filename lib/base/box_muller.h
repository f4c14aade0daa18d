/** @file box_muller.h
 *  From uniforms to normals, 16 at a time, as PyTorch's CPU generator does it. Box, Muller 1958, "A
 *  Note on the Generation of Random Normal Deviates", doi:10.1214/aoms/1177706645.
 *
 *  In each block of 16, number j < 8 is u and number j + 8 is v, both in [0, 1), and
 *
 *      number j      =  sqrt(-2 ln(1 - u)) cos(2 pi v)
 *      number j + 8  =  sqrt(-2 ln(1 - u)) sin(2 pi v)
 */
#ifndef BASE_BOX_MULLER_H
#define BASE_BOX_MULLER_H
#include <stddef.h>

/** In float, with polynomials for ln, cos and sin whose every bit is PyTorch's on x86 with AVX2.
 *  @param data   16 blocks numbers, uniforms in, normals out
 *  @param blocks how many blocks of 16 */
void box_muller_float(float *data, size_t blocks);

/** The same bits without AVX2: what box_muller_float() calls on other processors.
 *  @param data   16 blocks numbers, uniforms in, normals out
 *  @param blocks how many blocks of 16 */
void box_muller_float_plain(float *data, size_t blocks);

/** In double, with the C library's functions, whose last bit is the library's.
 *  @param data   16 blocks numbers, uniforms in, normals out
 *  @param blocks how many blocks of 16 */
void box_muller_double(double *data, size_t blocks);

#endif
