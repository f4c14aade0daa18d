/* Lesson 30b. Fewer multiplications: Winograd's way to filter a picture.
 *
 * Half of what Stable Diffusion's network multiplies is in 3x3 filters. Here one becomes the
 * product of lesson 30: with nine copies of each pixel, with none, with a quarter of the work.
 *
 *     make run L=30b      prints two tables, writes out/30b_price.svg and out/30b_photo.png
 *
 * Look for: 36 multiplications do the work of 144. What grows instead?
 * Needs: 30. Runs in about a second.
 * Try: the points 3 and -3 in place of 2 and -2. What is a small number worth?
 */
#include "filter.h"
#include "toom.h"

enum { SIDE = 48, PIXELS = SIDE * SIDE, CHANNELS = 64, SEED = 30, FORMS = 7, WINOGRAD = 3 };
static const struct form {
    const char *name;
    double known;     /* how far it is off */
    int some, m;      /* pixels that are gathered at a time, or the side of Winograd's tiles */
    double points[7]; /* and infinity */
} forms[FORMS] = {
    {"direct", 4.3e-7, 0, 0, {0}},
    {"im2col", 4.3e-7, PIXELS, 0, {0}},
    {"implicit", 4.3e-7, 16, 0, {0}},
    {"F(2)", 2.67e-7, 0, 2, {0, 1, -1}},
    {"F(4)", 1.73e-6, 0, 4, {0, 1, -1, 2, -2}},
    {"F(4) roots", 8.2e-7, 0, 4, {0, 0.70710678, -0.70710678, 1.41421356, -1.41421356}},
    {"F(6)", 3.48e-6, 0, 6, {0, 1, -1, 2, -2, 0.5, -0.5}}};

/* Direct: every output, every tap. */
static void direct(const filter *f)
{
    for (int i = 0; i < f->h * f->w; i++)
        for (int tap = 0; tap < 9; tap++)
            filter_product(filter_at(f, i / f->w + tap / 3, i % f->w + tap % 3),
                           f->g + tap * f->in * f->out, f->y + i * f->out, 1, f->in, f->out);
}

/* One product: each pixel brings its nine neighbours, as a row of 9 in numbers. im2col copies the
 * rows of all pixels first; an implicit product has `some` of them at a time. */
static void gathered(const filter *f, int some, arena scratch)
{
    float *rows = filter_room(&scratch, some * 9 * f->in);
    for (int first = 0, all = filter_tiles(f->h * f->w, some) * some; first < all; first += some) {
        for (int i = 0; i < 3 * some; i++) {
            int pixel = first + i / 3, row = pixel / f->w + i % 3;
            memcpy(rows + i * 3 * f->in, filter_at(f, row, pixel % f->w),
                   3 * (size_t)f->in * sizeof *rows);
        }
        filter_product(rows, f->g, f->y + first * f->out, some, 9 * f->in, f->out);
    }
}

/* Winograd: tiles of m x m outputs. Taps and inputs become n x n numbers each, n = m + 2, and each
 * of these n n places has a product of its own, s = v u. */
static void winograd(const filter *f, const toom *t, arena scratch)
{
    int m = t->m, n = t->n, io = f->in * f->out, across = filter_tiles(f->w, m);
    int tiles = filter_tiles(f->h, m) * across, of_v = tiles * f->in, of_s = tiles * f->out;
    float *u = filter_room(&scratch, n * n * io);   /* [n][n][in][out] */
    float *v = filter_room(&scratch, n * n * of_v); /* [n][n][tiles][in] */
    float *s = filter_room(&scratch, n * n * of_s); /* [n][n][tiles][out] */
    for (int k = 0; k < io; k += f->out)
        toom_both(t->taps, n, 3, (toom_squares){f->g + k, 3 * io, io},
                  (toom_squares){u + k, n * io, io}, f->out);
    for (int i = 0; i < tiles; i++) {
        toom_squares x = {filter_at(f, i / across * m, i % across * m), (f->w + 2) * f->in, f->in};
        toom_both(t->in, n, n, x, (toom_squares){v + i * f->in, n * of_v, of_v}, f->in);
    }
    for (int k = 0; k < n * n; k++)
        filter_product(v + k * of_v, u + k * io, s + k * of_s, tiles, f->in, f->out);
    for (int i = 0; i < tiles; i++) {
        float *y = f->y + (i / across * f->w + i % across) * m * f->out;
        toom_both(t->out, m, n, (toom_squares){s + i * f->out, n * of_s, of_s},
                  (toom_squares){y, f->w * f->out, f->out}, f->out);
    }
}

