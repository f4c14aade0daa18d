#include "draw/plot_panel.h"
#include <math.h>
#include <string.h>

static bool usable(double v, bool log)
{
    return fabs(v) <= 1e300 && (!log || v > 0);
}

/* Bars of several series stand side by side in four fifths of the space between two neighbours. */
static plot_box bar_element(const plot *p, const plot_series *s, int i)
{
    double gap = s->n > 1 ? fabs(plot_x(s, 1) - plot_x(s, 0)) : 1, before = 0, series = 0;
    for (const plot_series *t = p->series; t < p->series + p->count; t++)
        if (t->kind == PLOT_BARS) before += t < s, series++;
    double width = 0.8 * gap / series, left = plot_x(s, i) + width * (before - series / 2);
    return (plot_box){left, 0, left + width, s->y[i]};
}

static plot_box element_of(const plot *p, const plot_series *s, int i)
{
    if (s->kind == PLOT_BARS) return bar_element(p, s, i);
    if (!s->y) return s->box;
    double x = plot_x(s, i), y = s->y[i];
    if (s->kind == PLOT_BAND) return (plot_box){x, y, x, s->v[i]};
    if (s->kind == PLOT_ARROWS) return (plot_box){x, y, x + s->u[i], y + s->v[i]};
    return (plot_box){x, y, x, y};
}

/* Bins of equal width; heights such that all their areas make 1. */
static void fill_bins(const plot_series *s, plot_box *bin)
{
    double low = (double)INFINITY, high = -low, inside = 0;
    for (int i = 0; i < s->n; i++)
        if (usable(s->x[i], false)) low = fmin(low, s->x[i]), high = fmax(high, s->x[i]), inside++;
    if (inside == 0) low = 0, high = 1;
    if (!(high - low > fmax(1e-12 * fabs(high), 1e-300)))
        low -= fabs(low) < 1e-300 ? 0.5 : fabs(low) / 2, high = 2 * high - low;
    double width = (high - low) / s->columns;
    for (int k = 0; k < s->columns; k++)
        bin[k] = (plot_box){low + k * width, 0, low + (k + 1) * width, 0};
    for (int i = 0; i < s->n; i++) {
        if (!usable(s->x[i], false)) continue;
        int k = (int)((s->x[i] - low) / width);
        bin[k < s->columns ? k : s->columns - 1].y1 += 1 / (inside * width);
    }
}

/* Memory for all pieces, and for the points by which the largest series is drawn. */
static error make_room(plot_panel *panel, arena *keep)
{
    enum { POINTS = 7 }; /* of an arrow; markers have as many */
    size_t pieces = 0, points = 0;
    for (int k = 0; k < panel->p->count; k++) {
        const plot_series *s = &panel->p->series[k];
        bool heat = s->kind == PLOT_HEAT, bins = s->kind == PLOT_HISTOGRAM;
        size_t n = (size_t)(bins ? s->columns : heat || s->kind >= PLOT_TEXT ? 1 : s->n);
        size_t draw = heat ? (size_t)s->n / 4 + 1 : POINTS * n + 2; /* a cell is 4 bytes */
        panel->elements[k] = (int)n;
        pieces += n;
        if (draw > points) points = draw;
    }
    size_t need = pieces * sizeof(plot_box) + points * sizeof(canvas_point) + 512;
    if (need > arena_left(*keep))
        return error_make("a plot of %zu pieces needs %zu bytes, %zu are left", pieces, need,
                          arena_left(*keep));
    panel->element[0] = arena_take(keep, pieces * sizeof(plot_box));
    panel->points = arena_take(keep, points * sizeof(canvas_point));
    for (int k = 1; k < panel->p->count; k++)
        panel->element[k] = panel->element[k - 1] + panel->elements[k - 1];
    return NULL;
}

static void widen(plot_axis *axis, double v)
{
    if (!usable(v, axis->log)) return;
    axis->low = fmin(axis->low, v);
    axis->high = fmax(axis->high, v);
}

/* The ends a caller gave, or those of the data with some room around them. A single value, or
 * values that differ by rounding only, get room on both sides. */
static plot_axis finish(plot_axis given, plot_axis found, double room, bool stand_on_0)
{
    if (given.low < given.high && (!given.log || given.low > 0)) return given;
    if (!(found.low <= found.high)) found.low = given.log, found.high = given.log ? 10 : 1;
    double low = given.log ? log10(found.low) : found.low;
    double high = given.log ? log10(found.high) : found.high;
    double largest = fmax(fabs(low), fabs(high));
    double least = given.log ? 1e-6 : 1e-9 * largest + 1e-300;
    double more = room * (high - low);
    if (high - low < least) more = given.log ? 0.5 : largest > 1e-300 ? largest / 2 : 1;
    if (!(stand_on_0 && high == 0) || high == low) high += more;
    if (!(stand_on_0 && low == 0)) low -= more;
    given.low = given.log ? pow(10, fmax(low, -300)) : low;
    given.high = given.log ? pow(10, fmin(high, 300)) : high;
    for (int i = 0; given.names && given.names[i]; i++) given.low = -0.5, given.high = i + 0.5;
    return given;
}

/* Find the pieces of a series, and widen the axes so that they are within. */
static void add_series(plot_panel *panel, int k)
{
    const plot_series *s = &panel->p->series[k];
    plot_box *e = panel->element[k];
    bool bins = s->kind == PLOT_HISTOGRAM;
    if (bins) fill_bins(s, e);
    for (int i = 0; i < panel->elements[k]; i++, e++) {
        if (!bins) *e = element_of(panel->p, s, i);
        bool drawn = usable(e->x0, panel->x.log) && usable(e->y1, panel->y.log);
        if (s->kind != PLOT_HORIZONTAL && drawn) widen(&panel->x, e->x0), widen(&panel->x, e->x1);
        if (s->kind != PLOT_VERTICAL && drawn) widen(&panel->y, e->y0), widen(&panel->y, e->y1);
    }
    panel->heat = panel->heat || s->kind == PLOT_HEAT;
    for (int i = 0; s->kind == PLOT_HEAT && i < s->n; i++) widen(&panel->z, s->v[i]);
}

error plot_panel_of(const plot *p, arena *keep, plot_panel *panel)
{
    *panel = (plot_panel){.p = p, .x = p->x, .y = p->y, .z = p->z};
    bool bars = false;
    error wrong = make_room(panel, keep);
    if (wrong) return wrong;
    panel->x.low = panel->y.low = panel->z.low = (double)INFINITY;
    panel->x.high = panel->y.high = panel->z.high = -(double)INFINITY;
    for (int k = 0; k < p->count; k++) {
        add_series(panel, k);
        bars = bars || p->series[k].kind == PLOT_BARS || p->series[k].kind == PLOT_HISTOGRAM;
    }
    double room = panel->heat ? 0 : 0.04;
    panel->x = finish(p->x, panel->x, room, false);
    panel->y = finish(p->y, panel->y, room, bars);
    panel->z = finish(p->z, panel->z, 0, false);
    return NULL;
}
