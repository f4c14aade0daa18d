/* field.h: data in the plane, as they look in noise, for the lessons that walk among them.
 *
 *     plot p = field_plot(&l, &mixture, 0.3, 5);           density of x at sigma 0.3, in -5..5
 *     field_arrows(&l, &p, exact_denoiser(&mixture), 0.3);
 *     field_trail(&l, &p, seen, n, 0);                     where the first walker went
 *
 * A point is a picture of one pixel with two channels: a crowd of them is a [n, 1, 1, 2].
 */
#ifndef FIELD_H
#define FIELD_H
#include "diffusion/exact.h"
#include "lesson.h"

enum { FIELD_CELLS = 48, FIELD_ARROWS = 12 };

/* The middles of side x side cells that fill the square from -reach to reach, row by row. */
static inline tensor field_places(lesson *l, int side, double reach)
{
    tensor places = tensor_new(&l->memory, side * side, 1, 1, 2);
    for (int i = 0; i < side * side; i++) {
        places.data[2 * i] = (real)(reach * ((2 * (i % side) + 1.0) / side - 1));
        places.data[2 * i + 1] = (real)(reach * ((2 * (i / side) + 1.0) / side - 1));
    }
    return places;
}

/* How dense noisy x stand at each place, as colours. */
static inline plot field_plot(lesson *l, const exact_mixture *m, double sigma, double reach)
{
    plot p = {
        .title = lesson_words(l, "σ = %g", sigma), .equal = true, .width = 330, .height = 300};
    int n = FIELD_CELLS * FIELD_CELLS;
    tensor places = field_places(l, FIELD_CELLS, reach);
    double *density = arena_take(&l->memory, (size_t)n * sizeof *density);
    for (int i = 0; i < n; i++)
        density[i] = exp(exact_log_density(m, tensor_pictures(places, i, 1), sigma));
    plot_heat(&p, FIELD_CELLS, FIELD_CELLS, density, (plot_box){-reach, -reach, reach, reach});
    p.x.low = p.y.low = -reach, p.x.high = p.y.high = reach;
    return p;
}

/* White arrows that go a fifth of the way from x to the guess D, where the score points. */
static inline void field_arrows(lesson *l, plot *p, denoiser d, double sigma)
{
    int n = FIELD_ARROWS * FIELD_ARROWS;
    tensor places = field_places(l, FIELD_ARROWS, p->x.high);
    answer out = denoiser_room(d, &l->memory, places);
    double *of[4]; /* x, y and how far in both */
    for (int k = 0; k < 4; k++) of[k] = arena_take(&l->memory, (size_t)n * sizeof *of[k]);
    denoiser_ask(d, out, places, sigma, l->memory);
    for (int i = 0; i < 2 * n; i++) {
        of[i % 2][i / 2] = (double)places.data[i];
        of[2 + i % 2][i / 2] = ((double)out.x0.data[i] - (double)places.data[i]) / 5;
    }
    plot_arrows(p, n, of[0], of[1], of[2], of[3])->ink = colour_paper;
}

/* A white line with a dot at each place where picture i of the crowd was seen. */
static inline void field_trail(lesson *l, plot *p, const tensor *seen, int n, int i)
{
    double *x = arena_take(&l->memory, (size_t)n * sizeof *x);
    double *y = arena_take(&l->memory, (size_t)n * sizeof *y);
    for (int k = 0; k < n; k++) {
        x[k] = (double)seen[k].data[2 * i];
        y[k] = (double)seen[k].data[2 * i + 1];
    }
    plot_series *trail = plot_line(p, NULL, n, x, y);
    trail->ink = colour_paper, trail->dash = 0, trail->marker = 0, trail->width = 1;
}

#endif
