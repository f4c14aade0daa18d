#include "base/parallel.h"
#include "data.h"
#include "nn/norm.h"
#include "parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Pictures, pixels of a side, channels: the UNet's, then from one picture on the VAE's. */
static const struct {
    int n, side, channels;
} shapes[] = {
    {2, 64, 320},  {2, 64, 640},  {2, 64, 960},  {2, 32, 640},  {2, 32, 1280},
    {2, 16, 1280}, {2, 16, 2560}, {2, 8, 1280},  {1, 64, 512},  {1, 128, 512},
    {1, 256, 512}, {1, 256, 256}, {1, 512, 256}, {1, 512, 128},
};

/* 128 MiB, more than a cache has: what is read and copied beside the norms */
enum { FLOATS = 1 << 25 };

/* A norm may take half as long again as memcpy of as many bytes: it computes, too. */
static const double WANTED = 1 / 1.5;

/* The same arrays for all runners of a row. */
typedef struct {
    norm_groups groups;
    int rows;
    float *y;
    const loops *l;
    float *from, *to; /* [FLOATS] */
    arena scratch;
} task;

static void sums(void *self)
{
    task *k = self;
    arena keep = k->scratch;
    norm_group(k->groups, &keep);
}

static void group_norm(void *self)
{
    task *k = self;
    arena keep = k->scratch;
    norm n = norm_group(k->groups, &keep);
    norm_apply(n, k->groups.x, k->rows, k->groups.channels, k->y);
}

static void layer_norm(void *self)
{
    task *k = self;
    norm n = {.scale = k->groups.weight, .shift = k->groups.bias, .epsilon = k->groups.epsilon};
    norm_apply(n, k->groups.x, k->rows, k->groups.channels, k->y);
}

static void shared(const task *k, bool copy)
{
    int threads = parallel_threads();
    size_t piece = FLOATS / (size_t)threads;
    volatile float kept = 0;
    PARALLEL_FOR(threads > 1)
    for (int t = 0; t < threads; t++) {
        size_t first = (size_t)t * piece;
        if (copy)
            memcpy(k->to + first, k->from + first, piece * sizeof *k->to);
        else if (k->l->read(k->from + first, piece) > 1e30f)
            kept = 1;
    }
    (void)kept;
}

static void read_only(void *self)
{
    shared(self, false);
}

static void copy(void *self)
{
    shared(self, true);
}

/* One number of group norm and SiLU, in double. */
static double truth_at(const norm_groups *g, size_t at)
{
    int k = (int)(at % (size_t)g->channels), each = g->channels / g->groups,
        first = k / each * each;
    int picture = (int)(at / (size_t)g->channels) / g->rows;
    const float *x = g->x + (size_t)picture * (size_t)g->rows * (size_t)g->channels;
    double mean = 0, square = 0, count = (double)g->rows * each;
    for (int i = 0; i < g->rows; i++)
        for (int c = first; c < first + each; c++) {
            double v = (double)x[(size_t)i * (size_t)g->channels + (size_t)c];
            mean += v / count, square += v * v / count;
        }
    double size = 1 / sqrt(square - mean * mean + (double)g->epsilon);
    double y = ((double)g->x[at] - mean) * size * (double)g->weight[k] + (double)g->bias[k];
    return y / (1 + exp(-y));
}

static void one(table *t, int n, int side, int channels, task k, arena scratch)
{
    size_t count = (size_t)(n * side * side) * (size_t)channels;
    race c = {.work = 4.0 * (double)count};
    snprintf(c.name, sizeof c.name, "%dx%dx%d %d", n, side, side, channels);
    k.rows = n * side * side;
    k.groups = (norm_groups){.pictures = n,
                             .rows = side * side,
                             .channels = channels,
                             .groups = 32,
                             .epsilon = 1e-5f,
                             .silu = true};
    k.groups.x = data_floats(count, &scratch);
    k.groups.weight = data_floats((size_t)channels, &scratch);
    k.groups.bias = data_floats((size_t)channels, &scratch);
    k.y = arena_take(&scratch, count * sizeof *k.y);
    k.scratch = scratch;
    data_truth truth;
    data_places(&truth, count);
    for (int i = 0; i < DATA_PLACES; i++) truth.value[i] = truth_at(&k.groups, truth.at[i]);
    data_enter(&c,
               (runner){.name = "group norm",
                        .side = RACE_OURS,
                        .run = group_norm,
                        .self = &k,
                        .work = 3 * c.work,
                        .share = WANTED},
               &truth, k.y);
    runner rest[] = {
        {.name = "its sums", .run = sums, .share = WANTED},
        {.name = "layer norm", .run = layer_norm, .work = 2 * c.work},
        {.name = "reading", .run = read_only, .work = 4.0 * FLOATS},
        {.name = "memcpy", .run = copy, .work = 8.0 * FLOATS},
    };
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        rest[i].side = i < 2 ? RACE_OURS : RACE_ASIDE, rest[i].self = &k,
        rest[i].error = (double)NAN;
        c.r[c.n++] = rest[i];
    }
    table_row(t, c);
}

void part_norm(table *t, arena scratch)
{
    t->file = "norm", t->unit = "GB/s";
    t->title =
        "Norms: pictures x pixels, channels; bytes read and written; the roof is memcpy of memory";
    task k = {.l = t->m->best};
    k.from = arena_take(&scratch, FLOATS * sizeof *k.from);
    k.to = arena_take(&scratch, FLOATS * sizeof *k.to);
    memset(k.from, 0, FLOATS * sizeof *k.from);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        one(t, shapes[i].n, shapes[i].side, shapes[i].channels, k, scratch);
    table_end(t, scratch);
}
