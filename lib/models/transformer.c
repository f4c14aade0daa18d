#include "models/transformer.h"

static transformer_layer load_layer(weights w, int c, int text)
{
    norm norm1 = blocks_layer_norm(w, "norm1", c);
    transformer_layer l = {0};
    l.self_q = blocks_matrix(w, "attn1.to_q", c, c);
    l.self_k = blocks_matrix(w, "attn1.to_k", c, c);
    l.self_v = blocks_matrix(w, "attn1.to_v", c, c);
    l.self_out = blocks_linear(w, "attn1.to_out.0", c, c);
    l.self_q.before = l.self_k.before = l.self_v.before = norm1;
    l.text_q = blocks_matrix(w, "attn2.to_q", c, c);
    l.text_k = blocks_matrix(w, "attn2.to_k", text, c);
    l.text_v = blocks_matrix(w, "attn2.to_v", text, c);
    l.text_out = blocks_linear(w, "attn2.to_out.0", c, c);
    l.text_q.before = blocks_layer_norm(w, "norm2", c);
    l.widen = blocks_linear(w, "ff.net.0.proj", c, 8 * c);
    l.widen.out = 4 * c, l.widen.gate = true, l.widen.after = ACTIVATE_GELU;
    l.widen.before = blocks_layer_norm(w, "norm3", c);
    l.narrow = blocks_linear(w, "ff.net.2", 4 * c, c);
    return l;
}

transformer transformer_load(weights w, transformer_form form, size_t *at, arena *keep)
{
    int c = form.channels;
    transformer t = {.form = form};
    if (!form.layers) return t;
    norm_groups usual = {.channels = c, .groups = form.groups, .epsilon = 1e-6f};
    t.norm = blocks_group_norm(w, "norm", usual);
    t.in = blocks_linear(w, "proj_in", c, c);
    t.layer = arena_take(keep, (size_t)form.layers * sizeof *t.layer);
    for (int i = 0; i < form.layers; i++) {
        t.layer[i] = load_layer(weights_in(w, "transformer_blocks.%d", i), c, form.text);
        t.layer[i].at = *at;
        *at += 2 * (size_t)c;
    }
    t.out = blocks_linear(w, "proj_out", c, c);
    return t;
}

void transformer_remember(const transformer *t, tensor text, float *numbers, arena scratch)
{
    size_t tokens = (size_t)text.n * (size_t)text.w;
    for (int i = 0; i < t->form.layers; i++) {
        const transformer_layer *l = &t->layer[i];
        float *keys = numbers + l->at * tokens, *values = keys + tokens * (size_t)l->text_k.out;
        blocks_multiply(l->text_k, (int)tokens, text.data, keys, scratch);
        blocks_multiply(l->text_v, (int)tokens, text.data, values, scratch);
    }
}

/* Tokens look at the text, whose k and v are known. */
static void look_at_text(const transformer_layer *l, int heads, tensor x, transformer_text text,
                         arena scratch)
{
    size_t tokens = (size_t)text.n * (size_t)text.tokens;
    int rows = x.n * x.w;
    attention a = {.n = x.n, .heads = heads, .size = x.c / heads, .queries = x.w};
    a.keys = text.tokens;
    a.k = text.numbers + l->at * tokens, a.v = a.k + tokens * (size_t)x.c;
    a.y = arena_take(&scratch, tensor_count(x) * sizeof *a.y);
    a.q = blocks_multiply(l->text_q, rows, x.data, a.y, scratch);
    attention_apply(a, scratch);
    blocks_multiply_add(l->text_out, rows, a.y, x.data, scratch);
}

void transformer_apply(const transformer *t, blocks_stream *s, transformer_text text, arena scratch)
{
    tensor tokens = {s->spare, s->x.n, 1, s->x.h * s->x.w, s->x.c};
    int rows = tokens.n * tokens.w;
    if (!t->form.layers) return;
    PROMISE(text.n == s->x.n && text.tokens > 0, "transformer_apply: not a text for each picture");
    norm_groups g = t->norm;
    linear in = t->in;
    arena for_norm = scratch;
    g.pictures = tokens.n, g.rows = tokens.w, g.x = s->x.data;
    in.before = norm_group(g, &for_norm);
    blocks_multiply(in, rows, s->x.data, tokens.data, for_norm);
    for (int i = 0; i < t->form.layers; i++) {
        const transformer_layer *l = &t->layer[i];
        const linear around[] = {l->self_q, l->self_k, l->self_v, l->self_out};
        blocks_attend(around, (attention){.heads = t->form.heads}, tokens, scratch);
        look_at_text(l, t->form.heads, tokens, text, scratch);
        blocks_think(l->widen, l->narrow, tokens, scratch);
    }
    blocks_multiply_add(t->out, rows, tokens.data, s->x.data, scratch);
}

size_t transformer_room(const transformer *t, tensor x, int tokens)
{
    if (!t->form.layers) return 0;
    int pixels = x.h * x.w, heads = t->form.heads;
    x.c = t->form.channels;
    attention self = {.n = x.n, .heads = heads, .size = x.c / heads, .queries = pixels};
    attention words = self;
    self.keys = pixels, words.keys = tokens;
    norm_groups g = {.pictures = x.n, .rows = pixels, .channels = x.c, .groups = x.c};
    return 3 * tensor_count(x) * sizeof *x.data + 4 * BLOCKS_ROWS * (size_t)x.c * sizeof *x.data +
           attention_room(self) + attention_room(words) + norm_group_room(g) + blocks_linear_room();
}
