/** @file clip_text.h
 *  CLIP's text encoder: 77 ids become 77 rows of numbers, each of which knows what stands before
 *  it. Radford et al. 2021, arXiv:2103.00020, section 2.4; a transformer as Vaswani 2017,
 *  arXiv:1706.03762, has it, with the norms before the layers.
 *
 *      x  = token[id] + position[i]
 *      x += attention(norm(x))                   each token sees those up to itself
 *      x += W2 gelu(W1 norm(x))                  these two lines once for each layer
 *      out = norm(x)
 */
#ifndef MODELS_CLIP_TEXT_H
#define MODELS_CLIP_TEXT_H
#include "models/blocks.h"

/** A layer. */
typedef struct {
    linear q, k, v, out; /**< width to width; layer_norm1 before the first three */
    linear fc1, fc2;     /**< width to inner, layer_norm2 before it; and back */
} clip_text_layer;

/** The encoder. */
typedef struct {
    int width, inner;             /**< numbers of a token, and between fc1 and fc2 */
    int layers, heads;            /**< how many; heads of each layer */
    int length, vocabulary;       /**< tokens of a text; ids are below `vocabulary` */
    activation bend;              /**< between fc1 and fc2 */
    float epsilon;                /**< of the norms */
    weight tokens, positions;     /**< [vocabulary, width], [length, width] */
    const clip_text_layer *layer; /**< [layers] */
    norm last;
} clip_text;

/** Find its weights.
 *  @param w    where they are; names may begin with "text_model." or not
 *  @param c    text_encoder/config.json
 *  @param keep where it lives
 *  @param out  set
 *  @return NULL, or what in the files is missing or does not fit */
error clip_text_load(weights w, const config *c, arena *keep, clip_text *out);

/** Encode some texts. The bits for each are the same, alone or with others.
 *  @param c       the encoder
 *  @param ids     [count, length]
 *  @param count   texts, or chunks of them
 *  @param skip    "clip skip" as web UIs count: 0 and 1 run all layers, 2 leaves the last one out
 *                 (diffusers counts from 0: clip_skip=1 is 2 here). The last norm stays
 *  @param out     [count, length, width]
 *  @param scratch some megabytes, whatever `count` is
 *  @return NULL, or that an id or `skip` is out of range, or memory short */
error clip_text_apply(const clip_text *c, const int32_t *ids, int count, int skip, float *out,
                      arena scratch);

#endif
