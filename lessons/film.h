/* film.h: what a sampler shows on its way, for the lessons that run one.
 *
 *     film f = film_new("Euler");
 *     s.watch = film_record, s.watcher = &f;
 *
 * Two pictures a step of the first picture in the batch: x, shrunk to the range that can be seen,
 * and the guess D that the step believed in.
 */
#ifndef FILM_H
#define FILM_H
#include "diffusion/sampler.h"
#include "draw/animation.h"
#include "draw/canvas.h"
#include "lesson.h"

enum { FILM_STEPS = 64 };

typedef struct {
    const char *label;
    arena memory; /* its own: a walk's scratch is a copy of the lesson's memory */
    int n;
    image x[FILM_STEPS], guess[FILM_STEPS];
} film;

static inline film film_new(const char *label)
{
    return (film){.label = label, .memory = arena_make(0)};
}

static inline bool film_record(void *watcher, const sampler *s, tensor x)
{
    film *f = watcher;
    PROMISE(f->n < FILM_STEPS, "film_record: a film has 64 steps at most");
    double alpha = sampler_alpha(s, s->sigma);
    tensor seen = tensor_like(&f->memory, x);
    tensor_mix(seen, 1 / sqrt(alpha * alpha + s->sigma * s->sigma), x, 0, x);
    f->x[f->n] = image_from_tensor(&f->memory, seen, 0);
    f->guess[f->n++] = image_from_tensor(&f->memory, s->past[0].guess.x0, 0);
    return true;
}

/* All films at once, a frame a step: x above, the guess below, a column for each film. */
static inline void film_play(lesson *l, const char *name, const film *films, int count)
{
    enum { MOST = 8 };
    image frames[FILM_STEPS], pictures[2 * MOST];
    const char *rows[] = {"x", "guess D"}, *labels[MOST];
    if (l->checking) return;
    PROMISE(count <= MOST, "film_play: at most 8 films");
    for (int k = 0; k < count; k++) labels[k] = films[k].label;
    for (int i = 0; i < films[0].n; i++) {
        for (int k = 0; k < count; k++) {
            pictures[k] = films[k].x[i];
            pictures[count + k] = films[k].guess[i];
        }
        strip frame = {.rows = 2,
                       .columns = count,
                       .pictures = pictures,
                       .column_names = labels,
                       .row_names = rows,
                       .scale = 4};
        frames[i] = strip_image(&l->memory, &frame);
    }
    const char *path = lesson_words(l, "out/%s.png", name);
    animation_pace pace = {.seconds = 0.35, .hold = 2};
    lesson_must(animation_save(path, frames, films[0].n, pace, canvas_credit, l->memory));
    printf("wrote %s\n", path);
}

#endif
