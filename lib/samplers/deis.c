/* DEIS: draw a curve through the last guesses of the noise, and follow it exactly.
 *
 * Zhang, Chen 2023, "Fast Sampling of Diffusion Models with Exponential Integrator",
 * arXiv:2204.13902, section 3. With rho = sigma / alpha the curve of the ODE is
 * d(x / alpha) / d rho = eps, and so
 *
 *     x' / alpha' = x / alpha + sum_j eps_j int_rho^rho' l_j(tau) dtau
 *     l_j(tau)    = prod_{m != j} (ln tau - ln rho_m) / (ln rho_j - ln rho_m)     1 at j, else 0
 *
 * One call a step, order 3 once three guesses are known. The clock ln rho is diffusers' "logrho";
 * it is -lambda, and this is DPM-Solver's multistep form with exact areas. With rho for a clock it
 * would be lms.c; the paper's favourite, t of the VP schedule (tAB, which ComfyUI's "deis" is), is
 * not here. The last steps of a walk of less than 15 have lower orders; the step to 0, where lambda
 * is infinite, is Euler's (diffusers refuses to go there). keep_order keeps the order.
 */
#include "diffusion/multistep.h"

static void step(sampler *s, tensor x, double sigma, double next)
{
    sampler_guess(s, x, sigma);
    int order = multistep_reach_final(s, s->options.order ? s->options.order : 3, next);
    multistep_follow(s, x, order, sigma, next, -1);
}

SAMPLER(deis, "DEIS", "arXiv:2204.13902", "deis_multistep, DEIS logrho",
        "Ten to forty steps of a model without strong guidance.", .order = 3, .max_order = 3,
        .evals = 1, .takes = SAMPLER_KEEP_ORDER);
