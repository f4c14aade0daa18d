/* Score SDE, variance exploding: noise leaves as it came in, by small random steps, backwards.
 *
 * Song, Sohl-Dickstein, Kingma, Kumar, Ermon, Poole 2021, "Score-Based Generative Modeling through
 * Stochastic Differential Equations", arXiv:2011.13456, Algorithm 2 and eq. 46, 47; the score is
 * (x0 - x) / sigma^2.
 *
 *     x' = x + (1 + eta^2)/2 v score + eta sqrt(v) z,    v = sigma^2 - next^2    reverse diffusion
 *          v = 2 sigma^2 ln(sigma / next)               Euler and Maruyama, in the time ln sigma
 *          noise times next / sigma                     ancestral: Euler a where eta = 1
 *
 * eta = 1 is the reverse SDE, 0 the probability flow ODE, and all between keep the same laws. With
 * options.correct Langevin steps go before each step: predictor-corrector; as_published changes
 * their size (sampler_rules.c). One denoiser call a step beside those, first order. The last step,
 * to 0, is the mean, without noise: x0.
 */
#include "diffusion/sampler.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    double eta = s->options.eta, v = sigma * sigma - next * next;
    if (s->options.form == SAMPLER_EULER_MARUYAMA) v = 2 * sigma * sigma * log(sigma / next);
    double part = next > 0 ? (1 + eta * eta) / 2 * v / (sigma * sigma) : 1;
    tensor_mix(x, 1 - part, x, part, sampler_guess(s, x, sigma).x0);
    if (s->options.form == SAMPLER_ANCESTRAL) eta *= next / sigma;
    sampler_add_noise(s, x, next > 0 ? eta * sqrt(v) : 0, sigma, next);
}

SAMPLER(score_sde_ve, "Score SDE VE", "arXiv:2011.13456 Alg. 2, eq. 46-47", "reverse diffusion",
        "A thousand small steps, with a corrector where calls cost nothing.", .order = 1,
        .evals = 1, .eta = 1, .stochastic = true, .no_flow = true,
        .forms = "euler_maruyama or ancestral",
        .takes = SAMPLER_ETA | SAMPLER_CORRECT | SAMPLER_AS_PUBLISHED);
