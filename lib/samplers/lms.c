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
#include "diffusion/sampler.h"
#include <math.h>

/* l_j at tau, through the slopes of this step and of order - 1 before it. */
static double basis(const sampler *s, int order, int j, double tau)
{
    double product = 1;
    for (int m = 0; m < order; m++)
        if (m != j) product *= (tau - s->past[m].sigma) / (s->past[j].sigma - s->past[m].sigma);
    return product;
}

/* Two points of Gauss and Legendre: exact for a polynomial of degree 3, which l_j at most is. */
static double area(const sampler *s, int order, int j, double next)
{
    double from = s->past[0].sigma, middle = (from + next) / 2, half = (next - from) / 2;
    double off = half / sqrt(3);
    return half * (basis(s, order, j, middle - off) + basis(s, order, j, middle + off));
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    int order = s->options.order ? s->options.order : 4;
    if (order > s->history + 1) order = s->history + 1;
    if (next == 0 && !s->options.as_published) order = 1;
    sampler_guess(s, x, sigma);
    for (int j = 0; j < order; j++)
        tensor_add_scaled(x, area(s, order, j, next), sampler_past_slope(s, j));
}

const sampler_kind sampler_lms = {
    .name = "lms",
    .label = "LMS",
    .paper = "Adams, Bashforth 1883; k-diffusion",
    .order = 4,
    .evals = 1,
    .max_order = 4,
    .step = step,
};
