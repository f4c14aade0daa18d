/* Masked: fill in every MASK, then hide again where one is least sure.
 *
 * Chang et al. 2022 (MaskGIT), arXiv:2202.04200, section 3.2; Patil et al. 2024 (aMUSEd),
 * arXiv:2401.01808.
 *
 *     c'     ~ x0, at each place that is MASK                             drawn, all at once
 *     sure   = ln x0(c') + heat g,   g = -ln(-ln u)                       Gumbel
 *     hidden = floor(places masked[next]), at least 1, fewer than before
 *     x'     = c', but MASK at the `hidden` places that are the least sure
 *
 * One call a step, 8 to 12 steps for a picture. It is no draw from the data's law: who is surest
 * goes first, so what is common gets commoner. heat falls from options.temperature (2, as in
 * aMUSEd) to 0; much heat hides at random, which is nearer to the law. The masking schedule is the
 * table, "mask_cosine" or "mask". What is not MASK is never changed again.
 */
#include "diffusion/sampler.h"
#include <math.h>

/* One picture: every MASK becomes what was drawn, and the least sure of them MASK again. */
static void fill(tensor x, tensor drawn, tensor x0, real *u, double heat, int wanted)
{
    int unknown = 0, places = x.h * x.w, c = x.c;
    for (int i = 0; i < places; i++) {
        double chance = 0;
        bool known = x.data[i * c + c - 1] == 0;
        for (int k = 0; k < c; k++) {
            chance += (double)(x0.data[i * c + k] * drawn.data[i * c + k]);
            if (!known) x.data[i * c + k] = drawn.data[i * c + k];
        }
        double sure = log(chance) - heat * log(-log((double)u[i]));
        u[i] = (real)(known || isnan(sure) ? HUGE_VAL : sure);
        unknown += !known;
    }
    int most = unknown > 1 ? unknown - 1 : unknown;
    for (int hidden = wanted < most ? wanted : most; hidden > 0; hidden--) {
        int least = 0;
        for (int i = 1; i < places; i++)
            if (u[i] < u[least]) least = i;
        u[least] = (real)HUGE_VAL;
        for (int k = 0; k < c; k++) x.data[least * c + k] = k == c - 1;
    }
}

static void step(sampler *s, tensor x, double t, double next)
{
    double heat = s->options.temperature * (1 - s->i / fmax(s->walk.n - 1, 1));
    int places = x.h * x.w, hidden = (int)(places * s->discrete->masked[(int)next] + 1e-9);
    tensor x0 = sampler_guess(s, x, t).x0, drawn = tensor_like(&s->scratch, x);
    tensor u = tensor_new(&s->scratch, x.n, x.h, x.w, 1);
    discrete_draw(drawn, x0, x.c - 1, 1, &s->noise.rng, s->scratch);
    rng_uniform(&s->noise.rng, u, s->scratch);
    for (int n = 0; n < x.n; n++)
        fill(tensor_pictures(x, n, 1), tensor_pictures(drawn, n, 1), tensor_pictures(x0, n, 1),
             u.data + n * places, heat, next > 0 && hidden == 0 ? 1 : hidden);
}

SAMPLER(masked, "Masked", "arXiv:2202.04200 sec. 3.2", "AmusedScheduler, MaskGIT",
        "Pictures of symbols in 8 to 20 steps, where noise is MASK alone.", .evals = 1,
        .takes = SAMPLER_TEMPERATURE, .stochastic = true, .discrete = true, .mask_alone = true,
        .temperature = 2);
