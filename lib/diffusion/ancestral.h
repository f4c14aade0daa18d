/** @file ancestral.h
 *  For samplers that step down too far and climb back with fresh noise.
 *
 *  Whatever the rule, a step with fresh noise can be made of two: follow the ODE to a size `down`
 *  below `next`, then add as much noise as is missing. In a flow the picture has to grow as well,
 *  because at `down` its share is larger than at `next`:
 *
 *      x' = (alpha' / alpha_down) x_down + up z
 */
#ifndef DIFFUSION_ANCESTRAL_H
#define DIFFUSION_ANCESTRAL_H
#include "diffusion/sampler.h"

/** Such a step in numbers. */
typedef struct {
    double down; /**< the size to follow the ODE to */
    double grow; /**< what x is then multiplied by; 1 unless it is a flow */
    double up;   /**< the noise to add */
} ancestral;

/** Divide a step. Song 2021, arXiv:2010.02502, eq. 16, for `up` (sampler_up()).
 *  @param s      the sampler, for eta
 *  @param sigma  from
 *  @param next   to
 *  @param lowest the size below which `down` must not come
 *  @return {next, 1, 0} where nothing is fresh */
ancestral ancestral_split(const sampler *s, double sigma, double next, double lowest);

/** The second half of the step: grow, and add noise.
 *  @param s     the sampler
 *  @param x     at size a.down; at size next afterwards
 *  @param a     from ancestral_split()
 *  @param sigma from
 *  @param next  to */
void ancestral_rise(sampler *s, tensor x, ancestral a, double sigma, double next);

#endif
