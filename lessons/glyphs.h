/* glyphs.h: pictures of symbols, for the lesson on noise that replaces them.
 *
 *     tensor data = glyphs_make(&l, 5);            the eight icons, 8 x 8 places, four greys
 *     discrete noise = glyphs_tables(&l, "mask", 20);
 *     glyphs_noise(&noise, x, 0, 4, &r, scratch);  x, noised from time 0 to time 4
 *     sigmas walk = glyphs_walk(&l, &noise, 20);   the times of twenty steps
 *     image seen = glyphs_picture(&l, x, 0);       codes as greys, MASK as a cross
 *
 * x is one-hot, [n, h, w, c]: in the channel of the symbol that stands at a place is 1. A code is a
 * grey, 0 black to 3 white; MASK is 4.
 */
#ifndef GLYPHS_H
#define GLYPHS_H
#include "diffusion/sampler.h"
#include "discrete_set.h"
#include "icons.h"
#include "lesson.h"

enum { GLYPHS_CODES = 4, GLYPHS_SIDE = 8, GLYPHS_PLACES = 64, GLYPHS_PIXELS = 10 };

static inline void glyphs_put(tensor x, int place, int symbol)
{
    for (int k = 0; k < x.c; k++) x.data[place * x.c + k] = k == symbol;
}

/* All the same symbol. */
static inline void glyphs_fill(tensor x, int symbol)
{
    for (int i = 0; i < x.n * x.h * x.w; i++) glyphs_put(x, i, symbol);
}

/* The library's tables for four codes. Its "uniform" follows a cosine; here it leaves a code
 * untouched with the chance 1 - t/T, as "mask" and "mask_uniform" do. */
static inline discrete glyphs_tables(lesson *l, const char *name, int T)
{
    discrete d;
    bool uniform = strcmp(name, "uniform") == 0;
    lesson_must(discrete_make(uniform ? "mask" : name, GLYPHS_CODES, T, &l->memory, &d));
    if (uniform) d.masked = NULL; /* no MASK: what is touched becomes any code */
    return d;
}

/* The forward process: each place is drawn anew from its row of the matrix. */
static inline void glyphs_noise(const discrete *d, tensor x, int s, int t, rng *r, arena scratch)
{
    tensor law = tensor_like(&scratch, x);
    discrete_forward(d, law, x, s, t);
    discrete_draw(x, law, x.c, 1, r, scratch);
}

/* From T to 0. */
static inline sigmas glyphs_walk(lesson *l, const discrete *d, int steps)
{
    sigmas walk = {.n = steps, .at = arena_take(&l->memory, ((size_t)steps + 1) * sizeof(double))};
    for (int i = 0; i <= steps; i++) walk.at[i] = d->T - i * d->T / steps;
    return walk;
}

/* The icons of lesson 05, in four greys; c is 4, or 5 where there is MASK. */
static inline tensor glyphs_make(lesson *l, int c)
{
    tensor icons = icons_draw(&l->memory, GLYPHS_SIDE);
    tensor x = tensor_new(&l->memory, ICONS, GLYPHS_SIDE, GLYPHS_SIDE, c);
    for (int i = 0; i < ICONS * GLYPHS_PLACES; i++) {
        const real *rgb = icons.data + 3 * i;
        double grey = 0.3 * (double)rgb[0] + 0.59 * (double)rgb[1] + 0.11 * (double)rgb[2];
        glyphs_put(x, i, (int)((grey + 1) / 2 * 3.999));
    }
    return x;
}

/* Words of two places: 00 and 11. */
static inline tensor glyphs_words(lesson *l, int c)
{
    tensor x = tensor_new(&l->memory, 2, 1, 2, c);
    for (int i = 0; i < 4; i++) glyphs_put(x, i, i / 2);
    return x;
}

/* Which of the data picture n of x is, or -1: a broken one. */
static inline int glyphs_which(tensor x, int n, tensor data)
{
    size_t each = tensor_count(data) / (size_t)data.n;
    for (int g = 0; g < data.n; g++)
        if (memcmp(x.data + (size_t)n * each, data.data + (size_t)g * each, each * sizeof(real)) ==
            0)
            return g;
    return -1;
}

/* A sampler that stands before its first step, and x before it: noise. */
static inline sampler glyphs_sampler(lesson *l, const sampler_kind *kind, const discrete_set *data,
                                     int steps, tensor x, uint64_t seed)
{
    rng r = rng_torch(seed);
    glyphs_fill(x, 0);
    glyphs_noise(data->noise, x, 0, data->noise->T, &r, l->memory); /* nothing is left of the 0 */
    sigmas walk = glyphs_walk(l, data->noise, steps);
    sampler s = sampler_make(kind, discrete_set_denoiser(data), walk, noise_fresh(r));
    s.discrete = data->noise;
    return s;
}

