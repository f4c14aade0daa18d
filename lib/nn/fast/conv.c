/* conv.h for one instruction set: takes the way, and drives it. */
#include "nn/fast/conv.h"
#include "base/parallel.h"
#include <stdatomic.h>

/* Winograd pays where sums are long and panels are full. */
static conv_plan plan_for(const conv *c)
{
    bool winograd = !MATRIX && c->sides <= CONV_DOUBLE && c->in >= 16 && c->out >= 16;
    return winograd ? FAST(conv_winograd)(c) : FAST(conv_direct)(c);
}

/* What one thread needs: for laying; then for weights, and for sums if they are of one strip. */
static size_t own_room(const conv_plan *p)
{
    size_t panel = p->all_turned + (p->strips > 1 ? 0 : p->all_sums);
    return (panel > p->band ? panel : p->band) + VEC_LINE;
}

/* Sums that wait for the next strip: those of all panels. */
static size_t kept_room(const conv_plan *p)
{
    return p->strips > 1 ? (size_t)share_parts(p->c->out, p->width) * p->all_sums : 0;
}

size_t FAST(conv_room)(const conv *c)
{
    conv_plan p = plan_for(c);
    size_t floats = p.laid + kept_room(&p) + (size_t)parallel_threads() * own_room(&p);
    return floats * sizeof(float) + 3 * 128; /* what an arena may want beside three blocks */
}

/* `count` channels of x from k on, one panel of y. */
static panel_weights weights_of(const conv_plan *p, int column, int k, int count)
{
    size_t stride = (size_t)(p->c->in * CONV_TAPS);
    return (panel_weights){p->c->weights, (size_t)column * stride + (size_t)(k * CONV_TAPS), stride,
                           share_least(p->c->out - column, p->width), count * CONV_TAPS};
}

static void turn(const conv_plan *p, int column, int from, int count, float *turned)
{
    _Alignas(64) float nine[LANES * CONV_TAPS * TILE_WIDTH];
    for (int k = 0; k < count; k += LANES) {
        int some = share_least(count - k, LANES);
        panel_pack(weights_of(p, column, from + k, some), false, nine);
        p->turn(p, nine, some, turned + k / (1 + p->pairs) * p->width);
    }
    for (int q = 0; q < p->planes; q++)
        panel_fill(turned + (size_t)q * p->turned, count, p->width, p->pairs);
}

/* A narrow panel, for few channels of y; rows are filled up. */
__attribute__((noinline)) static void narrow(const float *a, const float *b, int depth, float *sum,
                                             const tile_more *more)
{
    tile_of(TILE_ROWS, 1, false, a, b, depth, sum, LANES, more);
}

static void products(const conv_plan *p, const float *laid, const float *turned, int rows,
                     int depth, float *sums, bool add, tile_ahead ahead)
{
    for (int q = 0; q < p->planes; q++) {
        const float *a = laid + p->at[q], *b = turned + (size_t)q * p->turned;
        float *sum = sums + (size_t)q * p->sums;
        tile_more more = {.old = add || (q > 0 && p->sums == 0), .ahead = &ahead};
        for (int row = 0; p->width == LANES && row < rows; row += TILE_ROWS)
            narrow(a + row * TILE_STRIDE, b, depth, sum + row * LANES, &more);
        for (int t = 0; p->width == TILE_WIDTH && t < tile_count(rows); t++) {
            int row = tile_row(rows, t), high = tile_row(rows, t + 1) - row;
            for (int i = 0; more.old && i < high * TILE_WIDTH; i += VEC_LINE)
                __builtin_prefetch(sum + row * TILE_WIDTH + i, 1);
            (p->pairs ? tile_product : tile)[high](a + row * TILE_STRIDE, b, depth,
                                                   sum + row * TILE_WIDTH, TILE_WIDTH, &more);
        }
    }
}

/* Rows first .. next - 1 of a group: one strip of x meets one panel of y, while the weights of the
 * chunk after are fetched; the last one's next are those of another panel. */
static void meet(const conv_plan *p, int group, int s, int column, int next_column, int first,
                 int next, const float *laid, float *turned, float *sums)
{
    int depth = conv_depth(p, s), from = s * p->depth;
    for (int k = 0; k < depth; k += p->chunk) {
        int count = share_least(depth - k, p->chunk), then = k + count < depth ? k + count : 0;
        panel_weights ahead = weights_of(p, then ? column : next_column, from + then,
                                         share_least(depth - then, p->chunk));
        turn(p, column, from + k, count, turned);
        products(p, laid + first * TILE_STRIDE + k, turned, next - first,
                 tile_numbers(count, p->pairs) * p->deep, sums, s + k > 0, panel_ahead(ahead));
    }
    if (s == p->strips - 1) p->finish(p, group, column, first, next, sums);
}

/* One strip of a group: laid, then multiplied, by all threads. */
static void strip(const conv_plan *p, int group, int s, float *laid, float *kept, float *own)
{
    int threads = parallel_threads(), panels = share_parts(p->c->out, p->width);
    int shares = share_parts(threads, panels); /* of the rows, where there are few panels */
    int parts, rows = p->begin(p, group, s, &parts), tiles = tile_count(rows);
    size_t room = own_room(p);
    atomic_int next_part = 0, next_panel = 0;
    PARALLEL_FOR((double)parts * p->c->in > 1e3)
    for (int t = 0; t < threads; t++)
        for (int part; (part = atomic_fetch_add(&next_part, 1)) < parts;)
            p->lay(p, group, s, part, laid, own + (size_t)t * room);
    PARALLEL_FOR((double)rows * p->c->in * p->c->out > 1e4)
    for (int t = 0; t < threads; t++) {
        tile_begin();
        for (int i; (i = atomic_fetch_add(&next_panel, 1)) < panels * shares;) {
            int at = i / shares, share = i % shares;
            int first = tiles * share / shares * TILE_ROWS,
                end = tiles * (share + 1) / shares * TILE_ROWS, next = end < rows ? end : rows;
            float *turned = own + (size_t)t * room;
            float *sums = p->strips > 1 ? kept + (size_t)at * p->all_sums : turned + p->all_turned;
            if (next > first)
                meet(p, group, s, at * p->width, (i + threads) / shares * p->width, first, next,
                     laid, turned, sums + first * p->width);
        }
        tile_end();
    }
}

void FAST(conv)(const conv *c, arena scratch)
{
    conv_plan p = plan_for(c);
    float *laid = arena_take(&scratch, p.laid * sizeof *laid);
    float *kept = arena_take(&scratch, kept_room(&p) * sizeof *kept);
    float *own = arena_take(&scratch, (size_t)parallel_threads() * own_room(&p) * sizeof *own);
    for (int g = 0; g < p.groups; g++)
        for (int s = 0; s < p.strips; s++) strip(&p, g, s, laid, kept, own);
}
