#include "models/clip_text.h"
#include <string.h>

enum { AT_ONCE = 8, WIDEST = 1 << 16, MOST_LAYERS = 1000 };

/* ---- Weights ---- */

static clip_text_layer layer_of(weights w, const clip_text *c)
{
    int width = c->width, inner = c->inner;
    norm norm1 = blocks_layer_norm(w, "layer_norm1", width),
         norm2 = blocks_layer_norm(w, "layer_norm2", width);
    clip_text_layer l = {
        .q = blocks_linear(w, "self_attn.q_proj", width, width),
        .k = blocks_linear(w, "self_attn.k_proj", width, width),
        .v = blocks_linear(w, "self_attn.v_proj", width, width),
        .out = blocks_linear(w, "self_attn.out_proj", width, width),
        .fc1 = blocks_linear(w, "mlp.fc1", width, inner),
        .fc2 = blocks_linear(w, "mlp.fc2", inner, width),
    };
    norm1.epsilon = c->epsilon, l.q.before = l.k.before = l.v.before = norm1;
    norm2.epsilon = c->epsilon, l.fc1.before = norm2, l.fc1.after = c->bend;
    return l;
}

/* The sizes; what a file is silent about is as transformers has it. */
static error read_sizes(const config *c, clip_text *out)
{
    static const char *const bends[] = {"quick_gelu", "gelu", NULL};
    const struct {
        const char *key;
        int usual, least, most, *to;
    } sizes[] = {
        {"hidden_size", 512, 1, WIDEST, &out->width},
        {"intermediate_size", 2048, 1, WIDEST, &out->inner},
        {"num_hidden_layers", 12, 1, MOST_LAYERS, &out->layers},
        {"num_attention_heads", 8, 1, WIDEST, &out->heads},
        {"max_position_embeddings", 77, 3, WIDEST, &out->length},
        {"vocab_size", 49408, 1, 1 << 24, &out->vocabulary},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int size = *sizes[i].to = config_int(c, sizes[i].key, sizes[i].usual);
        if (size < sizes[i].least || size > sizes[i].most)
            return error_make("\"%s\" is %d, and must be %d to %d", sizes[i].key, size,
                              sizes[i].least, sizes[i].most);
    }
    if (out->width % out->heads != 0)
        return error_make("\"hidden_size\" %d is no multiple of \"num_attention_heads\" %d",
                          out->width, out->heads);
    double epsilon = config_number(c, "layer_norm_eps", 1e-5);
    if (!(epsilon >= 1e-30 && epsilon <= 1)) return error_make("\"layer_norm_eps\" is %g", epsilon);
    out->epsilon = (float)epsilon;
    const char *bend = config_text(c, "hidden_act", bends[0]);
    out->bend = strcmp(bend, bends[0]) == 0 ? ACTIVATE_GELU_QUICK : ACTIVATE_GELU;
    if (out->bend == ACTIVATE_GELU && strcmp(bend, bends[1]) != 0)
        return error_unknown("\"hidden_act\"", bend, bends);
    return config_trouble(c);
}

error clip_text_load(weights w, const config *c, arena *keep, clip_text *out)
{
    clip_text t = {0};
    error wrong = config_blame(c, read_sizes(c, &t));
    if (wrong) return wrong;
    if (weights_has(w, "text_model.embeddings.token_embedding.weight"))
        w = weights_in(w, "text_model");
    clip_text_layer *layers = arena_take(keep, (size_t)t.layers * sizeof *layers);
    t.tokens = weights_matrix(w, "embeddings.token_embedding.weight", t.vocabulary, t.width);
    t.positions = weights_matrix(w, "embeddings.position_embedding.weight", t.length, t.width);
    for (int i = 0; i < t.layers; i++)
        layers[i] = layer_of(weights_in(w, "encoder.layers.%d", i), &t);
    t.last = blocks_layer_norm(w, "final_layer_norm", t.width);
    t.last.epsilon = t.epsilon, t.layer = layers;
    *out = t;
    return weights_trouble(w);
}

/* ---- Numbers ---- */

static void embed(const clip_text *c, const int32_t *ids, tensor x)
{
    size_t width = (size_t)x.c, length = (size_t)x.w;
    for (size_t i = 0; i < (size_t)x.n * length; i++)
        for (size_t k = 0; k < width; k++)
            x.data[i * width + k] = weight_at(c->tokens, (size_t)ids[i] * width + k) +
                                    weight_at(c->positions, i % length * width + k);
}

static error check(const clip_text *c, const int32_t *ids, int count, int skip)
{
    if (skip < 0 || skip > c->layers)
        return error_make("clip skip %d: this text encoder has %d layers", skip, c->layers);
    for (size_t i = 0; i < (size_t)count * (size_t)c->length; i++)
        if (ids[i] < 0 || ids[i] >= c->vocabulary)
            return error_make("the tokenizer gives the id %d, but the text encoder knows ids below "
                              "%d only: are they of one model?",
                              (int)ids[i], c->vocabulary);
    return NULL;
}

/* Whether there is room for so many texts at once, and for what the layers take while they work. */
static error check_room(const clip_text *c, int count, arena scratch)
{
    size_t tokens = (size_t)count * (size_t)c->length;
    size_t numbers = tokens * (3 * (size_t)c->width + (size_t)c->inner);
    attention a = {.n = count, .heads = c->heads, .size = c->width / c->heads};
    a.queries = a.keys = c->length;
    size_t most = blocks_larger(attention_room(a), blocks_linear_room());
    bool fits = numbers * sizeof(float) + most + 1024 <= arena_left(scratch);
    return fits ? NULL : error_make("no memory for texts of %d tokens", c->length);
}

error clip_text_apply(const clip_text *c, const int32_t *ids, int count, int skip, float *out,
                      arena scratch)
{
    PROMISE(count >= 1, "clip_text_apply: a text");
    error wrong = check(c, ids, count, skip);
    if (!wrong) wrong = check_room(c, count < AT_ONCE ? count : AT_ONCE, scratch);
    for (int done = 0; !wrong && done < count; done += AT_ONCE) {
        size_t before = (size_t)done * (size_t)c->length;
        int some = count - done < AT_ONCE ? count - done : AT_ONCE;
        tensor x = {out + before * (size_t)c->width, some, 1, c->length, c->width};
        embed(c, ids + before, x);
        for (int i = 0; i < c->layers - (skip > 1 ? skip - 1 : 0); i++) {
            const clip_text_layer *l = &c->layer[i];
            const linear to[] = {l->q, l->k, l->v, l->out};
            blocks_attend(to, (attention){.heads = c->heads, .causal = true}, x, scratch);
            blocks_think(l->fc1, l->fc2, x, scratch);
        }
        norm_apply(c->last, x.data, x.n * x.w, x.c, x.data);
    }
    return wrong;
}
