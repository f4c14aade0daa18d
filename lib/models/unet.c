#include "models/unet.h"
#include <string.h>

/* A level before it is loaded. */
typedef struct {
    int layers, in, out;
    int skip, last; /* channels of the skips of all layers but the last, and of that; 0: none */
    int attentions; /* so many layers have one */
    int at;         /* place in the lists of the config */
} level_form;

static unet_level load_level(unet *u, weights w, level_form f, arena *keep)
{
    const unet_config *c = &u->config;
    norm_groups usual = {.groups = c->groups, .epsilon = c->epsilon};
    unet_level l = {.layers = f.layers};
    l.layer = arena_take(keep, (size_t)f.layers * sizeof *l.layer);
    for (int i = 0; i < f.layers; i++) {
        int in = (i ? f.out : f.in) + (i == f.layers - 1 ? f.last : f.skip);
        transformer_form text = {f.out, c->heads[f.at], c->transformers[f.at], c->text, c->groups};
        if (i >= f.attentions) text.layers = 0;
        l.layer[i].resnet = blocks_resnet_load(weights_in(w, "resnets.%d", i), in, f.out,
                                               4 * c->channels[0], usual);
        l.layer[i].attention =
            transformer_load(weights_in(w, "attentions.%d", i), text, &u->remembered, keep);
    }
    return l;
}

static unet_level load_down(unet *u, weights w, int i, arena *keep)
{
    const unet_config *c = &u->config;
    level_form f = {c->layers[i], c->channels[i ? i - 1 : 0], c->channels[i], .at = i};
    if (c->text_down[i]) f.attentions = f.layers;
    unet_level l = load_level(u, w, f, keep);
    if (i < c->levels - 1) l.resize = blocks_filter(w, "downsamplers.0.conv", f.out, f.out);
    l.resize.sides = CONV_HALVE;
    return l;
}

/* What is as wide as down[at]. A layer more than there, since conv_in or the smaller picture has
 * left a skip, too. */
static unet_level load_up(unet *u, weights w, int i, arena *keep)
{
    const unet_config *c = &u->config;
    int at = c->levels - 1 - i, below = i ? at + 1 : at;
    level_form f = {c->layers[at] + 1, c->channels[below],           c->channels[at],
                    c->channels[at],   c->channels[at ? at - 1 : 0], .at = at};
    if (c->text_up[i]) f.attentions = f.layers;
    unet_level l = load_level(u, w, f, keep);
    if (at > 0) l.resize = blocks_filter(w, "upsamplers.0.conv", f.out, f.out);
    return l;
}

error unet_load(weights w, unet_config c, arena *keep, unet *out)
{
    int first = c.channels[0], deepest = c.levels - 1;
    error wrong = unet_check(&c);
    if (wrong) return wrong;
    unet u = {.config = c};
    u.config.time.width = first;
    u.time1 = blocks_linear(w, "time_embedding.linear_1", first, 4 * first);
    u.time2 = blocks_linear(w, "time_embedding.linear_2", 4 * first, 4 * first);
    u.time1.after = u.time2.after = ACTIVATE_SILU;
    u.conv_in = blocks_filter(w, "conv_in", c.in, first);
    for (int i = 0; i < c.levels; i++)
        u.down[i] = load_down(&u, weights_in(w, "down_blocks.%d", i), i, keep);
    int widest = c.channels[deepest];
    level_form middle = {2, widest, widest, .attentions = 1, .at = deepest};
    if (c.middle) u.middle = load_level(&u, weights_in(w, "mid_block"), middle, keep);
    for (int i = 0; i < c.levels; i++)
        u.up[i] = load_up(&u, weights_in(w, "up_blocks.%d", i), i, keep);
    norm_groups last = {.channels = first, .groups = c.groups, .epsilon = c.epsilon, .silu = true};
    u.norm_out = blocks_group_norm(w, "conv_norm_out", last);
    u.conv_out = blocks_filter(w, "conv_out", first, c.out);
    *out = u;
    return weights_trouble(w);
}

