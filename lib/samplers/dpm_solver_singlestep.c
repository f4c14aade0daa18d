/* DPM-Solver, singlestep: k steps of the list are one step of order k, in k questions.
 *
 * Lu, Zhou, Bao, Chen, Li, Zhu 2022, arXiv:2206.00927, Algorithms 1 and 2 (noise_prediction), and
 * arXiv:2211.01095, Algorithm 1 (without). The list is walked in blocks of k = `order` steps. Every
 * step of a block starts again at the block's first picture x, with one answer g more. In lambda =
 * ln(alpha / sigma), from the block's start to `next`, h = lambda' - lambda:
 *
 *     x' = (next / sigma) x + alpha' int_0^h e^-(h-u) g(u) du           g = x0
 *     x' = (alpha' / alpha) x - next int_0^h e^(h-u) g(u) du            g = eps
 *
 *     2nd step   g is the line through both answers; in `midpoint`, and usually where the block
 *                ends here, its middle for all of it
 *     3rd step   the line through the first and the last; in `heun` the parabola through all
 *
 * One denoiser call a step. Order 3 needs the second answer at 2/3 of the block, in lambda: smooth
 * lists have it nearly, dpm_fast exactly, and on an uneven one order 2 is what is measured. With
 * that list, order 3 and noise_prediction this is DPM-Solver-fast. The walk ends in blocks of 2 and
 * 1 unless keep_order says otherwise; the step to 0 stands alone.
 *
 * eta along x0 is the SDE's: e^-(1 + eta)(h-u), as diffusers' sde-dpmsolver++ for eta = 1. Each
 * step draws for itself: on a Brownian path that is one noise; drawn fresh they are strangers, and
 * 200 steps are then further from the law than 100 on a path. eta along eps is k-diffusion's
 * sample_dpm_fast: the block goes down too far, its sizes move along, noise is added where it ends
 * (so within a block x has less noise than the list says). What a watcher changes within a block
 * counts for the question only. as_published: of order 3 in `heun`, diffusers' sde-dpmsolver++ has
 * a wrong sign, -1/2 for 1/2 in the weight of the bend.
 */
#include "diffusion/ancestral.h"
#include "diffusion/multistep.h"
#include <math.h>

/* Where the block of this step ends; *place becomes the step's number in it, from 1. */
static int block(const sampler *s, int order, int *place)
{
    int n = s->walk.n, first = s->i - s->i % order, most = n;
    if (s->walk.at[n] == 0 || (n % order == 0 && !s->options.keep_order)) most--; /* last: alone */
    if (s->i == most) first = most++;
    *place = s->i - first + 1;
    return first + order < most ? first + order : most;
}

/* The block's picture, followed to size `next` along its answers so far. */
static void follow(sampler *s, tensor x, int count, double next, double M, bool ends)
{
    const sampler_memory *first = &s->past[count - 1];
    const sampler_options *o = &s->options;
    bool heun = o->form == SAMPLER_HEUN, outer = count == 3 && !heun;
    double node[3], weight[3], to = sampler_lambda(s, next);
    multistep_lambdas(s, node, count);
    double from = node[count - 1];
    if (outer) node[1] = from;
    multistep_weights(weight, node, count - outer, from, to, M);
    if (count == 2 && (o->form == SAMPLER_MIDPOINT || (!heun && ends)))
        multistep_shorten(weight, node, from, to, false);
    if (outer) weight[2] = weight[1], weight[1] = 0;
    if (count == 3 && heun && o->as_published && M > 1)
        multistep_bend(weight, node, 3, -2 * (to - from) * (to - from) / M);
    tensor_scale(x, multistep_stay(s, first->sigma, next, M), first->x);
    multistep_add(s, x, weight, count, next, M);
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    const sampler_options *o = &s->options;
    int place, last = block(s, o->order ? o->order : 2, &place);
    if (place > s->history + 1 || !isfinite(sampler_lambda(s, s->past[place - 1].sigma)) ||
        !isfinite(sampler_lambda(s, next)))
        place = 1; /* after a turn, at a flow's sigma 1, to 0 */
    bool eps = o->noise_prediction, ends = s->i + 1 == last;
    double base = place > 1 ? s->past[place - 1].sigma : sigma, end = s->walk.at[last];
    double from = sampler_lambda(s, base), M = eps ? -1 : 1 + o->eta;
    ancestral a = {end, 1, 0};
    if (eps && end > 0 && isfinite(from)) a = ancestral_split(s, base, end, s->walk.at[s->walk.n]);
    if (a.up > 0) {
        double move = (sampler_lambda(s, a.down) - from) / (sampler_lambda(s, end) - from);
        sigma = sampler_sigma(s, from + move * (sampler_lambda(s, sigma) - from));
        next = sampler_sigma(s, from + move * (sampler_lambda(s, next) - from));
    }
    sampler_guess(s, x, sigma);
    if (place == 1)
        multistep_follow(s, x, 1, sigma, next, M);
    else
        follow(s, x, place, next, M, ends);
    sampler_add_noise(s, x, multistep_noise(s, base, next, M), base, next);
    if (ends) ancestral_rise(s, x, a, base, end);
}

SAMPLER(dpm_solver_singlestep, "DPM-Solver singlestep", "arXiv:2206.00927, arXiv:2211.01095 Alg. 1",
        "DPMSolverSinglestepScheduler, singlestep_dpm_solver",
        "Walks that must not look back beyond a few steps; else take DPM++ 2M.", .order = 2,
        .max_order = 3, .evals = 1, .forms = "midpoint or heun",
        .takes = SAMPLER_ETA | SAMPLER_NOISE_PREDICTION | SAMPLER_KEEP_ORDER |
                 SAMPLER_AS_PUBLISHED);
