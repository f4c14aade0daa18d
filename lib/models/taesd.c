#include "models/taesd.h"
#include "base/parallel.h"
#include <math.h>
#include <string.h>

/* clang-format off */
taesd_config taesd_usual(void)
{
    return (taesd_config){.picture = 3, .out = 3, .latent = 4, .encoder = {4, 64, {1, 3, 3, 3}},
                          .decoder = {4, 64, {3, 3, 3, 1}}, .scale = 1};
}
/* clang-format on */

static error check(const taesd_config *c)
{
    const int channels[] = {c->picture, c->out, c->latent, c->encoder.channels,
                            c->decoder.channels};
    for (int i = 0; i < 5; i++)
        if (channels[i] < 1 || channels[i] > BLOCKS_WIDEST)
            return error_make("TAESD with %d channels: not 1 to %d", channels[i], BLOCKS_WIDEST);
    if (!(c->scale > 0)) return error_make("\"scaling_factor\" is %g, not above 0", c->scale);
    for (int half = 0; half < 2; half++) {
        const taesd_levels *l = half ? &c->decoder : &c->encoder;
        if (l->levels < 1 || l->levels > BLOCKS_LEVELS)
            return error_make("TAESD with %d levels: not 1 to %d", l->levels, BLOCKS_LEVELS);
        for (int i = 0; i < l->levels; i++)
            if (l->blocks[i] < 0 || l->blocks[i] > BLOCKS_LAYERS)
                return error_make("TAESD with %d blocks in a level: not 0 to %d", l->blocks[i],
                                  BLOCKS_LAYERS);
    }
    return NULL;
}

/* One half: its channels are one number, given for each level. */
static error read_levels(const config *from, const char *channels, const char *blocks,
                         taesd_levels *l)
{
    if (config_find(from, blocks)) l->levels = config_count(from, blocks);
    if (config_find(from, channels) && config_count(from, channels) != l->levels)
        return error_make("\"%s\" has %d values, not %d", channels, config_count(from, channels),
                          l->levels);
    l->channels = config_int_at(from, channels, 0, 64);
    for (int i = 0; i < l->levels && i < BLOCKS_LEVELS; i++) {
        l->blocks[i] = config_int_at(from, blocks, i, l->blocks[i]);
        if (config_int_at(from, channels, i, l->channels) != l->channels)
            return error_make("\"%s\" are not all the same", channels);
    }
    return NULL;
}

error taesd_read(const config *from, taesd_config *out)
{
    taesd_config c = taesd_usual();
    const char *act = config_text(from, "act_fn", "relu"),
               *up = config_text(from, "upsample_fn", "nearest");
    int factor = config_int(from, "upsampling_scaling_factor", 2);
    if (strcmp(act, "relu") || strcmp(up, "nearest") || factor != 2)
        return error_make("\"act_fn\" %s, \"upsample_fn\" %s, "
                          "\"upsampling_scaling_factor\" %d: only relu, nearest, 2 are supported",
                          act, up, factor);
    c.picture = config_int(from, "in_channels", 3), c.out = config_int(from, "out_channels", 3);
    c.latent = config_int(from, "latent_channels", 4);
    c.scale = config_number(from, "scaling_factor", 1);
    c.shift = config_number(from, "shift_factor", 0);
    error wrong = read_levels(from, "encoder_block_out_channels", "num_encoder_blocks", &c.encoder);
    if (!wrong)
        wrong = read_levels(from, "decoder_block_out_channels", "num_decoder_blocks", &c.decoder);
    if (!wrong) wrong = config_trouble(from);
    *out = c;
    return wrong ? wrong : check(&c);
}

/* Layers are numbered through; those without weights count, too. */
static conv filter(weights w, int at, int in, int out, bool bias)
{
    weights layer = weights_in(w, "%d", at);
    conv c = {.in = in, .out = out, .weights = weights_filter(layer, "weight", out, in)};
    if (bias) c.bias = weights_floats(layer, "bias", out);
    return c;
}

/* What makes `out` channels of `in`: latents of a picture, or going up the reverse. */
static taesd_half load_half(weights w, int at, const taesd_levels *l, bool up, int in, int out,
                            arena *keep)
{
    int c = l->channels;
    taesd_half h = {.levels = l->levels, .first = filter(w, at, in, c, true)};
    at += up ? 2 : 1; /* behind the decoder's first is an activation */
    for (int i = 0; i < l->levels; i++) {
        taesd_level *level = &h.level[i];
        bool last = i == l->levels - 1;
        level->blocks = l->blocks[i];
        level->block = arena_take(keep, (size_t)level->blocks * sizeof *level->block);
        for (int b = 0; b < level->blocks; b++, at++)
            for (int k = 0; k < 3; k++)
                level->block[b].conv[k] = filter(weights_in(w, "%d.conv", at), 2 * k, c, c, true);
        if (up && !last) at++; /* the enlarging itself */
        level->behind = filter(w, at++, c, last ? out : c, last);
        if (!last) level->behind.sides = up ? CONV_DOUBLE : CONV_HALVE;
    }
    return h;
}

error taesd_load(weights w, taesd_config c, arena *keep, taesd *out)
{
    error wrong = check(&c);
    if (wrong) return wrong;
    taesd v = {.config = c};
    /* In its author's files each half is alone, and the decoder begins with a layer that bends the
     * latents. */
    bool alone = weights_has(w, "1.weight") && weights_has(w, "3.conv.0.weight");
    weights encoder = weights_in(w, "encoder.layers"), decoder = weights_in(w, "decoder.layers");
    if (!alone) v.encoder = load_half(encoder, 0, &c.encoder, false, c.picture, c.latent, keep);
    v.decoder = load_half(alone ? w : decoder, alone, &c.decoder, true, c.latent, c.out, keep);
    *out = v;
    return weights_trouble(w);
}

