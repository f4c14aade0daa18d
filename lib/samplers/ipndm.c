/* iPNDM: mix the last four slopes with the weights of equal steps, whatever the steps are.
 *
 * Liu, Ren, Lin, Zhao 2022, "Pseudo Numerical Methods for Diffusion Models on Manifolds",
 * arXiv:2202.09778, without its start (pndm.c), as in v-diffusion and ComfyUI.
 *
 *     d_j = (x_j - D_j) / sigma_j                            the slope j steps ago
 *     d^  = (55 d_0 - 59 d_1 + 37 d_2 - 9 d_3) / 24          at first (3 -1) / 2, (23 -16 5) / 12
 *     x'  = x + (next - sigma) d^
 *
 * These are Adams and Bashforth's weights where steps are equal: lms.c with the earlier sizes moved
 * to where they would then be. One call a step. On a list that is merely smooth the rule is of
 * order 2, however many slopes it mixes; lms.c has the exact weights for any list. The step to 0 is
 * Euler's, as in ComfyUI; v-diffusion, diffusers and Forge mix there too: as_published.
 *
 * form = SAMPLER_IPNDM_V is "ipndm_v", which means to be exact for steps of any length. Here it is,
 * and so is lms.c. as_published has the weights that diff-sampler prints and others copied, with
 * three slips. With h the step and h1, h2, h3 those before it:
 *
 *     a = h / (3 (h + h1)),  b = h (h + h1) / (h1 (h1 + h2)),  c, e, f as below
 *     u = (1 - a b) / 2            meant is (1 - a) b / 2
 *     v = c ((1 - a) / 2 + e)      meant is - e
 *     w_3 = -f (h1 / h2) v         meant is h2 / h3
 *
 * With 3 slopes that still is of order 3 on a smooth list. With 4 it is of order 2, and where the
 * length of steps jumps the weights do not add up to 1: that walk does not arrive.
 */
#include "diffusion/multistep.h"

static void as_printed(double *weight, const double *node, int order, double next)
{
    double h = next - node[0], h1 = node[0] - node[1], h2 = node[1] - node[2], r = h1 / h2;
    double h3 = order == 4 ? node[2] - node[3] : h2, f = r * (h1 + h2) / (h2 + h3);
    double a = h / (3 * (h + h1)), b = h * (h + h1) / (h1 * (h1 + h2)), u = (1 - a * b) / 2;
    double c = b * (h + h1 + h2) / (h1 + h2 + h3);
    double e = (1 - h / (2 * (h + h1))) * h / (6 * (h + h1 + h2));
    double v = order == 4 ? c * ((1 - a) / 2 + e) : 0;
    const double w[] = {1 + h / h1 / 2 + u + v, -h / h1 / 2 - (1 + r) * u - (1 + r + f) * v,
                        r * u + (r + f * (1 + h2 / h3)) * v, -f * r * v};
    for (int j = 0; j < order; j++) weight[j] = h * w[j];
}

static void step(sampler *s, tensor x, double sigma, double next)
{
    double node[4], weight[4];
    bool uneven = s->options.form == SAMPLER_IPNDM_V, as_published = s->options.as_published;
    int order = s->options.order ? s->options.order : 4;
    if (order > s->history + 1) order = s->history + 1;
    if (next == 0 && (uneven || !as_published)) order = 1;
    sampler_guess(s, x, sigma);
    for (int j = 0; j < order; j++)
        node[j] = uneven ? s->past[j].sigma : sigma + j * (sigma - next);
    multistep_weights(weight, node, order, sigma, next, 0);
    if (uneven && as_published && order > 2) as_printed(weight, node, order, next);
    for (int j = 0; j < order; j++) tensor_add_scaled(x, weight[j], sampler_past_slope(s, j));
}

SAMPLER(ipndm, "iPNDM", "arXiv:2202.09778, v-diffusion", "IPNDMScheduler, Adams-Bashforth",
        "Ten to forty steps on a smooth list; lms has the exact weights.", .order = 2,
        .max_order = 4, .evals = 1, .forms = "ipndm_v", .takes = SAMPLER_AS_PUBLISHED);
