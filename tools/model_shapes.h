/** @file model_shapes.h
 *  All tensors of a Stable Diffusion model: name, shape, and how large their numbers should be.
 *  For make_model.c.
 */
#ifndef TOOLS_MODEL_SHAPES_H
#define TOOLS_MODEL_SHAPES_H
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { LEVELS = 4, TENSORS = 1200, UNET = 0, VAE = 1, TEXT = 2 };

/* Sizes of a model. */
typedef struct {
    int levels, layers, channels[LEVELS]; /* of the UNet; the last level has no attention */
    int vae_levels, vae_layers, vae_channels[LEVELS];
    int width, mlp, words, places, text_layers, text_heads; /* of the text encoder */
    int head;  /* channels of a head: as Stable Diffusion 2.x; 0: 8 heads everywhere, as 1.x */
    bool clip; /* has CLIP's words, and no tokenizer of its own */
} sizes;

/* Stable Diffusion 1.x and 2.x, and two of the same forms that fit into a test. */
static const sizes all_sizes[2][2] = {
    {{4, 2, {320, 640, 1280, 1280}, 4, 2, {128, 256, 512, 512}, 768, 3072, 49408, 77, 12, 12, 0, 0},
     {4,
      2,
      {320, 640, 1280, 1280},
      4,
      2,
      {128, 256, 512, 512},
      1024,
      4096,
      49408,
      77,
      23,
      16,
      64,
      0}},
    {{2, 1, {32, 64}, 2, 1, {32, 64}, 32, 128, 514, 77, 2, 1, 0, 0},
     {2, 1, {32, 64}, 2, 1, {32, 64}, 32, 128, 514, 77, 2, 2, 16, 0}},
};
enum { WORDS = 49408 /* of CLIP */ };

typedef struct {
    int part; /* UNET, VAE, TEXT */
    char name[128];
    uint64_t key; /* of its numbers: from its name here, whatever it is called in the file */
    int dims, shape[4];
    float middle, spread; /* numbers are middle + spread u, u uniform in [-1, 1) */
} blueprint;

static blueprint list[TENSORS];
static int count;

/* A place below which names are added. */
typedef struct {
    int part;
    char path[100];
} place;

