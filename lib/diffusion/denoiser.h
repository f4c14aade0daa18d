/** @file denoiser.h
 *  A model as a sampler sees it: D(x, sigma), noisy picture in, guess of the clean one out.
 *
 *  Denoisers stack. Guidance, clipping, a mask, a preview or a counter is a denoiser that asks
 *  another one, so no sampler ever hears of prompts, masks or progress bars. A denoiser is a
 *  function and the data it reads; both belong to whoever made it.
 *
 *  Two coordinates, and the denoiser knows which one its x is in:
 *
 *      x = alpha x0 + sigma eps,    alpha = 1 (flow = false)  or  alpha = 1 - sigma (flow = true)
 *
 *  A variance-preserving network is divided through by its own alpha where it becomes a denoiser
 *  (network.h), so it lives in the first.
 */
#ifndef DIFFUSION_DENOISER_H
#define DIFFUSION_DENOISER_H
#include "base/tensor.h"

/** What a denoiser fills in. The two extra tensors are there (data not NULL) only when the denoiser
 *  says that it gives them. */
typedef struct {
    tensor x0;           /**< [k n, h, w, c] the guess of the clean picture */
    tensor away;         /**< same shape: the guess whose noise (x - alpha away) / sigma is to be
                              walked along, where that is not x0 itself (clipping, CFG++) */
    tensor log_variance; /**< same shape: what the network learned of the variance of its steps.
                              A denoiser does not know how long the step will be, so this is either
                              its place between the two fixed variances of the step, -1 at the small
                              one and 1 at the large (learned range), or the natural logarithm for
                              the one step from this trained time to the time before (learned) */
} answer;

/** Copy what both have; for an `away` that only `out` has, in.x0 is taken.
 *  @param out overwritten
 *  @param in  of the same shape */
void answer_copy(answer out, answer in);

/** A model. */
typedef struct {
    void (*guess)(void *self, answer out, tensor x, double sigma, arena scratch);
    void *self;
    int k;               /**< answers for each picture, stacked [k n, h, w, c]; 0 means 1 */
    bool flow;           /**< alpha = 1 - sigma instead of 1 */
    bool gives_away;     /**< fills in answer.away */
    bool gives_variance; /**< fills in answer.log_variance */
} denoiser;

/** Share of the picture in x at this size of noise.
 *  @param d     a denoiser
 *  @param sigma size of the noise
 *  @return 1, or 1 - sigma for a flow */
double denoiser_alpha(denoiser d, double sigma);

/** Room for an answer.
 *  @param d who will answer
 *  @param a where from
 *  @param x [n, h, w, c] the picture it will be asked about
 *  @return tensors [k n, h, w, c]; those that d does not give have data NULL */
answer denoiser_room(denoiser d, arena *a, tensor x);

/** Ask.
 *  @param d       the model
 *  @param out     from denoiser_room(), overwritten
 *  @param x       [n, h, w, c], not changed
 *  @param sigma   size of the noise in x, > 0
 *  @param scratch for the model */
void denoiser_ask(denoiser d, answer out, tensor x, double sigma, arena scratch);

/** Several models asked one after the other, as one that gives k answers. */
typedef struct {
    const denoiser *each; /**< [k], each with one answer and in the same coordinate */
    int k;
} stack;

/** The stack as a denoiser.
 *  @param s stays with the caller while the denoiser is in use
 *  @return k answers: each[0]'s n pictures, then each[1]'s, ... */
denoiser stack_denoiser(const stack *s);

#endif
