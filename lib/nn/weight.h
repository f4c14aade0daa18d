/** @file weight.h
 *  Numbers of a network as they stand in its file: 32-bit floats, or 16-bit ones of two kinds.
 *  They stay where they are, mapped from the file, and are widened where they are used.
 */
#ifndef NN_WEIGHT_H
#define NN_WEIGHT_H
#include <stddef.h>
#include <stdint.h>

/** How a number is stored. */
typedef enum {
    DTYPE_F32,  /**< float: 8 bits of exponent, 23 of fraction */
    DTYPE_F16,  /**< IEEE 754 half: 5 and 10; up to 65504, and 3 digits */
    DTYPE_BF16, /**< the upper half of a float: 8 and 7; any size, and 2 digits */
} dtype;

/** An array of them, by value; the numbers belong to somebody else. */
typedef struct {
    const void *data; /**< aligned as its type; NULL: there is none */
    dtype type;       /**< of each number */
} weight;

/** Bytes of one number.
 *  @param type of it
 *  @return 4 or 2 */
size_t dtype_size(dtype type);

/** One number, widened.
 *  @param w from where
 *  @param i its place
 *  @return the same number, exactly */
float weight_at(weight w, size_t i);

#endif
