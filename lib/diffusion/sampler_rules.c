/* What step functions share. */
#include "diffusion/sampler_inside.h"
#include <math.h>

answer sampler_guess(sampler *s, tensor x, double sigma)
{
    /* the rule's own, after the corrector's; an adaptive one asks of one picture alone */
    bool first = s->evals++ == s->options.correct && !s->kind->whole_walk;
    answer out = first ? s->past[0].guess : denoiser_room(s->model, &s->scratch, x);
    if (first) tensor_copy(s->past[0].x, x), s->past[0].sigma = sigma;
    denoiser_ask(s->model, out, x, sigma, s->scratch);
    return out;
}

tensor sampler_mix(sampler *s, double a, tensor x, double b, tensor y)
{
    tensor out = tensor_like(&s->scratch, x);
    tensor_mix(out, a, x, b, y);
    return out;
}

tensor sampler_eps(sampler *s, tensor x, tensor x0, double sigma)
{
    return sampler_mix(s, 1 / sigma, x, -sampler_alpha(s, sigma) / sigma, x0);
}

tensor sampler_slope(sampler *s, tensor x, double sigma)
{
    return sampler_mix(s, 1 / sigma, x, -1 / sigma, sampler_guess(s, x, sigma).x0);
}

tensor sampler_past_slope(sampler *s, int j)
{
    double sigma = s->past[j].sigma;
    return sampler_mix(s, 1 / sigma, s->past[j].x, -1 / sigma, sampler_along(s->past[j].guess));
}

tensor sampler_along(answer guess)
{
    return guess.away.data ? guess.away : guess.x0;
}

void sampler_exchange(tensor x, answer guess, double share)
{
    if (!guess.away.data) return;
    tensor_add_scaled(x, share, guess.x0);
    tensor_add_scaled(x, -share, guess.away);
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

void sampler_rise(sampler *s, tensor x, double sigma, double next)
{
    double shrink = sampler_alpha(s, next) / sampler_alpha(s, sigma), had = shrink * sigma;
    tensor_scale(x, shrink, x);
    sampler_add_noise(s, x, sqrt(fmax(next * next - had * had, 0)), s->walk.at[s->i], next);
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

/* The mean length of the pictures of a batch, in units of sqrt(h w c). */
static double length(tensor x, arena scratch)
{
    double sum = 0;
    tensor zero = tensor_like(&scratch, tensor_pictures(x, 0, 1));
    tensor_fill(zero, 0);
    for (int i = 0; i < x.n; i++) sum += tensor_distance(tensor_pictures(x, i, 1), zero);
    return sum / x.n;
}

/* Langevin, at one size: x = x + e score + sqrt(2 e) z, with the score (alpha x0 - x) / sigma^2 and
 *
 *     e = 2 (snr sigma)^2
 *
 * The paper has e = 2 (snr |z| / |score|)^2 with means of these lengths over the batch. In a
 * picture of many numbers |z| / |score| is sigma while the noise is larger than the data's details.
 * But so a picture would depend on its neighbours in the batch, and one of few numbers, alone, on a
 * length that is by chance near 0: the steps would no longer keep the law that they are there to
 * keep. as_published does it. (Algorithm 5 also has a factor alpha_i = 1 - beta_i, 0.98 to 1, that
 * the same steps in the other coordinate do not have: it is left out.) */
void sampler_correct(sampler *s, tensor x, double sigma, double next)
{
    const sampler_options *o = &s->options;
    arena room = s->scratch;
    for (int k = 0; k < o->correct; k++, s->scratch = room) {
        tensor eps = sampler_eps(s, x, sampler_guess(s, x, sigma).x0, sigma);
        tensor z = tensor_like(&s->scratch, x);
        noise_draw(&s->noise, z, sigma, next, s->scratch);
        double size = (o->snr > 0 ? o->snr : 0.16) * sigma;
        if (o->as_published) size *= length(z, s->scratch) / length(eps, s->scratch);
        tensor_add_scaled(x, -2 * size * size / sigma, eps); /* the score is -eps / sigma */
        tensor_add_scaled(x, o->s_noise * 2 * size, z);
    }
}
