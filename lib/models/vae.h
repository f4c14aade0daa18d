/** @file vae.h
 *  Between pictures and latents: diffusers' AutoencoderKL. Kingma 2013, arXiv:1312.6114; in this
 *  form Rombach 2022, arXiv:2112.10752. A latent has 1/8 of a picture's sides, so 1/48 of its
 *  numbers where it has 4 channels.
 *
 *      vae_decode(&v, x, picture, scratch);      latents as the UNet has them -> -1 to 1
 *      vae_encode(&v, picture, code, scratch);   -1 to 1 -> mean and log-variance of latents
 *      vae_draw(&v, code, noise, x);             one of those latents, as the UNet has them
 *
 *  Pictures go through one by one and whole, since a group norm sums over the whole picture; so no
 *  seams, whatever the size. Two rooms are all that is touched: at 512 x 512 in the decoder 0.27 GB
 *  and 0.13 GB (with two threads), at 1024 x 1024 four times that.
 */
#ifndef MODELS_VAE_H
#define MODELS_VAE_H
#include "models/blocks.h"

/** The numbers that a config.json has. */
typedef struct {
    int picture, out;            /**< channels of pictures: in_channels, out_channels */
    int latent;                  /**< channels of latents */
    int levels;                  /**< how many of these are used: */
    int channels[BLOCKS_LEVELS]; /**< block_out_channels */
    int layers;                  /**< layers_per_block; the decoder has one more */
    int groups;                  /**< norm_num_groups */
    double scale, shift;         /**< scaling_factor, shift_factor: see vae_draw() */
    bool attention;              /**< mid_block_add_attention */
    bool before, behind;         /**< a matrix before the decoder, and one behind the encoder:
                                   use_post_quant_conv, use_quant_conv */
} vae_config;

/** What Stable Diffusion 1.x has.
 *  @return its numbers */
vae_config vae_usual(void);

/** Read a config.json; what it does not say is as in diffusers: one level of 64 channels and so on.
 *  @param from the file
 *  @param out  its numbers
 *  @return NULL, or what is wrong, or what this program does not have */
error vae_read(const config *from, vae_config *out);

/** Whether a network can be made of these numbers.
 *  @param config them
 *  @return NULL, or what does not fit */
error vae_check(const vae_config *config);

/** Layers of one size of picture. */
typedef struct {
    int layers;
    blocks_resnet *resnet;
    blocks_attention attention; /**< behind the first of them; q.in == 0: none */
    conv resize;                /**< behind all of them; in == 0: none */
} vae_level;

/** The encoder or the decoder. */
typedef struct {
    int levels; /**< with the middle, which stands where pictures are smallest: two resnets, and
                     attention between them */
    conv conv_in, conv_out;
    norm_groups norm_out;
    vae_level level[BLOCKS_LEVELS + 1]; /**< in the order in which a picture meets them */
    linear quant;                       /**< from latents, or to them; in == 0: none */
} vae_half;

/** Both. */
typedef struct {
    vae_config config;
    vae_half encoder, decoder;
} vae;

/** Load both halves.
 *  @param w      where its weights are: "decoder.conv_in.weight" and so on
 *  @param c      its numbers
 *  @param keep   where the network lives
 *  @param out    the network
 *  @return NULL, or what is wrong with the config or with a weight */
error vae_load(weights w, vae_config c, arena *keep, vae *out);

/** Latents to pictures: of x / scale + shift, the VAE's own units. The same bits for any number of
 *  threads, and for a picture alone.
 *  @param v       the network
 *  @param x       [n, h, w, latent], as the UNet has them
 *  @param out     [n, 8 h, 8 w, out], about -1 to 1; for 8, here and below, read vae_factor()
 *  @param scratch vae_decode_room() bytes */
void vae_decode(const vae *v, tensor x, tensor out, arena scratch);

/** Pictures to latents.
 *  @param v       the network
 *  @param x       [n, h, w, picture], -1 to 1; a side that is no multiple of 8 loses the rest
 *  @param out     [n, h / 8, w / 8, 2 latent]: means, then logarithms of variances, in the VAE's
 *                 own units
 *  @param scratch vae_encode_room() bytes */
void vae_encode(const vae *v, tensor x, tensor out, arena scratch);

/** How much scratch vae_decode() takes, though not all of it is touched.
 *  @param v the network
 *  @param h rows of a latent
 *  @param w columns
 *  @return bytes, with as many threads as are set now */
size_t vae_decode_room(const vae *v, int h, int w);

/** How much scratch vae_encode() takes.
 *  @param v the network
 *  @param h rows of a picture
 *  @param w columns
 *  @return bytes, with as many threads as are set now */
size_t vae_encode_room(const vae *v, int h, int w);

/** Latents of a picture.
 *      x = (mean + e^(log variance / 2) noise - shift) scale
 *  @param v     the network
 *  @param code  [n, h, w, 2 latent], from vae_encode(); a log-variance counts as -30 to 20
 *  @param noise [n, h, w, latent]; .data NULL: the mean itself
 *  @param x     [n, h, w, latent] the result, as the UNet has it; may be noise */
void vae_draw(const vae *v, tensor code, tensor noise, tensor x);

/** How much smaller a latent is than its picture.
 *  @param v the network
 *  @return 8 where there are four levels */
int vae_factor(const vae *v);

#endif
