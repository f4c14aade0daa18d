/* film.h: what a sampler shows on its way, for the lessons that run one.
 *
 *     film f = film_run(&l, sampler_make(&sampler_euler, d, walk, source), x);
 *     film_play(&l, "10_animation", &f, 1);
 *     film_free(&f);
 *
 * A frame for each step, of the first picture in the batch: the x that the step asked about, with
 * noise of size sigma in it, and the guess D that it was told. One frame more for what came out.
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
    arena memory; /* its own: a walk's scratch is a copy of the lesson's memory */
    int n;
    double sigma[FILM_FRAMES];
    image x[FILM_FRAMES], guess[FILM_FRAMES];
} film;

/* x is shrunk to the size that a clean picture's numbers have, or it could not be seen. */
static inline void film_frame(film *f, double alpha, double sigma, tensor x, tensor guess)
{
    if (f->n == FILM_FRAMES) lesson_must("a film has 63 steps at most: choose fewer");
    tensor seen = tensor_like(&f->memory, x);
    tensor_scale(seen, 1 / sqrt(alpha * alpha + sigma * sigma), x);
    f->sigma[f->n] = sigma;
    f->x[f->n] = image_from_tensor(&f->memory, seen, 0);
    f->guess[f->n++] = image_from_tensor(&f->memory, guess, 0);
}

static inline bool film_record(void *watcher, const sampler *s, tensor x)
{
    const sampler_memory *asked = &s->past[0];
    film_frame(watcher, sampler_alpha(s, asked->sigma), asked->sigma, asked->x, asked->guess.x0);
    if (s->i + 1 == s->walk.n) film_frame(watcher, sampler_alpha(s, s->sigma), s->sigma, x, x);
    return true;
}

/* sampler_run(), filmed. */
static inline film film_run(lesson *l, sampler s, tensor x)
{
    film f = {.label = s.kind->label, .memory = arena_make((size_t)1 << 28)};
    if (!f.memory.begin) lesson_must("there is no memory left for a film");
    s.watch = film_record, s.watcher = &f;
    lesson_must(sampler_run(&s, x, l->memory));
    return f;
}

static inline void film_free(film *f)
{
    arena_free(f->memory);
}

/* Some frames side by side. Rows: what the first sampler was told, then the x of all of them. */
static inline void film_strip(lesson *l, const char *name, const film *films, int count,
                              const int *shown, int columns)
{
    image picture[(FILM_MOST + 1) * FILM_FRAMES];
    const char *row[FILM_MOST + 1], *column[FILM_FRAMES];
    PROMISE(count <= FILM_MOST && columns <= FILM_FRAMES, "film_strip: at most 8 films");
    row[0] = lesson_words(l, "%s: guess D", films[0].label);
    for (int k = 0; k < count; k++) row[k + 1] = lesson_words(l, "%s: x", films[k].label);
    for (int j = 0; j < columns; j++) {
        if (shown[j] >= films[0].n)
            lesson_must(
                error_make("step %d is to be shown, but there are %d", shown[j], films[0].n - 1));
        column[j] = lesson_words(l, "σ = %.3g", films[0].sigma[shown[j]]);
        picture[j] = films[0].guess[shown[j]];
        for (int k = 0; k < count; k++) picture[(k + 1) * columns + j] = films[k].x[shown[j]];
    }
    strip all = {.rows = count + 1, .columns = columns, .pictures = picture, .scale = 3};
    all.title = lesson_words(l, "One noise, %d samplers, %d steps", count, films[0].n - 1);
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
    animation_pace pace = {.seconds = 0.5, .hold = 2};
    lesson_must(animation_save(path, frames, films[0].n, pace, canvas_credit, l->memory));
    printf("wrote %s\n", path);
}

#endif
