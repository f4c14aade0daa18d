#include "base/parallel.h"
#include "data.h"
#include "nn/isa.h"
#include "nn/linear.h"
#include "parts.h"
#include "peers.h"
#include <math.h>
#include <stdio.h>

/* Rows of x, columns of y, columns of x. In a UNet for 512 x 512 pixels the rows are 64 x 64 pixels and
 * fewer, 77 are the tokens of a text. */
static const struct {
    int m, n, k;
} shapes[] = {
    {4096, 320, 2880},  {1024, 640, 5760}, {256, 1280, 11520},
    {64, 1280, 11520}, /* 3x3 as products */
    {4096, 320, 320},   {4096, 2560, 320}, {4096, 320, 1280},
    {1024, 640, 640},   {1024, 5120, 640}, {256, 1280, 1280},
    {256, 10240, 1280}, {64, 1280, 1280},  {128, 1280, 1280},
    {2, 1280, 1280},    {77, 768, 768},    {77, 3072, 768},
    {77, 768, 3072},    {4096, 4096, 40},  {4096, 40, 4096}, /* the last two: attention, one head */
};

/* One of ours. */
typedef struct {
    linear what;
    arena scratch;
} own;

static void run_own(void *self)
{
    own *o = self;
    linear_apply(o->what, o->scratch);
}

/* One of a library's: the weights as PyTorch has them, or turned. */
typedef struct {
    const peer *of;
    gemm what;
} other;

static void run_other(void *self)
{
    other *o = self;
    o->of->multiply(&o->what);
}

static float *turned(const float *w, int n, int k, arena *keep)
{
    float *t = arena_take(keep, (size_t)n * (size_t)k * sizeof *t);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < k; j++) t[j * n + i] = w[(size_t)i * (size_t)k + (size_t)j];
    return t;
}

/* The arrays of a row of the table. */
typedef struct {
    int m, n, k;
    const float *x, *w, *w_turned;
    float *y;
    data_truth truth;
} product;

static void find_truth(product *p)
{
    data_places(&p->truth, (size_t)p->m * (size_t)p->n);
    for (int i = 0; i < DATA_PLACES; i++) {
        const float *x = p->x + p->truth.at[i] / (size_t)p->n * (size_t)p->k,
                    *w = p->w + p->truth.at[i] % (size_t)p->n * (size_t)p->k;
        double sum = 0;
        for (int k = 0; k < p->k; k++) sum += (double)x[k] * (double)w[k];
        p->truth.value[i] = sum;
    }
}

static void add(race *c, const product *p, runner r, const char *name, bool ours)
{
    r.name = name, r.ours = ours, r.error = NAN;
    if (r.run) {
        if (r.isa) isa_choose(r.isa);
        r.run(r.self);
        if (r.isa) isa_choose(NULL);
        if (r.run == onednn_run) onednn_result(r.self, p->y);
        r.error = data_error(&p->truth, p->y);
    }
    c->r[c->n++] = r;
}

static void add_other(race *c, const product *p, const peer *of, other both[2])
{
    both[0] = (other){of, {p->m, p->n, p->k, p->x, p->w, p->y, p->k, p->k, p->n, true}};
    both[1] = (other){of, {p->m, p->n, p->k, p->x, p->w_turned, p->y, p->k, p->n, p->n, false}};
    runner ways[] = {{.run = run_other, .self = &both[0]}, {.run = run_other, .self = &both[1]}};
    add(c, p, of->multiply ? race_faster(ways, 2) : (runner){.run = NULL}, of->name, false);
}

static void one(table *t, int m, int n, int k, arena scratch)
{
    size_t mn = (size_t)m * (size_t)n, mk = (size_t)m * (size_t)k, nk = (size_t)n * (size_t)k;
    race c = {.work = 2.0 * (double)mn * k, .bytes = 4.0 * (double)(mn + mk + nk), .target = 0.95};
    data_weights w = data_halves(nk, &scratch);
    product p = {m, n, k, data_floats(mk, &scratch), w.full.data, NULL, NULL, {{0}, {0}}};
    p.w_turned = turned(p.w, n, k, &scratch);
    p.y = arena_take(&scratch, mn * sizeof *p.y);
    find_truth(&p);
    snprintf(c.name, sizeof c.name, "%dx%dx%d", m, n, k);
    linear what = {.rows = m, .in = k, .out = n, .x = p.x, .w = w.full, .y = p.y};
    own full = {what, scratch}, half = full;
    half.what.w = w.half;
    add(&c, &p, (runner){.run = run_own, .self = &full}, "ours f32", true);
    add(&c, &p, (runner){.run = run_own, .self = &half}, "ours f16", true);
    if (isa_here("avx512_bf16"))
        add(&c, &p, (runner){.run = run_own, .self = &half, .isa = "avx512_bf16"}, "ours bf16",
            true);
    other others[PEERS][2];
    for (int i = 0; i < PEERS; i++) add_other(&c, &p, &peers[i], others[i]);
    onednn_shape shape = {m, 1, 1, k, n, 1, 1, p.x, p.w};
    onednn_layer *layers[] = {onednn_make(ONEDNN_INNER_PRODUCT, &shape),
                              onednn_make(ONEDNN_MATMUL, &shape)};
    runner ways[] = {{.run = layers[0] ? onednn_run : NULL, .self = layers[0]},
                     {.run = layers[1] ? onednn_run : NULL, .self = layers[1]}};
    add(&c, &p, race_faster(ways, 2), "oneDNN packed", false);
    table_row(t, c);
    onednn_free(layers[0]), onednn_free(layers[1]);
}

void part_linear(table *t, arena scratch)
{
    t->file = "linear", t->unit = "GFLOP/s", t->share = t->m->best->lanes == 16 ? 0.88 : 0.75;
    t->title = "Linear layers, y[M,N] = x[M,K] W[N,K]^T: rows are M x N x K";
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        one(t, shapes[i].m, shapes[i].n, shapes[i].k, scratch);
    table_end(t, scratch);
}
