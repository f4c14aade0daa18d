/* The PNG kind of canvas. A path is first drawn into a mask, which says how much of each pixel it
 * covers, and the mask is painted in one colour: where a line crosses itself it is drawn once. */
#include "base/pi.h"
#include "draw/canvas.h"
#include "draw/text.h"
#include <string.h>

static void begin(canvas *c)
{
    double w = CANVAS_SCALE * c->w, h = CANVAS_SCALE * c->h;
    double need = h * (7 * w + 8) + TEXT_OUTLINE; /* 3 bytes of a pixel are picture, 4 are mask */
    if (c->w > IMAGE_SIDE || c->h > IMAGE_SIDE || need > (double)arena_left(*c->memory)) {
        c->wrong = error_make("cannot draw %g x %g pixels: at most %d a side, %zu bytes are left",
                              w, h, CANVAS_SCALE * IMAGE_SIDE, arena_left(*c->memory));
        return;
    }
    c->picture = image_new(c->memory, (int)c->w * CANVAS_SCALE, (int)c->h * CANVAS_SCALE, 3);
    size_t rows = (size_t)c->picture.h, row = (size_t)c->picture.w + 2;
    memset(c->picture.pixels, 255, rows * (size_t)c->picture.w * 3);
    c->mask = arena_take(c->memory, rows * row * sizeof *c->mask);
    memset(c->mask, 0, rows * row * sizeof *c->mask);
    c->x0 = c->picture.w, c->y0 = c->picture.h;
}

static float *mask_at(const canvas *c, int x, int y)
{
    return c->mask + (size_t)y * ((size_t)c->picture.w + 2) + x;
}

/* Remember that columns x0..x1 and row y of the mask are in use. */
static void touch(canvas *c, int x0, int x1, int y)
{
    if (x0 < c->x0) c->x0 = x0;
    if (x1 >= c->x1) c->x1 = x1 + 1;
    if (y < c->y0) c->y0 = y;
    if (y >= c->y1) c->y1 = y + 1;
}

static void blend(unsigned char *pixel, const unsigned char *ink, double part)
{
    for (int k = 0; k < 3; k++)
        pixel[k] = (unsigned char)lround(pixel[k] + part * ((double)ink[k] - pixel[k]));
}

/* Whether a pixel of the sheet may be drawn on. */
static bool visible(const canvas *c, int x, int y)
{
    double k = CANVAS_SCALE;
    canvas_box b = c->clip;
    return x >= 0 && y >= 0 && x < c->picture.w && y < c->picture.h && x >= round(k * b.x) &&
           y >= round(k * b.y) && x < round(k * (b.x + b.w)) && y < round(k * (b.y + b.h));
}

/* Lay the colour on the sheet where the mask and the clip say so, and wipe the mask. */
static void paint(canvas *c, colour ink)
{
    for (int y = c->y0; y < c->y1; y++)
        for (int x = c->x0; x < c->x1; x++) {
            double cover = (double)*mask_at(c, x, y);
            *mask_at(c, x, y) = 0;
            if (cover > 0 && visible(c, x, y))
                blend(image_at(c->picture, x, y), &ink.r, cover * ink.a / 255);
        }
    c->x0 = c->picture.w, c->y0 = c->picture.h, c->x1 = c->y1 = 0;
}

/* Integral of min(max(t, 0), 1): the area right of an edge that sweeps over a pixel. */
static double swept(double t)
{
    return t <= 0 ? 0 : t < 1 ? t * t / 2 : t - 0.5;
}

/* One row's piece of an edge, from column x to next, `height` of the row high (negative upward):
 * all pixels to its right are covered by so much more. The mask holds differences along the row. */
