/** @file transformer.h
 *  Where the picture hears the text: each pixel is a token, which looks at all pixels, then at the
 *  words, then thinks for itself. Vaswani 2017, arXiv:1706.03762; in a UNet Rombach 2022,
 *  arXiv:2112.10752, figure 3. GEGLU is Shazeer 2020, arXiv:2002.05202.
 *
 *      z  = in(group norm(x))                                       x [n, h w, C]
 *      z += self_out(attention(q, k, v of norm1(z)))                pixels at pixels
 *      z += text_out(attention(q of norm2(z), k, v of the text))    pixels at words
 *      z += narrow(a gelu(b)),  (a, b) = widen(norm3(z))            these three for each layer
 *      x += out(z)
 *
 *  What the words are (keys) and say (values) does not depend on the picture, and is computed once.
 */
#ifndef MODELS_TRANSFORMER_H
#define MODELS_TRANSFORMER_H
#include "models/blocks.h"

/** Keys and values of a text, for all layers of a network. */
typedef struct {
    int n, tokens;        /**< texts, one for each picture; tokens of each */
    const float *numbers; /**< keys [n, tokens, C], then values alike, for each layer; C is the
                               channels of that layer */
} transformer_text;

/** One layer. */
typedef struct {
    linear self_q, self_k, self_v, self_out; /**< attn1, C to C; norm1 before the first three */
    linear text_q, text_k, text_v, text_out; /**< attn2; norm2 before q; k and v from the text's
                                                  numbers to C */
    linear widen, narrow; /**< ff.net.0.proj, norm3 before it, C to 4 C and as many for its gate;
                               ff.net.2, back */
    size_t at; /**< numbers of a token of the text that belong to layers before this one */
} transformer_layer;

/** Its sizes. */
typedef struct {
    int channels, heads; /**< C; heads share them */
    int layers;          /**< 0: no transformer at all */
    int text;            /**< numbers of a token of the text */
    int groups;          /**< of the group norm */
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
 *  @param form its sizes
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

/** The picture after it: the equations above.
 *  @param t       the block
 *  @param s       where x is and will be
 *  @param text    of transformer_remember(): as many as there are pictures
 *  @param scratch for its layers, three times x, and 4096 rows of 4 C */
void transformer_apply(const transformer *t, blocks_stream *s, transformer_text text,
                       arena scratch);

/** How much scratch that takes.
 *  @param t      the block
 *  @param x      any numbers of that shape
 *  @param tokens of a text
 *  @return bytes, with as many threads as are set now */
size_t transformer_room(const transformer *t, tensor x, int tokens);

#endif
