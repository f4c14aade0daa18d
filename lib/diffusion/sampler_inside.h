/** @file sampler_inside.h
 *  What the files of the driver share: the check before a walk, and the three parts of a step,
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

/** Before a step: forget the history where the walk turns.
 *  @param s the sampler */
void sampler_open_step(sampler *s);

/** The step itself; changes x, s->noise and past[0] only.
 *  @param s       the sampler
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

/** After a step: watch, count, move the history on.
 *  @param s the sampler
 *  @param x the picture after the step */
void sampler_close_step(sampler *s, tensor x);

#endif
