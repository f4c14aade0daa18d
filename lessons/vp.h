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
#include "diffusion/sampler.h"
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

/* What the denoiser believes of such an x. It wants the picture unshrunk: x0 + sigma eps. */
static inline void vp_guess(denoiser d, answer out, tensor x, double abar, arena scratch)
{
    tensor seen = tensor_like(&scratch, x);
    tensor_scale(seen, 1 / sqrt(abar), x);
    denoiser_ask(d, out, seen, sqrt((1 - abar) / abar), scratch);
}

/* A sampler of the library, ready to walk n steps. x is its noise: that of vp_noise(), but of size
 * sigma, for the library does not shrink pictures. Its fresh noise is what comes after that. */
static inline sampler vp_sampler(lesson *l, const sampler_kind *kind, denoiser d, int n, tensor x,
                                 uint64_t seed)
{
    sigmas walk = vp_walk(l, n);
    rng r = vp_noise(l, x, seed);
    tensor_scale(x, 1 / sqrt(vp_abar(walk, 0)), x);
    return sampler_make(kind, d, walk, noise_fresh(r));
}

/* A step of the form x' = of_x0 x0 + of_x x + fresh z, and a rule that makes such steps; eta is its
 * knob. */
typedef struct {
    double of_x0, of_x, fresh;
} vp_step;

typedef struct {
    vp_step (*step)(double abar, double abar_prev, double eta);
    double eta;
} vp_rule;

/* From noise down the whole walk: the loop of lesson 07, for any such rule. */
static inline void vp_down(lesson *l, vp_rule rule, denoiser d, int n, tensor x, uint64_t seed)
{
    sigmas walk = vp_walk(l, n);
    rng r = vp_noise(l, x, seed);
    arena scratch = l->memory;
    tensor z = tensor_like(&scratch, x);
    answer guess = denoiser_room(d, &scratch, x);
    for (int i = 0; i < n; i++) {
        double abar = vp_abar(walk, i);
        vp_step s = rule.step(abar, vp_abar(walk, i + 1), rule.eta);
        vp_guess(d, guess, x, abar, scratch);
        tensor_mix(x, s.of_x0, guess.x0, s.of_x, x);
        rng_normal(&r, z, scratch);
        tensor_add_scaled(x, s.fresh, z);
    }
}

/* The standard deviation of what comes out when the data are N(0, 1), and so D = sqrt(abar) x:
 * exactly, as in lesson 07. */
static inline double vp_width(sigmas walk, vp_rule rule)
{
    double variance = 1;
    for (int i = 0; i < walk.n; i++) {
        double abar = vp_abar(walk, i);
        vp_step s = rule.step(abar, vp_abar(walk, i + 1), rule.eta);
        double keep = s.of_x + s.of_x0 * sqrt(abar);
        variance = keep * keep * variance + s.fresh * s.fresh;
    }
    return sqrt(variance);
}

/* A list that rises in n steps from a little above 0 to the largest size, and falls again in n. */
static inline sigmas vp_up_and_down(lesson *l, int n)
{
    sigmas down = vp_walk(l, n + 1); /* its last step, to 0, is left out: no way up begins there */
    sigmas both = {.n = 2 * n, .at = arena_take(&l->memory, (size_t)(2 * n + 1) * sizeof(double))};
    for (int i = 0; i <= n; i++) both.at[n - i] = both.at[n + i] = down.at[i];
    return both;
}

#endif
