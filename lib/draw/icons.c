#include "draw/icons.h"
#include "base/error.h"
#include "base/pi.h"
#include <math.h>
#include <stdbool.h>

const char *const icons_names[] = {"sun",   "moon", "heart", "star", "tree",
                                   "house", "fish", "face",  NULL};

typedef struct {
    double r, g, b;
} paint;

/* Everything below is drawn in -1..1, y upward: is the point (x, y) inside? */

static bool disc(double x, double y, double cx, double cy, double radius)
{
    return hypot(x - cx, y - cy) < radius;
}

static bool box(double x, double y, double left, double right, double bottom, double top)
{
    return x > left && x < right && y > bottom && y < top;
}

/* Level base of half width `half` at the bottom, tip in the middle. */
static bool triangle(double x, double y, double half, double bottom, double top)
{
    return y > bottom && y < top && fabs(x) < half * (top - y) / (top - bottom);
}

static paint sun(double x, double y)
{
    bool ray = cos(8 * atan2(y, x)) > 0.2 && hypot(x, y) > 0.58 && hypot(x, y) < 0.88;
    if (ray || disc(x, y, 0, 0, 0.5)) return (paint){1, 0.85, 0.1};
    return (paint){0.45, 0.75, 1};
}

static paint moon(double x, double y)
{
    if (disc(x, y, -0.1, 0, 0.72) && !disc(x, y, 0.22, 0.12, 0.6)) return (paint){1, 0.95, 0.7};
    if (disc(x, y, 0.6, 0.55, 0.08) || disc(x, y, 0.35, -0.1, 0.06)) return (paint){1, 1, 1};
    return (paint){0.08, 0.1, 0.35};
}

/* The curve (x^2 + y^2 - 1)^3 = x^2 y^3. */
static paint heart(double x, double y)
{
    double u = 1.5 * x, v = 1.5 * y + 0.15, circle = u * u + v * v - 1;
    if (circle * circle * circle < u * u * v * v * v) return (paint){0.85, 0.08, 0.2};
    return (paint){1, 0.85, 0.88};
}

static paint star(double x, double y)
{
    const double turn = 2 * PI / 5;
    double angle = fabs(remainder(atan2(x, y), turn)), radius = hypot(x, y);
    if (radius * (cos(angle) + 1.4 * sin(angle)) < 0.85) return (paint){1, 0.75, 0};
    return (paint){0.4, 0.12, 0.5};
}

static paint tree(double x, double y)
{
    bool leaves = triangle(x, y, 0.75, -0.5, 0.3) || triangle(x, y, 0.55, -0.05, 0.85);
    if (leaves) return (paint){0.1, 0.5, 0.2};
    if (box(x, y, -0.12, 0.12, -0.85, -0.5)) return (paint){0.45, 0.28, 0.12};
    return y < -0.7 ? (paint){0.75, 0.9, 0.55} : (paint){0.9, 0.95, 1};
}

static paint house(double x, double y)
{
    if (triangle(x, y, 0.85, 0.05, 0.8)) return (paint){0.75, 0.2, 0.15};
    if (box(x, y, -0.15, 0.2, -0.75, -0.2)) return (paint){0.35, 0.2, 0.1};
    if (box(x, y, -0.65, 0.65, -0.75, 0.1)) return (paint){0.98, 0.92, 0.75};
    return y < -0.7 ? (paint){0.35, 0.65, 0.3} : (paint){0.6, 0.85, 0.95};
}

static paint fish(double x, double y)
{
    if (disc(x, y, -0.4, 0.12, 0.08)) return (paint){0, 0, 0};
    bool body = hypot((x + 0.1) / 0.7, y / 0.42) < 1;
    bool tail = x > 0.4 && x < 0.85 && fabs(y) < 0.1 + 0.8 * (x - 0.4);
    if (body || tail) return (paint){1, 0.5, 0.1};
    return (paint){0, 0.5, 0.6};
}

static paint face(double x, double y)
{
    bool eye = disc(x, y, -0.28, 0.2, 0.1) || disc(x, y, 0.28, 0.2, 0.1);
    bool mouth = y < -0.1 && hypot(x, y) < 0.55 && hypot(x, y) > 0.4;
    if (eye || mouth) return (paint){0.15, 0.1, 0.05};
    return disc(x, y, 0, 0, 0.82) ? (paint){1, 0.88, 0.25} : (paint){0.3, 0.3, 0.35};
}

/* A pixel is the mean of 4 x 4 points in it, so that edges are soft. */
static void draw(tensor out, paint (*picture)(double x, double y))
{
    enum { POINTS = 4 };
    int size = out.w;
    for (int p = 0; p < size * size; p++) {
        paint sum = {0, 0, 0};
        for (int q = 0; q < POINTS * POINTS; q++) {
            double column = p % size + (q % POINTS + 0.5) / POINTS;
            double row = p / size + (q / POINTS + 0.5) / POINTS;
            paint at = picture(2 * column / size - 1, 1 - 2 * row / size);
            sum.r += at.r, sum.g += at.g, sum.b += at.b;
        }
        const double scale = 2.0 / (POINTS * POINTS);
        out.data[3 * p] = (real)(scale * sum.r - 1);
        out.data[3 * p + 1] = (real)(scale * sum.g - 1);
        out.data[3 * p + 2] = (real)(scale * sum.b - 1);
    }
}

tensor icons_draw(arena *keep, int size)
{
    paint (*const pictures[ICONS])(double, double) = {sun,  moon,  heart, star,
                                                      tree, house, fish,  face};
    PROMISE(size > 0, "icons_draw: the size must be at least 1");
    tensor out = tensor_new(keep, ICONS, size, size, 3);
    for (int i = 0; i < ICONS; i++) draw(tensor_pictures(out, i, 1), pictures[i]);
    return out;
}
