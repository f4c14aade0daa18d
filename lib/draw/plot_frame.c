#include "base/pi.h"
#include "draw/plot_panel.h"
#include "draw/text.h"
#include <math.h>
#include <string.h>

enum { EDGE = 8, TICK = 5, GAP = 4, BAR = 14, SLANT = 40 };

/* Lines in the middle of a pixel are sharp. */
static double sharp(double v)
{
    return floor(v) + 0.5;
}

static void set_marks(plot_marks *m, plot_axis axis, int most, double size)
{
    m->n = plot_ticks(axis, most < 2 ? 2 : most, m->tick);
    m->width = 0;
    for (int i = 0; i < m->n; i++) m->width = fmax(m->width, text_width(m->tick[i].label, size));
}

plot_margins plot_panel_margins(plot_panel *panel)
{
    const plot *p = panel->p;
    double line = 1.5 * panel->label;
    plot_margins m = {EDGE, 2 * EDGE, EDGE + panel->small / 2, EDGE + TICK + 1.3 * panel->small};
    if (p->title) m.top = EDGE + 1.6 * panel->title;
    if (p->x.label) m.bottom += line;
    int most = (int)fmin((panel->outer.h - m.top - m.bottom) / (3.2 * panel->small), PLOT_TICKS);
    set_marks(&panel->ys, panel->y, most, panel->small);
    m.left += TICK + GAP + panel->ys.width + (p->y.label ? line : 0);
    if (panel->heat) {
        set_marks(&panel->zs, panel->z, most, panel->small);
        m.right += BAR + TICK + GAP + panel->zs.width + (p->z.label ? line : 0);
    }
    if (panel->legend_outside) m.right += plot_legend_size(panel).w + EDGE;
    if (!p->x.names) return m;
    set_marks(&panel->xs, panel->x, 2, panel->small);
    double slot = (panel->outer.w - m.left - m.right) / (panel->x.high - panel->x.low);
    panel->turned = panel->xs.width + EDGE > slot;
    if (!panel->turned) return m;
    m.bottom += sin(SLANT * PI / 180) * panel->xs.width;
    double reach = cos(SLANT * PI / 180) * text_width(p->x.names[0], panel->small);
    m.left = fmax(m.left, EDGE + reach - slot / 2);
    return m;
}

/* Where the label of a mark on the x axis begins: below the mark, but never off the sheet. */
static double label_left(const plot_panel *panel, const plot_tick *t)
{
    double width = text_width(t->label, panel->small), sheet = panel->outer.x + panel->outer.w;
    double left = plot_panel_point(panel, t->at, panel->y.low).x - width / 2;
    return fmax(fmin(left, sheet - width - 2), panel->outer.x + 2);
}

static bool labels_touch(const plot_panel *panel)
{
    double end = -1e9;
    for (int i = 0; i < panel->xs.n; i++) {
        const plot_tick *t = &panel->xs.tick[i];
        if (!t->label[0]) continue;
        double left = label_left(panel, t);
        if (left < end + panel->small * 0.7) return true;
        end = left + text_width(t->label, panel->small);
    }
    return false;
}

void plot_panel_place(plot_panel *panel, plot_margins m)
{
    canvas_box o = panel->outer;
    panel->area = (canvas_box){sharp(o.x + m.left), sharp(o.y + m.top),
                               fmax(floor(o.w - m.left - m.right), EDGE),
                               fmax(floor(o.h - m.top - m.bottom), EDGE)};
    if (panel->p->equal) { /* one unit of x as long as one of y: shrink around the middle */
        canvas_box a = panel->area;
        double x = panel->x.high - panel->x.low, y = panel->y.high - panel->y.low;
        double w = fmin(a.w / x, a.h / y) * x, h = fmin(a.w / x, a.h / y) * y;
        panel->area = (canvas_box){sharp(a.x + (a.w - w) / 2), sharp(a.y + (a.h - h) / 2), w, h};
    }
    int most = (int)fmin(panel->area.w / (5 * panel->small) + 1, PLOT_TICKS);
    for (; most > 0; most--) {
        set_marks(&panel->xs, panel->x, most, panel->small);
        if (panel->turned || !labels_touch(panel)) break;
    }
}

canvas_point plot_panel_point(const plot_panel *panel, double x, double y)
{
    const double far = 1e5; /* what lies far outside stays in its direction, about */
    canvas_box a = panel->area;
    double px = plot_position(panel->x, x), py = plot_position(panel->y, y);
    if (isnan(px) || isnan(py)) return CANVAS_GAP;
    return (canvas_point){fmax(fmin(a.x + px * a.w, far), -far),
                          fmax(fmin(a.y + (1 - py) * a.h, far), -far)};
}