static void remember(const unet_level *l, tensor text, float *numbers, arena scratch)
{
    for (int i = 0; i < l->layers; i++)
        transformer_remember(&l->layer[i].attention, text, numbers, scratch);
}

transformer_text unet_remember(const unet *u, tensor text, arena *keep)
{
    PROMISE(text.h == 1 && text.c == u->config.text, "unet_remember: not [n, 1, tokens, text]");
    size_t many = u->remembered * (size_t)text.n * (size_t)text.w;
    float *numbers = arena_take(keep, many * sizeof *numbers);
    for (int i = 0; i < u->config.levels; i++) {
        remember(&u->down[i], text, numbers, *keep);
        remember(&u->up[i], text, numbers, *keep);
    }
    remember(&u->middle, text, numbers, *keep);
    return (transformer_text){text.n, text.w, numbers};
}

/* The way of some pictures through the network. */
typedef struct {
    const float *time; /* [n, 4 channels[0]] */
    transformer_text text;
    tensor skips[BLOCKS_LEVELS * (BLOCKS_LAYERS + 1) + 1];
    int count; /* of them */
} walk;

static void pass(const unet_layer *l, const walk *p, blocks_stream *s, arena scratch)
{
    blocks_resnet_apply(&l->resnet, s, p->time, scratch);
    transformer_apply(&l->attention, s, p->text, scratch);
}

/* x in a room of its own, where `channels` channels fit. */
static tensor copied(tensor x, int channels, arena *keep)
{
    tensor y = tensor_new(keep, x.n, x.h, x.w, channels > x.c ? channels : x.c);
    y.c = x.c;
    tensor_copy(y, x);
    return y;
}

/* What each layer makes is a skip, and so is the smaller picture. */
static void go_down(const unet_level *l, walk *p, blocks_stream *s, arena *keep)
{
    for (int i = 0; i < l->layers; i++) {
        s->x = copied(s->x, l->layer[i].resnet.conv1.out, keep);
        pass(&l->layer[i], p, s, *keep);
        p->skips[p->count++] = s->x;
    }
    if (!l->resize.in) return;
    tensor x = s->x;
    s->x = tensor_new(keep, x.n, conv_side(CONV_HALVE, x.h), conv_side(CONV_HALVE, x.w), x.c);
    blocks_convolve(l->resize, x, s->x.data, *keep);
    p->skips[p->count++] = s->x;
}

/* x = [x, skip], channel by channel, in the room of x: from the end, where rows get longer. */
static void join(blocks_stream *s, tensor skip)
{
    size_t had = (size_t)s->x.c, more = (size_t)skip.c;
    for (size_t i = tensor_count(s->x) / had; i-- > 0;) {
        memmove(s->x.data + i * (had + more), s->x.data + i * had, had * sizeof *s->x.data);
        memcpy(s->x.data + i * (had + more) + had, skip.data + i * more, more * sizeof *skip.data);
    }
    s->x.c += skip.c;
}

static void go_up(const unet_level *l, walk *p, blocks_stream *s, arena scratch)
{
    for (int i = 0; i < l->layers; i++) {
        join(s, p->skips[--p->count]);
        pass(&l->layer[i], p, s, scratch);
    }
    if (!l->resize.in) return;
    tensor next = p->skips[p->count - 1];
    blocks_enlarge(l->resize, s, next.h, next.w, scratch);
}

/* The time as waves, and what two layers make of it; with the SiLU that every block wants. For n
 * pictures, all of one time: [n, 4 channels[0]]. */
static const float *told(const unet *u, int n, double t, arena *keep)
{
    size_t first = (size_t)u->time1.in, wide = (size_t)u->time1.out;
    float *wave = arena_take(keep, (size_t)n * first * sizeof *wave);
    float *one = arena_take(keep, (size_t)n * wide * sizeof *one);
    float *two = arena_take(keep, (size_t)n * wide * sizeof *two);
    for (int i = 0; i < n; i++) embed_time(t, u->config.time, wave + (size_t)i * first);
    blocks_multiply(u->time1, n, wave, one, *keep);
    return blocks_multiply(u->time2, n, one, two, *keep);
}

