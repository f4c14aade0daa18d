/* Score SDE, variance preserving: as noise leaves, the picture grows back that it had shrunk.
 *
 * Song 2021, arXiv:2011.13456, Algorithm 3 and eq. 32, in its coordinate y = a x, a = 1 / sqrt(1 +
 * sigma^2), with score = (a x0 - y) / (1 - a^2) and beta = 1 - (a / a')^2, the share of the noise
 * that this step takes away:
 *
 *     y' = (2 - sqrt(1 - beta)) y + (1 + eta^2)/2 beta score + eta sqrt(beta) z  reverse diffusion
 *     y' = (y + (1 + eta^2)/2 beta score) / sqrt(1 - beta) + eta sqrt(beta) z    ancestral
 *     y' = (1 + beta/2) y + (1 + eta^2)/2 beta score + eta sqrt(beta) z   Euler and Maruyama, with
 *          beta = -ln (a / a')^2 = int beta(t) dt
 *
 * eta = 1 is the reverse SDE (ancestral is then DDPM with the large variance), 0 the probability
 * flow ODE. The last step, to 0, is the mean, without noise: x0.
 *
 * diffusers walks n times from 1 to 1/1000 with Euler and Maruyama and takes dt = 1/n, although its
 * times lie (1 - 1/1000) / (n - 1) apart and the last leaves no room for another such step. With
 * as_published that form does so too, on the paper's schedule where s->schedule is none of this
 * kind, and the last step is its mean.
 */
#include "diffusion/sampler.h"
#include <math.h>

static double published_beta(const sampler *s, double sigma)
{
    schedule vp;
    (void)schedule_make("vp", (schedule_options){0}, NULL, &vp);
    if (s->schedule && s->schedule->kind == SCHEDULE_VP) vp = *s->schedule;
    return schedule_beta(&vp, schedule_t(&vp, sigma)) / s->walk.n;
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    double a = 1 / sqrt(1 + sigma * sigma), a_next = 1 / sqrt(1 + next * next), root = a / a_next;
    double beta = (sigma * sigma - next * next) * a * a, keep = 2 - root, eta = s->options.eta;
    bool maruyama = s->options.form == SAMPLER_EULER_MARUYAMA;
    bool published = maruyama && s->options.as_published;
    if (maruyama) beta = published ? published_beta(s, sigma) : -2 * log(root), keep = 1 + beta / 2;
    double push = (1 + eta * eta) / 2 * beta;
    if (s->options.form == SAMPLER_ANCESTRAL) keep = 1 / root, push /= root;
    double part = push / (sigma * sigma * a * a); /* score = (a x0 - y) / (1 - a^2) */
    if (next == 0 && !published) keep = part = 1 / root;
    tensor_mix(x, (keep - part) * root, x, part * root, sampler_guess(s, x, sigma).x0);
    sampler_add_noise(s, x, next > 0 ? eta * sqrt(beta) / a_next : 0, sigma, next);
}

SAMPLER(score_sde_vp, "Score SDE VP", "arXiv:2011.13456 Alg. 3, eq. 32", "VP reverse diffusion",
        "As its VE twin, for variance-preserving networks.", .order = 1, .evals = 1, .eta = 1,
        .stochastic = true, .no_flow = true, .forms = "euler_maruyama or ancestral",
        .takes = SAMPLER_ETA | SAMPLER_CORRECT | SAMPLER_AS_PUBLISHED);
