/** @file activate.h
 *  What bends the lines between linear layers.
 *
 *      SiLU        x / (1 + e^-x)                        Elfwing 2017, arXiv:1702.03118
 *      GELU        x (1 + erf(x / sqrt 2)) / 2           Hendrycks 2016, arXiv:1606.08415
 *      quick GELU  x / (1 + e^(-1.702 x))                the same paper, section 2: CLIP's
 *
 *  The fast kernels are off by at most so many units in the last place: SiLU 3; GELU 4 above 0, 8
 *  from there down to -8, and 1e-20 below; quick GELU 3 + 2.2 |x|, since 1.702 x is rounded before
 *  it is an exponent. What lies below 1e-35 counts as 0. tests/test_activate.c holds them to it.
 */
#ifndef NN_ACTIVATE_H
#define NN_ACTIVATE_H
#include <stddef.h>

/** Which one. */
typedef enum {
    ACTIVATE_NOT,        /**< x */
    ACTIVATE_SILU,       /**< UNet, VAE */
    ACTIVATE_GELU,       /**< the UNet's feed-forward layers; some text encoders */
    ACTIVATE_GELU_QUICK, /**< CLIP's text encoder in SD 1.x */
} activation;

/** Of one number.
 *  @param which one
 *  @param x     any but -infinity, whose product with 0 is no number
 *  @return f(x) */
float activate_one(activation which, float x);

/** Of many.
 *  @param which one
 *  @param y     [n] the result; may be x
 *  @param x     [n], of the same kind
 *  @param n     how many */
void activate(activation which, float *y, const float *x, size_t n);

#endif
