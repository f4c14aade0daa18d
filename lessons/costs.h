/* costs.h: what networks weigh and compute, told from their configuration. No weights are needed:
 *
 *     unet u = costs_unet(&l, unet_usual());         Stable Diffusion's UNet, its weights missing
 *     cost c = costs_level(&u.down[0], 64 * 64, 77);      numbers, and FLOP at 64 x 64 pixels
 *
 * A FLOP is one addition or multiplication (lesson 30). Norms and activations are not counted.
 */
#ifndef COSTS_H
#define COSTS_H
#include "lesson.h"
#include "models/taesd.h"
#include "models/unet.h"
#include "models/vae.h"

typedef struct {
    double numbers; /* weights */
    double flop;    /* of one look at one picture */
} cost;

static inline cost costs_add(cost a, cost b)
{
    return (cost){a.numbers + b.numbers, a.flop + b.flop};
}

/* Each of `pixels` numbers of y, for each channel, is a sum of 9 in products. */
static inline cost costs_conv(const conv *c, double pixels)
{
    double products = 9.0 * c->in * c->out;
    return (cost){products + (c->bias ? c->out : 0), 2 * products * pixels};
}

static inline cost costs_linear(const linear *l, double rows)
{
    double out = (l->gate ? 2.0 : 1.0) * l->out, products = out * l->in;
    return (cost){products + (l->bias ? out : 0), 2 * products * rows};
}

static inline cost costs_norm(int channels)
{
    return (cost){2.0 * channels, 0};
}

/* q k, then p v: both for each pair of tokens and each channel. */
static inline cost costs_mix(int channels, double queries, double keys)
{
    return (cost){0, 4 * queries * keys * channels};
}

static inline cost costs_resnet(const blocks_resnet *r, double pixels)
{
    cost c = costs_add(costs_conv(&r->conv1, pixels), costs_conv(&r->conv2, pixels));
    c = costs_add(c, costs_add(costs_norm(r->norm1.channels), costs_norm(r->norm2.channels)));
    c = costs_add(c, costs_linear(&r->time, 1));
    return costs_add(c, costs_linear(&r->shortcut, pixels));
}

/* Of a transformer: tokens look at each other, at the words, and each thinks for itself. */
typedef struct {
    cost self, words, think;
} costs_parts;

static inline costs_parts costs_transformer(const transformer *t, double pixels, double tokens)
{
    costs_parts p = {.think =
                         costs_add(costs_linear(&t->in, pixels), costs_linear(&t->out, pixels))};
    int c = t->form.channels;
    if (t->form.layers) p.think = costs_add(p.think, costs_norm(c));
    for (int k = 0; k < t->form.layers; k++) {
        const transformer_layer *l = &t->layer[k];
        const linear *self[] = {&l->self_q, &l->self_k, &l->self_v, &l->self_out};
        const linear *text[] = {&l->text_q, &l->text_out, &l->text_k, &l->text_v};
        p.self = costs_add(p.self, costs_add(costs_norm(c), costs_mix(c, pixels, pixels)));
        p.words = costs_add(p.words, costs_add(costs_norm(c), costs_mix(c, pixels, tokens)));
        for (int i = 0; i < 4; i++) {
            p.self = costs_add(p.self, costs_linear(self[i], pixels));
            p.words = costs_add(p.words, costs_linear(text[i], i < 2 ? pixels : tokens));
        }
        p.think = costs_add(p.think, costs_add(costs_norm(c), costs_linear(&l->widen, pixels)));
        p.think = costs_add(p.think, costs_linear(&l->narrow, pixels));
    }
    return p;
}

/* A level of the UNet, and what goes on in it. */
typedef struct {
    cost all, filters;
    costs_parts attention;
} costs_of_level;

static inline costs_of_level costs_level(const unet_level *l, double pixels, double tokens)
{
    costs_of_level c = {.filters = {0, 0}};
    for (int i = 0; i < l->layers; i++) {
        costs_parts p = costs_transformer(&l->layer[i].attention, pixels, tokens);
        c.filters = costs_add(c.filters, costs_resnet(&l->layer[i].resnet, pixels));
        c.attention.self = costs_add(c.attention.self, p.self);
        c.attention.words = costs_add(c.attention.words, p.words);
        c.attention.think = costs_add(c.attention.think, p.think);
    }
    double after = l->resize.sides == CONV_HALVE ? pixels / 4 : pixels * 4;
    c.filters = costs_add(c.filters, costs_conv(&l->resize, after));
    c.all = costs_add(c.filters, costs_add(c.attention.self, c.attention.words));
    c.all = costs_add(c.all, c.attention.think);
    return c;
}

/* Loading asks for weights that are not there, and says so; the layers know their sizes by then. */
static inline unet costs_unet(lesson *l, unet_config c)
{
    unet u = {.config = c};
    error missing = unet_load(weights_from(NULL, 0, &l->memory), c, &l->memory, &u);
    PROMISE(missing && u.conv_in.out, "costs_unet: layers, and no weights");
    return u;
}

/* The VAE's decoder, for latents of so many numbers on a side. */
static inline cost costs_vae_decoder(lesson *l, int side)
{
    vae v = {.config = vae_usual()};
    error missing = vae_load(weights_from(NULL, 0, &l->memory), v.config, &l->memory, &v);
    PROMISE(missing && v.decoder.conv_in.out, "costs_vae_decoder: layers, and no weights");
    const vae_half *d = &v.decoder;
    double pixels = (double)side * side;
    const blocks_attention *a = &d->level[0].attention; /* the middle is the first */
    const linear *look[] = {&a->q, &a->k, &a->v, &a->out};
    cost c = costs_add(costs_linear(&d->quant, pixels), costs_conv(&d->conv_in, pixels));
    c = costs_add(c, costs_norm(a->norm.channels));
    c = costs_add(c, costs_mix(a->q.in, pixels, pixels));
    for (int i = 0; i < 4; i++) c = costs_add(c, costs_linear(look[i], pixels));
    for (int i = 0; i < d->levels; i++) {
        for (int k = 0; k < d->level[i].layers; k++)
            c = costs_add(c, costs_resnet(&d->level[i].resnet[k], pixels));
        if (d->level[i].resize.in) c = costs_add(c, costs_conv(&d->level[i].resize, pixels *= 4));
    }
    c = costs_add(c, costs_norm(d->norm_out.channels));
    return costs_add(c, costs_conv(&d->conv_out, pixels));
}

/* The small one that stands in for it in previews; what has no bias has none to count. */
static inline cost costs_taesd_decoder(lesson *l, int side)
{
    taesd v = {.config = taesd_usual()};
    error missing = taesd_load(weights_from(NULL, 0, &l->memory), v.config, &l->memory, &v);
    PROMISE(missing && v.decoder.first.out, "costs_taesd_decoder: layers, and no weights");
    double pixels = (double)side * side;
    cost c = costs_conv(&v.decoder.first, pixels);
    for (int i = 0; i < v.decoder.levels; i++) {
        const taesd_level *at = &v.decoder.level[i];
        for (int k = 0; k < 3 * at->blocks; k++)
            c = costs_add(c, costs_conv(&at->block[k / 3].conv[k % 3], pixels));
        if (at->behind.sides == CONV_DOUBLE) pixels *= 4;
        c = costs_add(c, costs_conv(&at->behind, pixels));
    }
    return c;
}

#endif
