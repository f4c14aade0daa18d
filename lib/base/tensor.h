/** @file tensor.h
 *  A shape and a pointer, passed by value: [n, h, w, c], row-major, channels last, never strided.
 *
 *  Channels last because a picture is then a matrix of pixels x channels, and a picture from a file
 *  is a tensor as it stands. The field writes [n, c, h, w]; the two conversions at the end of this
 *  file are the only place where that order matters.
 *
 *  Pictures are held in `real`: float, or double when the library is built with -DREAL_IS_DOUBLE
 *  for tests that float cannot reach. Coefficients are double everywhere and are rounded to `real`
 *  when they meet a picture, as Python's numbers do when they meet a float32 array.
 */
#ifndef BASE_TENSOR_H
#define BASE_TENSOR_H
#include "base/arena.h"
#include <stdbool.h>

#ifdef REAL_IS_DOUBLE
typedef double real;
#else
typedef float real; /**< what pictures are made of */
#endif

/** A batch of pictures; `data` holds n h w c numbers. */
typedef struct {
    real *data;     /**< first number of the first picture; NULL in a tensor that is not there */
    int n, h, w, c; /**< pictures, rows, columns, channels */
} tensor;

/** How many numbers a tensor holds.
 *  @param x any tensor
 *  @return n h w c */
size_t tensor_count(tensor x);

/** Take a tensor from an arena, contents undefined.
 *  @param a where from
 *  @param n pictures
 *  @param h rows
 *  @param w columns
 *  @param c channels
 *  @return [n, h, w, c] */
tensor tensor_new(arena *a, int n, int h, int w, int c);

/** Take a tensor of the same shape, contents undefined.
 *  @param a where from
 *  @param x the shape
 *  @return same shape as x */
tensor tensor_like(arena *a, tensor x);

/** Whether two tensors have one shape.
 *  @param x one
 *  @param y the other
 *  @return true when n, h, w and c agree */
bool tensor_same_shape(tensor x, tensor y);

/** Some pictures of a batch, seen in place.
 *  @param x     [n, h, w, c]
 *  @param first of them, from 0
 *  @param count how many
 *  @return [count, h, w, c], sharing x's numbers */
tensor tensor_pictures(tensor x, int first, int count);

/** out = value, everywhere.
 *  @param out   any shape
 *  @param value the number */
void tensor_fill(tensor out, double value);

/** out = x.
 *  @param out same shape as x
 *  @param x   may be out itself */
void tensor_copy(tensor out, tensor x);

/** out = a x.
 *  @param out same shape; may be x
 *  @param a   factor
 *  @param x   any shape */
void tensor_scale(tensor out, double a, tensor x);

/** out = a x + b y.
 *  @param out same shape; may be x or y
 *  @param a   factor of x
 *  @param x   any shape
 *  @param b   factor of y
 *  @param y   same shape */
void tensor_mix(tensor out, double a, tensor x, double b, tensor y);

/** out = out + a x.
 *  @param out same shape as x
 *  @param a   factor
 *  @param x   what to add */
void tensor_add_scaled(tensor out, double a, tensor x);

/** Root of the mean squared difference, summed in double.
 *  @param x any shape
 *  @param y same shape
 *  @return sqrt(mean((x - y)^2)), in the units of x */
double tensor_distance(tensor x, tensor y);

/** Whether every number is finite.
 *  @param x any shape
 *  @return false when there is a NaN or an infinity */
bool tensor_finite(tensor x);

/** The field's order: numbers of x, channel after channel.
 *  @param out room for tensor_count(x) numbers, filled as [n, c, h, w]
 *  @param x   [n, h, w, c] */
void tensor_to_nchw(real *out, tensor x);

/** Back from the field's order.
 *  @param out [n, h, w, c]
 *  @param in  tensor_count(out) numbers, laid out as [n, c, h, w] */
void tensor_from_nchw(tensor out, const real *in);

#endif