static tensor relu(tensor x)
{
    size_t n = tensor_count(x);
    PARALLEL_FOR(n > PARALLEL_WORTH)
    for (size_t i = 0; i < n; i++) x.data[i] = x.data[i] > 0 ? x.data[i] : 0;
    return x;
}

/* a and b are rooms as large as x. */
static void block(const taesd_block *l, tensor x, float *a, float *b, arena scratch)
{
    conv last = l->conv[2];
    tensor y = relu(blocks_convolve(l->conv[0], x, a, scratch));
    y = relu(blocks_convolve(l->conv[1], y, b, scratch));
    last.add = x.data;
    relu(blocks_convolve(last, y, x.data, scratch));
}

/* Numbers of the widest that a picture x becomes on its way. */
static size_t widest(const taesd_half *h, tensor x)
{
    size_t most = 0;
    for (int i = 0; i < h->levels; i++) {
        x.c = h->first.out;
        most = blocks_larger(most, tensor_count(x));
        conv_sides sides = h->level[i].behind.sides;
        x.h = conv_side(sides, x.h), x.w = conv_side(sides, x.w);
    }
    return most;
}

/* One picture through one half; the decoder bends what its first layer makes. */
static tensor pass(const taesd_half *h, bool up, tensor x, float *out, arena scratch)
{
    size_t room = widest(h, x) * sizeof *out;
    float *own = arena_take(&scratch, room), *b = arena_take(&scratch, room);
    blocks_stream s = {.spare = arena_take(&scratch, room)};
    s.x = blocks_convolve(h->first, x, own, scratch);
    if (up) relu(s.x);
    for (int i = 0; i < h->levels; i++) {
        const taesd_level *l = &h->level[i];
        for (int k = 0; k < l->blocks; k++) block(&l->block[k], s.x, s.spare, b, scratch);
        if (i < h->levels - 1) blocks_resize(l->behind, &s, scratch);
    }
    return blocks_convolve(h->level[h->levels - 1].behind, s.x, out, scratch);
}

/* What one half takes for a picture x: itself, three rooms, and the most that a layer wants. */
static size_t room_of(const taesd_half *h, tensor x)
{
    size_t rooms = (3 * widest(h, x) + tensor_count(x)) * sizeof *x.data;
    size_t most = blocks_convolve_room(h->first, x);
    for (int i = 0; i < h->levels; i++) {
        conv of[] = {h->level[i].behind, h->first};
        x.c = of[1].in = of[1].out;
        for (int k = 0; k < 2; k++) most = blocks_larger(most, blocks_convolve_room(of[k], x));
        x.h = conv_side(of[0].sides, x.h), x.w = conv_side(of[0].sides, x.w);
    }
    return rooms + most + 1024; /* blocks begin at multiples of 64 */
}

size_t taesd_decode_room(const taesd *v, int h, int w)
{
    return room_of(&v->decoder, (tensor){NULL, 1, h, w, v->config.latent});
}

size_t taesd_encode_room(const taesd *v, int h, int w)
{
    return room_of(&v->encoder, (tensor){NULL, 1, h, w, v->config.picture});
}

/* x = a x + b. */
static void line(tensor x, double a, double b)
{
    for (size_t i = 0; i < tensor_count(x); i++) x.data[i] = (float)(a * (double)x.data[i] + b);
}

void taesd_decode(const taesd *v, tensor x, tensor out, arena scratch)
{
    int factor = 1 << (v->decoder.levels - 1);
    PROMISE(x.c == v->config.latent && out.c == v->config.out && out.n == x.n &&
                out.h == x.h * factor && out.w == x.w * factor,
            "taesd_decode: x or out has another shape");
    tensor bent = tensor_new(&scratch, 1, x.h, x.w, x.c);
    for (int p = 0; p < x.n; p++) {
        tensor_copy(bent, tensor_pictures(x, p, 1));
        line(bent, 1 / v->config.scale, v->config.shift);
        for (size_t i = 0; i < tensor_count(bent); i++) bent.data[i] = 3 * tanhf(bent.data[i] / 3);
        line(pass(&v->decoder, true, bent, tensor_pictures(out, p, 1).data, scratch), 2, -1);
    }
}

void taesd_encode(const taesd *v, tensor x, tensor out, arena scratch)
{
    int h = x.h, w = x.w;
    for (int i = 1; i < v->encoder.levels; i++)
        h = conv_side(CONV_HALVE, h), w = conv_side(CONV_HALVE, w);
    PROMISE(v->encoder.levels > 0, "taesd_encode: a file with the decoder alone");
    PROMISE(x.c == v->config.picture && out.c == v->config.latent && out.n == x.n && out.h == h &&
                out.w == w,
            "taesd_encode: x or out has another shape");
    tensor half = tensor_new(&scratch, 1, x.h, x.w, x.c); /* 0 to 1 */
    for (int p = 0; p < x.n; p++) {
        tensor_copy(half, tensor_pictures(x, p, 1));
        line(half, 0.5, 0.5);
        tensor z = pass(&v->encoder, false, half, tensor_pictures(out, p, 1).data, scratch);
        line(z, v->config.scale, -v->config.shift * v->config.scale);
    }
}
