/** @file guidance.h
 *  Steering by words: lean away from the guess without a wish, towards the guesses with one.
 *
 *      D = D_0 + sum_j w_j (D_j - D_0)
 *
 *  One wish is classifier-free guidance (Ho, Salimans 2022, arXiv:2207.12598, eq. 6, whose w is
 *  ours minus 1: w = 1 means no guidance). Several wishes are AND, a negative weight is NOT (Liu,
 *  Li, Du, Torralba, Tenenbaum 2022, arXiv:2206.01714, eq. 11 and 13).
 */
#ifndef DIFFUSION_GUIDANCE_H
#define DIFFUSION_GUIDANCE_H
#include "diffusion/denoiser.h"

/** What to combine and how strongly. */
typedef struct {
    denoiser model;          /**< k answers; the first is the one without a wish */
    const double *weight;    /**< [k - 1], one for each wish */
    bool walk_unconditioned; /**< CFG++ (arXiv:2406.08070): walk along the noise of D_0 */
} guidance;

/** The combination as a denoiser with one answer.
 *  @param g stays with the caller while the denoiser is in use; g->model.k >= 2,
 *           and it gives plain guesses only
 *  @return a denoiser of the same coordinate */
denoiser guidance_denoiser(const guidance *g);

#endif