static void add_piece(canvas *c, int y, double x, double next, double height)
{
    double low = fmin(fmax(fmin(x, next), 0), c->picture.w);
    double high = fmin(fmax(fmax(x, next), 0), c->picture.w), before = 0;
    int first = (int)low, last = (int)high + 1;
    for (int i = first; i <= last; i++) {
        double part = fmin(fmax(i + 1 - low, 0), 1);
        if (high - low > 1e-9) part = (swept(i + 1 - low) - swept(i + 1 - high)) / (high - low);
        *mask_at(c, i, y) += (float)(height * (part - before));
        before = part;
    }
    touch(c, first, last, y);
}

static void add_edge(canvas *c, canvas_point p, canvas_point q)
{
    double sign = p.y < q.y ? 1 : -1;
    canvas_point top = sign > 0 ? p : q, end = sign > 0 ? q : p;
    double lean = (end.x - top.x) / (end.y - top.y);
    int last = (int)fmin(ceil(end.y), c->picture.h);
    for (int y = (int)fmax(floor(top.y), 0); y < last; y++) {
        double from = fmax(top.y, y), to = fmin(end.y, y + 1);
        add_piece(c, y, top.x + lean * (from - top.y), top.x + lean * (to - top.y),
                  sign * (to - from));
    }
}

static canvas_point scaled(canvas_point p)
{
    return (canvas_point){p.x * CANVAS_SCALE, p.y * CANVAS_SCALE};
}

/* How much of each pixel lies inside: exact for edges that do not cross within the pixel. */
static void fill(canvas *c, int n, const canvas_point *p)
{
    for (int i = 0, first = 0; i < n; i++) {
        if (canvas_is_gap(p[i])) {
            first = i + 1;
            continue;
        }
        bool last = i + 1 == n || canvas_is_gap(p[i + 1]);
        canvas_point from = scaled(p[i]), to = scaled(p[last ? first : i + 1]);
        if (from.y != to.y) add_edge(c, from, to);
    }
    for (int y = c->y0; y < c->y1; y++) {
        float sum = 0;
        for (int x = c->x0; x < c->x1; x++) {
            sum += *mask_at(c, x, y);
            *mask_at(c, x, y) = fminf(fabsf(sum), 1);
        }
    }
}

/* A straight piece of a line with round ends: a pixel is covered by how far it lies inside
 * `reach` of the piece, and by the most that any piece covers it. */
static void add_stroke(canvas *c, canvas_point p, canvas_point q, double reach)
{
    double dx = q.x - p.x, dy = q.y - p.y, square = dx * dx + dy * dy, most = reach + 0.5;
    double strength = fmin(2 * reach, 1); /* thinner than a pixel: paler */
    int last = (int)fmin(fmax(p.y, q.y) + most, c->picture.h - 1);
    for (int y = (int)fmax(fmin(p.y, q.y) - most, 0); y <= last; y++) {
        double s = 0, t = 1; /* the part of the piece that is near this row */
        if (fabs(dy) > 1e-9) {
            double a = (y + 0.5 - most - p.y) / dy, b = (y + 0.5 + most - p.y) / dy;
            s = fmin(fmax(fmin(a, b), 0), 1), t = fmin(fmax(fmax(a, b), 0), 1);
        }
        int x0 = (int)fmax(fmin(p.x + s * dx, p.x + t * dx) - most, 0);
        int x1 = (int)fmin(fmax(p.x + s * dx, p.x + t * dx) + most, c->picture.w - 1);
        for (int x = x0; x <= x1; x++) {
            double px = x + 0.5 - p.x, py = y + 0.5 - p.y;
            double along = square > 0 ? fmin(fmax((px * dx + py * dy) / square, 0), 1) : 0;
            double cover = most - hypot(px - along * dx, py - along * dy);
            float *mask = mask_at(c, x, y);
            *mask = fmaxf(*mask, (float)(strength * fmin(fmax(cover, 0), 1)));
        }
        if (x0 <= x1) touch(c, x0, x1, y);
    }
}

