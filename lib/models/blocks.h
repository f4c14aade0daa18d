/** @file blocks.h
 *  What the networks are made of: the UNet and the VAE share these.
 *
 *  A layer is kept as the call that it will be (nn/conv.h, nn/linear.h, nn/norm.h): all but the
 *  numbers that a picture brings with it.
 *
 *      r.conv1 = blocks_filter(w, "conv1", in, out);         when loading
 *
 *      conv c = r.conv1;                                     when used
 *      c.n = 2, c.h = 64, c.w = 64, c.x = x, c.y = y;
 *      conv_apply(c, scratch);
 */
#ifndef MODELS_BLOCKS_H
#define MODELS_BLOCKS_H
#include "base/tensor.h"
#include "models/weights.h"
#include "nn/attention.h"
#include "nn/conv.h"
#include "nn/linear.h"

/** The larger of two sizes.
 *  @param a one
 *  @param b the other
 *  @return the larger */
static inline size_t blocks_larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/** Rows that are taken together where all at once would need too much room. */
enum { BLOCKS_ROWS = 4096 };

/** The largest networks that are possible. */
enum {
    BLOCKS_LEVELS = 8,       /**< sizes of picture on the way through a network */
    BLOCKS_LAYERS = 16,      /**< of a level */
    BLOCKS_WIDEST = 1 << 16, /**< channels */
};

/** A 3x3 convolution: NAME.weight [out, in, 3, 3] and NAME.bias [out].
 *  @param w    where
 *  @param name "conv_in"
 *  @param in   channels of x
 *  @param out  channels of y
 *  @return the layer */
conv blocks_filter(weights w, const char *name, int in, int out);

/** A linear layer without a bias: NAME.weight [out, in].
 *  @param w    where
 *  @param name "attn1.to_q"
 *  @param in   numbers of a row of x
 *  @param out  numbers of a row of y
 *  @return the layer */
linear blocks_matrix(weights w, const char *name, int in, int out);

/** A linear layer: NAME.weight [out, in] and NAME.bias [out].
 *  @param w    where
 *  @param name "time_embedding.linear_1"
 *  @param in   numbers of a row of x
 *  @param out  numbers of a row of y
 *  @return the layer */
linear blocks_linear(weights w, const char *name, int in, int out);

/** y = a linear layer of x.
 *  @param l       the layer; `before` and `add` may be set
 *  @param rows    how many
 *  @param x       [rows, in]
 *  @param y       [rows, out], which is not x
 *  @param scratch blocks_linear_room()
 *  @return y */
float *blocks_multiply(linear l, int rows, const float *x, float *y, arena scratch);

/** x = x + a linear layer of y.
 *  @param l       the layer; `before` may be set
 *  @param rows    how many
 *  @param y       [rows, in]
 *  @param x       [rows, out], which is not y
 *  @param scratch blocks_linear_room() */
void blocks_multiply_add(linear l, int rows, const float *y, float *x, arena scratch);

/** A group norm: NAME.weight and NAME.bias, [channels] each.
 *  @param w     where
 *  @param name  "norm1"
 *  @param usual channels, groups, epsilon and silu
 *  @return the layer */
norm_groups blocks_group_norm(weights w, const char *name, norm_groups usual);

/** A layer norm: NAME.weight and NAME.bias, [channels] each; epsilon 1e-5.
 *  @param w        where
 *  @param name     "norm1"
 *  @param channels of a row
 *  @return the norm */
norm blocks_layer_norm(weights w, const char *name, int channels);

/** The picture on its way through a network. `spare` is a second room as large, for what a block
 *  needs on the way; a block may leave the picture there, and the old room is the spare one then.
 *  Both hold the widest that a block meets: before it, within it, or behind it. */
typedef struct {
    tensor x;
    float *spare;
} blocks_stream;

/** y = a convolution of x.
 *  @param c       the layer; `sides` and `before` may be set
 *  @param x       [n, h, w, in]
 *  @param y       room for the result, which is not x
 *  @param scratch conv_room() bytes
 *  @return [n, h', w', out], at y */
tensor blocks_convolve(conv c, tensor x, float *y, arena scratch);

/** The same behind a group norm.
 *  @param g       the norm
 *  @param c       the layer
 *  @param x       [n, h, w, in]
 *  @param y       room for the result
 *  @param scratch for both
 *  @return [n, h, w, out], at y */
tensor blocks_norm_convolve(norm_groups g, conv c, tensor x, float *y, arena scratch);

