#include "data.h"
#include "nn/attention.h"
#include "nn/isa.h"
#include "nn/softmax.h"
#include "parts.h"
#include "peers.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Tokens that ask and are asked, heads, size of a head. 77 tokens are a text: what the UNet asks
 * it, and what it asks itself (causal); the one head of 512 is the VAE's. The longest has wishes,
 * since it takes most of the time: 1.8 times the library, which writes its table and reads it back;
 * 0.6 of the roof, less than of linear layers, since the e^x in between are not counted. */
static const struct {
    int queries, keys, heads, size;
    bool causal;
    double target, share;
} shapes[] = {
    {4096, 4096, 8, 40, false, 1.8, 0.6}, {1024, 1024, 8, 80, false, 0, 0},
    {256, 256, 8, 160, false, 0, 0},      {64, 64, 8, 160, false, 0, 0},
    {4096, 77, 8, 40, false, 0, 0},       {1024, 77, 8, 80, false, 0, 0},
    {256, 77, 8, 160, false, 0, 0},       {64, 77, 8, 160, false, 0, 0},
    {4096, 4096, 1, 512, false, 0, 0},    {77, 77, 12, 64, true, 0, 0},
};

/* One of ours. */
typedef struct {
    attention what;
    arena scratch;
} own;

static void run_own(void *self)
{
    own *o = self;
    attention_apply(o->what, o->scratch);
}

/* Product, softmax, product, head by head, with a library's products and our softmax. */
typedef struct {
    const peer *of;
    const attention *what;
    float *scores; /* [queries, keys] */
} three_steps;

static void softmax_some(float *x, const attention *a)
{
    if (!a->causal) {
        softmax_rows(x, x, a->queries, a->keys);
        return;
    }
    for (int i = 0; i < a->queries; i++, x += a->keys) {
        softmax_rows(x, x, 1, i + 1);
        memset(x + i + 1, 0, (size_t)(a->keys - i - 1) * sizeof *x);
    }
}

static void run_steps(void *self)
{
    const three_steps *s = self;
    const attention *a = s->what;
    int m = a->queries, n = a->keys, size = a->size, step = a->heads * size;
    for (int h = 0; h < a->heads; h++) {
        const float *q = a->q + h * size, *k = a->k + h * size, *v = a->v + h * size;
        float *y = a->y + h * size, scale = 1 / sqrtf((float)size);
        s->of->multiply(&(gemm){m, n, size, q, k, s->scores, step, step, n, true, scale});
        softmax_some(s->scores, a);
        s->of->multiply(&(gemm){m, size, n, s->scores, v, y, n, step, step, false, 1});
    }
}

/* One number of the result: sum of p v / sum of p, p = e^(scale q . k), in double. */
static double truth_at(const attention *a, size_t at)
{
    int channels = a->heads * a->size, c = (int)(at % (size_t)channels);
    int i = (int)(at / (size_t)channels), first = c / a->size * a->size;
    const float *q = a->q + (size_t)i * (size_t)channels + first;
    double sum = 0, all = 0;
    for (int j = 0; j < (a->causal ? i + 1 : a->keys); j++) {
        const float *k = a->k + (size_t)j * (size_t)channels + first;
        double score = 0;
        for (int d = 0; d < a->size; d++) score += (double)q[d] * (double)k[d];
        double p = exp(score / sqrt(a->size));
        sum += p * (double)a->v[(size_t)j * (size_t)channels + (size_t)c], all += p;
    }
    return sum / all;
}

static void one(table *t, int i, arena scratch)
{
    attention a = {.n = 1,
                   .heads = shapes[i].heads,
                   .size = shapes[i].size,
                   .queries = shapes[i].queries,
                   .keys = shapes[i].keys,
                   .causal = shapes[i].causal};
    size_t channels = (size_t)(a.heads * a.size), of_q = (size_t)a.queries * channels,
           of_k = (size_t)a.keys * channels;
    race c = {.work = 4.0 * (double)of_q * a.keys,
              .bytes = 8.0 * (double)(of_q + of_k),
              .target = shapes[i].target};
    snprintf(c.name, sizeof c.name, "%dx%d %dx%d%s", a.queries, a.keys, a.heads, a.size,
             a.causal ? " c" : "");
    float *x = data_floats(of_q + 2 * of_k, &scratch);
    a.q = x, a.k = x + of_q, a.v = x + of_q + of_k;
    a.y = arena_take(&scratch, of_q * sizeof *a.y);
    float *scores = arena_take(&scratch, (size_t)a.queries * (size_t)a.keys * sizeof *scores);
    data_truth truth;
    data_places(&truth, of_q);
    for (int k = 0; k < DATA_PLACES; k++) truth.value[k] = truth_at(&a, truth.at[k]);
    own ours = {a, scratch};
    runner r = {.name = "ours", .side = RACE_OURS, .run = run_own, .self = &ours};
    r.share = shapes[i].share;
    data_enter(&c, r, &truth, a.y);
    r.name = "ours bf16", r.isa = isa_bf16(), r.share = 0;
    if (r.isa) data_enter(&c, r, &truth, a.y);
    three_steps steps[PEERS];
    for (int k = 0; k < PEERS; k++) {
        steps[k] = (three_steps){&peers[k], &a, scores};
        r = (runner){.name = peers[k].name, .run = run_steps, .self = &steps[k]};
        if (!peers[k].multiply) r.run = NULL;
        data_enter(&c, r, &truth, a.y);
    }
    table_row(t, c);
}

void part_attention(table *t, arena scratch)
{
    t->file = "attention", t->unit = "GFLOP/s";
    t->title =
        "Attention: queries x keys, heads x size (c: causal), beside product, softmax, product";
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) one(t, (int)i, scratch);
    table_end(t, scratch);
}
