/* spiral.h: points along a spiral, for the lessons that judge a sampler in the plane.
 *
 *     exact_mixture data = spiral_make(&l.memory);
 *     ...                                      a sampler walks x, [n, 1, 1, 2]: n points
 *     spiral_show(&l, &panel, "20 steps", x);    a panel of a plot, a row of a table
 *     lesson_plot(&l, "07_spiral", 1, 1, &panel);
 *
 * Two numbers, because each is blind where the other sees. Points that are all at one place of the
 * spiral are not off, but leave a gap. Points strewn over the whole plane leave none, but are off.
 */
#ifndef SPIRAL_H
#define SPIRAL_H
#include "base/pi.h"
#include "diffusion/exact.h"
#include "lesson.h"

enum { SPIRAL_BELLS = 100, SPIRAL_LINE = 400 };

/* Where the spiral is after the share u of its length: from near the middle two turns outwards, to
 * a distance of 1. The length grows as the square of the turns made, hence the root. */
static inline void spiral_at(double u, double *x, double *y)
{
    double part = sqrt(0.02 + 0.98 * u), angle = 4 * PI * part;
    *x = part * cos(angle);
    *y = part * sin(angle);
}

/* The data: narrow bells, evenly along it. */
static inline exact_mixture spiral_make(arena *keep)
{
    tensor centre = tensor_new(keep, SPIRAL_BELLS, 1, 1, 2);
    double *width = arena_take(keep, SPIRAL_BELLS * sizeof *width);
    for (int k = 0; k < SPIRAL_BELLS; k++) {
        double x, y;
        spiral_at(k / (SPIRAL_BELLS - 1.0), &x, &y);
        centre.data[2 * k] = (real)x;
        centre.data[2 * k + 1] = (real)y;
        width[k] = 0.025;
    }
    return (exact_mixture){.centre = centre, .width = width};
}

/* How far the points lie from the spiral (off), and the spiral from the points (gap): the root of
 * the mean squared distance to the nearest. */
typedef struct {
    double off, gap;
} spiral_fit;

static inline spiral_fit spiral_measure(tensor points)
{
    double x[SPIRAL_LINE], y[SPIRAL_LINE], nearest[SPIRAL_LINE], off = 0, gap = 0;
    for (int j = 0; j < SPIRAL_LINE; j++) {
        spiral_at(j / (SPIRAL_LINE - 1.0), &x[j], &y[j]);
        nearest[j] = HUGE_VAL;
    }
    for (int i = 0; i < points.n; i++) {
        double here = HUGE_VAL;
        for (int j = 0; j < SPIRAL_LINE; j++) {
            double dx = (double)points.data[2 * i] - x[j],
                   dy = (double)points.data[2 * i + 1] - y[j];
            here = fmin(here, dx * dx + dy * dy);
            nearest[j] = fmin(nearest[j], dx * dx + dy * dy);
        }
        off += here / points.n;
    }
    for (int j = 0; j < SPIRAL_LINE; j++) gap += nearest[j] / SPIRAL_LINE;
    return (spiral_fit){sqrt(off), sqrt(gap)};
}

/* A panel: the points over the spiral, drawn faintly. A row of the table: the two numbers. */
static inline spiral_fit spiral_show(lesson *l, plot *panel, const char *title, tensor points)
{
    enum { DRAWN = SPIRAL_LINE / 4 };
    double *line = arena_take(&l->memory, 2 * DRAWN * sizeof *line);
    double *at = arena_take(&l->memory, 2 * (size_t)points.n * sizeof *at);
    for (int j = 0; j < DRAWN; j++) spiral_at(j / (DRAWN - 1.0), line + j, line + DRAWN + j);
    for (int i = 0; i < points.n; i++) {
        at[i] = (double)points.data[2 * i];
        at[points.n + i] = (double)points.data[2 * i + 1];
    }
    spiral_fit fit = spiral_measure(points);
    *panel = (plot){.title = lesson_words(l, "%s: off %.3f, gaps %.3f", title, fit.off, fit.gap),
                    .equal = true,
                    .width = 265,
                    .height = 250};
    panel->x = panel->y = (plot_axis){.low = -1.15, .high = 1.15};
    plot_series *faint = plot_line(panel, NULL, DRAWN, line, line + DRAWN);
    faint->ink = colour_grid, faint->width = 5;
    plot_series *dots = plot_points(panel, NULL, points.n, at, at + points.n);
    dots->ink = colour_ink, dots->width = 3.5, dots->marker = 0;
    printf("%-22s %10.4f %10.4f\n", title, fit.off, fit.gap);
    return fit;
}

/* The same of points drawn from the data: no sampler does better, but by luck. */
static inline void spiral_show_data(lesson *l, plot *panel, const exact_mixture *data, tensor x,
                                    uint64_t seed)
{
    rng r = rng_torch(seed);
    exact_draw(data, x, &r, l->memory);
    spiral_show(l, panel, "data", x);
}

#endif
