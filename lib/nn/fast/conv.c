/* conv.h for one instruction set: takes the way, and drives it. */
#include "nn/fast/conv.h"
#include "base/parallel.h"

/* Winograd pays where sums are long and panels are full. */
static conv_plan plan_for(const conv *c)
{
    bool winograd = c->sides <= CONV_DOUBLE && c->in >= 16 && c->out >= 16;
    return winograd ? FAST(conv_winograd)(c) : FAST(conv_direct)(c);
}

static size_t own_room(const conv_plan *p)
{
    size_t panels = p->own_turned + p->own_sums;
    return (panels > p->own_lay ? panels : p->own_lay) + 16;
}

size_t FAST(conv_room)(const conv *c)
{
    conv_plan p = plan_for(c);
    size_t floats = (size_t)p.strips * p.laid + (size_t)parallel_threads() * own_room(&p);
    return floats * sizeof(float) + 2 * 128; /* what an arena may want beside two blocks */
}

/* A block of weights: `count` channels of x from `from` on, one panel of y. */
static void turn(const conv_plan *p, int column, int from, int count, float *turned)
{
    _Alignas(64) float nine[LANES * CONV_TAPS * TILE_WIDTH];
    const conv *c = p->c;
    int outs = c->out - column < p->width ? c->out - column : p->width;
    for (int k = 0; k < count; k += LANES) {
        int some = count - k < LANES ? count - k : LANES;
        size_t at = ((size_t)column * (size_t)c->in + (size_t)(from + k)) * CONV_TAPS;
        panel_pack(c->weights, at, (size_t)c->in * CONV_TAPS, outs, some * CONV_TAPS, false, nine);
        p->turn(p, nine, some, turned + k * p->width);
    }
}

/* A narrow panel, for few channels of y; rows are filled up. */
__attribute__((noinline)) static void narrow(const float *a, const float *b, int depth, float *sum,
                                             bool add)
{
    tile_of(TILE_ROWS, 1, false, a, b, depth, sum, LANES, add);
}

static void products(const conv_plan *p, const float *laid, const float *turned, int rows,
                     int depth, float *sums, bool add)
{
    for (int q = 0; q < p->planes; q++) {
        const float *a = laid + p->at[q], *b = turned + (size_t)q * p->turned;
        float *sum = sums + (size_t)q * p->sums;
        bool more = add || (q > 0 && p->sums == 0);
        for (int row = 0; p->width == LANES && row < rows; row += TILE_ROWS)
            narrow(a + row * TILE_STRIDE, b, depth, sum + row * LANES, more);
        for (int t = 0; p->width == TILE_WIDTH && t < tile_count(rows); t++) {
            int row = tile_row(rows, t), high = tile_row(rows, t + 1) - row;
            tile[high](a + row * TILE_STRIDE, b, depth, sum + row * TILE_WIDTH, TILE_WIDTH, more);
        }
    }
}

/* Rows first .. next - 1 of a group, one panel of y. */
static void panel(const conv_plan *p, int group, int column, int first, int next, const float *laid,
                  float *own)
{
    float *turned = own, *sums = own + p->own_turned;
    laid += first * TILE_STRIDE;
    for (int s = 0; s < p->strips; s++)
        for (int k = 0; k < conv_depth(p, s); k += p->step) {
            int left = conv_depth(p, s) - k, count = left < p->step ? left : p->step;
            turn(p, column, s * p->depth + k, count, turned);
            products(p, laid + (size_t)s * p->laid + k, turned, next - first, count * p->deep, sums,
                     s + k > 0);
        }
    p->finish(p, group, column, first, next, sums);
}

void FAST(conv)(const conv *c, arena scratch)
{
    conv_plan p = plan_for(c);
    int threads = parallel_threads(), panels = conv_parts(c->out, p.width);
    int shares = conv_parts(threads, panels); /* of the rows, where there are few panels */
    size_t room = own_room(&p);
    float *laid = arena_take(&scratch, (size_t)p.strips * p.laid * sizeof *laid);
    float *own = arena_take(&scratch, (size_t)threads * room * sizeof *own);
    for (int g = 0; g < p.groups; g++) {
        int parts, rows = p.begin(&p, g, &parts);
        PARALLEL_FOR((double)parts * c->in > 1e3)
        for (int t = 0; t < threads; t++)
            for (int part = t; part < parts; part += threads)
                p.lay(&p, g, part, laid, own + (size_t)t * room);
        PARALLEL_FOR((double)rows * c->in * c->out > 1e4)
        for (int t = 0; t < threads; t++)
            for (int i = t; i < panels * shares; i += threads) {
                int share = i / panels, first = rows * share / shares,
                    next = rows * (share + 1) / shares;
                if (next > first)
                    panel(&p, g, i % panels * p.width, first, next, laid, own + (size_t)t * room);
            }
    }
}
