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

/* Texts in work. */
typedef struct {
    const clip_text *c;
    int count, rows;    /* texts, and their tokens */
    float *x, *y, *mid; /* [count, length, width]; mid [count, length, inner] */
} work;

/* x += W attention(norm(x)) */
static void attend(const work *w, const clip_text_layer *l, arena scratch)
{
    const linear to[] = {l->q, l->k, l->v, l->out};
    tensor x = {w->x, w->count, 1, w->c->length, w->c->width};
    blocks_attend(to, (attention){.heads = w->c->heads, .causal = true, .y = w->y}, x, scratch);
}

/* x += W2 gelu(W1 norm(x)) */
static void think(const work *w, const clip_text_layer *l, arena scratch)
{
    blocks_multiply(l->fc1, w->rows, w->x, w->mid, scratch);
    blocks_multiply_add(l->fc2, w->rows, w->mid, w->x, scratch);
}

static void embed(const work *w, const int32_t *ids)
{
    size_t width = (size_t)w->c->width, length = (size_t)w->c->length;
    for (size_t i = 0; i < (size_t)w->count * length; i++)
        for (size_t k = 0; k < width; k++)
            w->x[i * width + k] = weight_at(w->c->tokens, (size_t)ids[i] * width + k) +
                                  weight_at(w->c->positions, i % length * width + k);
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

/* Room for up to AT_ONCE texts, and what the layers take while they work. */
static error begin(const clip_text *c, int count, work *w, arena *scratch)
{
    size_t tokens = (size_t)count * (size_t)c->length, wide = tokens * (size_t)c->width;
    size_t mid = tokens * (size_t)c->inner;
    attention a = {.n = count, .heads = c->heads, .size = c->width / c->heads};
    a.queries = a.keys = c->length;
    size_t most = blocks_larger(attention_room(a), blocks_linear_room());
    if ((3 * wide + mid) * sizeof(float) + most + 1024 > arena_left(*scratch))
        return error_make("no memory for texts of %d tokens", c->length);
    *w = (work){.c = c, .count = count};
    w->y = arena_take(scratch, wide * sizeof(float));
    w->mid = arena_take(scratch, mid * sizeof(float));
    return NULL;
}

error clip_text_apply(const clip_text *c, const int32_t *ids, int count, int skip, float *out,
                      arena scratch)
{
    work w = {0};
    PROMISE(count >= 1, "clip_text_apply: a text");
    error wrong = check(c, ids, count, skip);
    if (!wrong) wrong = begin(c, count < AT_ONCE ? count : AT_ONCE, &w, &scratch);
    for (int done = 0; !wrong && done < count; done += AT_ONCE) {
        size_t before = (size_t)done * (size_t)c->length;
        w.count = count - done < AT_ONCE ? count - done : AT_ONCE, w.rows = w.count * c->length;
        w.x = out + before * (size_t)c->width;
        embed(&w, ids + before);
        for (int i = 0; i < c->layers - (skip > 1 ? skip - 1 : 0); i++) {
            attend(&w, &c->layer[i], scratch);
            think(&w, &c->layer[i], scratch);
        }
        norm_apply(c->last, w.x, w.rows, c->width, w.x);
    }
    return wrong;
}
