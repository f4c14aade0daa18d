#include "data.h"
#include "nn/isa.h"
#include "nn/linear.h"
#include "parts.h"
#include "peers.h"
#include <stdio.h>

/* Rows of x, columns of y, columns of x. In a UNet for 512 x 512 pixels the rows are 64 x 64 pixels
 * and fewer, 77 are the tokens of a text. */
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

/* The way that suits the library better at this shape. */
static void enter_other(race *c, const product *p, const peer *of, other both[2])
{
    both[0] = (other){of, {p->m, p->n, p->k, p->x, p->w, p->y, p->k, p->k, p->n, true, 1}};
    both[1] = (other){of, {p->m, p->n, p->k, p->x, p->w_turned, p->y, p->k, p->n, p->n, false, 1}};
    runner r = {.name = of->name};
    if (of->multiply) {
        runner ways[] = {{.run = run_other, .self = &both[0]},
                         {.run = run_other, .self = &both[1]}};
        r = race_faster(ways, 2), r.name = of->name;
    }
    data_enter(c, r, &p->truth, p->y);
}

/* The shares that are wanted: the loop in registers alone reaches 1.0 of the roof where there are
 * 32 of them, and up to 0.9 where there are 16; packing the weights, and more so widening them from
 * f16, may take a tenth. Few rows, or short sums, wait for the weights. */
static void enter_ours(race *c, const product *p, own both[2])
{
    bool wide = isa_here("avx512"), of_unet = p->m >= 64 && p->m != 77 && p->k > 40 && p->n > 40;
    runner r = {.name = "ours f32", .side = RACE_OURS, .run = run_own, .self = &both[0]};
    r.share = !of_unet ? 0 : wide ? 0.88 : 0.75;
    data_enter(c, r, &p->truth, p->y);
    r.name = "ours f16", r.self = &both[1], r.share = !of_unet ? 0 : wide ? 0.80 : 0.75;
    data_enter(c, r, &p->truth, p->y);
    r.name = "ours bf16", r.isa = isa_bf16(), r.share = 0;
    if (r.isa) data_enter(c, r, &p->truth, p->y);
}

static void one(table *t, int m, int n, int k, arena scratch)
{
    size_t mn = (size_t)m * (size_t)n, mk = (size_t)m * (size_t)k, nk = (size_t)n * (size_t)k;
    race c = {.work = 2.0 * (double)mn * k, .bytes = 4.0 * (double)(mn + mk + nk)};
    c.target = 0.95; /* level with the best library, give or take what one measurement differs by */
    data_weights w = data_halves(nk, &scratch);
    product p = {.m = m, .n = n, .k = k, .x = data_floats(mk, &scratch), .w = w.full.data};
    p.w_turned = turned(p.w, n, k, &scratch);
    p.y = arena_take(&scratch, mn * sizeof *p.y);
    find_truth(&p);
    snprintf(c.name, sizeof c.name, "%dx%dx%d", m, n, k);
    own ours[2] = {{{.rows = m, .in = k, .out = n, .x = p.x, .w = w.full, .y = p.y}, scratch}};
    ours[1] = ours[0], ours[1].what.w = w.half;
    enter_ours(&c, &p, ours);
    other others[PEERS][2];
    for (int i = 0; i < PEERS; i++) enter_other(&c, &p, &peers[i], others[i]);
    onednn_shape shape = {m, 1, 1, k, n, 1, 1, p.x, p.w};
    onednn_layer *inner = onednn_make(ONEDNN_INNER_PRODUCT, &shape),
                 *matmul = onednn_make(ONEDNN_MATMUL, &shape);
    const char *packed = "oneDNN packed";
    runner ways[] = {onednn_runner(packed, inner), onednn_runner(packed, matmul)};
    data_enter(&c, race_faster(ways, 2), &p.truth, p.y);
    table_row(t, c);
    onednn_free(inner), onednn_free(matmul);
}

void part_linear(table *t, arena scratch)
{
    t->file = "linear", t->unit = "GFLOP/s";
    t->title = "Linear layers, y[M,N] = x[M,K] W[N,K]^T: rows are M x N x K";
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        one(t, shapes[i].m, shapes[i].n, shapes[i].k, scratch);
    table_end(t, scratch);
}
