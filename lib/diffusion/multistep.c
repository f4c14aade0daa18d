#include "diffusion/multistep.h"
#include <math.h>

int multistep_reach(const sampler *s, int most, double next)
{
    int count = 0;
    while (count < most && count <= s->history && isfinite(sampler_lambda(s, s->past[count].sigma)))
        count++;
    return count > 0 && isfinite(sampler_lambda(s, next)) ? count : 1;
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
                       double M)
{
    double pull = M < 0 ? -1 : M;
    if (pull * (to - from) > 64) from = to - 64 / pull; /* what was before has faded to e^-64 */
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

void multistep_shorten(double *weight, const double *node, double from, double to, bool square)
{
    double all = weight[0] + weight[1], h = to - from;
    weight[0] = node[0] == from ? all : 0, weight[1] = all - weight[0];
    multistep_bend(weight, node, 2, (square ? h : all) * h / 2);
}

static double length(const sampler *s, double sigma, double next)
{
    return sampler_lambda(s, next) - sampler_lambda(s, sigma);
}

double multistep_stay(const sampler *s, double sigma, double next, double M)
{
    double h = length(s, sigma, next), more = fabs(M) - 1;
    if (M < 0 && isfinite(h)) return sampler_alpha(s, next) / sampler_alpha(s, sigma);
    return next / sigma * (more > 0 ? exp(-more * h) : 1);
}

double multistep_noise(const sampler *s, double sigma, double next, double M)
{
    double h = length(s, sigma, next), more = fabs(M) - 1;
    if (next == 0 || more == 0) return 0;
    return next * sqrt(M < 0 && isfinite(h) ? more * expm1(2 * h) : -expm1(-2 * more * h));
}

void multistep_add(sampler *s, tensor x, const double *weight, int count, double next, double M)
{
    double size = M * (M < 0 ? next : sampler_alpha(s, next));
    for (int j = 0; j < count; j++) {
        tensor x0 = s->past[j].guess.x0;
        if (M < 0) x0 = sampler_eps(s, s->past[j].x, x0, s->past[j].sigma);
        tensor_add_scaled(x, size * weight[j], x0);
    }
}

void multistep_follow(sampler *s, tensor x, int count, double sigma, double next, double M)
{
    double node[MULTISTEP_MOST], weight[MULTISTEP_MOST], stay = multistep_stay(s, sigma, next, M);
    double from = sampler_lambda(s, sigma), to = sampler_lambda(s, next);
    tensor_scale(x, stay, x);
    if (isfinite(to - from)) {
        multistep_lambdas(s, node, count);
        multistep_weights(weight, node, count, from, to, M);
        multistep_add(s, x, weight, count, next, M);
    } else {
        double all = sampler_alpha(s, next) - stay * sampler_alpha(s, sigma);
        tensor_add_scaled(x, all, s->past[0].guess.x0);
    }
}

void multistep_chain(sampler *s, tensor x, double sigma, double next, const double *place,
                     bool exact)
{
    double M = 1 + s->options.eta, lambda = sampler_lambda(s, sigma), from = sigma;
    double h = length(s, sigma, next);
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
        tensor_scale(x, multistep_stay(s, from, to, M), x);
        sampler_add_noise(s, x, multistep_noise(s, from, to, M), from, to);
        tensor_mix(y, 1, x, -alpha * expm1(-H) - w, x0);
        tensor_add_scaled(y, w, there);
        if (c[1] > 0) there = sampler_guess(s, y, to).x0;
        from = to;
    }
    tensor_copy(x, y);
}
