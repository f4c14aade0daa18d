/** @file embed.h
 *  A number as many waves: what a network is told of the time.
 *
 *  One number as one input would have to carry both "early or late" and "exactly when". Waves from
 *  fast to slow say both, as the hands of a clock do. Vaswani 2017, arXiv:1706.03762, section 3.5;
 *  for times of diffusion Ho 2020, arXiv:2006.11239, appendix B.
 */
#ifndef NN_EMBED_H
#define NN_EMBED_H
#include <stdbool.h>

/** How it is written. All zero but for the width: as Stable Diffusion wants it. */
typedef struct {
    int width; /**< numbers: half of them cosines, then as many sines; one 0 more if it is odd */
    bool sines_first; /**< sines, then cosines: diffusers' flip_sin_to_cos is false then */
    double shift; /**< diffusers' downscale_freq_shift. 0: the slowest wave is a little faster than
                          1/10000; 1: it is 1/10000 */
} embed_form;

/** Waves of a time.
 *      out[i] = cos(t w_i),  out[half + i] = sin(t w_i),   w_i = 10000^(-i / (half - shift))
 *  A width whose half is not above the shift aborts: there is no room for waves.
 *  @param t    any, also between two steps of training
 *  @param form how
 *  @param out  [width] */
void embed_time(double t, embed_form form, float *out);

#endif
