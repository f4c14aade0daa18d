/** @file model_shapes.h
 *  All tensors of a Stable Diffusion model: name, shape, and how large their numbers should be.
 *  For make_model.c, and for lessons that run a tiny one.
 */
#ifndef TOOLS_MODEL_SHAPES_H
#define TOOLS_MODEL_SHAPES_H
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SHAPES_LEVELS = 4, SHAPES_TENSORS = 1200, SHAPES_WORDS = 49408 /* of CLIP */ };
enum { SHAPES_UNET, SHAPES_VAE, SHAPES_TEXT }; /* parts of a model */

/* Sizes of a model. */
typedef struct {
    int levels, layers, channels[SHAPES_LEVELS]; /* of the UNet; the last level has no attention */
    int vae_levels, vae_layers, vae_channels[SHAPES_LEVELS];
    int width, mlp;    /* of the text encoder: numbers of a token, and within a layer */
    int words, places; /* of it: ids that it knows, tokens of a text */
    int text_layers, text_heads;
    int head;  /* channels of a head: as Stable Diffusion 2.x; 0: 8 heads everywhere, as 1.x */
    bool clip; /* has CLIP's words, and no tokenizer of its own */
} shapes_sizes;

/* [0]: Stable Diffusion 1.x and 2.x. [1]: two of the same forms that fit into a test. */
/* clang-format off */
#define SHAPES_REAL .levels = 4, .layers = 2, .channels = {320, 640, 1280, 1280}, .vae_levels = 4, \
    .vae_layers = 2, .vae_channels = {128, 256, 512, 512}, .words = SHAPES_WORDS, .places = 77
#define SHAPES_TINY .levels = 2, .layers = 1, .channels = {32, 64}, .vae_levels = 2, \
    .vae_layers = 1, .vae_channels = {32, 64}, .width = 32, .mlp = 128, .words = 514, \
    .places = 77, .text_layers = 2
static const shapes_sizes shapes_all[2][2] = {
    {{SHAPES_REAL, .width = 768, .mlp = 3072, .text_layers = 12, .text_heads = 12},
     {SHAPES_REAL, .width = 1024, .mlp = 4096, .text_layers = 23, .text_heads = 16, .head = 64}},
    {{SHAPES_TINY, .text_heads = 1}, {SHAPES_TINY, .text_heads = 2, .head = 16}},
};
/* clang-format on */

typedef struct {
    int part; /* SHAPES_UNET, SHAPES_VAE, SHAPES_TEXT */
    char name[128];
    uint64_t key; /* of its numbers: from its name here, whatever it is called in the file */
    int dims, shape[4];
    float middle, spread; /* numbers are middle + spread u, u uniform in [-1, 1) */
} shapes_tensor;

static shapes_tensor shapes_list[SHAPES_TENSORS];
static int shapes_count;

/* A place below which names are added. */
typedef struct {
    int part;
    char path[100];
} shapes_place;

