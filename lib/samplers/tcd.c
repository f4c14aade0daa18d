/* TCD: step down along the noise to an earlier time, then climb back with new noise.
 *
 * Zheng, Hu, Fan, Wang, Qi, Wang, Tao, Cham 2024, "Trajectory Consistency Distillation",
 * arXiv:2402.19159, "strategic stochastic sampling"; eta is the paper's gamma.
 *
 *     t' = t(next),  low = sigma((1 - eta) t')                  at most next
 *     x  = (low / sigma) x + (1 - low / sigma) x0               DDIM's step, with no noise
 *     x' = rise from low to next
 *
 * eta = 0 is DDIM without noise, eta = 1 nearly LCM. For networks that were trained to say where
 * the ODE passes at any earlier time: two to twenty steps. It is no solver of an SDE: however short
 * the steps, each puts the same stretch of noise in, so more of them do not come nearer to
 * anything. One denoiser call a step. diffusers rounds (1 - eta) t' down to a trained time:
 * as_published.
 */
#include "diffusion/sampler.h"
#include <math.h>

static void step(sampler *s, tensor x, double sigma, double next)
{
    double t = fmax(1 - s->options.eta, 0) * schedule_t(s->schedule, next);
    if (s->options.as_published) t = floor(t + 1e-3); /* whole times come back from sigma inexact */
    double low = s->options.eta > 0 ? fmin(schedule_sigma(s->schedule, t), next) : next;
    sampler_follow(x, sampler_guess(s, x, sigma).x0, sigma, low);
    sampler_rise(s, x, low, next);
}

SAMPLER(tcd, "TCD", "arXiv:2402.19159", "TCDScheduler",
        "Few steps with a distilled model, more of them where detail is wanted.", .evals = 1,
        .eta = 0.3, .stochastic = true, .needs_schedule = true,
        .takes = SAMPLER_ETA | SAMPLER_AS_PUBLISHED);
