#include "diffusion/ancestral.h"
#include <math.h>

ancestral ancestral_split(const sampler *s, double sigma, double next, double lowest)
{
    double up = sampler_up(s, sigma, next), alpha = sampler_alpha(s, next);
    if (up == 0) return (ancestral){next, 1, 0};
    double down = fmax(lowest, sampler_sigma(s, log(alpha / sqrt(next * next - up * up))));
    double grow = alpha / sampler_alpha(s, down), had = grow * down;
    return (ancestral){down, grow, sqrt(fmax(next * next - had * had, 0))};
}

void ancestral_rise(sampler *s, tensor x, ancestral a, double sigma, double next)
{
    if (a.grow != 1) tensor_scale(x, a.grow, x);
    sampler_add_noise(s, x, a.up, sigma, next);
}
