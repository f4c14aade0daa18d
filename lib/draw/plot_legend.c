#include "draw/plot_panel.h"
#include "draw/text.h"
#include <math.h>

enum { PAD = 7, SAMPLE = 34 };
static const double ROW = 1.55; /* in sizes of its letters */

static bool listed(const plot_series *s)
{
    return s->name && s->kind < PLOT_HEAT;
}

canvas_box plot_legend_size(const plot_panel *panel)
{
    canvas_box size = {0};
    for (int k = 0; k < panel->p->count; k++) {
        const plot_series *s = &panel->p->series[k];
        if (!listed(s)) continue;
        size.w = fmax(size.w, text_width(s->name, panel->small) + SAMPLE + 2 * PAD);
        size.h += ROW * panel->small;
    }
    if (size.h > 0) size.h += PAD;
    return size;
}

static bool overlap(canvas_box b, canvas_point p, canvas_point q)
{
    return fmin(p.x, q.x) < b.x + b.w && fmax(p.x, q.x) > b.x && fmin(p.y, q.y) < b.y + b.h &&
           fmax(p.y, q.y) > b.y;
}

/* How many pieces of a series lie under a box. Of a line also what is between its points. */
static int hidden_by(const plot_panel *panel, int k, canvas_box b)
{
    enum { BETWEEN = 16 };
    const plot_series *s = &panel->p->series[k];
    bool upright = s->kind == PLOT_VERTICAL, level = s->kind == PLOT_HORIZONTAL;
    canvas_point before = CANVAS_GAP;
    int hidden = 0;
    for (int i = 0; i < panel->elements[k]; i++) {
        plot_box e = panel->element[k][i];
        if (level) e.x0 = panel->x.low, e.x1 = panel->x.high;
        if (upright) e.y0 = panel->y.low, e.y1 = panel->y.high;
        if (panel->y.log && s->kind == PLOT_BARS) e.y0 = panel->y.low;
        canvas_point p = plot_panel_point(panel, e.x0, e.y0),
                     q = plot_panel_point(panel, e.x1, e.y1);
        if (s->kind == PLOT_TEXT) q.x += text_width(s->name, panel->small);
        hidden += overlap(b, p, q);
        for (int j = 1; s->kind == PLOT_LINE && isfinite(before.x) && j < BETWEEN; j++) {
            double t = (double)j / BETWEEN;
            canvas_point m = {before.x + t * (p.x - before.x), before.y + t * (p.y - before.y)};
            hidden += overlap(b, m, m);
        }
        before = p;
    }
    return hidden;
}

canvas_box plot_legend_place(const plot_panel *panel, int *hidden)
{
    canvas_box a = panel->area, b = plot_legend_size(panel), best = b;
    *hidden = 0;
    double left = a.x + PAD, right = a.x + a.w - b.w - PAD;
    double top = a.y + PAD, bottom = a.y + a.h - b.h - PAD;
    if (panel->legend_outside)
        return (canvas_box){panel->outer.x + panel->outer.w - b.w - PAD, top, b.w, b.h};
    for (int i = 0; i < 4; i++) {
        canvas_box corner = {i % 2 ? left : right, i < 2 ? top : bottom, b.w, b.h};
        canvas_box wide = {corner.x - PAD, corner.y - PAD, b.w + 2 * PAD, b.h + 2 * PAD};
        int sum = 0;
        for (int k = 0; k < panel->p->count; k++)
            if (panel->p->series[k].kind != PLOT_HEAT) sum += hidden_by(panel, k, wide);
        if (i == 0 || sum < *hidden) best = corner, *hidden = sum;
    }
    return best;
}

void plot_draw_legend(canvas *c, const plot_panel *panel)
{
    int hidden;
    canvas_box b = plot_legend_place(panel, &hidden);
    if (b.h == 0) return;
    if (!panel->legend_outside)
        canvas_rectangle(c, b, (canvas_pen){colour_faded(colour_paper, 0.88), colour_grid, 1, 0});
    double y = b.y + PAD / 2.0 + ROW * panel->small / 2;
    for (int k = 0; k < panel->p->count; k++) {
        const plot_series *s = &panel->p->series[k];
        if (!listed(s)) continue;
        plot_draw_sample(c, s, (canvas_point){b.x + PAD + 13, y});
        canvas_text(c, s->name, (canvas_point){b.x + PAD + SAMPLE, y + 0.36 * panel->small},
                    (canvas_font){panel->small, colour_ink, 0, 0});
        y += ROW * panel->small;
    }
}
