#include "models/vae.h"
#include <math.h>
#include <string.h>

/* Of all norms, for a number of channels. */
static norm_groups norm_of(const vae_config *c, int channels)
{
    return (norm_groups){.channels = channels, .groups = c->groups, .epsilon = 1e-6f};
}

static vae_level load_level(weights w, const vae_config *c, int layers, int in, int out,
                            arena *keep)
{
    vae_level l = {.layers = layers};
    l.resnet = arena_take(keep, (size_t)layers * sizeof *l.resnet);
    for (int i = 0; i < layers; i++)
        l.resnet[i] = blocks_resnet_load(weights_in(w, "resnets.%d", i), i ? out : in, out, 0,
                                         norm_of(c, out));
    return l;
}

/* From a picture down, or from a latent up. */
static vae_half load_half(weights w, const vae_config *c, bool up, arena *keep)
{
    int n = c->levels, deepest = c->channels[n - 1], first = up ? deepest : c->channels[0];
    const char *resize = up ? "upsamplers.0.conv" : "downsamplers.0.conv";
    weights middle = weights_in(w, "mid_block");
    vae_half h = {.levels = n + 1};
    vae_level *center = &h.level[up ? 0 : n], *next = &h.level[up ? 1 : 0];
    h.conv_in = blocks_filter(w, "conv_in", up ? c->latent : c->picture, first);
    *center = load_level(middle, c, 2, deepest, deepest, keep);
    if (c->attention)
        center->attention =
            blocks_attention_load(weights_in(middle, "attentions.0"), deepest, norm_of(c, deepest));
    int in = first;
    for (int i = 0; i < n; i++, next++) {
        int out = c->channels[up ? n - 1 - i : i];
        weights at = weights_in(w, up ? "up_blocks.%d" : "down_blocks.%d", i);
        *next = load_level(at, c, c->layers + up, in, out, keep);
        if (i < n - 1) next->resize = blocks_filter(at, resize, out, out);
        next->resize.sides = up ? CONV_DOUBLE : CONV_HALVE_LATE;
        in = out;
    }
    norm_groups last = norm_of(c, in);
    last.silu = true;
    h.norm_out = blocks_group_norm(w, "conv_norm_out", last);
    h.conv_out = blocks_filter(w, "conv_out", in, up ? c->out : 2 * c->latent);
    return h;
}

error vae_load(weights w, vae_config c, arena *keep, vae *out)
{
    error wrong = vae_check(&c);
    if (wrong) return wrong;
    int code = 2 * c.latent;
    vae v = {.config = c};
    v.encoder = load_half(weights_in(w, "encoder"), &c, false, keep);
    v.decoder = load_half(weights_in(w, "decoder"), &c, true, keep);
    if (c.behind) v.encoder.quant = blocks_linear(w, "quant_conv", code, code);
    if (c.before) v.decoder.quant = blocks_linear(w, "post_quant_conv", c.latent, c.latent);
    *out = v;
    return weights_trouble(w);
}

static void level(const vae_level *l, blocks_stream *s, arena scratch)
{
    for (int i = 0; i < l->layers; i++) {
        blocks_resnet_apply(&l->resnet[i], s, NULL, scratch);
        if (i == 0 && l->attention.q.in) blocks_attention_apply(&l->attention, s, scratch);
    }
    if (l->resize.in) blocks_resize(l->resize, s, scratch);
}

/* Numbers of the widest that a picture x becomes on its way. What is made between two levels is
 * what the second begins with. */
static size_t widest(const vae_half *h, tensor x)
{
    size_t most = 0;
    for (int i = 0; i < h->levels; i++) {
        const vae_level *l = &h->level[i];
        most = blocks_larger(most, blocks_resnet_widest(&l->resnet[0], x));
        if (l->resize.in)
            x.h = conv_side(l->resize.sides, x.h), x.w = conv_side(l->resize.sides, x.w);
    }
    return most;
}

/* One picture through one half. */
static void pass(const vae_half *h, tensor x, float *out, arena scratch)
{
    size_t room = widest(h, x) * sizeof *out;
    blocks_stream s = {.x.data = arena_take(&scratch, room), .spare = arena_take(&scratch, room)};
    s.x = blocks_convolve(h->conv_in, x, s.x.data, scratch);
    for (int i = 0; i < h->levels; i++) level(&h->level[i], &s, scratch);
    blocks_norm_convolve(h->norm_out, h->conv_out, s.x, out, scratch);
}

