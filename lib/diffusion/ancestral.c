#include "diffusion/ancestral.h"
#include <math.h>

/* The size whose sigma / alpha is this. */
static double size_of(const sampler *s, double ratio)
{
    return s->model.flow ? ratio / (1 + ratio) : ratio;
}

ancestral ancestral_split(const sampler *s, double sigma, double next, double lowest)
{
    double up = sampler_up(s, sigma, next), alpha = sampler_alpha(s, next);
    if (up == 0) return (ancestral){next, 1, 0};
    double down = fmax(size_of(s, sqrt(next * next - up * up) / alpha), lowest);
    double grow = alpha / sampler_alpha(s, down), had = grow * down;
    return (ancestral){down, grow, sqrt(fmax(next * next - had * had, 0))};
}

void ancestral_rise(sampler *s, tensor x, ancestral a, double sigma, double next)
{
    if (a.grow != 1) tensor_scale(x, a.grow, x);
    sampler_add_noise(s, x, a.up, sigma, next);
}

double ancestral_between(const sampler *s, double from, double to, double r)
{
    double lambda = sampler_lambda(s, from);
    return size_of(s, exp(-lambda - r * (sampler_lambda(s, to) - lambda)));
}
