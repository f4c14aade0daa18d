/* Private to lib/draw: where an axis has its marks, and what is written beside them: round numbers
 * (1, 2 or 5 times a power of ten), powers of ten on a logarithmic axis, or the axis' own words. */
#ifndef DRAW_PLOT_TICKS_H
#define DRAW_PLOT_TICKS_H
/** @cond for lib/draw only, not in the manual */
#include "draw/plot.h"

enum { PLOT_TICKS = 128, PLOT_TICK_LABEL = 48 };

typedef struct {
    double at;                   /* between the ends of the axis */
    char label[PLOT_TICK_LABEL]; /* with the markup of plot.h; empty: a small mark */
} plot_tick;

/* Rising marks with at most so many labels; gives their number. The axis has low < high, and they
 * are above 0 when it is logarithmic. */
int plot_ticks(plot_axis axis, int most, plot_tick out[PLOT_TICKS]);

/* Where v lies: 0 at low, 1 at high, NaN if nowhere; and back. */
double plot_position(plot_axis axis, double v);
double plot_number(plot_axis axis, double t);

/** @endcond */
#endif
