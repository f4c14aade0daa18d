/* icons.h: eight little pictures drawn by formula, a data set that needs no download and has no
 * licence. Small enough for an exact denoiser to know them all by heart, different enough to see at
 * once which one a sampler is heading for.
 *
 *     tensor known = icons_draw(&l.memory, 32);                 [8, 32, 32, 3] in -1..1
 *     printf("%s\n", icons_names[2]);                           heart
 */
#ifndef ICONS_H
#define ICONS_H
#include "base/error.h"
#include "base/pi.h"
#include "base/tensor.h"
#include <math.h>

enum { ICONS = 8 };

static const char *const icons_names[] = {"sun",   "moon", "heart", "star", "tree",
                                          "house", "fish", "face",  NULL};

typedef struct {
    double r, g, b;
} icons_paint;

/* Everything below is drawn in -1..1, y upward: is the point (x, y) inside? */

static inline bool icons_disc(double x, double y, double cx, double cy, double radius)
{
    return hypot(x - cx, y - cy) < radius;
}

static inline bool icons_box(double x, double y, double left, double right, double bottom,
                             double top)
{
    return x > left && x < right && y > bottom && y < top;
}

/* Level base of half width `half` at the bottom, tip in the middle. */
static inline bool icons_triangle(double x, double y, double half, double bottom, double top)
{
    return y > bottom && y < top && fabs(x) < half * (top - y) / (top - bottom);
}

static inline icons_paint icons_sun(double x, double y)
{
    bool ray = cos(8 * atan2(y, x)) > 0.2 && hypot(x, y) > 0.58 && hypot(x, y) < 0.88;
    if (ray || icons_disc(x, y, 0, 0, 0.5)) return (icons_paint){1, 0.85, 0.1};
    return (icons_paint){0.45, 0.75, 1};
}

static inline icons_paint icons_moon(double x, double y)
{
    if (icons_disc(x, y, -0.1, 0, 0.72) && !icons_disc(x, y, 0.22, 0.12, 0.6))
        return (icons_paint){1, 0.95, 0.7};
    if (icons_disc(x, y, 0.6, 0.55, 0.08) || icons_disc(x, y, 0.35, -0.1, 0.06))
        return (icons_paint){1, 1, 1};
    return (icons_paint){0.08, 0.1, 0.35};
}

/* The curve (x^2 + y^2 - 1)^3 = x^2 y^3. */
static inline icons_paint icons_heart(double x, double y)
{
    double u = 1.5 * x, v = 1.5 * y + 0.15, circle = u * u + v * v - 1;
    if (circle * circle * circle < u * u * v * v * v) return (icons_paint){0.85, 0.08, 0.2};
    return (icons_paint){1, 0.85, 0.88};
}

static inline icons_paint icons_star(double x, double y)
{
    const double turn = 2 * PI / 5;
    double angle = fabs(remainder(atan2(x, y), turn)), radius = hypot(x, y);
    if (radius * (cos(angle) + 1.4 * sin(angle)) < 0.85) return (icons_paint){1, 0.75, 0};
    return (icons_paint){0.4, 0.12, 0.5};
}

static inline icons_paint icons_tree(double x, double y)
{
    bool leaves = icons_triangle(x, y, 0.75, -0.5, 0.3) || icons_triangle(x, y, 0.55, -0.05, 0.85);
    if (leaves) return (icons_paint){0.1, 0.5, 0.2};
    if (icons_box(x, y, -0.12, 0.12, -0.85, -0.5)) return (icons_paint){0.45, 0.28, 0.12};
    return y < -0.7 ? (icons_paint){0.75, 0.9, 0.55} : (icons_paint){0.9, 0.95, 1};
}

static inline icons_paint icons_house(double x, double y)
{
    if (icons_triangle(x, y, 0.85, 0.05, 0.8)) return (icons_paint){0.75, 0.2, 0.15};
    if (icons_box(x, y, -0.15, 0.2, -0.75, -0.2)) return (icons_paint){0.35, 0.2, 0.1};
    if (icons_box(x, y, -0.65, 0.65, -0.75, 0.1)) return (icons_paint){0.98, 0.92, 0.75};
    return y < -0.7 ? (icons_paint){0.35, 0.65, 0.3} : (icons_paint){0.6, 0.85, 0.95};
}

static inline icons_paint icons_fish(double x, double y)
{
    if (icons_disc(x, y, -0.4, 0.12, 0.08)) return (icons_paint){0, 0, 0};
    bool body = hypot((x + 0.1) / 0.7, y / 0.42) < 1;
    bool tail = x > 0.4 && x < 0.85 && fabs(y) < 0.1 + 0.8 * (x - 0.4);
    if (body || tail) return (icons_paint){1, 0.5, 0.1};
    return (icons_paint){0, 0.5, 0.6};
}

static inline icons_paint icons_face(double x, double y)
{
    bool eye = icons_disc(x, y, -0.28, 0.2, 0.1) || icons_disc(x, y, 0.28, 0.2, 0.1);
    bool mouth = y < -0.1 && hypot(x, y) < 0.55 && hypot(x, y) > 0.4;
    if (eye || mouth) return (icons_paint){0.15, 0.1, 0.05};
    return icons_disc(x, y, 0, 0, 0.82) ? (icons_paint){1, 0.88, 0.25}
                                        : (icons_paint){0.3, 0.3, 0.35};
}

/* A pixel is the mean of 4 x 4 points in it, so that edges are soft. */
static inline void icons_one(tensor out, icons_paint (*picture)(double x, double y))
{
    enum { POINTS = 4 };
    int size = out.w;
    for (int p = 0; p < size * size; p++) {
        icons_paint sum = {0, 0, 0};
        for (int q = 0; q < POINTS * POINTS; q++) {
            double column = p % size + (q % POINTS + 0.5) / POINTS;
            double row = p / size + (q / POINTS + 0.5) / POINTS;
            icons_paint at = picture(2 * column / size - 1, 1 - 2 * row / size);
            sum.r += at.r, sum.g += at.g, sum.b += at.b;
        }
        const double scale = 2.0 / (POINTS * POINTS);
        out.data[3 * p] = (real)(scale * sum.r - 1);
        out.data[3 * p + 1] = (real)(scale * sum.g - 1);
        out.data[3 * p + 2] = (real)(scale * sum.b - 1);
    }
}

/* All of them, size x size, in the order of the names; 32 looks well. */
static inline tensor icons_draw(arena *keep, int size)
{
    icons_paint (*const pictures[ICONS])(double, double) = {icons_sun,  icons_moon, icons_heart,
                                                            icons_star, icons_tree, icons_house,
                                                            icons_fish, icons_face};
    PROMISE(size > 0, "icons_draw: the size must be at least 1");
    tensor out = tensor_new(keep, ICONS, size, size, 3);
    for (int i = 0; i < ICONS; i++) icons_one(tensor_pictures(out, i, 1), pictures[i]);
    return out;
}

#endif
