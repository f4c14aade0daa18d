#include "draw/plot_panel.h"
#include "draw/text.h"
#include <math.h>
#include <string.h>

/* Shapes of markers in a square from -1 to 1; the first is a dot, which a path of one point is. */
enum { CORNERS = 5 };
static const struct {
    int n;
    bool closed;
    canvas_point corner[CORNERS];
} markers[] = {{1, false, {{0, 0}}},
               {4, true, {{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}}},
               {3, true, {{0, -1.15}, {1.1, 0.8}, {-1.1, 0.8}}},
               {4, true, {{0, -1.25}, {1.25, 0}, {0, 1.25}, {-1.25, 0}}},
               {3, true, {{0, 1.15}, {-1.1, -0.8}, {1.1, -0.8}}},
               {5, false, {{-0.9, -0.9}, {0.9, 0.9}, {0, 0}, {-0.9, 0.9}, {0.9, -0.9}}}};
enum { SHAPES = sizeof markers / sizeof *markers };

/* All markers of a series in one path, so that where they overlap the colour stays the same. */
static void draw_markers(canvas *c, const plot_series *s, int n, const canvas_point *at,
                         double size, canvas_point *p)
{
    int shape = s->marker % SHAPES, m = 0;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < markers[shape].n; k++) {
            canvas_point q = markers[shape].corner[k];
            p[m++] = (canvas_point){at[i].x + size / 2 * q.x, at[i].y + size / 2 * q.y};
        }
        p[m++] = CANVAS_GAP;
    }
    canvas_pen pen = {.line = s->ink, .width = shape == 0 ? size : size / 4};
    if (markers[shape].closed) pen = (canvas_pen){.fill = s->ink};
    canvas_path(c, m, p, markers[shape].closed, pen);
}

static void draw_line(canvas *c, const plot_panel *panel, int k)
{
    const plot_series *s = &panel->p->series[k];
    int n = panel->elements[k];
    canvas_point *p = panel->points;
    for (int i = 0; i < n; i++)
        p[i] = plot_panel_point(panel, panel->element[k][i].x0, panel->element[k][i].y0);
    bool line = s->kind == PLOT_LINE;
    if (line && s->dash >= 0)
        canvas_path(c, n, p, false, (canvas_pen){{0}, s->ink, s->width, s->dash});
    double size = line ? 3.2 * sqrt(s->width / 2) + 3 : s->width;
    if (s->marker >= 0) draw_markers(c, s, n, p, size, p + n);
}

/* A pale surface and its outline. Bars darken in steps, so that they differ on grey paper too. */
static canvas_pen surface(const plot_series *s)
{
    static const double steps[] = {0.95, 0.55, 0.25};
    bool bars = s->kind == PLOT_BARS, band = s->kind == PLOT_BAND;
    double opacity = bars ? steps[s->dash > 0 ? s->dash % 3 : 0] : band ? 0.25 : 0.3;
    return (canvas_pen){colour_faded(s->ink, opacity), band ? (colour){0} : s->ink, 1, 0};
}

static void draw_band(canvas *c, const plot_panel *panel, int k)
{
    int n = panel->elements[k];
    const plot_box *e = panel->element[k];
    canvas_point *p = panel->points;
    for (int i = 0, m = 0; i < n; i++) { /* a piece between gaps: out along the low side ... */
        canvas_point low = plot_panel_point(panel, e[i].x0, e[i].y0);
        canvas_point high = plot_panel_point(panel, e[i].x1, e[i].y1);
        bool good = isfinite(low.x + low.y) && isfinite(high.x + high.y);
        if (good) p[m] = low, p[2 * n - m] = high, m++;
        if (good && i + 1 < n) continue;
        memmove(p + m, p + 2 * n - m + 1, (size_t)m * sizeof *p); /* ... and back along the other */
        canvas_path(c, 2 * m, p, true, surface(&panel->p->series[k]));
        m = 0;
    }
}

/* Bars one by one; of a histogram the skyline, so that no lines stand between its bins. */
static void draw_columns(canvas *c, const plot_panel *panel, int k)
{
    bool bars = panel->p->series[k].kind == PLOT_BARS;
    int n = panel->elements[k], m = 0;
    double base = panel->y.log ? panel->y.low : 0;
    canvas_point *p = panel->points;
    for (int i = 0; i < n; i++) {
        plot_box e = panel->element[k][i];
        canvas_point foot = plot_panel_point(panel, e.x0, base);
        canvas_point head = plot_panel_point(panel, e.x1, bars ? e.y1 : fmax(e.y1, base));
        if (bars && (!isfinite(foot.x + foot.y + head.x + head.y) || foot.y == head.y)) continue;
        if (bars || i == 0) p[m++] = foot;
        p[m++] = (canvas_point){foot.x, head.y}, p[m++] = head;
        if (bars || i == n - 1) p[m++] = (canvas_point){head.x, foot.y};
        if (bars) p[m++] = CANVAS_GAP;
    }
    canvas_path(c, m, p, true, surface(&panel->p->series[k]));
}

