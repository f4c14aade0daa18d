/** @file adaptive.h
 *  For samplers that choose their steps themselves: try one with two rules; where they agree it was
 *  short enough.
 *
 *  The list tells where to begin and to end, no more. low and high are what a hasty and a careful
 *  rule make of one step, h its length in lambda = ln(alpha / sigma), p, i and d the weights of the
 *  controller (Soderlind 2003, "Digital filters in adaptive time-stepping"), all as Crowson has
 *  them in k-diffusion (sample_dpm_adaptive):
 *
 *      delta  = max(atol, rtol max(|low|, |low of the step before|))         number by number
 *      error  = sqrt(mean(((low - high) / delta)^2)),   v = 1 / (error + 1e-8)
 *      factor = 1 + atan(v^b1 v_before^b2 v_before_that^b3 - 1)              times h: the next h
 *      b1, b2, b3 = (p + i + d, -(p + 2 d), d) / order      accepted where factor >= safety
 *
 *  With eta the step goes down too far and noise is added after it (ancestral.h); the controller
 *  then takes 1.5 for the order, and what it watches is the rule's error, not how far few noises
 *  are from the law: that wants a small rtol. A last step to 0 is Euler's, from the smallest size
 *  before it, and so is one from a flow's sigma 1, to 0.999; no error is measured there.
 *
 *  Every picture walks alone, with its own steps and noise (noise_picture), so what becomes of it
 *  does not depend on its batch; k-diffusion has one step for all: as_published. The model is asked
 *  about one picture at a time, and so is the watcher told.
 */
#ifndef DIFFUSION_ADAPTIVE_H
#define DIFFUSION_ADAPTIVE_H
#include "diffusion/ancestral.h"

/** Where two rules lead, in scratch. */
typedef struct {
    tensor low, high;
} adaptive_pair;

/** Both rules' step of x, whose guess is x0, from sigma to next. */
typedef adaptive_pair adaptive_rules(sampler *s, tensor x, tensor x0, double sigma, double next);

/** The whole walk, as the step of a kind that is whole_walk; s->wrong says why it got stuck.
 *  @param s     the sampler, for eta, order and control
 *  @param x     walked
 *  @param sigma from
 *  @param next  to
 *  @param rules the two */
void adaptive_walk(sampler *s, tensor x, double sigma, double next, adaptive_rules *rules);

#endif
