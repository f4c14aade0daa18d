/* LMS: draw a curve through the last slopes and walk the area under it.
 *
 * Adams, Bashforth 1883, with steps of any length, as Crowson has it in k-diffusion (sample_lms).
 *
 *     l_j(tau) = prod_{m != j} (tau - sigma_m) / (sigma_j - sigma_m)     1 at slope j, else 0
 *     x'       = x + sum_j d_j int_sigma^next l_j(tau) dtau
 *
 * One denoiser call a step, and fourth order once four slopes are known; the first steps have
 * fewer. The step to 0 is Euler's: the curve would be continued over a stretch many times longer
 * than the steps it was drawn through, which magnifies every wrinkle of a network ("LMS Karras is
 * bugged at high steps"). k-diffusion and diffusers do continue it: as_published.
 */
#include "diffusion/multistep.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    double node[4], weight[4];
    int order = s->options.order ? s->options.order : 4;
    if (order > s->history + 1) order = s->history + 1;
    if (next == 0 && !s->options.as_published) order = 1;
    sampler_guess(s, x, sigma);
    for (int j = 0; j < order; j++) node[j] = s->past[j].sigma;
    multistep_weights(weight, node, order, sigma, next, 0);
    for (int j = 0; j < order; j++) tensor_add_scaled(x, weight[j], sampler_past_slope(s, j));
}

SAMPLER(lms, "LMS", "Adams, Bashforth 1883; k-diffusion",
        "LMSDiscreteScheduler, lms_discrete, PLMS in sigma",
        "Smooth models and 30 steps or more; at few steps it wobbles.", .order = 4, .max_order = 4,
        .evals = 1, .takes = SAMPLER_AS_PUBLISHED);