void plot_draw_grid(canvas *c, const plot_panel *panel)
{
    canvas_box a = panel->area;
    canvas_pen pen = {.line = colour_grid, .width = 1};
    for (int i = 0; i < panel->xs.n && !panel->p->x.names; i++) {
        double x = sharp(plot_panel_point(panel, panel->xs.tick[i].at, panel->y.low).x);
        if (panel->xs.tick[i].label[0])
            canvas_line(c, (canvas_point){x, a.y}, (canvas_point){x, a.y + a.h}, pen);
    }
    for (int i = 0; i < panel->ys.n && !panel->p->y.names; i++) {
        double y = sharp(plot_panel_point(panel, panel->x.low, panel->ys.tick[i].at).y);
        if (panel->ys.tick[i].label[0])
            canvas_line(c, (canvas_point){a.x, y}, (canvas_point){a.x + a.w, y}, pen);
    }
}

/* A title or a label with its middle at a place, made smaller and moved until it is not cut. */
static void write_label(canvas *c, const plot_panel *panel, const char *words, canvas_point at,
                        canvas_font font)
{
    canvas_box o = panel->outer;
    bool upright = font.turn != 0;
    double begin = upright ? o.y : o.x, room = (upright ? o.h : o.w) - EDGE;
    double width = text_width(words, font.size), *middle = upright ? &at.y : &at.x;
    if (width > room) font.size *= room / width, width = room;
    *middle = fmax(fmin(*middle, begin + EDGE / 2 + room - width / 2), begin + (EDGE + width) / 2);
    canvas_text(c, words, at, font);
}

static void draw_x_axis(canvas *c, const plot_panel *panel)
{
    canvas_box a = panel->area;
    canvas_pen pen = {.line = colour_ink, .width = 1};
    double bottom = sharp(a.y + a.h), line = bottom + TICK + 1.1 * panel->small;
    canvas_line(c, (canvas_point){a.x, bottom}, (canvas_point){sharp(a.x + a.w), bottom}, pen);
    for (int i = 0; i < panel->xs.n; i++) {
        const plot_tick *t = &panel->xs.tick[i];
        double x = sharp(plot_panel_point(panel, t->at, panel->y.low).x);
        double end = bottom + (t->label[0] ? TICK : TICK / 2);
        canvas_line(c, (canvas_point){x, bottom}, (canvas_point){x, end}, pen);
        canvas_font font = {.size = panel->small, .ink = colour_ink};
        canvas_point at = {label_left(panel, t), line};
        if (panel->turned) font.turn = SLANT, font.align = 1, at.x = x + GAP;
        canvas_text(c, t->label, at, font);
    }
    canvas_point middle = {a.x + a.w / 2, panel->outer.y + panel->outer.h - EDGE};
    if (panel->p->equal && !panel->turned) middle.y = line + 1.5 * panel->label;
    write_label(c, panel, panel->p->x.label, middle,
                (canvas_font){panel->label, colour_ink, 0.5, 0});
}

/* The y axis at the left, or the colour bar's at the right. */
static void draw_upright_axis(canvas *c, const plot_panel *panel, bool bar)
{
    canvas_box a = panel->area;
    plot_axis axis = bar ? panel->z : panel->y;
    const plot_marks *m = bar ? &panel->zs : &panel->ys;
    double x = bar ? a.x + a.w + EDGE + BAR : a.x, way = bar ? 1 : -1;
    canvas_pen pen = {.line = colour_ink, .width = 1};
    if (!bar) canvas_line(c, (canvas_point){x, a.y}, (canvas_point){x, sharp(a.y + a.h)}, pen);
    for (int i = 0; i < m->n; i++) {
        const plot_tick *t = &m->tick[i];
        double y = sharp(a.y + (1 - plot_position(axis, t->at)) * a.h);
        double end = x + way * (t->label[0] ? TICK : TICK / 2);
        canvas_line(c, (canvas_point){x, y}, (canvas_point){end, y}, pen);
        canvas_text(c, t->label, (canvas_point){x + way * (TICK + GAP), y + 0.36 * panel->small},
                    (canvas_font){panel->small, colour_ink, bar ? 0 : 1, 0});
    }
    double label = x + way * (TICK + GAP + m->width + 0.5 * panel->label);
    if (bar) label += 0.8 * panel->label;
    write_label(c, panel, axis.label, (canvas_point){label, a.y + a.h / 2},
                (canvas_font){panel->label, colour_ink, 0.5, 90});
}

static void draw_colour_bar(canvas *c, const plot_panel *panel)
{
    enum { SHADES = 256 };
    canvas_box a = panel->area;
    unsigned char pixels[SHADES * 3];
    image bar = {pixels, 1, SHADES, 3};
    for (int i = 0; i < SHADES; i++) {
        colour shade = colour_map(1 - i / (SHADES - 1.0));
        memcpy(image_at(bar, 0, i), &shade, 3);
    }
    canvas_picture(c, bar, (canvas_box){a.x + a.w + EDGE, a.y, BAR, a.h});
    draw_upright_axis(c, panel, true);
}

void plot_draw_frame(canvas *c, const plot_panel *panel)
{
    canvas_box a = panel->area;
    if (panel->heat) draw_colour_bar(c, panel);
    draw_x_axis(c, panel);
    draw_upright_axis(c, panel, false);
    write_label(c, panel, panel->p->title, (canvas_point){a.x + a.w / 2, a.y - 0.75 * panel->title},
                (canvas_font){panel->title, colour_ink, 0.5, 0});
}
