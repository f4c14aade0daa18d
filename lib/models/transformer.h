/** @file transformer.h
 *  Where the picture hears the text: each pixel is a token, which looks at all pixels, then at the
 *  words, then thinks for itself. Vaswani 2017, arXiv:1706.03762; in a UNet Rombach 2022,
 *  arXiv:2112.10752, figure 3.
 *
 *  What the words are (keys) and say (values) does not depend on the picture, and is computed once.
 */
#ifndef MODELS_TRANSFORMER_H
#define MODELS_TRANSFORMER_H
#include "models/blocks.h"

/** Keys and values of a text, for all layers of a network. */
typedef struct {
    int n, tokens;        /**< texts, one for each picture; tokens of each */
    const float *numbers; /**< keys [n, tokens, C], then values, for each layer with its own C */
} transformer_text;

/** One layer. */
typedef struct {
    norm norm1, norm2, norm3;
    linear self_q, self_k, self_v, self_out; /**< attn1 */
    linear text_q, text_k, text_v, text_out; /**< attn2 */
    linear widen, narrow;                    /**< ff.net.0.proj, with its gate, and ff.net.2 */
    size_t at; /**< numbers of a token of the text that belong to layers before this one */
} transformer_layer;

/** What is asked for. */
typedef struct {
    int channels, heads;
    int layers;       /**< 0: no transformer at all */
    int text;         /**< numbers of a token of the text */
    norm_groups norm; /**< groups */
} transformer_form;

/** Some layers between two matrices. */
typedef struct {
    transformer_form form;
    norm_groups norm;
    linear in, out;
    transformer_layer *layer; /**< [layers] */
} transformer;

/** Load one.
 *  @param w    "mid_block.attentions.0"
 *  @param form what
 *  @param at   numbers of a token of the text that belong to what was loaded before; grows
 *  @param keep where the layers live
 *  @return the block */
transformer transformer_load(weights w, transformer_form form, size_t *at, arena *keep);

/** Keys and values of a text, for this block.
 *  @param t       the block
 *  @param text    [n, 1, tokens, text]
 *  @param numbers of transformer_text, to be filled
 *  @param scratch for a linear layer */
void transformer_remember(const transformer *t, tensor text, float *numbers, arena scratch);

/** x += all of it.
 *  @param t       the block
 *  @param s       where x is
 *  @param text    of transformer_remember(): as many as there are pictures
 *  @param scratch for its layers, three times x, and 4096 rows of 4 C */
void transformer_apply(const transformer *t, blocks_stream *s, transformer_text text,
                       arena scratch);

#endif
