/* any_model.h: for lessons that look into Stable Diffusion: the user's own, or a tiny one.
 *
 *     any_model m = any_model_make(&l, path);           path NULL: the tiny one
 *     clip_text_apply(&m.sd.text, ids, 1, 0, out, m.scratch);
 *
 * The tiny one has the form of the real one, the same names and the same code, and CLIP's true list
 * of pieces; but two levels for four, and weights that are dice. It is made in memory as a weights
 * file is: a head that says what is where, then numbers. Its networks understand nothing. What it
 * shows is what is computed, not what was learned.
 */
#ifndef ANY_MODEL_H
#define ANY_MODEL_H
#include "../tools/model_shapes.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "diffusion/noise.h"
#include "lesson.h"
#include "models/ldm.h"
#include "models/prompt.h"
#include "pipeline/model.h"

typedef struct {
    model sd;
    bool dice;     /* it is the tiny one: the VAE is not there */
    arena scratch; /* beside the lesson's memory */
} any_model;

/* A text encoder of 2 layers and 128 numbers a token, a UNet of 2 levels, 32 and 64 channels. */
static const shapes_sizes any_model_sizes = {.levels = 2,
                                             .layers = 1,
                                             .channels = {32, 64},
                                             .vae_levels = 2,
                                             .vae_layers = 1,
                                             .vae_channels = {32, 64},
                                             .width = 128,
                                             .mlp = 512,
                                             .words = SHAPES_WORDS,
                                             .places = 77,
                                             .text_layers = 2,
                                             .text_heads = 2};

static inline size_t any_model_count(const shapes_tensor *b)
{
    size_t n = 1;
    for (int i = 0; i < b->dims; i++) n *= (size_t)b->shape[i];
    return n;
}

/* The head's lines for one part of shapes_list; gives how many numbers they speak of. */
static inline size_t any_model_head(int part, char *head, size_t room, size_t *used)
{
    size_t numbers = 0;
    for (int i = 0; i < shapes_count; i++) {
        const shapes_tensor *b = &shapes_list[i];
        if (b->part != part) continue;
        size_t from = 4 * numbers;
        numbers += any_model_count(b);
        *used += (size_t)snprintf(head + *used, room - *used, "%s\"%s\":{\"dtype\":\"F32\",", //
                                  from ? "," : "{", b->name);
        for (int k = 0; k < b->dims; k++)
            *used += (size_t)snprintf(head + *used, room - *used, "%s%d", k ? "," : "\"shape\":[",
                                      b->shape[k]);
        *used += (size_t)snprintf(head + *used, room - *used, "],\"data_offsets\":[%zu,%zu]}", from,
                                  4 * numbers);
    }
    head[(*used)++] = '}';
    while (*used % 64 != 56) head[(*used)++] = ' '; /* 8 bytes before it: data on 64 */
    return numbers;
}

/* A weights file of one part, in memory. */
static inline weights any_model_weights(lesson *l, int part, uint64_t seed)
{
    enum { HEAD = 1 << 17 };
    safetensors *file_of = arena_take(&l->memory, sizeof *file_of);
    size_t used = 0, at = 0;
    char *head = arena_take(&l->memory, HEAD);
    size_t numbers = any_model_head(part, head, HEAD - 64, &used);
    unsigned char *bytes = arena_take(&l->memory, 8 + used + 4 * numbers);
    float *data = (float *)(void *)(bytes + 8 + used);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(used >> 8 * i);
    memcpy(bytes + 8, head, used);
    rng r = rng_torch(seed);
    rng_uniform32(&r, data, numbers);
    for (int i = 0; i < shapes_count; i++) {
        size_t n = shapes_list[i].part == part ? any_model_count(&shapes_list[i]) : 0;
        for (size_t k = 0; k < n; k++, at++)
            data[at] = shapes_list[i].middle + shapes_list[i].spread * (2 * data[at] - 1);
    }
    lesson_must(safetensors_parse((file){bytes, 8 + used + 4 * numbers}, "the tiny model",
                                  &l->memory, file_of));
    return weights_from(file_of, 1, &l->memory);
}