/* Where a pen stands in its pattern of dashes. */
typedef struct {
    const double *pattern; /* pairs of drawn and left out */
    double unit, left;     /* what 1 in the pattern means; what is left of the present part */
    int part;
} dasher;

static void stroke_piece(canvas *c, canvas_point p, canvas_point q, double reach, dasher *d)
{
    double length = hypot(q.x - p.x, q.y - p.y), done = 0;
    if (d->pattern[0] == 0 || length == 0) {
        add_stroke(c, p, q, reach);
        return;
    }
    while (done < length) {
        double end = fmin(done + d->left, length), a = done / length, b = end / length;
        canvas_point from = {p.x + a * (q.x - p.x), p.y + a * (q.y - p.y)};
        canvas_point to = {p.x + b * (q.x - p.x), p.y + b * (q.y - p.y)};
        if (d->part % 2 == 0) add_stroke(c, from, to, reach);
        d->left -= end - done;
        done = end;
        if (d->left > 1e-9) continue;
        if (d->pattern[++d->part] == 0) d->part = 0;
        d->left = d->pattern[d->part] * d->unit;
    }
}

static void stroke(canvas *c, int n, const canvas_point *p, bool closed, canvas_pen pen)
{
    double unit = pen.width * CANVAS_SCALE / 2;
    const double *pattern = canvas_dashes[pen.dash % CANVAS_DASHES];
    dasher d = {0};
    for (int i = 0, first = 0; i < n; i++) {
        if (canvas_is_gap(p[i])) {
            first = i + 1;
            continue;
        }
        if (i == first) d = (dasher){pattern, unit, pattern[0] * unit, 0};
        bool last = i + 1 == n || canvas_is_gap(p[i + 1]);
        if (last && !closed && i > first) continue;
        stroke_piece(c, scaled(p[i]), scaled(p[last ? first : i + 1]), unit, &d);
    }
}

static void path(canvas *c, int n, const canvas_point *p, bool closed, canvas_pen pen)
{
    if (pen.fill.a) fill(c, n, p), paint(c, pen.fill);
    if (pen.line.a) stroke(c, n, p, closed, pen), paint(c, pen.line);
}

static void text(canvas *c, const char *words, canvas_point at, canvas_font font)
{
    double turn = font.turn * PI / 180, across = cos(turn), up = sin(turn);
    double pen = -font.align * text_width(words, font.size);
    text_reader r = {.at = words};
    while (text_next(&r)) {
        arena scratch = *c->memory; /* path() takes nothing */
        canvas_point *p;
        int n = text_outline(r.letter, &scratch, &p);
        double size = font.size * r.scale, rise = font.size * r.rise;
        for (int i = 0; i < n; i++) {
            double x = pen + size * p[i].x, y = size * p[i].y - rise;
            p[i] = (canvas_point){at.x + across * x + up * y, at.y - up * x + across * y};
        }
        path(c, n, p, true, (canvas_pen){.fill = font.ink});
        pen += size * text_advance(r.letter);
    }
}

static void picture(canvas *c, image what, canvas_box where)
{
    int x0 = (int)lround(where.x * CANVAS_SCALE), y0 = (int)lround(where.y * CANVAS_SCALE);
    int w = (int)lround(where.w * CANVAS_SCALE), h = (int)lround(where.h * CANVAS_SCALE);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            if (!visible(c, x0 + x, y0 + y)) continue;
            const unsigned char *p =
                image_at(what, (int)((double)x * what.w / w), (int)((double)y * what.h / h));
            unsigned char grey[3] = {p[0], p[0], p[0]};
            blend(image_at(c->picture, x0 + x, y0 + y), what.c == 1 ? grey : p,
                  what.c == 4 ? p[3] / 255.0 : 1);
        }
}

static error save(canvas *c, const char *path)
{
    return image_save(path, c->picture, canvas_credit, *c->memory);
}

const canvas_kind canvas_png = {begin, path, text, picture, NULL, save};
