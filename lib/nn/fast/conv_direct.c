/* The direct way, for steps of 2 and for few channels: a product for each of the nine taps, whose
 * rows are the pixels themselves.
 *
 *     y[q] += x[q + tap] W[tap]        q a pixel of y, W[tap] [in][out]
 *
 * Pixels of x lie TILE_STRIDE apart, so the next tap is the same matrix a little further on, and no
 * patch is ever copied. Rows of pixels lie behind each other with their border: the few sums that
 * run over it are left alone. With steps of 2, even and odd rows and columns are kept apart, and
 * then neighbours of y are again TILE_STRIDE apart.
 *
 * With few channels such products would be too short. There each row is a patch, [9][in].
 */
#include "nn/fast/conv.h"

enum {
    /* Bytes that are near while all panels read them: what a thread lays for itself, with two rows
     * of border and a panel's sums; or what all lay together, with the gaps between pixels. */
    OWN_ROOM = 1 << 20,
    ROOM = MATRIX ? 2 << 20 : 8 << 20,
    WIDEST = 128, /* columns of y at a time */
    LEAST = 3,    /* rows of y that a thread makes at a time, though they have no room */
    PATCH = TILE_DEPTH / CONV_TAPS, /* channels up to which patches are laid */
};

typedef struct {
    int picture, first, rows, left, wide; /* of y */
} band;

/* Group g: a piece of a picture. */
static band band_of(const conv_plan *p, int group)
{
    int across = share_parts(p->w, WIDEST), down = p->groups / p->c->n / across;
    int i = group / across % down, j = group % across;
    int first = share_first(p->h, i, down), left = share_first(p->w, j, across);
    return (band){group / across / down, first, share_first(p->h, i + 1, down) - first, left,
                  share_first(p->w, j + 1, across) - left};
}

static int step_of(const conv *c)
{
    return c->sides >= CONV_HALVE ? 2 : 1;
}

static int border_of(const conv *c)
{
    return c->sides != CONV_HALVE_LATE;
}

/* Rows of y lie so many rows of the product apart. */
static int pitch(const conv_plan *p)
{
    int wide = share_parts(p->w, share_parts(p->w, WIDEST));
    return p->deep > 1 ? wide : wide + 2 / step_of(p->c);
}

static int begin(const conv_plan *p, int group, int strip, int *parts)
{
    (void)strip;
    band b = band_of(p, group);
    *parts = p->deep > 1 ? b.rows : step_of(p->c) * (b.rows - 1) + 3;
    return (b.rows - 1) * pitch(p) + b.wide;
}

/* One row of pixels. */
static void lay_pixels(const conv_plan *p, int group, int strip, int row, float *laid, float *own)
{
    (void)own;
    band b = band_of(p, group);
    int step = step_of(p->c), border = border_of(p->c);
    norming r = norming_begin(&p->c->before, b.picture * p->c->before.rows, NULL, p->c->in);
    laid += (size_t)(row / step * pitch(p)) * TILE_STRIDE;
    for (int j = 0; j < step * (b.wide - 1) + 3; j++)
        conv_pixel(p, &r, b.picture, step * b.first + row - border, step * b.left + j - border,
                   strip * p->depth, conv_depth(p, strip),
                   laid + p->at[row % step * 3 + j % step] + (size_t)(j / step) * TILE_STRIDE);
}

/* One row of patches. */
static void lay_patches(const conv_plan *p, int group, int strip, int row, float *laid, float *own)
{
    (void)strip, (void)own;
    band b = band_of(p, group);
    int step = step_of(p->c), border = border_of(p->c), in = p->c->in;
    norming r = norming_begin(&p->c->before, b.picture * p->c->before.rows, NULL, in);
    for (int j = 0; j < b.wide; j++)
        for (int tap = 0; tap < CONV_TAPS; tap++)
            conv_pixel(p, &r, b.picture, step * (b.first + row) + tap / 3 - border,
                       step * (b.left + j) + tap % 3 - border, 0, in,
                       laid + (size_t)(row * pitch(p) + j) * TILE_STRIDE + tap * in);
}