static inline any_model any_model_make(lesson *l, const char *path)
{
    any_model m = {.dice = !path, .scratch = arena_make(0)};
    const config *text_config, *unet_config_of;
    unet_config of_unet;
    if (!m.scratch.begin) lesson_must("there is no memory left");
    if (path) {
        lesson_must(model_open(path, &l->memory, m.scratch, &m.sd));
        return m;
    }
    parallel_set_threads(1); /* it is so small that they would wait for each other */
    if (shapes_count == 0) shapes_list_all(&any_model_sizes);
    weights text = any_model_weights(l, SHAPES_TEXT, 27),
            net = any_model_weights(l, SHAPES_UNET, 28);
    lesson_must(ldm_text_config(text, false, "the tiny model", &l->memory, &text_config));
    lesson_must(clip_text_load(text, text_config, &l->memory, &m.sd.text));
    lesson_must(ldm_unet_config(net, "the tiny model", &l->memory, &unet_config_of));
    lesson_must(unet_read(unet_config_of, &of_unet));
    lesson_must(unet_load(net, of_unet, &l->memory, &m.sd.unet));
    lesson_must(tokenizer_open(NULL, &l->memory, m.scratch, &m.sd.tokenizer));
    return m;
}

/* A prompt as chunks of ids and weights. */
static inline prompt any_model_read(lesson *l, const any_model *m, const char *text)
{
    prompt p;
    prompt_options usual = {.length = m->sd.text.length};
    lesson_must(prompt_read(&m->sd.tokenizer, text, usual, &l->memory, m->scratch, &p));
    return p;
}

/* A picture, its sides multiples of the VAE's factor, as a latent: the mean that the encoder gives,
 * as the UNet has it. */
static inline tensor any_model_encode(lesson *l, const any_model *m, tensor x0)
{
    const vae *v = &m->sd.vae;
    int side = vae_factor(v), channels = v->config.latent;
    tensor code = tensor_new(&l->memory, 1, x0.h / side, x0.w / side, 2 * channels);
    tensor z = tensor_new(&l->memory, 1, x0.h / side, x0.w / side, channels);
    vae_encode(v, x0, code, m->scratch);
    vae_draw(v, code, (tensor){0}, z);
    return z;
}

/* And back. */
static inline tensor any_model_decode(lesson *l, const any_model *m, tensor z)
{
    const vae *v = &m->sd.vae;
    int side = vae_factor(v);
    tensor x = tensor_new(&l->memory, 1, z.h * side, z.w * side, v->config.out);
    vae_decode(v, z, x, m->scratch);
    return x;
}

/* The photograph without the edge that fills no block of so many pixels. */
static inline tensor any_model_photo(lesson *l, image photo, int side)
{
    if (photo.w < side || photo.h < side) lesson_must("the picture is too small");
    int w = photo.w - photo.w % side, h = photo.h - photo.h % side;
    return image_to_tensor(&l->memory, image_crop(&l->memory, photo, 0, 0, w, h));
}

/* What the network is asked about: the photograph as a latent, with noise as at time t. Of dice
 * nothing is a photograph, and it is all noise. */
static inline tensor any_model_noisy(lesson *l, const any_model *m, image photo, double t)
{
    enum { SIDE = 16 };
    rng r = rng_torch(28);
    tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, m->sd.unet.config.in);
    if (!m->dice) x = any_model_encode(l, m, any_model_photo(l, photo, vae_factor(&m->sd.vae)));
    tensor eps = tensor_like(&l->memory, x);
    rng_normal(&r, eps, l->memory);
    if (m->dice)
        tensor_copy(x, eps);
    else
        noise_add(x, x, eps, schedule_sigma(&m->sd.schedule, t), NOISE_VP);
    return x;
}

static inline void any_model_free(any_model *m)
{
    if (!m->dice) model_close(&m->sd);
    arena_free(m->scratch);
}

#endif
