/** @file ldm.h
 *  The other names of tensors.
 *
 *  Stable Diffusion was first published as one file, by the program of its authors (LDM: latent
 *  diffusion models). diffusers took it apart and gave new names, which are the ones that our
 *  networks ask for. Here an asked name becomes the one that stands in the file:
 *
 *      down_blocks.1.resnets.0.conv1.weight    input_blocks.4.0.in_layers.2.weight
 *
 *  LDM numbers all blocks of the UNet in one row, where diffusers numbers levels and what is in
 *  them: with n blocks in a level and one that halves, block j of level i is 1 + i (n + 1) + j.
 */
#ifndef MODELS_LDM_H
#define MODELS_LDM_H
#include "models/weights.h"

/** What a file must tell before names can be translated. */
typedef struct {
    int layers;    /**< blocks in a level of the UNet's way down */
    int levels;    /**< of the VAE */
    bool openclip; /**< the text encoder is OpenCLIP's: Stable Diffusion 2.x */
} ldm;

/** Look into a file.
 *  @param f an LDM file
 *  @return what it tells */
ldm ldm_look(const safetensors *f);

/** Names of the UNet, for weights_rename(); `self` is an ldm here and in the next two. */
weights_naming ldm_unet;

/** Names of the VAE. */
weights_naming ldm_vae;

/** Names of the text encoder. */
weights_naming ldm_text;

/** The configuration of a UNet, told from its shapes: what unet/config.json would say.
 *  @param w    the UNet's weights
 *  @param name what errors call it
 *  @param keep where it lives
 *  @param out  set when all went well
 *  @return NULL, or why not */
error ldm_unet_config(weights w, const char *name, arena *keep, const config **out);

/** The same for a VAE.
 *  @param w    the VAE's weights
 *  @param name what errors call it
 *  @param keep where it lives
 *  @param out  set when all went well
 *  @return NULL, or why not */
error ldm_vae_config(weights w, const char *name, arena *keep, const config **out);

/** The same for a text encoder. OpenCLIP's has one layer more than Stable Diffusion 2.x uses: it is
 *  not counted.
 *  @param w        the text encoder's weights
 *  @param openclip whether it is that one
 *  @param name     what errors call it
 *  @param keep     where it lives
 *  @param out      set when all went well
 *  @return NULL, or why not */
error ldm_text_config(weights w, bool openclip, const char *name, arena *keep, const config **out);

#endif