/** How much scratch a convolution takes, with a norm before it or not.
 *  @param c the layer
 *  @param x any numbers of that shape; its channels do not matter, the layer has them
 *  @return bytes, with as many threads as are set now */
size_t blocks_convolve_room(conv c, tensor x);

/** How much scratch a linear layer takes, of any size.
 *  @return bytes, with as many threads as are set now */
size_t blocks_linear_room(void);

/** A pair of convolutions beside which x passes unchanged, or through one matrix where the number
 *  of channels changes. He 2015, arXiv:1512.03385; in this form Ho 2020, arXiv:2006.11239. */
typedef struct {
    norm_groups norm1, norm2; /**< with SiLU */
    conv conv1, conv2;
    linear time;     /**< what the time adds to all pixels; in == 0: nothing */
    linear shortcut; /**< in == 0: x as it is */
} blocks_resnet;

/** Load one.
 *  @param w     "down_blocks.0.resnets.0"
 *  @param in    channels of x
 *  @param out   channels of y
 *  @param time  numbers that the time is told in; 0: it is not told
 *  @param usual of the norms: groups and epsilon
 *  @return the block */
blocks_resnet blocks_resnet_load(weights w, int in, int out, int time, norm_groups usual);

/** y = conv2(norm(conv1(norm(x)) + time)) + x.
 *  @param r       the block
 *  @param s       where x is and y will be
 *  @param time    [n, time], SiLU behind it
 *  @param scratch for its layers, and 4096 rows of y */
void blocks_resnet_apply(const blocks_resnet *r, blocks_stream *s, const float *time,
                         arena scratch);

/** How much scratch that takes.
 *  @param r the block
 *  @param x any numbers of that shape
 *  @return bytes, with as many threads as are set now */
size_t blocks_resnet_room(const blocks_resnet *r, tensor x);

/** How large the picture is where it is widest on its way through the block.
 *  @param r the block
 *  @param x any numbers of that shape
 *  @return numbers */
size_t blocks_resnet_widest(const blocks_resnet *r, tensor x);

/** x = a convolution of x, of whatever sides.
 *  @param c       the layer
 *  @param s       where x is and y will be
 *  @param scratch conv_room() bytes */
void blocks_resize(conv c, blocks_stream *s, arena scratch);

/** The picture twice as large, then convolved.
 *  @param c       the layer
 *  @param s       where x is and y will be
 *  @param h       rows of y: twice those of x, or one less
 *  @param w       columns of y, alike
 *  @param scratch for the layer */
void blocks_enlarge(conv c, blocks_stream *s, int h, int w, arena scratch);

/** How much scratch that takes.
 *  @param c the layer
 *  @param x any numbers of that shape
 *  @param h rows of y
 *  @param w columns of y
 *  @return bytes, with as many threads as are set now */
size_t blocks_enlarge_room(conv c, tensor x, int h, int w);

/** Tokens look at each other: x += out(attention(q(x), k(x), v(x))).
 *  @param to      the layers q, k, v and out; `before` may be set
 *  @param a       heads, perhaps causal; y: room for a second x, or NULL
 *  @param x       [n, h, w, C], h w tokens; changed
 *  @param scratch for its layers, and twice x; without y three times */
void blocks_attend(const linear to[4], attention a, tensor x, arena scratch);

/** Each token by itself: x += narrow(widen(x)). BLOCKS_ROWS at a time, since what is between is
 *  wider than x.
 *  @param widen   `before`, `gate` and `after` may be set
 *  @param narrow  back to C
 *  @param x       [n, h, w, C]; changed
 *  @param scratch for its layers, and as many rows of what is between */
void blocks_think(linear widen, linear narrow, tensor x, arena scratch);

/** Each pixel looks at all pixels, with one head: the VAE's. */
typedef struct {
    norm_groups norm;
    linear q, k, v, out;
} blocks_attention;

/** Load one, with the names of today (to_q) or of the first files (query).
 *  @param w        "decoder.mid_block.attentions.0"
 *  @param channels of the picture
 *  @param usual    of the norm
 *  @return the block */
blocks_attention blocks_attention_load(weights w, int channels, norm_groups usual);

/** y = out(attention(q(norm(x)), k(norm(x)), v(norm(x)))) + x.
 *  @param a       the block
 *  @param s       where x is and y will be
 *  @param scratch for its layers, and twice x */
void blocks_attention_apply(const blocks_attention *a, blocks_stream *s, arena scratch);

/** How much scratch that takes.
 *  @param x any numbers of that shape
 *  @return bytes, with as many threads as are set now */
size_t blocks_attention_room(tensor x);

#endif
