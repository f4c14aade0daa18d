/* vp.h: for the lessons that walk in the letters of DDPM and DDIM, whose pictures shrink:
 *
 *     x_t = sqrt(abar_t) x0 + sqrt(1 - abar_t) eps
 *
 *     sigmas walk = vp_walk(&l, 20);           twenty steps over the thousand times of training
 *     rng r = vp_noise(&l, x, 7);              pure noise, to begin with
 *     for (int i = 0; i < walk.n; i++) {
 *         double abar = vp_abar(walk, i), abar_prev = vp_abar(walk, i + 1);
 *         vp_guess(d, guess, x, abar, l.memory);
 *         ...                                  x moves from abar to abar_prev
 *     }
 */
#ifndef VP_H
#define VP_H
#include "base/rng.h"
#include "diffusion/denoiser.h"
#include "diffusion/sigmas.h"
#include "lesson.h"

/* Steps over the times on which DDPM was trained (the schedule is "linear"), evenly from the last
 * to the first, and then to the clean picture. */
static inline sigmas vp_walk(lesson *l, int n)
{
    schedule sd;
    sigmas walk;
    lesson_must(schedule_make("linear", (schedule_options){0}, &l->memory, &sd));
    lesson_must(sigmas_make("linspace", n, &sd, (sigmas_options){0}, &l->memory, &walk));
    return walk;
}

/* Noise in x, and the generator as it stands afterwards. */
static inline rng vp_noise(lesson *l, tensor x, uint64_t seed)
{
    rng r = rng_torch(seed);
    rng_normal(&r, x, l->memory);
    return r;
}

/* The share of the variance that is picture before step i; after the last step it is 1. */
static inline double vp_abar(sigmas walk, int i)
{
    return 1 / (1 + walk.at[i] * walk.at[i]);
}

/* What the denoiser believes of such an x. It wants the picture at full strength: x0 + sigma eps. */
static inline void vp_guess(denoiser d, answer out, tensor x, double abar, arena scratch)
{
    tensor seen = tensor_like(&scratch, x);
    tensor_scale(seen, 1 / sqrt(abar), x);
    denoiser_ask(d, out, seen, sqrt((1 - abar) / abar), scratch);
}

#endif
