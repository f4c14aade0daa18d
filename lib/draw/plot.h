/** @file plot.h
 *  Figures for a page or a paper, written as PNG or SVG by the ending of the file's name.
 *
 *      plot p = {.title = "Noise at each step",
 *                .x = {.label = "sampling step"},
 *                .y = {.label = "σ_t", .log = true}};
 *      plot_line(&p, "scaled_linear", 15, NULL, sigma);     // NULL: x is 0, 1, 2, ...
 *      plot_line(&p, "karras", 15, NULL, other);
 *      error wrong = plot_save(&p, "out/sigma.png", scratch);
 *
 *  A plot is a value that starts as {0} and keeps pointers only: the caller's numbers and names
 *  live until it is saved. Numbers that are not finite (beyond 1e300, or not above 0 on a log axis)
 *  are gaps. Every series takes the next colour, dash pattern and marker; each plot_ function that
 *  adds one returns it, so that `plot_line(...)->width = 3` changes what is drawn. A series with a
 *  NULL name stays out of the legend.
 *
 *  Text is UTF-8 with sub- and superscripts: x_0, σ_{max}, 10^{-3}, e^2. A bare _ counts only after
 *  a single letter, so that names like scaled_linear stay as they are; \_ and \^ are plain signs.
 */
#ifndef DRAW_PLOT_H
#define DRAW_PLOT_H
#include "base/arena.h"
#include "base/error.h"
#include "draw/colour.h"
#include <stdbool.h>

enum {
    PLOT_SERIES = 40,     /**< at most so many in one plot */
    PLOT_NO_MARKERS = -1, /**< plot_series.marker: none */
    PLOT_NO_LINE = -1     /**< plot_series.dash: none */
};

/** One axis: x, y, or z for the colours of a heat map. */
typedef struct {
    const char *label;        /**< beside the axis; NULL: none */
    bool log;                 /**< equal ratios are equally long */
    double low, high;         /**< its ends; without low < high the data decide */
    const char *const *names; /**< words for 0, 1, 2, ... in place of numbers; NULL ends them */
} plot_axis;

/** What a series looks like. */
typedef enum {
    PLOT_LINE,      /**< plot_line() */
    PLOT_POINTS,    /**< plot_points() */
    PLOT_BARS,      /**< plot_bars() */
    PLOT_BAND,      /**< plot_band() */
    PLOT_HISTOGRAM, /**< plot_histogram() */
    PLOT_HEAT,      /**< plot_heat() */
    PLOT_ARROWS,    /**< plot_arrows() */
    PLOT_TEXT,      /**< plot_text() */
    PLOT_VERTICAL,  /**< plot_vertical() */
    PLOT_HORIZONTAL /**< plot_horizontal() */
} plot_kind;

/** Two corners in data coordinates. */
typedef struct {
    double x0, y0, x1, y1; /**< left, low, right, high; x0 < x1 and y0 < y1 */
} plot_box;

/** One thing in a plot. The fields from `ink` on are for the caller to change. */
typedef struct {
    plot_kind kind;   /**< what it looks like */
    const char *name; /**< in the legend, or the words of a text; NULL: none */
    int n;            /**< how many numbers in each list */
    int columns;      /**< cells in a row of a heat map, bins of a histogram */
    const double *x;  /**< across; NULL: 0, 1, 2, ... */
    const double *y;  /**< up */
    const double *u;  /**< arrows: how far across */
    const double *v;  /**< arrows: how far up; bands: the top; heat maps: the values */
    plot_box box;     /**< of a heat map; x0, y0 of a text or a guide line */
    colour ink;       /**< from the palette unless changed */
    double width;     /**< of lines, or the diameter of points, in pixels */
    int dash;         /**< pattern, 0 (solid) to 5, or PLOT_NO_LINE */
    int marker;       /**< shape, 0 to 5, or PLOT_NO_MARKERS */
} plot_series;

/** A figure, or one panel of a grid. */
typedef struct {
    const char *title;    /**< NULL: none */
    plot_axis x, y, z;    /**< across, up, the colours of a heat map */
    double width, height; /**< in pixels of a page; 0: 640 and 420, in a grid 320 and 250 */
    bool equal;           /**< one unit of x is as long as one of y: for maps and fields */
    int count;            /**< series so far */
    plot_series series[PLOT_SERIES]; /**< in the order they are drawn */
} plot;

/** Add a line through points; up to 30 points are also marked.
 *  @param p    the plot
 *  @param name for the legend, or NULL
 *  @param n    points; 0 is allowed
 *  @param x    [n], or NULL for 0, 1, 2, ...
 *  @param y    [n]
 *  @return the series, to be changed if need be */
