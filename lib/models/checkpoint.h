/** @file checkpoint.h
 *  A whole Stable Diffusion model on disk, opened: where the numbers of its three networks are, and
 *  how the networks are built.
 *
 *      checkpoint model;
 *      error wrong = checkpoint_open("sd15", &keep, scratch, &model);
 *      if (wrong) return wrong;
 *      ... model.unet.weights, model.unet.config, model.scheduler.prediction ...
 *      checkpoint_close(&model);
 *
 *  Two layouts are known. A diffusers folder has a folder for each part, with config.json and one
 *  or several .safetensors files in it, the scheduler's numbers and the tokenizer's words. A single
 *  .safetensors file (LDM) has all three networks and nothing else: what the folder would say is
 *  told from shapes, or is what Stable Diffusion 1.x has. Opening reads heads only.
 */
#ifndef MODELS_CHECKPOINT_H
#define MODELS_CHECKPOINT_H
#include "models/weights.h"

/** A network on disk. */
typedef struct {
    weights weights;      /**< its numbers, by diffusers' names */
    const config *config; /**< what its config.json says, or would; NULL where a file was opened
                               by checkpoint_open_part() */
    const char *begin;    /**< how the names of its tensors begin in the file; "" in a folder */
} checkpoint_part;

/** How it was trained, and how its makers sample it. */
typedef struct {
    const char *name;            /**< diffusers' class: "PNDMScheduler" */
    int times;                   /**< of training, 1000 */
    double beta_start, beta_end; /**< the schedule's ends ... */
    const char *beta_schedule;   /**< ... and kind: "scaled_linear", "linear", ... */
    const char *prediction;      /**< "epsilon", "v_prediction" or "sample" */
    bool guessed;                /**< nothing says so: `prediction` is what such models have */
    const char *spacing;         /**< of times: "leading", "linspace" or "trailing"; NULL: the
                                      class's own */
    int offset;                  /**< of times that are spaced "leading", as the file says; a model
                                      takes 1 (model.c) */
    bool alpha_to_one;           /**< the last step goes to no noise at all, not to time 0 */
    bool zero_snr;               /**< betas are rescaled so that nothing is left at the end */
    const config *config;        /**< the whole file, or NULL */
} checkpoint_scheduler;

/** A model. */
typedef struct {
    const char *path;                /**< as it was given */
    bool single;                     /**< one LDM file */
    checkpoint_part unet, vae, text; /**< the networks */
    checkpoint_scheduler scheduler;  /**< its training */
    const char *tokenizer; /**< the folder with its words, or NULL: then they are CLIP's */
} checkpoint;

/** Open a model.
 *  @param path    a diffusers folder, or an LDM file
 *  @param keep    where all of it lives; used as long as the model
 *  @param scratch for a while
 *  @param out     set when all went well; give it to checkpoint_close() afterwards
 *  @return NULL, or what is missing or wrong, or what this is instead */
error checkpoint_open(const char *path, arena *keep, arena scratch, checkpoint *out);

/** Open one part of a folder, or a network that is published alone, as TAESD is.
 *  @param folder which has config.json and .safetensors files; or one such file, without a config
 *  @param keep   where it lives
 *  @param out    set when all went well; give its weights to weights_close() afterwards
 *  @return NULL, or what is missing or wrong */
error checkpoint_open_part(const char *folder, arena *keep, checkpoint_part *out);

/** Forget it: all weights are gone then.
 *  @param c what checkpoint_open() gave */
void checkpoint_close(checkpoint *c);

/** Whether its files have stayed as they were; ask before long work (see safetensors.h).
 *  @param c which
 *  @return NULL, or which file was written to */
error checkpoint_check(const checkpoint *c);

/** What it is, for people: layout, parts, parameters, sizes, training.
 *  @param c    which
 *  @param keep where the text lives
 *  @return some lines, each with its line end */
const char *checkpoint_describe(const checkpoint *c, arena *keep);

/** What a file seems to be that is no Stable Diffusion model.
 *  @param f the file
 *  @return NULL: it is one. Else a few words: "a LoRA" */
const char *checkpoint_stranger(const safetensors *f);

#endif
