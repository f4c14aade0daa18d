/* hole.h: pictures of which a part is known, for the lesson that makes the rest.
 *
 *     sigmas walk = hole_list(&l, 40, 4, 8, 10, 0.02);        jumps of 4, 8 visits
 *     rng r = hole_noise(&l, x, walk, 20);                    x is noise of the first size
 *     int calls = hole_fill(&l, &data, walk, known, x, 20);   the library's sampler, to the end
 *     hole_row(&l, &s, "8 visits", x, known);                 a row of the strip to be saved
 *
 * Known is the first number of a pair, [n, 1, 1, 2], and the left edge of a picture.
 */
#ifndef HOLE_H
#define HOLE_H
#include "diffusion/exact.h"
#include "diffusion/sampler.h"
#include "lesson.h"

enum { HOLE_EDGE = 4, HOLE_MOST = 64 };

static inline bool hole_knows(tensor x, size_t i)
{
    size_t of_pixel = (size_t)x.c;
    return x.c == 2 ? i % 2 == 0 : i / of_pixel % (size_t)x.w < HOLE_EDGE;
}

/* Karras's list; with more than one visit it goes back up by a jump, again and again. */
static inline sigmas hole_list(lesson *l, int n, int jump, int visits, double high, double low)
{
    sigmas walk;
    sigmas_options o = {.sigma_max = high, .sigma_min = low, .jump = jump, .visits = visits};
    lesson_must(sigmas_make("karras", n, NULL, o, &l->memory, &walk));
    return walk;
}

/* Returns the generator as it stands afterwards. */
static inline rng hole_noise(lesson *l, tensor x, sigmas walk, uint64_t seed)
{
    rng r = rng_torch(seed);
    rng_normal(&r, x, l->memory);
    tensor_scale(x, walk.at[0], x);
    return r;
}

/* RePaint as the library has it, from noise to the end. Returns the calls of the denoiser. */
static inline int hole_fill(lesson *l, const exact_mixture *data, sigmas walk, tensor known,
                            tensor x, uint64_t seed)
{
    noise fresh = noise_fresh(hole_noise(l, x, walk, seed));
    sampler s = sampler_make(&sampler_repaint, exact_denoiser(data), walk, fresh);
    s.known = known, s.mask = tensor_like(&l->memory, x);
    for (size_t i = 0; i < tensor_count(x); i++) s.mask.data[i] = hole_knows(x, i);
    lesson_must(sampler_run(&s, x, l->memory));
    return s.calls;
}

/* Two numbers that agree, both near -1 or both near 1, the first of which is said. */
typedef struct {
    double said, width;
} hole_pair;

/* The lesson's own walk to x, and its calls, are the library's. */
static inline void hole_expect(lesson *l, tensor x, int calls, sigmas walk, hole_pair of,
                               uint64_t seed)
{
    real centres[] = {-1, -1, 1, 1};
    const double widths[] = {of.width, of.width};
    exact_mixture pairs = {.centre = {centres, 2, 1, 1, 2}, .width = widths};
    tensor y = tensor_like(&l->memory, x), known = tensor_like(&l->memory, x);
    tensor_fill(known, of.said);
    lesson_expect(l, "the library's calls", hole_fill(l, &pairs, walk, known, y, seed), calls, 0);
    lesson_expect(l, "the library's pairs", tensor_distance(x, y), 0, 1e-5);
}

/* What is known, and grey. */
static inline tensor hole_cover(lesson *l, tensor known)
{
    tensor x = tensor_like(&l->memory, known);
    for (size_t i = 0; i < tensor_count(x); i++) x.data[i] = hole_knows(x, i) ? known.data[i] : 0;
    return x;
}

/* How many pairs in a hundred disagree: the second number is below 0. */
static inline double hole_disagree(tensor x)
{
    int below = 0;
    for (int p = 1; p < 2 * x.n; p += 2) below += x.data[p] < 0;
    return 100.0 * below / x.n;
}

/* A row of a table, about the second numbers. */
static inline void hole_pairs(tensor x, int steps, int visits, int calls)
{
    double mean = 0, square = 0;
    for (int p = 1; p < 2 * x.n; p += 2) mean += (double)x.data[p] / x.n;
    for (int p = 1; p < 2 * x.n; p += 2) square += pow((double)x.data[p] - mean, 2) / x.n;
    printf("%5d %7d %6d %8.3f %8.3f %8.2f%%\n", steps, visits, calls, mean, sqrt(square),
           hole_disagree(x));
}

/* A row of pictures for each attempt. */
typedef struct {
    int rows, columns;
    image pictures[HOLE_MOST];
    const char *names[HOLE_MOST];
} hole_strip;

static inline const char *hole_name(lesson *l, int steps, int visits)
{
    return visits > 1 ? lesson_words(l, "%d steps, %d visits", steps, visits)
                      : lesson_words(l, "%d steps", steps);
}

/* Another row. Returns how many pictures are whole. */
static inline int hole_row(lesson *l, hole_strip *s, const char *name, tensor x, tensor known)
{
    int whole = 0;
    PROMISE((s->rows + 1) * x.n <= HOLE_MOST, "hole_row: too many pictures");
    for (int i = 0; i < x.n; i++) {
        tensor one = tensor_pictures(x, i, 1);
        whole += tensor_distance(one, tensor_pictures(known, i, 1)) < 0.01;
        s->pictures[s->rows * x.n + i] = image_from_tensor(&l->memory, one, 0);
    }
    s->columns = x.n;
    s->names[s->rows++] = name;
    return whole;
}

static inline void hole_save(lesson *l, const char *name, const hole_strip *s)
{
    strip all = {.rows = s->rows, .columns = s->columns, .scale = 5};
    all.pictures = s->pictures, all.row_names = s->names;
    lesson_strip(l, name, &all);
}

#endif