plot_series *plot_line(plot *p, const char *name, int n, const double *x, const double *y);

/** Add points without a line. Parameters as plot_line().
 *  @param p    the plot
 *  @param name for the legend, or NULL
 *  @param n    points
 *  @param x    [n], or NULL for 0, 1, 2, ...
 *  @param y    [n]
 *  @return the series */
plot_series *plot_points(plot *p, const char *name, int n, const double *x, const double *y);

/** Add bars from 0 to y; several series stand side by side. Words below them: p->x.names.
 *  @param p    the plot
 *  @param name for the legend, or NULL
 *  @param n    bars
 *  @param x    [n] middles, evenly spaced, or NULL for 0, 1, 2, ...
 *  @param y    [n] heights
 *  @return the series */
plot_series *plot_bars(plot *p, const char *name, int n, const double *x, const double *y);

/** Add a band between two curves, for errors. Without a name it takes the colour of the series
 *  added before it.
 *  @param p    the plot
 *  @param name for the legend, or NULL
 *  @param n    points
 *  @param x    [n], or NULL for 0, 1, 2, ...
 *  @param low  [n]
 *  @param high [n]
 *  @return the series */
plot_series *plot_band(plot *p, const char *name, int n, const double *x, const double *low,
                       const double *high);

/** Add a histogram, scaled to area 1 so that a density can be laid over it.
 *  @param p      the plot
 *  @param name   for the legend, or NULL
 *  @param n      values
 *  @param values [n]; those that are not finite are left out
 *  @param bins   equally wide from the smallest to the largest; 0: twice the cube root of n
 *  @return the series */
plot_series *plot_histogram(plot *p, const char *name, int n, const double *values, int bins);

/** Add a heat map with a colour bar; its scale is p->z. One to a plot.
 *  @param p       the plot
 *  @param rows    cells upward
 *  @param columns cells across
 *  @param values  [rows, columns], row 0 at the bottom; not finite: left empty
 *  @param box     the outer edges; cells are equally wide on the axis as it is drawn
 *  @return the series */
plot_series *plot_heat(plot *p, int rows, int columns, const double *values, plot_box box);

/** Add arrows from (x, y) to (x + dx, y + dy), all in data units.
 *  @param p  the plot
 *  @param n  arrows
 *  @param x  [n] tails
 *  @param y  [n] tails
 *  @param dx [n] lengths
 *  @param dy [n] lengths
 *  @return the series */
plot_series *plot_arrows(plot *p, int n, const double *x, const double *y, const double *dx,
                         const double *dy);

/** Write words into the plot, beginning at a point.
 *  @param p    the plot
 *  @param x    left end
 *  @param y    middle of the line
 *  @param text the words
 *  @return the series */
plot_series *plot_text(plot *p, double x, double y, const char *text);

/** Add a thin upright guide line through the whole plot.
 *  @param p    the plot
 *  @param x    where
 *  @param name written beside it, or NULL
 *  @return the series */
plot_series *plot_vertical(plot *p, double x, const char *name);

/** Add a thin level guide line through the whole plot.
 *  @param p    the plot
 *  @param y    where
 *  @param name written above it, or NULL
 *  @return the series */
plot_series *plot_horizontal(plot *p, double y, const char *name);

/** Draw one plot into a file, at twice its size in a PNG so that it is sharp on any screen.
 *  @param p       the plot
 *  @param path    ends in .png or .svg
 *  @param scratch for the drawing
 *  @return NULL, or why it cannot be written */
error plot_save(const plot *p, const char *path, arena scratch);

/** Draw small multiples: panels of one size, their axes in line. A panel that is {0} stays empty.
 *  @param p       [rows, columns] plots
 *  @param rows    of panels
 *  @param columns of panels
 *  @param path    ends in .png or .svg
 *  @param scratch for the drawing
 *  @return NULL, or why it cannot be written */
error plot_save_grid(const plot *p, int rows, int columns, const char *path, arena scratch);

/** The numbers behind a figure as text: panel,series,kind,x,y,x2,y2,value with a head line, all
 *  digits of every double. A band goes from y to y2, an arrow from x,y to x2,y2, a bin from x to
 *  x2; a heat map gives the middle of each cell and its value.
 *  @param p       [panels] plots
 *  @param panels  how many; 1 for a single plot
 *  @param path    where, usually the figure's name with .csv
 *  @param scratch for the text
 *  @return NULL, or why it cannot be written */
error plot_save_csv(const plot *p, int panels, const char *path, arena scratch);

#endif
