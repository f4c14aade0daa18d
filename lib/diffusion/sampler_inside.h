/** @file sampler_inside.h
 *  What the files of the driver share: the check before a walk, and the two parts of a step,
 *  which sampler.c makes once and sampler_ask.c plays until no question is left. Nobody else
 *  includes this.
 */
#ifndef DIFFUSION_SAMPLER_INSIDE_H
#define DIFFUSION_SAMPLER_INSIDE_H
#include "diffusion/sampler.h"

/** Whether this walk can be walked with these options from this picture.
 *  @param s the sampler
 *  @param x the picture
 *  @return NULL, or the first thing that is wrong */
error sampler_check(const sampler *s, tensor x);

/** The step itself; changes x, s->noise, past[0] and s->evals, and forgets the history where the
 *  walk turns.
 *  @param s       the sampler, or a copy of it
 *  @param x       changed
 *  @param scratch for the step */
void sampler_play_step(sampler *s, tensor x, arena scratch);

/** Langevin steps at one size, as many as options.correct says. Song 2021, arXiv:2011.13456,
 *  Algorithms 4 and 5.
 *  @param s     the sampler
 *  @param x     changed
 *  @param sigma size of the noise in it, before and after
 *  @param next  where the step that follows goes */
void sampler_correct(sampler *s, tensor x, double sigma, double next);

/** After a step: take its picture, watch, count, move the history on.
 *  @param s the sampler
 *  @param x the picture before the step; y afterwards, unless that is not finite
 *  @param y the picture after it
 *  @return NULL, or what is wrong, also in s->wrong */
error sampler_close_step(sampler *s, tensor x, tensor y);

#endif
