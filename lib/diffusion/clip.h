/** @file clip.h
 *  Keep a guess within the range that pictures have.
 *
 *  Plain clipping cuts every number to [-limit, limit]. Dynamic thresholding (Saharia et al. 2022,
 *  arXiv:2205.11487, section 2.3) looks, picture by picture, for the size s that a given share of
 *  the numbers stays below, cuts there and divides by s: strong guidance then no longer saturates.
 */
#ifndef DIFFUSION_CLIP_H
#define DIFFUSION_CLIP_H
#include "diffusion/denoiser.h"

/** What to keep within which range. */
typedef struct {
    denoiser model; /**< one answer */
    double limit;   /**< plain: the range; dynamic: the largest s (s is at least 1) */
    double share;   /**< 0: plain; else the share of numbers below s, 0.995 in the paper */
    /** Walk along the noise of the guess before it was cut, as diffusers' DDIM and DDPM do; else
     *  the noise is worked out again from the cut guess. */
    bool keep_direction;
} clip;

/** The cut guess as a denoiser.
 *  @param c stays with the caller while the denoiser is in use; limit > 0, 0 <= share <= 1
 *  @return a denoiser of the same coordinate */
denoiser clip_denoiser(const clip *c);

#endif