static void draw_heat(canvas *c, const plot_panel *panel, int k)
{
    const plot_series *s = &panel->p->series[k];
    canvas_point a = plot_panel_point(panel, s->box.x0, s->box.y1);
    canvas_point b = plot_panel_point(panel, s->box.x1, s->box.y0);
    int rows = s->n / s->columns;
    image cells = {(void *)panel->points, s->columns, rows, 4};
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < s->columns; x++) {
            double v = s->v[(size_t)(rows - 1 - y) * (size_t)s->columns + (size_t)x];
            if (panel->z.log && v <= 0) v = panel->z.low; /* nothing at all: the lowest colour */
            colour shade = colour_map(plot_position(panel->z, v));
            memcpy(image_at(cells, x, y), &shade, 4);
        }
    if (isfinite(a.x + a.y + b.x + b.y))
        canvas_picture(c, cells, (canvas_box){a.x, a.y, b.x - a.x, b.y - a.y});
}

/* Shafts in one path, heads in another; a head is never longer than half its arrow. */
static void draw_arrows(canvas *c, const plot_panel *panel, int k)
{
    const plot_series *s = &panel->p->series[k];
    int n = panel->elements[k], shafts = 0, heads = 0;
    canvas_point *shaft = panel->points, *head = shaft + 3 * (size_t)n;
    for (int i = 0; i < n; i++) {
        plot_box e = panel->element[k][i];
        canvas_point a = plot_panel_point(panel, e.x0, e.y0),
                     b = plot_panel_point(panel, e.x1, e.y1);
        double length = hypot(b.x - a.x, b.y - a.y);
        if (!(length > 0.1)) continue;
        double size = fmin(4.5 * sqrt(s->width), length / 2);
        double x = size * (b.x - a.x) / length, y = size * (b.y - a.y) / length;
        canvas_point neck = {b.x - x, b.y - y};
        shaft[shafts++] = a, shaft[shafts++] = neck, shaft[shafts++] = CANVAS_GAP;
        head[heads++] = b;
        head[heads++] = (canvas_point){neck.x - 0.4 * y, neck.y + 0.4 * x};
        head[heads++] = (canvas_point){neck.x + 0.4 * y, neck.y - 0.4 * x};
        head[heads++] = CANVAS_GAP;
    }
    canvas_path(c, shafts, shaft, false, (canvas_pen){.line = s->ink, .width = s->width});
    canvas_path(c, heads, head, true, (canvas_pen){.fill = s->ink});
}

/* A guide line and its name, or words alone: on a patch of paper, moved to where nothing is cut. */
static void draw_note(canvas *c, const plot_panel *panel, int k)
{
    const plot_series *s = &panel->p->series[k];
    canvas_box a = panel->area;
    bool upright = s->kind == PLOT_VERTICAL, level = s->kind == PLOT_HORIZONTAL;
    canvas_point at = plot_panel_point(panel, level ? panel->x.low : s->box.x0,
                                       upright ? panel->y.low : s->box.y0);
    canvas_point end = {level ? a.x + a.w : at.x, upright ? a.y : at.y};
    if (upright || level) canvas_line(c, at, end, (canvas_pen){{0}, s->ink, s->width, s->dash});
    double size = panel->small, w = text_width(s->name, size), near = 5;
    bool left = level || (upright && end.x + w + near > a.x + a.w);
    canvas_point words = {end.x + (left ? -w - near : upright ? near : 0), end.y - near};
    if (!level) words.y = end.y + (upright ? 1.2 : 0.36) * size;
    if (!s->name || !isfinite(words.x + words.y)) return;
    words.x = fmax(fmin(words.x, a.x + a.w - w - 4), a.x + 4);
    words.y = fmax(fmin(words.y, a.y + a.h - size / 2), a.y + 1.2 * size);
    canvas_rectangle(c, (canvas_box){words.x - 2, words.y - size, w + 4, 1.3 * size},
                     (canvas_pen){.fill = colour_faded(colour_paper, 0.8)});
    canvas_text(c, s->name, words, (canvas_font){size, s->ink, 0, 0});
}

void plot_draw_series(canvas *c, const plot_panel *panel, int k)
{
    static void (*const draw[])(canvas *, const plot_panel *, int) = {
        [PLOT_LINE] = draw_line,      [PLOT_POINTS] = draw_line,       [PLOT_BARS] = draw_columns,
        [PLOT_BAND] = draw_band,      [PLOT_HISTOGRAM] = draw_columns, [PLOT_HEAT] = draw_heat,
        [PLOT_ARROWS] = draw_arrows,  [PLOT_TEXT] = draw_note,         [PLOT_VERTICAL] = draw_note,
        [PLOT_HORIZONTAL] = draw_note};
    draw[panel->p->series[k].kind](c, panel, k);
}

void plot_draw_sample(canvas *c, const plot_series *s, canvas_point at)
{
    canvas_point ends[] = {{at.x - 13, at.y}, {at.x + 13, at.y}}, room[CORNERS + 1];
    if (s->kind != PLOT_LINE && s->kind != PLOT_POINTS) {
        canvas_rectangle(c, (canvas_box){at.x - 11, at.y - 4.5, 22, 9}, surface(s));
        return;
    }
    bool line = s->kind == PLOT_LINE;
    if (line && s->dash >= 0)
        canvas_line(c, ends[0], ends[1], (canvas_pen){{0}, s->ink, s->width, s->dash});
    if (s->marker >= 0) draw_markers(c, s, 1, &at, line ? 6.2 : fmax(s->width, 5), room);
}