/* y = the matrix at the border to the latents, of x. */
static void quantise(linear l, tensor x, float *y, arena scratch)
{
    if (l.in)
        blocks_multiply(l, x.h * x.w, x.data, y, scratch);
    else
        memcpy(y, x.data, tensor_count(x) * sizeof *y);
}

/* What one half takes for a picture x: two rooms, and the most that a layer wants. */
static size_t room_of(const vae_half *h, tensor x)
{
    size_t rooms = 2 * widest(h, x) * sizeof *x.data, most = blocks_linear_room();
    most = blocks_larger(most, blocks_convolve_room(h->conv_in, x));
    for (int i = 0; i < h->levels; i++) {
        const vae_level *l = &h->level[i];
        for (int k = 0; k < l->layers; k++)
            most = blocks_larger(most, blocks_resnet_room(&l->resnet[k], x));
        x.c = l->resnet[0].conv1.out;
        if (l->attention.q.in) most = blocks_larger(most, blocks_attention_room(x));
        if (!l->resize.in) continue;
        most = blocks_larger(most, blocks_convolve_room(l->resize, x));
        x.h = conv_side(l->resize.sides, x.h), x.w = conv_side(l->resize.sides, x.w);
    }
    most = blocks_larger(most, blocks_convolve_room(h->conv_out, x));
    return rooms + most + 1024; /* blocks begin at multiples of 64 */
}

size_t vae_decode_room(const vae *v, int h, int w)
{
    tensor x = {NULL, 1, h, w, v->config.latent};
    return 2 * tensor_count(x) * sizeof *x.data + room_of(&v->decoder, x);
}

size_t vae_encode_room(const vae *v, int h, int w)
{
    tensor x = {NULL, 1, h, w, v->config.picture}, code = x;
    int factor = vae_factor(v);
    code.h /= factor, code.w /= factor, code.c = 2 * v->config.latent;
    return tensor_count(code) * sizeof *x.data + room_of(&v->encoder, x);
}

int vae_factor(const vae *v)
{
    return 1 << (v->config.levels - 1);
}

void vae_decode(const vae *v, tensor x, tensor out, arena scratch)
{
    int factor = vae_factor(v);
    PROMISE(x.c == v->config.latent && out.c == v->config.out && out.n == x.n &&
                out.h == x.h * factor && out.w == x.w * factor,
            "vae_decode: x or out has another shape");
    tensor own = tensor_new(&scratch, 1, x.h, x.w, x.c), first = tensor_like(&scratch, own);
    for (int p = 0; p < x.n; p++) {
        tensor one = tensor_pictures(x, p, 1);
        for (size_t i = 0; i < tensor_count(own); i++)
            own.data[i] = (float)((double)one.data[i] / v->config.scale + v->config.shift);
        quantise(v->decoder.quant, own, first.data, scratch);
        pass(&v->decoder, first, tensor_pictures(out, p, 1).data, scratch);
    }
}

void vae_encode(const vae *v, tensor x, tensor out, arena scratch)
{
    int factor = vae_factor(v);
    PROMISE(x.c == v->config.picture && out.c == 2 * v->config.latent && out.n == x.n &&
                out.h == x.h / factor && out.w == x.w / factor && out.h > 0 && out.w > 0,
            "vae_encode: x or out has another shape");
    tensor last = tensor_new(&scratch, 1, out.h, out.w, out.c);
    for (int p = 0; p < x.n; p++) {
        pass(&v->encoder, tensor_pictures(x, p, 1), last.data, scratch);
        quantise(v->encoder.quant, last, tensor_pictures(out, p, 1).data, scratch);
    }
}

void vae_draw(const vae *v, tensor code, tensor noise, tensor x)
{
    size_t c = (size_t)x.c;
    PROMISE(code.c == 2 * x.c && tensor_count(code) == 2 * tensor_count(x),
            "vae_draw: code or x has another shape");
    for (size_t i = 0; i < tensor_count(x); i++) {
        const float *of = code.data + i / c * 2 * c + i % c;
        double z = (double)of[0];
        if (noise.data) z += exp(fmin(fmax((double)of[c], -30), 20) / 2) * (double)noise.data[i];
        x.data[i] = (float)((z - v->config.shift) * v->config.scale);
    }
}
