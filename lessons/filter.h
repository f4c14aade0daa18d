/* filter.h: a picture of many channels and a 3x3 filter over it, for the lesson that does it in
 * seven ways.
 *
 *     filter f = filter_noise(&l, 48, 64, seed);        48 x 48 pixels, 64 channels in, 64 out
 *     filter f = filter_photo(&l, "cat.png", 192, 120, &seen);   a photograph, to be sharpened
 *     const float *pixel = filter_at(&f, row, column);  of the picture with a margin of zeros
 *     filter_product(a, b, c, rows, depth, columns);    c += a b, and counted
 *     float *more = filter_room(&scratch, n);           n zeros, and counted
 *     for (filter_start(10); filter_next(&f);)          ten runs: y is 0, nothing is counted yet
 *     filter_milliseconds()                             of the quickest of them
 *     filter_tiles(f.w, m)                              how many of them fill a side
 */
#ifndef FILTER_H
#define FILTER_H
#include "base/rng.h"
#include "speed.h"

/* y[row][column][o] = sum of x[row + down][column + right][c] g[down][right][c][o] over down, right
 * and c. */
typedef struct {
    int h, w, in, out;
    float *x;      /* [h + 2][w + 2][in], with zeros around */
    float *g;      /* [3][3][in][out] */
    float *y;      /* [h][w][out] */
    double *truth; /* the same, from sums in double */
} filter;

static double filter_multiplied, filter_bytes;

static inline float *filter_at(const filter *f, int row, int column)
{
    return f->x + (row * (f->w + 2) + column) * f->in;
}

static inline float *filter_room(arena *a, int n)
{
    size_t bytes = (size_t)n * sizeof(float);
    filter_bytes += (double)bytes;
    return memset(arena_take(a, bytes), 0, bytes);
}

/* As lesson 30 has it, in the order of its second rung. */
static inline void filter_product(const float *a, const float *b, float *c, int rows, int depth,
                                  int columns)
{
    filter_multiplied += (double)rows * depth * columns;
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < depth; k++)
            for (int j = 0; j < columns; j++)
                c[i * columns + j] += a[i * depth + k] * b[k * columns + j];
}

static inline filter filter_new(lesson *l, int h, int w, int channels)
{
    filter f = {.h = h, .w = w, .in = channels, .out = channels};
    f.x = filter_room(&l->memory, (h + 2) * (w + 2) * channels);
    f.g = filter_room(&l->memory, 9 * channels * channels);
    f.y = filter_room(&l->memory, h * w * channels);
    f.truth = arena_take(&l->memory, (size_t)(h * w * channels) * sizeof(double));
    return f;
}

static inline void filter_know(filter *f)
{
    memset(f->truth, 0, (size_t)(f->h * f->w * f->out) * sizeof(double));
    for (int i = 0; i < f->h * f->w; i++)
        for (int k = 0; k < 9 * f->in; k++) {
            int tap = k / f->in, row = i / f->w + tap / 3, column = i % f->w + tap % 3;
            double pixel = (double)filter_at(f, row, column)[k % f->in];
            for (int o = 0; o < f->out; o++)
                f->truth[i * f->out + o] += pixel * (double)f->g[k * f->out + o];
        }
}

static inline filter filter_noise(lesson *l, int side, int channels, uint64_t seed)
{
    filter f = filter_new(l, side, side, channels);
    rng r = rng_torch(seed);
    for (int row = 1; row <= side; row++)
        rng_normal32(&r, filter_at(&f, row, 1), (size_t)(side * channels));
    rng_normal32(&r, f.g, (size_t)(9 * channels * channels));
    filter_know(&f);
    return f;
}

/* Made w pixels wide, and h of its rows. */
static inline filter filter_photo(lesson *l, const char *path, int w, int h, image *seen)
{
    lesson_must(image_load(path, &l->memory, seen));
    *seen = image_crop(&l->memory, image_reduce(&l->memory, *seen, w, IMAGE_SIDE), 0, 0, w, h);
    tensor x = image_to_tensor(&l->memory, *seen);
    filter f = filter_new(l, x.h, x.w, x.c);
    size_t row_bytes = (size_t)(x.w * x.c) * sizeof(float);
    for (int row = 0; row < x.h; row++)
        memcpy(filter_at(&f, row + 1, 1), x.data + row * x.w * x.c, row_bytes);
    for (int tap = 0; tap < 9; tap++) {
        double apart = (tap / 3 - 1) * (tap / 3 - 1) + (tap % 3 - 1) * (tap % 3 - 1);
        double bell = exp(-apart / 2), all = pow(1 + 2 * exp(-0.5), 2);
        for (int c = 0; c < x.c; c++)
            f.g[(tap * x.c + c) * x.c + c] = (float)(3 * (apart == 0) - 2 * bell / all);
    }
    filter_know(&f);
    return f;
}

/* Runs of one form. Before each of them there is nothing in y and nothing is counted, and the clock
 * starts; other programs can only make a run slower, so the quickest counts. */
enum { FILTER_RUNS = 10 };
static int filter_left;
static double filter_clock, filter_least;

static inline void filter_start(int runs)
{
    filter_left = runs;
    filter_clock = -HUGE_VAL, filter_least = HUGE_VAL;
}

static inline bool filter_next(const filter *f)
{
    filter_least = fmin(filter_least, speed_clock() - filter_clock);
    if (filter_left-- == 0) return false;
    memset(f->y, 0, (size_t)(f->h * f->w * f->out) * sizeof *f->y);
    filter_multiplied = filter_bytes = 0;
    filter_clock = speed_clock();
    return true;
}

static inline double filter_milliseconds(void)
{
    return 1e3 * filter_least;
}

/* How many tiles of m pixels fill a side, or a picture: all of it, since nobody makes the rest. */
static inline int filter_tiles(int pixels, int m)
{
    if (pixels % m) lesson_must(error_make("tiles of %d pixels do not fill %d", m, pixels));
    return pixels / m;
}

/* y as a picture, or how far it is from the truth, so many times larger: grey is right. */
static inline image filter_picture(lesson *l, const filter *f, double times)
{
    tensor x = tensor_new(&l->memory, 1, f->h, f->w, f->out);
    for (int i = 0; i < f->h * f->w * f->out; i++)
        x.data[i] = times > 0 ? (float)(times * ((double)f->y[i] - f->truth[i])) : f->y[i];
    return image_from_tensor(&l->memory, x, 0);
}

/* What a form costs, and how far it is off. */
static inline void filter_plot(const lesson *l, const char *name, int n, const char *const *names,
                               const double *price, const double *off)
{
    plot p = {.title = "Fewer multiplications, and what they cost",
              .x = {.label = "multiplications for each output and channel", .low = 0, .high = 12},
              .y = {.label = "off by", .log = true, .low = 1e-7, .high = 1e-5}};
    plot_points(&p, NULL, n, price, off)->width = 9;
    for (int k = 0; k < n; k++)
        if (names[k]) plot_text(&p, price[k] + 0.25, off[k], names[k]);
    lesson_plot(l, name, 1, 1, &p);
}

#endif