/* Numbers of the widest that the way up meets at its levels: it is the widest of all. */
static size_t widest(const unet *u, tensor x)
{
    size_t most = 0;
    for (int i = u->config.levels - 1; i >= 0; i--) {
        for (int k = 0; k < u->up[i].layers; k++)
            most = blocks_larger(most, blocks_resnet_widest(&u->up[i].layer[k].resnet, x));
        x.h = conv_side(CONV_HALVE, x.h), x.w = conv_side(CONV_HALVE, x.w);
    }
    return most;
}

void unet_apply(const unet *u, tensor x, double t, transformer_text text, tensor out, arena scratch)
{
    int levels = u->config.levels;
    PROMISE(x.c == u->config.in && out.c == u->config.out && out.n == x.n && out.h == x.h &&
                out.w == x.w,
            "unet_apply: x or out has another shape");
    size_t room = widest(u, x) * sizeof *x.data;
    walk p = {.time = told(u, x.n, t, &scratch), .text = text};
    blocks_stream s = {.spare = arena_take(&scratch, room)};
    s.x = tensor_new(&scratch, x.n, x.h, x.w, u->config.channels[0]);
    blocks_convolve(u->conv_in, x, s.x.data, scratch);
    p.skips[p.count++] = s.x;
    for (int i = 0; i < levels; i++) go_down(&u->down[i], &p, &s, &scratch);
    float *own = arena_take(&scratch, room);
    memcpy(own, s.x.data, tensor_count(s.x) * sizeof *own);
    s.x.data = own;
    for (int i = 0; i < u->middle.layers; i++) pass(&u->middle.layer[i], &p, &s, scratch);
    for (int i = 0; i < levels; i++) go_up(&u->up[i], &p, &s, scratch);
    blocks_norm_convolve(u->norm_out, u->conv_out, s.x, out.data, scratch);
}

/* What a level takes on its way. `above` has the sides of the next larger one. */
static size_t level_room(const unet_level *l, tensor x, tensor above, int tokens)
{
    conv c = l->resize;
    size_t most = 0;
    if (c.in)
        most = c.sides == CONV_HALVE ? blocks_convolve_room(c, x)
                                     : blocks_enlarge_room(c, x, above.h, above.w);
    for (int i = 0; i < l->layers; i++) {
        most = blocks_larger(most, blocks_resnet_room(&l->layer[i].resnet, x));
        most = blocks_larger(most, transformer_room(&l->layer[i].attention, x, tokens));
    }
    return most;
}

/* What unet_apply() keeps: two rooms for the way up, the time (told() takes 1 + 4 + 4 times
 * channels[0] for each picture), the skips; and the most that a layer wants. */
size_t unet_room(const unet *u, tensor x, int tokens)
{
    int levels = u->config.levels, first = u->config.channels[0];
    size_t kept = 2 * widest(u, x) + (size_t)x.n * 9 * (size_t)first, skips = 1;
    size_t most = blocks_larger(blocks_linear_room(), blocks_convolve_room(u->conv_in, x));
    most = blocks_larger(most, blocks_convolve_room(u->conv_out, x));
    tensor above = x;
    x.c = first;
    kept += tensor_count(x);
    for (int i = 0; i < levels; i++) {
        const unet_level *down = &u->down[i], *up = &u->up[levels - 1 - i];
        most = blocks_larger(most, level_room(down, x, above, tokens));
        most = blocks_larger(most, level_room(up, x, above, tokens));
        for (int k = 0; k < down->layers; k++, skips++)
            kept += blocks_resnet_widest(&down->layer[k].resnet, x);
        if (i == levels - 1) break;
        above = x;
        x.h = conv_side(CONV_HALVE, x.h), x.w = conv_side(CONV_HALVE, x.w), skips++;
        x.c = u->config.channels[i];
        kept += tensor_count(x);
    }
    most = blocks_larger(most, level_room(&u->middle, x, above, tokens));
    return kept * sizeof *x.data + most + (skips + 16) * 64; /* blocks begin at multiples of 64 */
}
