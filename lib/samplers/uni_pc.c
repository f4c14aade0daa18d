/* UniPC: use each answer twice, to correct the step that led there and to predict the next.
 *
 * Zhao, Bai, Rao, Zhou, Lu 2023, "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling
 * of Diffusion Models", arXiv:2302.04867, Algorithms 1 and 2. With m_0 the guess at x, m_1, m_2
 * and so on those before it and m' the one at x':
 *
 *     predict   x'  = (next / sigma) x + alpha' A(m_0, ..., m_{p-1})
 *     correct   x' += alpha' (A(m', m_0, ..., m_{p-1}) - A(m_0, ..., m_{p-1}))
 *
 * A is the area under the curve through those guesses, weighed with e^-(lambda' - u) (multistep.h).
 * The paper solves a system of moments for it, in which its B(h) cancels but in one place: with two
 * guesses, m where the step begins and n at r h from there, A is not exact but
 *
 *     A(m, n) = (1 - e^-h) m + (n - m) B / (2 r),     B = h (bh1) or 1 - e^-h (bh2, the usual)
 *
 * One call a step, order p + 1 for p = 1, 2, 3. noise_prediction: the same for eps, weighed with
 * e^(lambda' - u). p falls to 1 at the end of walks of less than 15 steps (unless keep_order), in
 * diffusers and the paper's code of longer ones too (as_published). The step to 0 lands on the
 * guess; there diffusers gives NaN with bh1 or noise prediction, because lambda is infinite.
 */
#include "diffusion/multistep.h"
#include <math.h>

/* weight += share A of the curve through `count` answers from past[first] on. */
static void weigh(const sampler *s, double *weight, double share, int first, int count,
                  double sigma, double next)
{
    double node[MULTISTEP_MOST], own[MULTISTEP_MOST], M = s->options.noise_prediction ? -1 : 1;
    double from = sampler_lambda(s, sigma), to = sampler_lambda(s, next);
    for (int j = 0; j < count; j++) node[j] = sampler_lambda(s, s->past[first + j].sigma);
    multistep_weights(own, node, count, from, to, M);
    if (count == 2) multistep_shorten(own, node, from, to, s->options.form == SAMPLER_BH1);
    for (int j = 0; j < count; j++) weight[first + j] += share * own[j];
}

/* p of this step (back = 0) or the one before (1). */
static int order(const sampler *s, int back)
{
    const sampler_options *o = &s->options;
    int most = o->order ? o->order : 3, left = s->walk.n - s->i + back;
    int known = s->history + 1 - back - !isfinite(sampler_lambda(s, s->past[s->history].sigma));
    if (left < most && (o->as_published || (s->walk.n < 15 && !o->keep_order))) most = left;
    return known < most ? known : most;
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    double before = s->past[1].sigma, weight[MULTISTEP_MOST] = {0};
    double h = sampler_lambda(s, next) - sampler_lambda(s, sigma);
    double M = s->options.noise_prediction ? -1 : 1, fade = exp(-M * h);
    sampler_guess(s, x, sigma);
    if (!isfinite(h)) {
        multistep_follow(s, x, 1, sigma, next, M);
        return;
    }
    if (s->history > 0 && isfinite(sampler_lambda(s, before))) {
        weigh(s, weight, fade, 0, order(s, 1) + 1, before, sigma);
        weigh(s, weight, -fade, 1, order(s, 1), before, sigma);
    }
    weigh(s, weight, 1, 0, order(s, 0), sigma, next);
    tensor_scale(x, multistep_stay(s, sigma, next, M), x);
    multistep_add(s, x, weight, s->history + 1, next, M);
}

SAMPLER(uni_pc, "UniPC", "arXiv:2302.04867 Alg. 1, 2", "uni_pc_bh2, UniPC bh2",
        "Ten to forty steps: the highest order that one call a step buys.", .order = 4,
        .max_order = 3, .evals = 1, .forms = "bh1 or bh2",
        .takes = SAMPLER_NOISE_PREDICTION | SAMPLER_KEEP_ORDER | SAMPLER_AS_PUBLISHED);
