/** @file model.h
 *  A Stable Diffusion model, opened: its networks, its words, and what its scheduler asks for.
 *
 *  Opening costs nothing but the reading of names: weights stay in the file and are fetched by the
 *  system when they are first used.
 */
#ifndef PIPELINE_MODEL_H
#define PIPELINE_MODEL_H
#include "diffusion/network.h"
#include "models/checkpoint.h"
#include "models/clip_text.h"
#include "models/taesd.h"
#include "models/tokenizer.h"
#include "models/unet.h"
#include "models/vae.h"
#include "pipeline/scheduler.h"

/** All of it. */
typedef struct {
    checkpoint files;
    tokenizer tokenizer;
    clip_text text;
    unet unet;
    vae vae;
    const taesd *taesd;         /**< decodes in the VAE's place; NULL: none */
    weights taesd_files;        /**< of `taesd`, where there is one */
    schedule schedule;          /**< of training */
    network_prediction says;    /**< what the network was trained to say */
    scheduler_config scheduler; /**< which sampler and list, unless others are asked for */
    int side;                   /**< pixels of the pictures it was trained on */
} model;

/** Open one.
 *  @param path a folder as diffusers has it, or one .safetensors file as LDM had it (ldm.h)
 *  @param keep where names, and numbers that are small, live
 *  @param scratch for a while
 *  @param out  set when all went well; give it to model_close() afterwards
 *  @return NULL, or which file, which tensor or which value is wrong */
error model_open(const char *path, arena *keep, arena scratch, model *out);

/** Let pictures be decoded by TAESD, with an eighteenth of the work (lesson 29 counts it).
 *  @param m    the model
 *  @param path a folder as diffusers has it, its .safetensors file, or taesd_decoder.safetensors
 *  @param keep where it lives
 *  @return NULL, or what is missing, wrong, or made for other latents; the model stays as it was */
error model_use_taesd(model *m, const char *path, arena *keep);

/** Whether its files, TAESD's among them, have stayed as they were.
 *  @param m the model
 *  @return NULL, or which file was written to */
error model_check(const model *m);

/** Forget its files.
 *  @param m what model_open() gave */
void model_close(model *m);

/** Say that the network is not needed for a while: the memory of its weights goes back to the
 *  system, which fetches them again when they are used.
 *  @param m what model_open() gave */
void model_rest(const model *m);

#endif
