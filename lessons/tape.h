/* tape.h: dice that are thrown once and written down, for the lessons that walk with them.
 *
 *     tape t = tape_throw(&l, walk, first, &r);                a kick for each step of this walk
 *     sampler_make(&sampler_euler_ancestral, d, few, tape_noise(&t, few.n));
 *
 * The walk with `few` steps must visit some of the sizes that the walk of the tape visits: every
 * second, every third. A step that covers several kicks takes their sum, as if each had been taken
 * on its own: that is a Brownian path, seen at some places. noise_brownian() of the library is the
 * same for places that nobody knows before.
 */
#ifndef TAPE_H
#define TAPE_H
#include "diffusion/noise.h"
#include "diffusion/sigmas.h"
#include "lesson.h"

typedef struct {
    sigmas walk;
    tensor kick;  /* [walk.n * n, h, w, c], each of variance 1 */
    int together; /* kicks for one step */
} tape;

/* Kicks for pictures such as x. */
static inline tape tape_throw(lesson *l, sigmas walk, tensor x, rng *r)
{
    tape t = {.walk = walk, .kick = tensor_new(&l->memory, walk.n * x.n, x.h, x.w, x.c)};
    rng_normal(r, t.kick, l->memory);
    return t;
}

/* z = sum_j sqrt(length_j) kick_j / sqrt(from - to), over the kicks between the two sizes. */
static inline void tape_read(void *self, tensor z, int draw, double from, double to)
{
    const tape *t = self;
    tensor_fill(z, 0);
    for (int j = draw * t->together; j < (draw + 1) * t->together; j++) {
        double length = t->walk.at[j] - t->walk.at[j + 1];
        tensor_add_scaled(z, sqrt(length / (from - to)), tensor_pictures(t->kick, j * z.n, z.n));
    }
}

/* For a walk of so many steps, which draws once in each. */
static inline noise tape_noise(tape *t, int steps)
{
    t->together = t->walk.n / steps;
    return noise_given(tape_read, t);
}

#endif