static inline shapes_place shapes_in(shapes_place p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline shapes_place shapes_in(shapes_place p, const char *format, ...)
{
    char name[64];
    shapes_place below = {p.part, ""};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    snprintf(below.path, sizeof below.path, "%.60s%s%.38s", p.path, *p.path ? "." : "", name);
    return below;
}

static inline void shapes_add(shapes_place p, const char *name, float middle, float spread,
                              const int shape[4])
{
    shapes_tensor *t = &shapes_list[shapes_count++];
    *t = (shapes_tensor){.part = p.part, .middle = middle, .spread = spread};
    snprintf(t->name, sizeof t->name, "%s.%s", p.path, name);
    for (; t->dims < 4 && shape[t->dims] > 0; t->dims++) t->shape[t->dims] = shape[t->dims];
}

/* Products of `in` numbers of size 1 come out with size `gain`: u has the variance 1/3. */
static inline void shapes_matrix(shapes_place p, int out, int inputs, float gain)
{
    shapes_add(p, "weight", 0, gain * sqrtf(3 / (float)inputs), (int[4]){out, inputs});
}

static inline void shapes_bias(shapes_place p, int n)
{
    shapes_add(p, "bias", 0, 0.02f, (int[4]){n});
}

static inline void shapes_linear(shapes_place p, int out, int inputs, float gain)
{
    shapes_matrix(p, out, inputs, gain);
    shapes_bias(p, out);
}

static inline void shapes_conv(shapes_place p, int out, int inputs, int side, float gain)
{
    float spread = gain * sqrtf(3 / (float)(inputs * side * side));
    shapes_add(p, "weight", 0, spread, (int[4]){out, inputs, side, side});
    shapes_bias(p, out);
}

static inline void shapes_norm(shapes_place p, int n)
{
    shapes_add(p, "weight", 1, 0.1f, (int[4]){n});
    shapes_add(p, "bias", 0, 0.05f, (int[4]){n});
}

/* What is added to a sum of many has half the size. */
static const float shapes_branch = 0.5f;

static inline void shapes_resnet(shapes_place p, int inputs, int out, int time)
{
    shapes_norm(shapes_in(p, "norm1"), inputs);
    shapes_conv(shapes_in(p, "conv1"), out, inputs, 3, 1);
    if (time) shapes_linear(shapes_in(p, "time_emb_proj"), out, time, 1);
    shapes_norm(shapes_in(p, "norm2"), out);
    shapes_conv(shapes_in(p, "conv2"), out, out, 3, shapes_branch);
    if (inputs != out) shapes_conv(shapes_in(p, "conv_shortcut"), out, inputs, 1, 1);
}

static inline void shapes_attend(shapes_place p, int n, int from)
{
    shapes_matrix(shapes_in(p, "to_q"), n, n, 1);
    shapes_matrix(shapes_in(p, "to_k"), n, from, 1);
    shapes_matrix(shapes_in(p, "to_v"), n, from, 1);
    shapes_linear(shapes_in(p, "to_out.0"), n, n, shapes_branch);
}

/* A matrix for each pixel is a filter of side 1, or is called what it is. */
static inline void shapes_project(shapes_place p, int n, bool as_matrix, float gain)
{
    if (as_matrix)
        shapes_linear(p, n, n, gain);
    else
        shapes_conv(p, n, n, 1, gain);
}

static inline void shapes_transformer(shapes_place p, int n, const shapes_sizes *s)
{
    shapes_place block = shapes_in(p, "transformer_blocks.0");
    shapes_norm(shapes_in(p, "norm"), n);
    shapes_project(shapes_in(p, "proj_in"), n, s->head > 0, 1);
    shapes_attend(shapes_in(block, "attn1"), n, n);
    shapes_attend(shapes_in(block, "attn2"), n, s->width);
    shapes_linear(shapes_in(block, "ff.net.0.proj"), 8 * n, n, 1);
    shapes_linear(shapes_in(block, "ff.net.2"), n, 4 * n, shapes_branch);
    for (int i = 1; i <= 3; i++) shapes_norm(shapes_in(block, "norm%d", i), n);
    shapes_project(shapes_in(p, "proj_out"), n, s->head > 0, shapes_branch);
}

/* The way down, whose widths are met again on the way up. */
static inline void shapes_unet(const shapes_sizes *s)
{
    shapes_place p = {SHAPES_UNET, ""};
    int n = s->channels[0], time = 4 * n, skip[64], skips = 0, levels = s->levels;
    shapes_linear(shapes_in(p, "time_embedding.linear_1"), time, n, 1);
    shapes_linear(shapes_in(p, "time_embedding.linear_2"), time, time, 1);
    shapes_conv(shapes_in(p, "conv_in"), n, 4, 3, 1);
    skip[skips++] = n;
    for (int i = 0; i < levels; i++) {
        shapes_place level = shapes_in(p, "down_blocks.%d", i);
        for (int j = 0; j < s->layers; j++) {
            shapes_resnet(shapes_in(level, "resnets.%d", j), n, s->channels[i], time);
            skip[skips++] = n = s->channels[i];
            if (i < levels - 1) shapes_transformer(shapes_in(level, "attentions.%d", j), n, s);
        }
        if (i == levels - 1) break;
        shapes_conv(shapes_in(level, "downsamplers.0.conv"), n, n, 3, 1);
        skip[skips++] = n;
    }
    shapes_resnet(shapes_in(p, "mid_block.resnets.0"), n, n, time);
    shapes_transformer(shapes_in(p, "mid_block.attentions.0"), n, s);
    shapes_resnet(shapes_in(p, "mid_block.resnets.1"), n, n, time);
    for (int i = 0; i < levels; i++) {
        shapes_place level = shapes_in(p, "up_blocks.%d", i);
        for (int j = 0; j <= s->layers; j++) {
            shapes_resnet(shapes_in(level, "resnets.%d", j), n + skip[--skips],
                          s->channels[levels - 1 - i], time);
            n = s->channels[levels - 1 - i];
            if (i > 0) shapes_transformer(shapes_in(level, "attentions.%d", j), n, s);
        }
        if (i < levels - 1) shapes_conv(shapes_in(level, "upsamplers.0.conv"), n, n, 3, 1);
    }
    shapes_norm(shapes_in(p, "conv_norm_out"), n);
    shapes_conv(shapes_in(p, "conv_out"), 4, n, 3, 1.5f);
}

static inline void shapes_vae_middle(shapes_place p, int n)
{
    shapes_place attention = shapes_in(p, "mid_block.attentions.0");
    static const char *const names[] = {"to_q", "to_k", "to_v", "to_out.0"};
    shapes_resnet(shapes_in(p, "mid_block.resnets.0"), n, n, 0);
    shapes_norm(shapes_in(attention, "group_norm"), n);
    for (int i = 0; i < 4; i++)
        shapes_linear(shapes_in(attention, "%s", names[i]), n, n, i < 3 ? 1 : shapes_branch);
    shapes_resnet(shapes_in(p, "mid_block.resnets.1"), n, n, 0);
}

/* One of its halves: from pictures to latents, or back. */
static inline void shapes_vae_half(const shapes_sizes *s, bool encoder)
{
    shapes_place p = {SHAPES_VAE, ""};
    int levels = s->vae_levels, deepest = s->vae_channels[levels - 1];
    int n = encoder ? s->vae_channels[0] : deepest;
    p = shapes_in(p, encoder ? "encoder" : "decoder");
    shapes_conv(shapes_in(p, "conv_in"), n, encoder ? 3 : 4, 3, 1);
    if (!encoder) shapes_vae_middle(p, n);
    for (int i = 0; i < levels; i++) {
        shapes_place level = shapes_in(p, "%s_blocks.%d", encoder ? "down" : "up", i);
        for (int j = 0; j < s->vae_layers + !encoder; j++) {
            int out = s->vae_channels[encoder ? i : levels - 1 - i];
            shapes_resnet(shapes_in(level, "resnets.%d", j), n, out, 0);
            n = out;
        }
        if (i < levels - 1)
            shapes_conv(shapes_in(level, "%ssamplers.0.conv", encoder ? "down" : "up"), n, n, 3, 1);
    }
    if (encoder) shapes_vae_middle(p, n);
    shapes_norm(shapes_in(p, "conv_norm_out"), n);
    shapes_conv(shapes_in(p, "conv_out"), encoder ? 8 : 3, n, 3, shapes_branch);
}

static inline void shapes_text(const shapes_sizes *s)
{
    static const char *const names[] = {"k_proj", "v_proj", "q_proj", "out_proj"};
    shapes_place p = {SHAPES_TEXT, "text_model"};
    int n = s->width;
    shapes_add(shapes_in(p, "embeddings.token_embedding"), "weight", 0, 0.04f,
               (int[4]){s->words, n});
    shapes_add(shapes_in(p, "embeddings.position_embedding"), "weight", 0, 0.02f,
               (int[4]){s->places, n});
    for (int i = 0; i < s->text_layers; i++) {
        shapes_place layer = shapes_in(p, "encoder.layers.%d", i);
        for (int k = 0; k < 4; k++)
            shapes_linear(shapes_in(layer, "self_attn.%s", names[k]), n, n,
                          k < 3 ? 1 : shapes_branch);
        shapes_norm(shapes_in(layer, "layer_norm1"), n);
        shapes_linear(shapes_in(layer, "mlp.fc1"), s->mlp, n, 1);
        shapes_linear(shapes_in(layer, "mlp.fc2"), n, s->mlp, shapes_branch);
        shapes_norm(shapes_in(layer, "layer_norm2"), n);
    }
    shapes_norm(shapes_in(p, "final_layer_norm"), n);
}

static inline void shapes_list_all(const shapes_sizes *s)
{
    shapes_unet(s);
    shapes_vae_half(s, true);
    shapes_conv(shapes_in((shapes_place){SHAPES_VAE, ""}, "quant_conv"), 8, 8, 1, 1);
    shapes_conv(shapes_in((shapes_place){SHAPES_VAE, ""}, "post_quant_conv"), 4, 4, 1, 1);
    shapes_vae_half(s, false);
    shapes_text(s);
}

#endif