/* From [in][9] to [9][in]. */
static void turn(const conv_plan *p, const float *nine, int count, float *turned)
{
    const int next = CONV_TAPS * TILE_WIDTH; /* channel */
    for (int k = 0; k < count; k += 1 + p->pairs, turned += p->width)
        for (int tap = 0; tap < CONV_TAPS; tap++)
            for (int v = 0; v < p->width; v += LANES) {
                const float *from = nine + k * next + tap * TILE_WIDTH + v;
                vec one = vec_load(from);
                if (p->pairs)
                    one = vec_pairs(one, k + 1 < count ? vec_load(from + next) : (vec){0});
                vec_store(turned + (size_t)tap * p->turned + v, one);
            }
}

static void finish(const conv_plan *p, int group, int column, int first, int next,
                   const float *sums)
{
    band b = band_of(p, group);
    size_t row = (size_t)b.picture * (size_t)p->h + (size_t)b.first, left = (size_t)b.left;
    for (int v = 0; v < p->width && column + v < p->c->out; v += LANES) {
        vec constant = conv_constant(p->c, b.picture, column + v);
        for (int q = first; q < next; q++) {
            int i = q / pitch(p), j = q % pitch(p);
            if (j < b.wide)
                conv_store(p, (row + (size_t)i) * (size_t)p->w + left + (size_t)j, column + v,
                           vec_load(sums + (q - first) * p->width + v) + constant);
        }
    }
}

/* Where the rows of each tap begin; even and odd ones apart where the step is 2. */
static void place_taps(conv_plan *p, int step, int rows)
{
    size_t plane = (size_t)((rows + 2 / step) * pitch(p));
    for (int tap = 0; tap < CONV_TAPS; tap++) {
        int r = tap / 3, c = tap % 3;
        p->at[tap] = ((size_t)(r % step * step + c % step) * plane + (size_t)(r / step * pitch(p)) +
                      (size_t)(c / step)) *
                     TILE_STRIDE;
    }
    p->laid = ((size_t)(step * step) * plane + TILE_ROWS) * TILE_STRIDE; /* a tile may read on */
}

conv_plan FAST(conv_direct)(const conv *c)
{
    bool patches = c->in <= PATCH;
    int step = step_of(c);
    conv_plan p = {.c = c, .h = conv_side(c->sides, c->h), .w = conv_side(c->sides, c->w)};
    p.begin = begin, p.lay = patches ? lay_patches : lay_pixels, p.turn = turn, p.finish = finish;
    p.pairs = MATRIX && !patches;
    p.strips = share_parts(c->in, TILE_DEPTH * (1 + p.pairs));
    p.depth = share_whole(share_parts(c->in, p.strips), LANES);
    p.chunk = share_whole(share_parts(p.depth, 1 + (p.depth > TILE_DEPTH)), 2 * TILE_STEP);
    if (patches) p.chunk = p.depth = c->in;
    p.planes = patches ? 1 : CONV_TAPS;
    p.deep = patches ? CONV_TAPS : 1;
    p.width = c->out <= LANES && !p.pairs ? LANES : TILE_WIDTH;
    p.turned = (size_t)(tile_numbers(p.chunk, p.pairs) * p.width);
    p.all_turned = CONV_TAPS * p.turned;
    int row = pitch(&p) * (int)sizeof(float), x = (patches ? 1 : step * step) * row;
    int filled = x * tile_numbers(p.depth * p.deep, p.pairs);
    int own = (OWN_ROOM - 2 * filled) / (filled + row * p.width), all = ROOM / (x * TILE_STRIDE);
    int rows = conv_share(&p, c->n * share_parts(p.w, WIDEST), p.h, pitch(&p),
                          own > LEAST ? own : LEAST, all > 0 ? all : 1);
    p.rows = rows * pitch(&p);
    p.all_sums = (size_t)(p.rows * p.width);
    if (patches)
        p.laid = (size_t)p.rows * TILE_STRIDE;
    else
        place_taps(&p, step, rows);
    return p;
}