static inline place in(place p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline place in(place p, const char *format, ...)
{
    char name[64];
    place below = {p.part, ""};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    snprintf(below.path, sizeof below.path, "%.60s%s%.38s", p.path, *p.path ? "." : "", name);
    return below;
}

static inline void add(place p, const char *name, float middle, float spread, const int shape[4])
{
    blueprint *b = &list[count++];
    *b = (blueprint){.part = p.part, .middle = middle, .spread = spread};
    snprintf(b->name, sizeof b->name, "%s.%s", p.path, name);
    for (; b->dims < 4 && shape[b->dims] > 0; b->dims++) b->shape[b->dims] = shape[b->dims];
}

/* Products of `in` numbers of size 1 come out with size `gain`: u has the variance 1/3. */
static inline void matrix(place p, int out, int inputs, float gain)
{
    add(p, "weight", 0, gain * sqrtf(3 / (float)inputs), (int[4]){out, inputs});
}

static inline void bias(place p, int n)
{
    add(p, "bias", 0, 0.02f, (int[4]){n});
}

static inline void linear(place p, int out, int inputs, float gain)
{
    matrix(p, out, inputs, gain);
    bias(p, out);
}

static inline void conv(place p, int out, int inputs, int side, float gain)
{
    float spread = gain * sqrtf(3 / (float)(inputs * side * side));
    add(p, "weight", 0, spread, (int[4]){out, inputs, side, side});
    bias(p, out);
}

static inline void norm(place p, int n)
{
    add(p, "weight", 1, 0.1f, (int[4]){n});
    add(p, "bias", 0, 0.05f, (int[4]){n});
}

/* What is added to a sum of many has half the size. */
static const float branch = 0.5f;

static inline void resnet(place p, int inputs, int out, int time)
{
    norm(in(p, "norm1"), inputs);
    conv(in(p, "conv1"), out, inputs, 3, 1);
    if (time) linear(in(p, "time_emb_proj"), out, time, 1);
    norm(in(p, "norm2"), out);
    conv(in(p, "conv2"), out, out, 3, branch);
    if (inputs != out) conv(in(p, "conv_shortcut"), out, inputs, 1, 1);
}

static inline void attend(place p, int n, int from)
{
    matrix(in(p, "to_q"), n, n, 1);
    matrix(in(p, "to_k"), n, from, 1);
    matrix(in(p, "to_v"), n, from, 1);
    linear(in(p, "to_out.0"), n, n, branch);
}

/* A matrix for each pixel is a filter of side 1, or is called what it is. */
static inline void project(place p, int n, bool as_matrix, float gain)
{
    if (as_matrix)
        linear(p, n, n, gain);
    else
        conv(p, n, n, 1, gain);
}

static inline void transformer(place p, int n, const sizes *s)
{
    place block = in(p, "transformer_blocks.0");
    norm(in(p, "norm"), n);
    project(in(p, "proj_in"), n, s->head > 0, 1);
    attend(in(block, "attn1"), n, n);
    attend(in(block, "attn2"), n, s->width);
    linear(in(block, "ff.net.0.proj"), 8 * n, n, 1);
    linear(in(block, "ff.net.2"), n, 4 * n, branch);
    for (int i = 1; i <= 3; i++) norm(in(block, "norm%d", i), n);
    project(in(p, "proj_out"), n, s->head > 0, branch);
}

/* The way down, whose widths are met again on the way up. */
static inline void unet(const sizes *s)
{
    place p = {UNET, ""};
    int n = s->channels[0], time = 4 * n, skip[64], skips = 0, levels = s->levels;
    linear(in(p, "time_embedding.linear_1"), time, n, 1);
    linear(in(p, "time_embedding.linear_2"), time, time, 1);
    conv(in(p, "conv_in"), n, 4, 3, 1);
    skip[skips++] = n;
    for (int i = 0; i < levels; i++) {
        place level = in(p, "down_blocks.%d", i);
        for (int j = 0; j < s->layers; j++) {
            resnet(in(level, "resnets.%d", j), n, s->channels[i], time);
            skip[skips++] = n = s->channels[i];
            if (i < levels - 1) transformer(in(level, "attentions.%d", j), n, s);
        }
        if (i == levels - 1) break;
        conv(in(level, "downsamplers.0.conv"), n, n, 3, 1);
        skip[skips++] = n;
    }
    resnet(in(p, "mid_block.resnets.0"), n, n, time);
    transformer(in(p, "mid_block.attentions.0"), n, s);
    resnet(in(p, "mid_block.resnets.1"), n, n, time);
    for (int i = 0; i < levels; i++) {
        place level = in(p, "up_blocks.%d", i);
        for (int j = 0; j <= s->layers; j++) {
            resnet(in(level, "resnets.%d", j), n + skip[--skips], s->channels[levels - 1 - i],
                   time);
            n = s->channels[levels - 1 - i];
            if (i > 0) transformer(in(level, "attentions.%d", j), n, s);
        }
        if (i < levels - 1) conv(in(level, "upsamplers.0.conv"), n, n, 3, 1);
    }
    norm(in(p, "conv_norm_out"), n);
    conv(in(p, "conv_out"), 4, n, 3, 1.5f);
}

static inline void vae_middle(place p, int n)
{
    place attention = in(p, "mid_block.attentions.0");
    static const char *const names[] = {"to_q", "to_k", "to_v", "to_out.0"};
    resnet(in(p, "mid_block.resnets.0"), n, n, 0);
    norm(in(attention, "group_norm"), n);
    for (int i = 0; i < 4; i++) linear(in(attention, "%s", names[i]), n, n, i < 3 ? 1 : branch);
    resnet(in(p, "mid_block.resnets.1"), n, n, 0);
}

/* One of its halves: from pictures to latents, or back. */
static inline void vae_half(const sizes *s, bool encoder)
{
    place p = {VAE, ""};
    int levels = s->vae_levels, deepest = s->vae_channels[levels - 1];
    int n = encoder ? s->vae_channels[0] : deepest;
    p = in(p, encoder ? "encoder" : "decoder");
    conv(in(p, "conv_in"), n, encoder ? 3 : 4, 3, 1);
    if (!encoder) vae_middle(p, n);
    for (int i = 0; i < levels; i++) {
        place level = in(p, "%s_blocks.%d", encoder ? "down" : "up", i);
        for (int j = 0; j < s->vae_layers + !encoder; j++) {
            int out = s->vae_channels[encoder ? i : levels - 1 - i];
            resnet(in(level, "resnets.%d", j), n, out, 0);
            n = out;
        }
        if (i < levels - 1)
            conv(in(level, "%ssamplers.0.conv", encoder ? "down" : "up"), n, n, 3, 1);
    }
    if (encoder) vae_middle(p, n);
    norm(in(p, "conv_norm_out"), n);
    conv(in(p, "conv_out"), encoder ? 8 : 3, n, 3, branch);
}

static inline void text(const sizes *s)
{
    static const char *const names[] = {"k_proj", "v_proj", "q_proj", "out_proj"};
    place p = {TEXT, "text_model"};
    int n = s->width;
    add(in(p, "embeddings.token_embedding"), "weight", 0, 0.04f, (int[4]){s->words, n});
    add(in(p, "embeddings.position_embedding"), "weight", 0, 0.02f, (int[4]){s->places, n});
    for (int i = 0; i < s->text_layers; i++) {
        place layer = in(p, "encoder.layers.%d", i);
        for (int k = 0; k < 4; k++)
            linear(in(layer, "self_attn.%s", names[k]), n, n, k < 3 ? 1 : branch);
        norm(in(layer, "layer_norm1"), n);
        linear(in(layer, "mlp.fc1"), s->mlp, n, 1);
        linear(in(layer, "mlp.fc2"), n, s->mlp, branch);
        norm(in(layer, "layer_norm2"), n);
    }
    norm(in(p, "final_layer_norm"), n);
}

static inline void list_all(const sizes *s)
{
    unet(s);
    vae_half(s, true);
    conv(in((place){VAE, ""}, "quant_conv"), 8, 8, 1, 1);
    conv(in((place){VAE, ""}, "post_quant_conv"), 4, 4, 1, 1);
    vae_half(s, false);
    text(s);
}

#endif
