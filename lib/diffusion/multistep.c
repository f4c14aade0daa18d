#include "diffusion/multistep.h"
#include <math.h>

int multistep_reach(const sampler *s, int most, double next)
{
    int count = 1;
    if (!isfinite(sampler_lambda(s, next))) return 1;
    while (count < most && count <= s->history && isfinite(sampler_lambda(s, s->past[count].sigma)))
        count++;
    return isfinite(sampler_lambda(s, s->past[0].sigma)) ? count : 1;
}

int multistep_reach_final(const sampler *s, int most, double next)
{
    int left = s->walk.n - s->i;
    if (s->walk.n < 15 && left < most && !s->options.keep_order) most = left;
    return multistep_reach(s, most, next);
}

void multistep_lambdas(const sampler *s, double *node, int count)
{
    for (int j = 0; j < count; j++) node[j] = sampler_lambda(s, s->past[j].sigma);
}

/* Gauss and Legendre with 16 points on [-1, 1]: where, and the weight. */
static const double points[8][2] = {
    {0.0950125098376374402, 0.1894506104550684963}, {0.2816035507792589132, 0.1826034150449235888},
    {0.4580167776572273863, 0.1691565193950025382}, {0.6178762444026437484, 0.1495959888165767321},
    {0.7554044083550030339, 0.1246289712555338720}, {0.8656312023878317439, 0.0951585116824927848},
    {0.9445750230732325761, 0.0622535239386478929}, {0.9894009349916499326, 0.0271524594117540949}};

double multistep_point(int i, int pieces, double from, double to, double *share)
{
    double half = (to - from) / pieces / 2;
    const double *point = points[i % 16 / 2];
    *share = half * point[1];
    return from + half * (1 + 2 * (i / 16) + (i % 2 ? point[0] : -point[0]));
}

static double lagrange(const double *node, int count, int j, double u)
{
    double product = 1;
    for (int m = 0; m < count; m++)
        if (m != j) product *= (u - node[m]) / (node[j] - node[m]);
    return product;
}

void multistep_weights(double *weight, const double *node, int count, double from, double to,
                       double pull)
{
    int pieces = 1 + (int)(fabs(pull * (to - from)) / 8);
    for (int j = 0; j < count; j++) weight[j] = 0;
    for (int i = 0; i < 16 * pieces; i++) {
        double share, u = multistep_point(i, pieces, from, to, &share);
        share *= exp(-pull * (to - u));
        for (int j = 0; j < count; j++) weight[j] += share * lagrange(node, count, j, u);
    }
}

void multistep_bend(double *weight, const double *node, int count, double amount)
{
    for (int j = 0; j < count; j++) {
        double product = 1;
        for (int m = 0; m < count; m++)
            if (m != j) product *= node[j] - node[m];
        weight[j] += amount / product;
    }
}

void multistep_follow(sampler *s, tensor x, int count, double sigma, double next, double M)
{
    double node[MULTISTEP_MOST], weight[MULTISTEP_MOST], stay = next / sigma;
    double alpha = sampler_alpha(s, sigma), alpha_next = sampler_alpha(s, next);
    double from = sampler_lambda(s, sigma), to = sampler_lambda(s, next);
    if (M > 1) stay *= exp(-(M - 1) * (to - from));
    if (count > 1) {
        multistep_lambdas(s, node, count);
        multistep_weights(weight, node, count, from, to, M);
        for (int j = 0; j < count; j++) weight[j] *= M * alpha_next;
    } else {
        weight[0] = alpha_next - stay * alpha; /* holds where lambda is infinite too */
    }
    tensor_scale(x, stay, x);
    for (int j = 0; j < count; j++) tensor_add_scaled(x, weight[j], s->past[j].guess.x0);
}

tensor multistep_eps(sampler *s, int j)
{
    const sampler_memory *m = &s->past[j];
    tensor eps = tensor_like(&s->scratch, m->x);
    tensor_mix(eps, 1 / m->sigma, m->x, -sampler_alpha(s, m->sigma) / m->sigma, m->guess.x0);
    return eps;
}

void multistep_follow_eps(sampler *s, tensor x, int count, double sigma, double next)
{
    double node[MULTISTEP_MOST] = {0}, weight[MULTISTEP_MOST];
    multistep_lambdas(s, node, count);
    multistep_weights(weight, node, count, sampler_lambda(s, sigma), sampler_lambda(s, next), -1);
    tensor_scale(x, sampler_alpha(s, next) / sampler_alpha(s, sigma), x);
    for (int j = 0; j < count; j++) tensor_add_scaled(x, -next * weight[j], multistep_eps(s, j));
}

double multistep_noise(const sampler *s, double sigma, double next, double M)
{
    if (next == 0 || M == 1) return 0;
    return next * sqrt(-expm1(-2 * (M - 1) * (sampler_lambda(s, next) - sampler_lambda(s, sigma))));
}

void multistep_chain(sampler *s, tensor x, double sigma, double next, const double *place,
                     bool exact)
{
    double M = 1 + s->options.eta, lambda = sampler_lambda(s, sigma), from = sigma;
    double h = sampler_lambda(s, next) - lambda;
    tensor x0 = sampler_guess(s, x, sigma).x0, there = x0, y = tensor_like(&s->scratch, x);
    if (!isfinite(h)) {
        multistep_follow(s, x, 1, sigma, next, M);
        sampler_add_noise(s, x, multistep_noise(s, sigma, next, M), sigma, next);
        return;
    }
    for (const double *c = place; *c > 0; c++) {
        double to = *c == 1 ? next : sampler_sigma(s, lambda + *c * h), H = M * *c * h;
        double alpha = sampler_alpha(s, to), w = 0;
        if (c > place) w = alpha * *c / c[-1] * (exact ? 1 + expm1(-H) / H : -expm1(-H) / 2);
        multistep_follow(s, x, 0, from, to, M);
        sampler_add_noise(s, x, multistep_noise(s, from, to, M), from, to);
        tensor_mix(y, 1, x, -alpha * expm1(-H) - w, x0);
        tensor_add_scaled(y, w, there);
        if (c[1] > 0) there = sampler_guess(s, y, to).x0;
        from = to;
    }
    tensor_copy(x, y);
}
