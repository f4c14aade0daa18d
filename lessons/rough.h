/* rough.h: a model that is a little wrong, like a network, for lessons whose models are formulas.
 *
 *     rough coarse = {.inner = exact_denoiser(&mixture), .part = 0.01};
 *     denoiser model = rough_denoiser(&coarse);            1 % of the noise is seen wrongly
 *
 * It is wrong in another way at every size of noise, and in the same way when asked again.
 */
#ifndef ROUGH_H
#define ROUGH_H
#include "base/rng.h"
#include "diffusion/denoiser.h"

typedef struct {
    denoiser inner;
    double part;
} rough;

static inline void rough_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    const rough *m = self;
    rng r = rng_torch((uint64_t)(1e9 * sigma));
    tensor z = tensor_like(&scratch, x);
    denoiser_ask(m->inner, out, x, sigma, scratch);
    rng_normal(&r, z, scratch);
    tensor_add_scaled(out.x0, m->part * sigma, z);
}

static inline denoiser rough_denoiser(rough *m)
{
    return (denoiser){.guess = rough_guess, .self = m};
}

#endif
