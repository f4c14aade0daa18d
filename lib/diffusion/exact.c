#include "diffusion/exact.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/pi.h"
#include <math.h>

static double alpha_of(const exact_mixture *m, double sigma)
{
    return m->flow ? 1 - sigma : 1;
}

static double weight_of(const exact_mixture *m, int k)
{
    return m->weight ? m->weight[k] : 1;
}

static double width_of(const exact_mixture *m, int k)
{
    return m->width ? m->width[k] : 0;
}

/* Variance of noisy pictures around the shrunk centre: alpha^2 s_k^2 + sigma^2. */
static double variance_of(const exact_mixture *m, int k, double sigma)
{
    double spread = alpha_of(m, sigma) * width_of(m, k);
    return spread * spread + sigma * sigma;
}

/* |x - alpha m_k|^2, summed in double. */
static double distance2(const exact_mixture *m, int k, tensor x, double alpha)
{
    size_t count = tensor_count(x);
    const real *centre = m->centre.data + (size_t)k * count;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double apart = (double)x.data[i] - alpha * (double)centre[i];
        sum += apart * apart;
    }
    return sum;
}

/* Fills in ln(w_k N(x; ...)) and returns the logarithm of their sum. The largest is taken out
 * before exp: far from all centres every one of them underflows, and only their gaps matter. */
static double log_shares(const exact_mixture *m, double *share, tensor x, double sigma)
{
    double dimension = (double)tensor_count(x), most = -HUGE_VAL, sum = 0, weights = 0;
    for (int k = 0; k < m->centre.n; k++) {
        double v = variance_of(m, k, sigma), d2 = distance2(m, k, x, alpha_of(m, sigma));
        share[k] = log(weight_of(m, k)) - d2 / (2 * v) - dimension / 2 * log(2 * PI * v);
        weights += weight_of(m, k);
        most = fmax(most, share[k]);
    }
    for (int k = 0; k < m->centre.n; k++) sum += exp(share[k] - most);
    for (int k = 0; k < m->centre.n; k++) share[k] = share[k] - most - log(sum);
    return most + log(sum) - log(weights);
}

void exact_posterior(const exact_mixture *m, double *probability, tensor x, double sigma)
{
    log_shares(m, probability, x, sigma);
    for (int k = 0; k < m->centre.n; k++) probability[k] = exp(probability[k]);
}

double exact_log_density(const exact_mixture *m, tensor x, double sigma)
{
    double share[256];
    PROMISE(m->centre.n <= 256, "exact_log_density: at most 256 components");
    return log_shares(m, share, x, sigma);
}

/* D(x) = sum_k p_k ((1 - alpha pull_k) m_k + pull_k x),   pull_k = alpha s_k^2 / variance_k */
static void guess_one(const exact_mixture *m, tensor x0, tensor x, double sigma, double *p)
{
    double alpha = alpha_of(m, sigma), of_x = 0;
    size_t count = tensor_count(x);
    exact_posterior(m, p, x, sigma);
    for (int k = 0; k < m->centre.n; k++) {
        double pull = alpha * width_of(m, k) * width_of(m, k) / variance_of(m, k, sigma);
        of_x += p[k] * pull;
        p[k] *= 1 - alpha * pull;
    }
    for (size_t i = 0; i < count; i++) {
        double sum = of_x * (double)x.data[i];
        for (int k = 0; k < m->centre.n; k++)
            sum += p[k] * (double)m->centre.data[(size_t)k * count + i];
        x0.data[i] = (real)sum;
    }
}

static void guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    const exact_mixture *m = self;
    size_t k = (size_t)m->centre.n;
    double *p = arena_take(&scratch, (size_t)x.n * k * sizeof *p);
    PROMISE(x.h == m->centre.h && x.w == m->centre.w && x.c == m->centre.c,
            "exact_denoiser: x has not the size of the data");
    PARALLEL_FOR(tensor_count(x) * k > PARALLEL_WORTH)
    for (int i = 0; i < x.n; i++)
        guess_one(m, tensor_pictures(out.x0, i, 1), tensor_pictures(x, i, 1), sigma,
                  p + (size_t)i * k);
}

denoiser exact_denoiser(const exact_mixture *m)
{
    return (denoiser){.guess = guess, .self = (void *)(size_t)m, .k = 1, .flow = m->flow};
}

/* Which component a uniform number in [0, 1) falls on. */
static int pick(const exact_mixture *m, double u)
{
    double total = 0;
    for (int k = 0; k < m->centre.n; k++) total += weight_of(m, k);
    for (int k = 0; k < m->centre.n - 1; k++) {
        u -= weight_of(m, k) / total;
        if (u < 0) return k;
    }
    return m->centre.n - 1;
}

void exact_draw(const exact_mixture *m, tensor out, rng *r, arena scratch)
{
    double *u = arena_take(&scratch, (size_t)out.n * sizeof *u);
    rng_uniform64(r, u, (size_t)out.n);
    rng_normal(r, out, scratch);
    for (int i = 0; i < out.n; i++) {
        int k = pick(m, u[i]);
        tensor one = tensor_pictures(out, i, 1);
        tensor_mix(one, width_of(m, k), one, 1, tensor_pictures(m->centre, k, 1));
    }
}
