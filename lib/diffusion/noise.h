/** @file noise.h
 *  Noise put into pictures, and where a stochastic sampler takes its noise from.
 *
 *  noise_add() is the forward process in one line, known elsewhere as add_noise, q_sample or
 *  scale_noise.
 *
 *  A sampler that adds noise on its way down draws it from a `noise`: fresh numbers at every step,
 *  or the increments of one Brownian path in sigma. On fresh noise another number of steps is
 *  another picture; on a path it is the same picture, better resolved. A `noise` is a value: copy
 *  it, and both copies give the same draws.
 */
#ifndef DIFFUSION_NOISE_H
#define DIFFUSION_NOISE_H
#include "base/rng.h"

/** In which of the field's three forms noise is added; sigma is the same in the first two. */
typedef enum {
    NOISE_VP,  /**< x = (x0 + sigma eps) / sqrt(1 + sigma^2), variance preserving: DDPM, DDIM */
    NOISE_VE,  /**< x = x0 + sigma eps, variance exploding: EDM, and what samplers walk in */
    NOISE_FLOW /**< x = (1 - sigma) x0 + sigma eps: rectified flow */
} noise_form;

/** Put noise of one size into a picture.
 *  Ho 2020, arXiv:2006.11239, eq. 4; Song 2021, arXiv:2011.13456, eq. 29; Liu 2022,
 *  arXiv:2209.03003.
 *  @param x     [n, h, w, c], the noisy picture
 *  @param x0    same shape, the clean one
 *  @param eps   same shape, standard normal noise
 *  @param sigma size of the noise, >= 0; flow: <= 1
 *  @param form  which of the three */
void noise_add(tensor x, tensor x0, tensor eps, double sigma, noise_form form);

/** Where noise comes from. */
typedef enum { NOISE_FRESH, NOISE_BROWNIAN, NOISE_GIVEN } noise_kind;

/** The draw-th noise for a step between two sizes; must depend on nothing else. */
typedef void noise_fn(void *self, tensor z, int draw, double from, double to);

/** A source of noise, by value. */
typedef struct {
    noise_kind kind;
    rng rng;       /**< fresh: where the numbers come from */
    uint64_t seed; /**< Brownian: picture i of a batch walks on the path of seed + i */
    double top;    /**< Brownian: the path is defined for sigma in [0, top] */
    noise_fn *fn;  /**< given */
    void *self;
    int draws; /**< draws so far */
} noise;

/** New numbers at every draw, in the order of PyTorch's randn on [n, c, h, w].
 *  @param r the generator
 *  @return the source */
noise noise_fresh(rng r);

/** Increments of one Brownian path W in sigma: a draw is (W(to) - W(from)) / sqrt(|to - from|),
 *  standard normal, a pure function of (seed, from, to). Levy's construction: a tree that halves
 *  the interval, each midpoint the mean of its ends plus a normal of its own; Li, Wong, Chen,
 *  Duvenaud 2020, arXiv:2001.01328, section 4.
 *  Below 2^-40 of `top` the path is straight, so no step may be that short.
 *  @param seed of the first picture
 *  @param top  the largest sigma of the walk, > 0
 *  @return the source */
noise noise_brownian(uint64_t seed, double top);

/** Noise from a function, for tests against other programs.
 *  @param fn   gives the numbers
 *  @param self handed to fn
 *  @return the source */
noise noise_given(noise_fn *fn, void *self);

/** One picture's own source, for samplers that walk the pictures of a batch one by one. Fresh: a
 *  generator of the same kind, whose seed is drawn from the batch's, so picture i has the same
 *  noise in a batch of any size when 0, 1, 2, ... are asked for in this order. Brownian: the path
 *  of seed + i. Given: the same function, counting from draw 0.
 *  @param source fresh: moves on
 *  @param i      which picture
 *  @return the source, for a z of n = 1 */
noise noise_picture(noise *source, int i);

/** Draw.
 *  @param source  moves on by one draw
 *  @param z       [n, h, w, c], filled with standard normal numbers
 *  @param from    sigma where the step starts
 *  @param to      sigma where it ends, not equal to from
 *  @param scratch for the draw */
void noise_draw(noise *source, tensor z, double from, double to, arena scratch);

#endif
