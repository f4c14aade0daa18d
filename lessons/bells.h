/* bells.h: the crowd of lesson 04, for lessons after it. Of its numbers three in ten lie around -2,
 * seven around 1.5, each group in a bell of its own; all that noise does to it is known by formula:
 * in x = x0 + sigma eps each bell keeps its share and its centre, and its width s grows to
 * sqrt(s^2 + sigma^2).
 */
#ifndef BELLS_H
#define BELLS_H
#include "base/pi.h"
#include "diffusion/exact.h"
#include "diffusion/sampler.h"
#include "draw/plot.h"
#include <math.h>

enum { BELLS = 2 };
static const double bells_share[BELLS] = {0.3, 0.7};
static const double bells_centre[BELLS] = {-2, 1.5};
static const double bells_width[BELLS] = {0.3, 0.5};

/* For the denoiser of this crowd, exact_denoiser(). */
static inline exact_mixture bells_mixture(arena *keep)
{
    tensor centre = tensor_new(keep, BELLS, 1, 1, 1);
    for (int k = 0; k < BELLS; k++) centre.data[k] = (real)bells_centre[k];
    return (exact_mixture){.centre = centre, .weight = bells_share, .width = bells_width};
}

/* The same in y = (1 - s) x0 + s eps. */
static inline exact_mixture bells_mixture_flow(arena *keep)
{
    exact_mixture m = bells_mixture(keep);
    m.flow = true;
    return m;
}

/* One of the bells alone. */
static inline exact_mixture bells_one(const exact_mixture *m, int k)
{
    return (exact_mixture){.centre = tensor_pictures(m->centre, k, 1), .width = &bells_width[k]};
}

/* Where a sampler takes the number x; returns the calls that it makes, or -1 when it gives up. */
static inline int bells_walk(sampler s, double *x, arena scratch)
{
    tensor one = tensor_new(&scratch, 1, 1, 1, 1);
    tensor_fill(one, *x);
    if (sampler_run(&s, one, scratch)) return -1;
    *x = (double)one.data[0];
    return s.calls;
}

static inline double bells_spread(int k, double sigma)
{
    return hypot(bells_width[k], sigma);
}

/* The density of the crowd at x. */
static inline double bells_density(double x, double sigma)
{
    double sum = 0;
    for (int k = 0; k < BELLS; k++) {
        double spread = bells_spread(k, sigma), z = (x - bells_centre[k]) / spread;
        sum += bells_share[k] * exp(-z * z / 2) / (spread * sqrt(2 * PI));
    }
    return sum;
}

/* The share of the crowd that stands to the left of x. */
static inline double bells_left(double x, double sigma)
{
    double sum = 0;
    for (int k = 0; k < BELLS; k++) {
        double z = (x - bells_centre[k]) / bells_spread(k, sigma);
        sum += bells_share[k] * erfc(-z / sqrt(2)) / 2;
    }
    return sum;
}

/* The slope (x - D) / sigma, with D the best guess:   -sigma d ln p / dx,   p the density */
static inline double bells_slope(double x, double sigma)
{
    double density = 0, pull = 0;
    for (int k = 0; k < BELLS; k++) {
        double spread = bells_spread(k, sigma), z = (x - bells_centre[k]) / spread;
        double p = bells_share[k] * exp(-z * z / 2) / spread;
        density += p, pull += p * z / spread;
    }
    return sigma * pull / density;
}

/* A heat map of the crowd at all sizes of noise, for a plot whose x is a sigma on a log axis and
 * whose y is x (vp: x / sqrt(1 + sigma^2)). Each column is scaled to its own most crowded place.
 * values: [rows, columns] */
static inline void bells_map(plot *p, bool vp, int rows, int columns, double *values)
{
    for (int c = 0; c < columns; c++) {
        double sigma = p->x.low * pow(p->x.high / p->x.low, (c + 0.5) / columns), most = 0;
        double shrink = vp ? 1 / sqrt(1 + sigma * sigma) : 1;
        for (int r = 0; r < rows; r++) {
            double x = p->y.low + (p->y.high - p->y.low) * (r + 0.5) / rows;
            most = fmax(most, values[r * columns + c] = bells_density(x / shrink, sigma));
        }
        for (int r = 0; r < rows; r++) values[r * columns + c] /= most;
    }
    plot_heat(p, rows, columns, values, (plot_box){p->x.low, p->y.low, p->x.high, p->y.high});
}

/* Who has this share of the crowd to his left? (By halving.) */
static inline double bells_who(double share, double sigma)
{
    double low = -1000, high = 1000;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        *(bells_left(middle, sigma) < share ? &low : &high) = middle;
    }
    return low;
}