/* In one of these forms, some times over: y, what the quickest took, and how far it is off. */
static double filtered(const filter *f, const struct form *form, int runs, arena scratch)
{
    toom t = toom_make(form->m, form->points);
    for (filter_start(runs); filter_next(f);) {
        if (form->m) winograd(f, &t, scratch);
        if (form->some) gathered(f, form->some, scratch);
        if (!form->m && !form->some) direct(f);
    }
    return speed_off(f->y, f->truth, f->h * f->w * f->out);
}

/* a: a filter with one row, by hand. Two outputs from four inputs. */
static void part_a(lesson *l)
{
    static const float d[4] = {3, 1, 4, 2}, g[4] = {2, 7, 1, 0};
    toom t = toom_make(2, forms[WINOGRAD].points);
    double y[2] = {0};
    printf("  of g   of d   product\n");
    for (int j = 0; j < t.n; j++) {
        double of_g = 0, of_d = 0;
        for (int k = 0; k < 4; k++)
            of_g += (double)(t.taps[j][k] * g[k]), of_d += (double)(t.in[j][k] * d[k]);
        for (int i = 0; i < 2; i++) y[i] += (double)t.out[i][j] * of_g * of_d;
        printf("%6g %6g %9g\n", of_g, of_d, of_g * of_d);
    }
    printf("y is %g and %g\n\n", y[0], y[1]);
    lesson_expect(l, "3 2 + 1 7 + 4 1 and 1 2 + 4 7 + 2 1", 100 * y[0] + y[1], 1732, 0);
}

/* b: many channels, random numbers. */
static void part_b(lesson *l)
{
    filter f = filter_noise(l, SIDE, CHANNELS, SEED);
    double outputs = PIXELS * CHANNELS, price[FORMS], off[FORMS];
    const char *names[FORMS];
    printf("form        million  per output  more room    off by%s\n", l->checking ? "" : "    ms");
    for (int k = 0; k < FORMS; k++) {
        off[k] = filtered(&f, &forms[k], l->checking ? 1 : FILTER_RUNS, l->memory);
        price[k] = filter_multiplied / outputs / CHANNELS;
        printf("%-10s %8.1f %11.2f %10.1f %9.1e", forms[k].name, filter_multiplied / 1e6, price[k],
               filter_bytes / outputs / sizeof(float), off[k]);
        printf(l->checking ? "\n" : " %5.0f\n", filter_milliseconds());
        lesson_expect(l, "off by", off[k], forms[k].known, 0.02 * forms[k].known);
        names[k] = k == 0 ? "direct, im2col, implicit" : k < WINOGRAD ? NULL : forms[k].name;
    }
    lesson_expect(l, "direct over F(4)", price[0] / price[4], 144.0 / 36, 0);
    filter_plot(l, "30b_price", FORMS, names, price, off);
}

/* c: a photograph, sharpened, and what each tile makes of its numbers. */
static void part_c(lesson *l)
{
    image shown[6];
    const char *captions[6] = {"photograph", "sharpened"};
    filter f = filter_photo(l, "assets/cat.png", 192, 120, &shown[0]);
    for (int k = 0; k < FORMS - WINOGRAD; k++) {
        double off = filtered(&f, &forms[WINOGRAD + k], 1, l->memory);
        if (k == 0) shown[1] = filter_picture(l, &f, 0);
        shown[2 + k] = filter_picture(l, &f, 2e6);
        captions[2 + k] = lesson_words(l, "%s: %.1e", forms[WINOGRAD + k].name, off);
        printf("%s%s", captions[2 + k], k < FORMS - WINOGRAD - 1 ? "   " : "\n");
    }
    lesson_strip(l, "30b_photo", &(strip){NULL, 2, 3, shown, captions, NULL, NULL, 1});
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l), part_b(&l), part_c(&l);
    return lesson_end(&l);
}
