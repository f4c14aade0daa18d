/** @file picture.h
 *  Words in, picture out: Stable Diffusion in a few calls.
 *
 *      model sd;
 *      error wrong = model_open("stable-diffusion-v1-5", &memory, scratch, &sd);
 *      picture_wish wish = picture_usual();
 *      wish.prompt = "a lighthouse in a storm, oil on canvas", wish.seed = 7;
 *      tensor x0;
 *      if (!wrong) wrong = picture_make(&sd, &wish, &memory, scratch, &x0);   // [1, 512, 512, 3]
 *
 *  What happens, in this order: the prompt becomes numbers (words.h), noise is drawn, a sampler
 *  walks it down while the network (unet.h) is asked with and without the prompt (guidance.h), and
 *  the decoder (vae.h) makes a picture of what is left. Rombach 2022, arXiv:2112.10752.
 */
#ifndef PIPELINE_PICTURE_H
#define PIPELINE_PICTURE_H
#include "pipeline/model.h"

/** What is wished for. */
typedef struct {
    const char *prompt;   /**< UTF-8, with (emphasis:1.3), [less] and BREAK: prompt.h */
    const char *negative; /**< what is not wanted; "" for nothing */
    double guidance; /**< how far to lean towards the prompt, from 0; at 1 `negative` is not looked
                               at and the network is asked half as often */
    int width, height;   /**< of the picture in pixels, multiples of 8 (vae_factor()); 0: what the
                               model was trained on */
    int steps;           /**< of the sampler */
    const char *sampler; /**< by any of its names (names.h); NULL: the model's own */
    const char *list;    /**< of sigmas (sigmas.h); NULL: the sampler's or the model's own */
    uint64_t seed;       /**< the first picture's */
    bool philox;         /**< noise as web UIs draw it on a GPU, one seed after the other for the
                               pictures of a batch; else as PyTorch's CPU generator gives it to
                               diffusers: all pictures from one seed */
    int batch;           /**< pictures at once */
    int clip_skip;       /**< 1: the text encoder's last layer, 2: the one before, ...; 0: as the
                               model has it */
    /** Called after each step; false stops. */
    bool (*watch)(void *watcher, const sampler *s, tensor x);
    void *watcher;
} picture_wish;

/** What people usually wish: guidance 7.5, 20 steps, one picture of the size that the model was
 *  trained on, seed 0.
 *  @return a wish with an empty prompt */
picture_wish picture_usual(void);

/** Make it.
 *  @param m    the model
 *  @param w    the wish
 *  @param keep where the pictures live, and some 20 MB while they are made
 *  @param scratch another arena, with some gigabytes of address space; what is touched of it is
 *              0.4 GB for 512 x 512
 *  @param out  [batch, height, width, 3] in -1..1
 *  @return NULL, or what cannot be: a size, a sampler, a list, a prompt, so much memory; or that it
 *          was stopped, or that a file of the model was written to meanwhile */
error picture_make(const model *m, const picture_wish *w, arena *keep, arena scratch, tensor *out);

/** The same up to the latents, before the decoder.
 *  @param m       the model
 *  @param w       the wish
 *  @param keep    as for picture_make()
 *  @param scratch the same
 *  @param out     [batch, height / 8, width / 8, channels of a latent], as vae_decode() wants it
 *  @return NULL, or what cannot be */
error picture_latents(const model *m, const picture_wish *w, arena *keep, arena scratch,
                      tensor *out);

#endif
