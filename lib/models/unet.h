/** @file unet.h
 *  The network that guesses the noise: diffusers' UNet2DConditionModel, as Stable Diffusion 1.x and
 *  2.x have it.
 *
 *      conv_in -> down[0] -> down[1] -> ... -> down[last]      each level half as large
 *                   |          |                   |
 *                   |skips     |                   middle
 *                   v          v                   |
 *      conv_out <- up[last] <- ... <- up[1] <- up[0]           each level twice as large
 *
 *  Ronneberger 2015, arXiv:1505.04597; with time Ho 2020, arXiv:2006.11239; with text Rombach 2022,
 *  arXiv:2112.10752.
 *
 *      transformer_text text = unet_remember(&u, words, &keep);   once for a picture
 *      unet_apply(&u, x, 500, text, out, scratch);                  once for a step
 */
#ifndef MODELS_UNET_H
#define MODELS_UNET_H
#include "models/transformer.h"
#include "nn/embed.h"

/** The numbers that a config.json has. */
typedef struct {
    int in, out;                     /**< channels */
    int levels;                      /**< how many of these are used: */
    int channels[BLOCKS_LEVELS];     /**< block_out_channels */
    int layers[BLOCKS_LEVELS];       /**< layers_per_block */
    int heads[BLOCKS_LEVELS];        /**< what diffusers calls attention_head_dim */
    int transformers[BLOCKS_LEVELS]; /**< transformer_layers_per_block */
    bool text_down[BLOCKS_LEVELS];   /**< CrossAttnDownBlock2D, not DownBlock2D */
    bool text_up[BLOCKS_LEVELS];     /**< CrossAttnUpBlock2D, not UpBlock2D; the first is the first
                                        on the way up */
    bool middle;                     /**< UNetMidBlock2DCrossAttn; some small models have none */
    int text;                        /**< cross_attention_dim */
    int groups;                      /**< norm_num_groups */
    float epsilon;                   /**< norm_eps */
    embed_form time;                 /**< flip_sin_to_cos, freq_shift; unet_load() sets its width:
                                        channels[0] */
} unet_config;

/** What Stable Diffusion 1.x has.
 *  @return its numbers */
unet_config unet_usual(void);

/** Read a config.json; what it does not say is as in diffusers.
 *  @param from the file
 *  @param out  its numbers
 *  @return NULL, or what is wrong, or what this program does not have */
error unet_read(const config *from, unet_config *out);

/** Whether a network can be made of these numbers.
 *  @param config them
 *  @return NULL, or what does not fit */
error unet_check(const unet_config *config);

/** A resnet block and what looks at the text behind it, if anything does. */
typedef struct {
    blocks_resnet resnet;
    transformer attention;
} unet_layer;

/** Layers of one size of picture. */
typedef struct {
    int layers;
    unet_layer *layer;
    conv resize; /**< to the next level; in == 0: none */
} unet_level;

/** The network. */
typedef struct {
    unet_config config;
    linear time1, time2;
    conv conv_in, conv_out;
    norm_groups norm_out;
    unet_level down[BLOCKS_LEVELS], middle, up[BLOCKS_LEVELS];
    size_t remembered; /**< numbers that are kept of a token of the text */
} unet;

/** Load one.
 *  @param w      where its weights are: "conv_in.weight" and so on
 *  @param c      its numbers
 *  @param keep   where the network lives
 *  @param out    the network
 *  @return NULL, or what is wrong with the config or with a weight */
error unet_load(weights w, unet_config c, arena *keep, unet *out);

/** What all layers must know of the text.
 *  @param u    the network
 *  @param text [n, 1, tokens, text], one text for each picture
 *  @param keep where it is kept; a linear layer works behind it for a while
 *  @return what unet_apply() asks for */
transformer_text unet_remember(const unet *u, tensor text, arena *keep);

/** Guess the noise (or whatever it was trained for). The same bits for any number of threads, and
 *  for a picture alone. Sides need not be multiples of anything.
 *  @param u       the network
 *  @param x       [n, h, w, in]
 *  @param t       the time, 0 to 999, fractions allowed
 *  @param text    n of them, from unet_remember()
 *  @param out     [n, h, w, out]
 *  @param scratch unet_room() bytes; for two pictures of 64 x 64, two threads touch 0.17 GB */
void unet_apply(const unet *u, tensor x, double t, transformer_text text, tensor out,
                arena scratch);

/** How much scratch that takes.
 *  @param u      the network
 *  @param x      any numbers of that shape
 *  @param tokens of a text
 *  @return bytes, a little more than needed, with as many threads as are set now */
size_t unet_room(const unet *u, tensor x, int tokens);

#endif
