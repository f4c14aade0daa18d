/* What step functions share. */
#include "diffusion/sampler.h"
#include <math.h>

answer sampler_guess(sampler *s, tensor x, double sigma)
{
    bool first = s->evals++ == 0;
    answer out = first ? s->past[0].guess : denoiser_room(s->model, &s->scratch, x);
    if (first) {
        s->past[0].sigma = sigma;
        tensor_copy(s->past[0].x, x);
    }
    denoiser_ask(s->model, out, x, sigma, s->scratch);
    return out;
}

static tensor slope(sampler *s, tensor x, tensor guess, double sigma)
{
    tensor d = tensor_like(&s->scratch, x);
    tensor_mix(d, 1 / sigma, x, -1 / sigma, guess);
    return d;
}

tensor sampler_slope(sampler *s, tensor x, double sigma)
{
    return slope(s, x, sampler_guess(s, x, sigma).x0, sigma);
}

tensor sampler_past_slope(sampler *s, int j)
{
    return slope(s, s->past[j].x, s->past[j].guess.x0, s->past[j].sigma);
}

double sampler_alpha(const sampler *s, double sigma)
{
    return denoiser_alpha(s->model, sigma);
}

double sampler_lambda(const sampler *s, double sigma)
{
    return log(sampler_alpha(s, sigma) / sigma);
}

double sampler_sigma(const sampler *s, double lambda)
{
    return s->model.flow ? 1 / (1 + exp(lambda)) : exp(-lambda);
}

void sampler_follow(tensor x, tensor x0, double sigma, double next)
{
    tensor_mix(x, next / sigma, x, 1 - next / sigma, x0);
}

double sampler_up(const sampler *s, double sigma, double next)
{
    double r = next / sampler_alpha(s, next) * (sampler_alpha(s, sigma) / sigma);
    return fmin(s->options.eta * next * sqrt(fmax(1 - r * r, 0)), next);
}

bool sampler_show(sampler *s, tensor x, double sigma)
{
    s->sigma = sigma;
    if (s->watch && !s->watch(s->watcher, s, x)) s->stopped = true;
    return !s->stopped;
}

void sampler_add_noise(sampler *s, tensor x, double amount, double sigma, double next)
{
    if (amount == 0) return;
    tensor z = tensor_like(&s->scratch, x);
    noise_draw(&s->noise, z, sigma, next, s->scratch);
    tensor_add_scaled(x, amount * s->options.s_noise, z);
}

double sampler_churn(sampler *s, tensor x, double sigma)
{
    const sampler_options *o = &s->options;
    if (!(o->churn > 0 && sigma >= o->noise_min && sigma <= o->noise_max)) return sigma;
    double gamma = fmin(o->churn / s->walk.n, sqrt(2) - 1), raised = (1 + gamma) * sigma;
    sampler_add_noise(s, x, sqrt(raised * raised - sigma * sigma), sigma, raised);
    return raised;
}
