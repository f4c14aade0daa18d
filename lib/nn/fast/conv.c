/* conv.h for one instruction set: takes the way, and drives it. */
#include "nn/fast/conv.h"
#include <stdatomic.h>

/* Winograd pays where sums are long and panels are full. */
static conv_plan plan_for(const conv *c)
{
    bool winograd = !MATRIX && c->sides <= CONV_DOUBLE && c->in >= 16 && c->out >= 16;
    conv_plan p = winograd ? FAST(conv_winograd)(c) : FAST(conv_direct)(c);
    double bytes = (double)c->n * p.h * p.w * c->out * sizeof *c->y;
    p.far = sizeof(vec) == VEC_LINE * sizeof(float) && bytes >= CONV_FAR && c->out % LANES == 0 &&
            (uintptr_t)c->y % sizeof(vec) == 0;
    return p;
}

/* What one thread needs: for laying; then for weights, and for sums if they are of one strip. And a
 * line that no other thread has. */
static size_t own_room(const conv_plan *p)
{
    size_t panel = p->all_turned + (p->strips > 1 ? 0 : p->all_sums);
    return (panel > p->gathered ? panel : p->gathered) + VEC_LINE;
}

/* Sums that wait for the next strip: those of all panels. */
static size_t kept_room(const conv_plan *p)
{
    return p->strips > 1 ? (size_t)share_parts(p->c->out, p->width) * p->all_sums : 0;
}

/* Threads that work at a group together. */
static int team_of(const conv_plan *p)
{
    return p->alone ? 1 : parallel_threads();
}

/* What a team needs: for x, for sums that wait, and for each thread. */
static size_t team_room(const conv_plan *p)
{
    return p->laid + kept_room(p) + (size_t)team_of(p) * own_room(p);
}

size_t FAST(conv_room)(const conv *c)
{
    conv_plan p = plan_for(c);
    return (size_t)(parallel_threads() / team_of(&p)) * team_room(&p) * sizeof(float) + 128;
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

/* For few channels of y. */
/* clang-format off */
TILES(TILE, narrow_tile, 1, false)
static tile_fn *const narrow_tile[] = {NULL, TILES(TILE_NAME, narrow_tile)};
/* clang-format on */

static void products(const conv_plan *p, const float *laid, const float *turned, int rows,
                     int depth, float *sums, bool add, tile_ahead ahead)
{
    tile_fn *const *make = p->width == LANES ? narrow_tile : p->pairs ? tile_product : tile;
    for (int q = 0; q < p->planes; q++) {
        const float *a = laid + p->at[q], *b = turned + (size_t)q * p->turned;
        tile_more more = {.old = add || (q > 0 && p->sums == 0), .ahead = &ahead};
        for (int t = 0; t < tile_count(rows); t++) {
            int row = tile_row(rows, t), high = tile_row(rows, t + 1) - row;
            float *sum = sums + (size_t)q * p->sums + row * p->width;
            for (int i = 0; more.old && i < high * p->width; i += VEC_LINE)
                __builtin_prefetch(sum + i, 1);
            make[high](a + row * TILE_STRIDE, b, depth, sum, (size_t)p->width, &more);
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
        products(p, laid + first * TILE_STRIDE + k / (1 + p->pairs), turned, next - first,
                 tile_numbers(count, p->pairs) * p->deep, sums, s + k > 0, panel_ahead(ahead));
    }
    if (s == p->strips - 1) p->finish(p, group, column, first, next, sums);
}

/* One strip of a group: laid, then multiplied, by a team. */
static void strip(const conv_plan *p, int group, int s, float *laid)
{
    int threads = team_of(p), panels = share_parts(p->c->out, p->width);
    int shares = share_parts(threads, panels); /* of the rows, where there are few panels */
    int parts, rows = p->begin(p, group, s, &parts), tiles = tile_count(rows);
    float *kept = laid + p->laid, *all = kept + kept_room(p);
    atomic_int next_part = 0, next_panel = 0;
    PARALLEL_FOR((double)parts * p->c->in > 1e3)
    for (int t = 0; t < threads; t++)
        for (int part; (part = atomic_fetch_add(&next_part, 1)) < parts;)
            p->lay(p, group, s, part, laid, all + (size_t)t * own_room(p));
    PARALLEL_FOR((double)rows * p->c->in * p->c->out > 1e4)
    for (int t = 0; t < threads; t++) {
        tile_begin();
        for (int i; (i = atomic_fetch_add(&next_panel, 1)) < panels * shares;) {
            int at = i / shares, share = i % shares;
            int first = share_first(tiles, share, shares) * TILE_ROWS,
                next = share_least(share_first(tiles, share + 1, shares) * TILE_ROWS, rows);
            float *turned = all + (size_t)t * own_room(p);
            float *sums = p->strips > 1 ? kept + (size_t)at * p->all_sums : turned + p->all_turned;
            if (next > first)
                meet(p, group, s, at * p->width, (i + threads) / shares * p->width, first, next,
                     laid, turned, sums + first * p->width);
        }
        tile_end();
    }
}

static void work(const conv_plan *p, atomic_int *next, float *room)
{
    for (int g; (g = atomic_fetch_add(next, 1)) < p->groups;)
        for (int s = 0; s < p->strips; s++) strip(p, g, s, room);
}

void FAST(conv)(const conv *c, arena scratch)
{
    conv_plan p = plan_for(c);
    int teams = parallel_threads() / team_of(&p);
    float *all = arena_take(&scratch, (size_t)teams * team_room(&p) * sizeof *all);
    atomic_int next = 0;
    if (!p.alone) { /* within another loop OpenMP would make new threads for strip()'s */
        work(&p, &next, all);
        return;
    }
    PARALLEL_FOR(true)
    for (int t = 0; t < teams; t++) work(&p, &next, all + (size_t)t * team_room(&p));
}
