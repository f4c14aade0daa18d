/** @file taesd.h
 *  A small stand-in for the VAE: diffusers' AutoencoderTiny, an eighteenth of the work and a
 *  picture that is a little worse. Bohan 2023, https://github.com/madebyollin/taesd. Nothing but
 *  3x3 convolutions and ReLU, no norm.
 *
 *      taesd_decode(&v, x, picture, scratch);    latents as the UNet has them -> -1 to 1
 *      taesd_encode(&v, picture, x, scratch);    and back
 *
 *  Its networks have pictures from 0 to 1, and a decoder that bends latents into -3 to 3 first:
 *
 *      picture = 2 decoder(3 tanh(z / 3)) - 1,    z = x / scale + shift
 *      x = scale (encoder((picture + 1) / 2) - shift)
 */
#ifndef MODELS_TAESD_H
#define MODELS_TAESD_H
#include "models/blocks.h"

/** Numbers of one half. */
typedef struct {
    int levels, channels;      /**< all levels have as many channels */
    int blocks[BLOCKS_LEVELS]; /**< of each level, in the order in which a picture meets them */
} taesd_levels;

/** The numbers that a config.json has. */
typedef struct {
    int picture, out, latent; /**< channels: in_channels, out_channels, latent_channels */
    taesd_levels encoder, decoder;
    double scale, shift; /**< scaling_factor, shift_factor */
} taesd_config;

/** What TAESD for Stable Diffusion 1.x and 2.x has.
 *  @return its numbers */
taesd_config taesd_usual(void);

/** Read a config.json; what it does not say is as in diffusers.
 *  @param from the file
 *  @param out  its numbers
 *  @return NULL, or what is wrong, or what this program does not have */
error taesd_read(const config *from, taesd_config *out);

/** y = relu(conv(relu(conv(relu(conv(x))))) + x). */
typedef struct {
    conv conv[3];
} taesd_block;

/** Blocks of one size of picture, and what follows: half or twice as large, or the end. */
typedef struct {
    int blocks;
    taesd_block *block;
    conv behind;
} taesd_level;

/** The encoder or the decoder. */
typedef struct {
    int levels;
    conv first;
    taesd_level level[BLOCKS_LEVELS];
} taesd_half;

/** Both. */
typedef struct {
    taesd_config config;
    taesd_half encoder, decoder; /**< encoder.levels == 0: none */
} taesd;

/** Load both halves, or the decoder alone.
 *  @param w    where its weights are: "decoder.layers.0.weight" and so on; or the author's own
 *              taesd_decoder.safetensors, "1.weight" and so on, where no encoder is
 *  @param c    its numbers
 *  @param keep where the network lives
 *  @param out  the network
 *  @return NULL, or what is wrong with the numbers or with a weight */
error taesd_load(weights w, taesd_config c, arena *keep, taesd *out);

/** Latents to pictures. The same bits for any number of threads, and for a picture alone.
 *  @param v       the network
 *  @param x       [n, h, w, latent], as the UNet has them
 *  @param out     [n, 8 h, 8 w, out], about -1 to 1
 *  @param scratch taesd_decode_room() bytes: at 512 x 512 0.2 GB */
void taesd_decode(const taesd *v, tensor x, tensor out, arena scratch);

/** Pictures to latents.
 *  @param v       the network, with an encoder
 *  @param x       [n, h, w, picture], -1 to 1
 *  @param out     [n, h / 8, w / 8, latent], sides rounded up at each halving
 *  @param scratch taesd_encode_room() bytes */
void taesd_encode(const taesd *v, tensor x, tensor out, arena scratch);

/** How much scratch taesd_decode() takes.
 *  @param v the network
 *  @param h rows of a latent
 *  @param w columns
 *  @return bytes, with as many threads as are set now */
size_t taesd_decode_room(const taesd *v, int h, int w);

/** How much scratch taesd_encode() takes.
 *  @param v the network
 *  @param h rows of a picture
 *  @param w columns
 *  @return bytes, with as many threads as are set now */
size_t taesd_encode_room(const taesd *v, int h, int w);

#endif