/* Picture n of x, enlarged; of chances the mean grey is shown. */
static inline image glyphs_picture(lesson *l, tensor x, int n)
{
    enum { WIDE = GLYPHS_SIDE * GLYPHS_PIXELS };
    image out = image_new(&l->memory, WIDE, WIDE, 3);
    for (int i = 0; i < WIDE * WIDE; i++) {
        int row = i / WIDE, column = i % WIDE, u = column % GLYPHS_PIXELS, v = row % GLYPHS_PIXELS;
        int place = row / GLYPHS_PIXELS * GLYPHS_SIDE + column / GLYPHS_PIXELS;
        const real *p = x.data + (n * GLYPHS_PLACES + place) * x.c;
        double grey = 0;
        for (int k = 1; k < GLYPHS_CODES; k++) grey += 85 * k * (double)p[k];
        bool mask = x.c > GLYPHS_CODES && p[GLYPHS_CODES] > 0;
        bool cross = (u == v || u + v == GLYPHS_PIXELS - 1) && u > 1 && u < GLYPHS_PIXELS - 2;
        if (row % (WIDE - 1) == 0 || column % (WIDE - 1) == 0) mask = false, grey = 128; /* frame */
        for (int c = 0; c < 3; c++)
            image_at(out, column, row)[c] = (unsigned char)(!mask    ? grey
                                                            : cross  ? 40
                                                            : c == 0 ? 240
                                                            : c == 1 ? 190
                                                                     : 80);
    }
    return out;
}

/* x0 into noise, at the times shown; back from there; and what is believed on the way back. Three
 * rows of `columns` pictures; the last x stays in `x`. */
static inline void glyphs_film(lesson *l, sampler s, tensor x, tensor x0, const int *shown,
                               int columns, image *picture)
{
    answer guess = denoiser_room(s.model, &l->memory, x);
    tensor_copy(x, x0);
    for (int j = 0; j < columns; j++) {
        if (j > 0) glyphs_noise(s.discrete, x, shown[j - 1], shown[j], &s.noise.rng, l->memory);
        picture[j] = glyphs_picture(l, x, 0);
    }
    lesson_must(sampler_begin(&s, x, &l->memory));
    for (int j = columns - 1; j >= 0; j--) {
        while (s.sigma > shown[j]) lesson_must(sampler_step(&s, x, l->memory));
        picture[columns + j] = glyphs_picture(l, x, 0);
        if (shown[j] == 0) continue;
        denoiser_ask(s.model, guess, x, shown[j], l->memory);
        picture[2 * columns + j] = glyphs_picture(l, guess.x0, 0);
    }
}

/* What glyphs_film() filled in, a column for each time. */
static inline void glyphs_strip(lesson *l, const char *name, const image *picture,
                                const char *const *rows, int count, const int *shown, int columns)
{
    const char *times[32];
    for (int j = 0; j < columns && j < 32; j++) times[j] = lesson_words(l, "t = %d", shown[j]);
    strip all = {.rows = count, .columns = columns, .pictures = picture};
    all.row_names = rows;
    all.column_names = times;
    lesson_strip(l, name, &all);
}

/* The matrix from time s to time t as a heat map with its numbers; rows from the top. */
static inline plot glyphs_matrix(lesson *l, const char *name, const discrete *d, int s, int t)
{
    static const char *const across[] = {"0", "1", "2", "3", "MASK", NULL};
    static const char *const up[] = {"MASK", "3", "2", "1", "0", NULL};
    plot p = {.title = lesson_words(l, "%s, time %d to %d", name, s, t),
              .x = {.names = across},
              .y = {.names = up},
              .z = {.high = 1},
              .width = 310,
              .height = 230};
    double *cells = arena_take(&l->memory, 25 * sizeof *cells);
    plot_heat(&p, 5, 5, cells, (plot_box){-0.5, -0.5, 4.5, 4.5});
    for (int i = 0; i < 25; i++) {
        int j = 4 - i / 5, v = i % 5;
        bool there = d->masked || (j < 4 && v < 4);
        cells[i] = there ? discrete_chance(d, s, t, j, v) : nan("");
        if (there && cells[i] >= 0.0005)
            plot_text(&p, v - 0.45, 4 - j, lesson_words(l, "%.3f", cells[i]));
    }
    return p;
}

#endif