/* On such a map in VP: the true curve of the one with this rank, in white, down to sigma = low. */
static inline plot_series *bells_curve(plot *map, arena *keep, double rank, double low)
{
    enum { PLACES = 80 };
    double *sigma = arena_take(keep, 2 * PLACES * sizeof *sigma), *y = sigma + PLACES;
    for (int i = 0; i < PLACES; i++) {
        sigma[i] = low * pow(map->x.high / low, i / (PLACES - 1.0));
        y[i] = bells_who(rank, sigma[i]) / hypot(1, sigma[i]);
    }
    plot_series *curve = plot_line(map, NULL, PLACES, sigma, y);
    curve->ink = colour_paper, curve->dash = 0, curve->marker = PLOT_NO_MARKERS;
    return curve;
}

/* Where the ODE takes noises z of size sigma: to the places of the same rank. */
static inline void bells_ends(tensor end, tensor z, double sigma)
{
    for (int i = 0; i < z.n; i++)
        end.data[i] = (real)bells_who(bells_left(sigma * (double)z.data[i], sigma), 0);
}

/* The mean distance from there. */
static inline double bells_off(tensor x, tensor end)
{
    double sum = 0;
    for (int i = 0; i < x.n; i++) sum += fabs((double)x.data[i] - (double)end.data[i]);
    return sum / x.n;
}

/* The largest change of rank on n ways, each from noise of size 1 to a clean number. way: [n,
 * points] */
static inline double bells_change(int n, int points, const double *way)
{
    double most = 0;
    for (int k = 0; k < n; k++, way += points) {
        double before = erfc(-way[0] / sqrt(2)) / 2, after = bells_left(way[points - 1], 0);
        most = fmax(most, fabs(after - before));
    }
    return most;
}

/* A panel in the flow coordinate, y = (1 - s) x0 + s eps: the crowd at all s from 0, data, to 1,
 * noise, and on top of it n ways, each seen at so many s. way: [n, points] */
static inline void bells_show_flow(plot *p, int n, int points, const double *s, const double *way,
                                   arena *keep)
{
    enum { CELLS = 60 };
    double *heat = arena_take(keep, CELLS * CELLS * sizeof *heat);
    p->x = (plot_axis){.label = "s (0 is data, 1 is noise)", .low = 0, .high = 1};
    p->y = (plot_axis){.label = "y", .low = -3, .high = 3};
    p->z.label = "crowd", p->width = 420, p->height = 340;
    for (int c = 0; c < CELLS; c++) {
        double at = (c + 0.5) / CELLS, most = 0;
        for (int r = 0; r < CELLS; r++) {
            double x = ((r + 0.5) / CELLS * 6 - 3) / (1 - at);
            most = fmax(most, heat[r * CELLS + c] = bells_density(x, at / (1 - at)));
        }
        for (int r = 0; r < CELLS; r++) heat[r * CELLS + c] /= most;
    }
    plot_heat(p, CELLS, CELLS, heat, (plot_box){0, -3, 1, 3});
    for (int k = 0; k < n; k++) {
        plot_series *line = plot_line(p, NULL, points, s, way + (size_t)k * (size_t)points);
        line->ink = colour_paper, line->width = 1, line->dash = 0;
    }
}

/* The crowd in noise of this size; its first few stand at equally spaced ranks. x: [n, 1, 1, 1] */
static inline void bells_crowd(const exact_mixture *bells, tensor x, double sigma, uint64_t seed,
                               int ranked, arena scratch)
{
    rng r = rng_torch(seed);
    tensor z = tensor_like(&scratch, x);
    exact_draw(bells, x, &r, scratch);
    rng_normal(&r, z, scratch);
    tensor_add_scaled(x, sigma, z);
    for (int k = 0; k < ranked; k++) x.data[k] = (real)bells_who((k + 0.5) / ranked, sigma);
}

/* Such a map in VP, and on it the paths of so many people through the sizes of a walk, in white; of
 * one of them in thick orange, unless `marked` is -1. place: x in VP, [people, n] */
static inline void bells_paths(plot *map, arena *keep, int people, int n, const double *sigma,
                               const double *place, int marked)
{
    enum { CELLS_UP = 60, CELLS_ACROSS = 60 };
    double *heat = arena_take(keep, CELLS_UP * CELLS_ACROSS * sizeof *heat);
    map->x = (plot_axis){.label = "σ", .log = true, .low = sigma[n - 1], .high = sigma[0]};
    map->y = (plot_axis){.label = "x / √(1 + σ^2)", .low = -2.6, .high = 2.6};
    map->width = 420, map->height = 340, map->z.label = "crowd";
    bells_map(map, true, CELLS_UP, CELLS_ACROSS, heat);
    for (int k = 0; k <= people; k++) {
        int who = k < people ? k : marked;
        if (who < 0) break;
        plot_series *path = plot_line(map, NULL, n, sigma, place + who * n);
        path->ink = k < people ? colour_paper : colour_series(1), path->width = k < people ? 1 : 3;
        path->dash = 0, path->marker = PLOT_NO_MARKERS;
    }
}

#endif
