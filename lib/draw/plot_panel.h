/* Private to lib/draw: one plot on its way to the sheet. plot_data.c looks at the numbers,
 * plot_frame.c decides about the space, plot_series.c and plot_legend.c draw. */
#ifndef DRAW_PLOT_PANEL_H
#define DRAW_PLOT_PANEL_H
/** @cond for lib/draw only, not in the manual */
#include "draw/canvas.h"
#include "draw/plot_ticks.h"

/* The marks of one axis. */
typedef struct {
    int n;
    plot_tick tick[PLOT_TICKS];
    double width; /* of the widest label, in pixels */
} plot_marks;

/* Space around the area where data are drawn, in pixels. */
typedef struct {
    double left, right, top, bottom;
} plot_margins;

typedef struct {
    const plot *p;
    bool heat;                      /* has a heat map, so a colour bar too */
    plot_axis x, y, z;              /* with their ends */
    plot_box *element[PLOT_SERIES]; /* what each series spans, piece by piece, in data units */
    int elements[PLOT_SERIES];      /* how many pieces */
    canvas_point *points;           /* room to draw a series: 7 n + 2, or a heat map's cells */
    double title, label, small;     /* sizes of letters */
    canvas_box outer, area;         /* the panel on the sheet, and its data */
    plot_marks xs, ys, zs;
    bool turned;         /* words below the x axis lie aslant: there are too many */
    bool legend_outside; /* at the right, because it would hide something inside */
} plot_panel;

/* Across, of point i. */
static inline double plot_x(const plot_series *s, int i)
{
    return s->x ? s->x[i] : i;
}

/* In this order: the pieces of every series and the ends of the axes, if there is memory for them
 * and for drawing them; once `outer` and the sizes are set, the space needed around the data; the
 * area inside that space, and the marks of x. */
error plot_panel_of(const plot *p, arena *keep, plot_panel *panel);
plot_margins plot_panel_margins(plot_panel *panel);
void plot_panel_place(plot_panel *panel, plot_margins m);

/* Where data lie on the sheet; a gap when they cannot be drawn. */
canvas_point plot_panel_point(const plot_panel *panel, double x, double y);

/* The legend's size; and its place: the corner where it hides least, or right of the area. */
canvas_box plot_legend_size(const plot_panel *panel);
canvas_box plot_legend_place(const plot_panel *panel, int *hidden);

void plot_draw_grid(canvas *c, const plot_panel *panel);
void plot_draw_frame(canvas *c, const plot_panel *panel);
void plot_draw_series(canvas *c, const plot_panel *panel, int k);
void plot_draw_legend(canvas *c, const plot_panel *panel);
void plot_draw_sample(canvas *c, const plot_series *s, canvas_point middle);

/** @endcond */
#endif
