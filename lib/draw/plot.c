#include "draw/plot.h"
#include "draw/plot_panel.h"
#include <limits.h>
#include <math.h>

enum { MARKED = 30 }; /* lines with so many points or fewer have markers */

/* Series that show the same thing in another way do not use up a colour. */
static bool takes_colour(const plot_series *s)
{
    return s->kind < PLOT_BAND || s->kind == PLOT_HISTOGRAM || (s->kind == PLOT_BAND && s->name);
}

/* What is not chosen in s yet: the next colour, dash pattern and marker, and the usual width. */
static plot_series *add(plot *p, plot_series s)
{
    PROMISE(p->count < PLOT_SERIES,
            "plot: more than PLOT_SERIES series; put gaps into one instead");
    PROMISE(s.n >= 0, "plot: a negative number of points");
    int style = 0;
    for (int k = 0; k < p->count; k++) style += takes_colour(&p->series[k]);
    if (s.kind == PLOT_BAND && !s.name && style > 0) style--;
    if (!s.ink.a) s.ink = colour_series(style);
    if (!s.dash) s.dash = style % CANVAS_DASHES;
    s.marker = s.kind == PLOT_LINE && s.n > MARKED ? PLOT_NO_MARKERS : style % CANVAS_DASHES;
    if (s.width == 0) s.width = s.kind != PLOT_POINTS ? 2 : s.n > 300 ? 3 : 6;
    p->series[p->count] = s;
    return &p->series[p->count++];
}

plot_series *plot_line(plot *p, const char *name, int n, const double *x, const double *y)
{
    return add(p, (plot_series){.kind = PLOT_LINE, .name = name, .n = n, .x = x, .y = y});
}

plot_series *plot_points(plot *p, const char *name, int n, const double *x, const double *y)
{
    return add(p, (plot_series){.kind = PLOT_POINTS, .name = name, .n = n, .x = x, .y = y});
}

plot_series *plot_bars(plot *p, const char *name, int n, const double *x, const double *y)
{
    return add(p, (plot_series){.kind = PLOT_BARS, .name = name, .n = n, .x = x, .y = y});
}

plot_series *plot_band(plot *p, const char *name, int n, const double *x, const double *low,
                       const double *high)
{
    plot_series s = {.kind = PLOT_BAND, .name = name, .n = n, .x = x, .y = low, .v = high};
    return add(p, s);
}

plot_series *plot_histogram(plot *p, const char *name, int n, const double *values, int bins)
{
    if (bins <= 0) bins = (int)fmin(fmax(2 * cbrt(n), 1), 100);
    plot_series s = {.kind = PLOT_HISTOGRAM, .name = name, .n = n, .x = values, .columns = bins};
    return add(p, s);
}

plot_series *plot_heat(plot *p, int rows, int columns, const double *values, plot_box box)
{
    PROMISE(rows > 0 && columns > 0 && rows <= INT_MAX / columns,
            "plot_heat: no cells, or too many");
    PROMISE(box.x0 < box.x1 && box.y0 < box.y1, "plot_heat: the box has no inside");
    plot_series s = {.kind = PLOT_HEAT, .n = rows * columns, .columns = columns, .v = values};
    s.box = box;
    return add(p, s);
}

plot_series *plot_arrows(plot *p, int n, const double *x, const double *y, const double *dx,
                         const double *dy)
{
    plot_series s = {.kind = PLOT_ARROWS, .n = n, .x = x, .y = y, .u = dx, .v = dy};
    s.ink = colour_ink, s.width = 1.4;
    return add(p, s);
}

static plot_series *add_note(plot *p, plot_kind kind, const char *words, plot_box box, colour ink)
{
    plot_series s = {.kind = kind, .name = words, .box = box, .ink = ink, .width = 1.2, .dash = 1};
    return add(p, s);
}

plot_series *plot_text(plot *p, double x, double y, const char *text)
{
    return add_note(p, PLOT_TEXT, text, (plot_box){x, y, x, y}, colour_ink);
}

plot_series *plot_vertical(plot *p, double x, const char *name)
{
    return add_note(p, PLOT_VERTICAL, name, (plot_box){x, 1, x, 1}, colour_guide);
}

plot_series *plot_horizontal(plot *p, double y, const char *name)
{
    return add_note(p, PLOT_HORIZONTAL, name, (plot_box){1, y, 1, y}, colour_guide);
}

static void draw(canvas *c, const plot_panel *panel)
{
    canvas_box a = panel->area;
    for (int k = 0; k < panel->p->count; k++)
        if (panel->p->series[k].kind == PLOT_HEAT) plot_draw_series(c, panel, k);
    if (!panel->heat) plot_draw_grid(c, panel);
    canvas_clip(c, (canvas_box){a.x, a.y - 1, a.w + 1, a.h + 2});
    for (int k = 0; k < panel->p->count; k++)
        if (panel->p->series[k].kind != PLOT_HEAT) plot_draw_series(c, panel, k);
    canvas_clip(c, canvas_whole(c));
    plot_draw_frame(c, panel);
    plot_draw_legend(c, panel);
}

/* A legend that would hide data inside a single plot moves out of it. */
static plot_margins make_room_for_legend(plot_panel *panel, plot_margins m)
{
    int hidden;
    plot_panel_place(panel, m);
    plot_legend_place(panel, &hidden);
    panel->legend_outside = hidden > 0 && plot_legend_size(panel).w < panel->outer.w / 2;
    return panel->legend_outside ? plot_panel_margins(panel) : m;
}

error plot_save(const plot *p, const char *path, arena scratch)
{
    return plot_save_grid(p, 1, 1, path, scratch);
}

error plot_save_grid(const plot *p, int rows, int columns, const char *path, arena scratch)
{
    PROMISE(rows > 0 && columns > 0, "plot_save_grid: no panels");
    int n = rows * columns;
    bool one = n == 1;
    double w = one ? 640 : 320, h = one ? 420 : 250;
    plot_margins m = {0};
    size_t bytes = (size_t)n * sizeof(plot_panel);
    if (bytes > arena_left(scratch)) return error_make("no memory for a figure of %d plots", n);
    plot_panel *panel = arena_take(&scratch, bytes);
    for (int i = 0; i < n; i++) {
        if (p[i].width > 0) w = i ? fmax(w, p[i].width) : p[i].width;
        if (p[i].height > 0) h = i ? fmax(h, p[i].height) : p[i].height;
    }
    for (int i = 0; i < n; i++) {
        error wrong = plot_panel_of(&p[i], &scratch, &panel[i]);
        if (wrong) return wrong;
        panel[i].outer = (canvas_box){w * (i % columns), h * (i / columns), w, h};
        panel[i].title = one ? 14 : 12.5, panel[i].label = one ? 12.5 : 11.5;
        panel[i].small = one ? 11 : 10;
        plot_margins own = plot_panel_margins(&panel[i]);
        m.left = fmax(m.left, own.left), m.right = fmax(m.right, own.right);
        m.top = fmax(m.top, own.top), m.bottom = fmax(m.bottom, own.bottom);
    }
    if (one) m = make_room_for_legend(panel, m);
    canvas c = canvas_make(path, w * columns, h * rows, &scratch);
    for (int i = 0; i < n; i++) {
        if (!p[i].count && !p[i].title && !p[i].x.label && !one) continue;
        plot_panel_place(&panel[i], m);
        draw(&c, &panel[i]);
    }
    return canvas_save(&c, path);
}
