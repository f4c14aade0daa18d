/* film.h: what a sampler shows on its way, for the lessons that run one.
 *
 *     film f = film_run(&l, sampler_make(&sampler_euler, d, walk, source), x);
 *     film_play(&l, "10_animation", &f, 1);
 *     film_free(&f);
 *
 * A frame for each step, of the first picture in the batch: the x that the step asked about, with
 * noise of size sigma in it, and the guess D that it was told. One frame more for what came out. A
 * long walk is thinned to every so many-th step: film_run_some() takes how many frames are wanted.
 */
#ifndef FILM_H
#define FILM_H
#include "diffusion/sampler.h"
#include "draw/animation.h"
#include "draw/canvas.h"
#include "lesson.h"

enum { FILM_FRAMES = 64, FILM_MOST = 8 };

typedef struct {
    const char *label;
    arena memory;        /* its own: a walk's scratch is a copy of the lesson's memory */
    int n, steps, every; /* frames; steps made, and from one frame to the next */
    double sigma[FILM_FRAMES];
    image x[FILM_FRAMES], guess[FILM_FRAMES];
} film;

/* x is shrunk to the size that a clean picture's numbers have, or it could not be seen. */
static inline void film_frame(film *f, double alpha, double sigma, tensor x, tensor guess)
{
    if (f->n == FILM_FRAMES) lesson_must("a film has 64 frames at most: show fewer");
    tensor seen = tensor_like(&f->memory, x);
    tensor_scale(seen, 1 / sqrt(alpha * alpha + sigma * sigma), x);
    f->sigma[f->n] = sigma;
    f->x[f->n] = image_from_tensor(&f->memory, seen, 0);
    f->guess[f->n++] = image_from_tensor(&f->memory, guess, 0);
}

static inline bool film_record(void *watcher, const sampler *s, tensor x)
{
    const sampler_memory *asked = &s->past[0];
    film *f = watcher;
    if (s->i % f->every == 0)
        film_frame(f, sampler_alpha(s, asked->sigma), asked->sigma, asked->x, asked->guess.x0);
    if (s->i + 1 == s->walk.n) film_frame(f, sampler_alpha(s, s->sigma), s->sigma, x, x);
    return true;
}

/* sampler_run(), filmed in at most so many frames and the last. */
static inline film film_run_some(lesson *l, sampler s, tensor x, int frames)
{
    film f = {.label = s.kind->label, .memory = arena_make((size_t)1 << 28), .steps = s.walk.n};
    PROMISE(frames > 0 && frames < FILM_FRAMES, "film_run_some: 1 to 63 frames");
    f.every = (s.walk.n + frames - 1) / frames;
    if (!f.memory.begin) lesson_must("there is no memory left for a film");
    s.watch = film_record, s.watcher = &f;
    lesson_must(sampler_run(&s, x, l->memory));
    return f;
}

/* sampler_run(), filmed. */
static inline film film_run(lesson *l, sampler s, tensor x)
{
    return film_run_some(l, s, x, FILM_FRAMES - 1);
}

/* The frame that shows a step, or the one before it that was kept. */
static inline int film_at(const film *f, int step)
{
    if (step > f->steps)
        lesson_must(error_make("step %d is to be shown, but there are %d", step, f->steps));
    return step == f->steps ? f->n - 1 : step / f->every;
}

static inline void film_free(film *f)
{
    arena_free(f->memory);
}

/* Some steps side by side. Rows: the first sampler's x, what it was told, the x of the others. */
static inline void film_strip(lesson *l, const char *name, const film *films, int count,
                              const int *shown, int columns)
{
    image picture[(FILM_MOST + 1) * FILM_FRAMES];
    const char *row[FILM_MOST + 1], *column[FILM_FRAMES];
    PROMISE(count <= FILM_MOST && columns <= FILM_FRAMES, "film_strip: at most 8 films");
    for (int k = 0; k < count; k++) row[k ? k + 1 : 0] = lesson_words(l, "%s: x", films[k].label);
    row[1] = lesson_words(l, "%s: guess D", films[0].label);
    for (int j = 0; j < columns; j++) {
        int at = film_at(&films[0], shown[j]);
        column[j] = lesson_words(l, "σ = %.3g", films[0].sigma[at]);
        picture[j] = films[0].x[at], picture[columns + j] = films[0].guess[at];
        for (int k = 1; k < count; k++) picture[(k + 1) * columns + j] = films[k].x[at];
    }
    strip all = {.rows = count + 1, .columns = columns, .pictures = picture, .scale = 3};
    all.title = lesson_words(l, "%d steps from one noise", films[0].steps);
    all.column_names = column;
    all.row_names = row;
    lesson_strip(l, name, &all);
}

/* What came out, of a table of films: a row for each number of steps, a column for each label. */
static inline void film_ends(lesson *l, const char *name, const film *films, int rows, int columns)
{
    image picture[FILM_FRAMES];
    const char *row[FILM_FRAMES], *column[FILM_MOST];
    PROMISE(columns <= FILM_MOST && rows * columns <= FILM_FRAMES, "film_ends: too many films");
    for (int k = 0; k < rows * columns; k++) {
        picture[k] = films[k].x[films[k].n - 1];
        row[k / columns] = lesson_words(l, "%d steps", films[k].steps);
        column[k % columns] = films[k].label;
    }
    strip all = {.rows = rows, .columns = columns, .pictures = picture, .scale = 3};
    all.column_names = column;
    all.row_names = row;
    lesson_strip(l, name, &all);
}

/* All films at once, a frame a step: x above, the guess below, a column for each film. */
static inline void film_play(lesson *l, const char *name, const film *films, int count)
{
    image frames[FILM_FRAMES], picture[2 * FILM_MOST];
    const char *rows[] = {"x", "guess D"}, *labels[FILM_MOST];
    if (l->checking) return;
    PROMISE(count <= FILM_MOST, "film_play: at most 8 films");
    for (int k = 0; k < count; k++) labels[k] = films[k].label;
    for (int i = 0; i < films[0].n; i++) {
        for (int k = 0; k < count; k++) {
            picture[k] = films[k].x[i];
            picture[count + k] = films[k].guess[i];
        }
        strip frame = {.rows = 2, .columns = count, .pictures = picture, .scale = 4};
        frame.title = lesson_words(l, "σ = %.3g", films[0].sigma[i]);
        frame.column_names = labels;
        frame.row_names = rows;
        frames[i] = strip_image(&l->memory, &frame);
    }
    const char *path = lesson_words(l, "out/%s.png", name);
    animation_pace pace = {.seconds = fmin(0.5, 10.0 / films[0].n), .hold = 2};
    lesson_must(animation_save(path, frames, films[0].n, pace, canvas_credit, l->memory));
    printf("wrote %s\n", path);
}

#endif
