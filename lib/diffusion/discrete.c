#include "diffusion/discrete.h"
#include "base/parallel.h"
#include "base/pi.h"
#include <math.h>
#include <string.h>

error discrete_make(const char *name, int codes, int T, arena *keep, discrete *out)
{
    static const char *const names[] = {"mask",         "mask_cosine",  "uniform",
                                        "mask_uniform", "vq_diffusion", NULL};
    int rule = 0;
    while (names[rule] && strcmp(names[rule], name) != 0) rule++;
    if (!names[rule]) return error_unknown("noise of symbols", name, names);
    if (codes < 2 || T < 1 || T > SIGMAS_MOST)
        return error_make("%d codes, %d times: 2 codes at least, 1 time to a million", codes, T);
    double *a = arena_take(keep, 2 * (size_t)(T + 1) * sizeof *a), *c = a + T + 1;
    for (int t = 0; t <= T; t++) {
        double u = (double)t / T, ramp = 0.999981 * (t - 1) / fmax(T - 1, 1);
        double bend = cos((u + 0.008) / 1.008 * PI / 2) / cos(0.008 / 1.008 * PI / 2);
        c[t] = t == 0 ? 0 : ((double[]){u, sin(PI / 2 * u), 0, 0.9 * u, 9e-6 + ramp})[rule];
        a[t] = t == 0 ? 1 : ((double[]){1 - u, 1 - c[t], bend * bend, 1 - u, 0.99999 - ramp})[rule];
    }
    *out = (discrete){codes, T, a, rule == 2 ? NULL : c};
    return NULL;
}

double discrete_chance(const discrete *d, int s, int t, int j, int v)
{
    double stay = d->keep[t] / d->keep[s];
    double mask = d->masked ? 1 - (1 - d->masked[t]) / (1 - d->masked[s]) : 0;
    double other = fmax(1 - stay - mask, 0) / d->codes;
    if (j == d->codes) return v == j;
    return v == d->codes ? mask : other + (v == j ? stay : 0);
}

/* Which symbol stands at a place of a one-hot x. */
static int symbol(tensor x, int i)
{
    int v = 0;
    while (v < x.c - 1 && x.data[i * x.c + v] == 0) v++;
    return v;
}

error discrete_check(const discrete *d, sigmas walk, tensor x, bool mask_alone)
{
    if (!d || !d->keep)
        return error_make("it walks from symbol to symbol, with the tables of discrete.h: no way "
                          "for numbers, such as a picture's");
    for (int t = 0; t <= d->T; t++) {
        double keep = d->keep[t], mask = d->masked ? d->masked[t] : 0;
        if (!(keep >= 0 && mask >= 0 && keep + mask < 1.00001 && (keep > 0 || t == d->T)))
            return error_make("time %d: a code stays by %g, is MASK by %g", t, keep, mask);
    }
    if (mask_alone && !(d->masked && d->keep[d->T] + d->masked[d->T] > 0.99999))
        return error_make("this sampler needs noise that is MASK alone");
    for (int i = 0; i <= walk.n; i++)
        if (!(walk.at[i] == floor(walk.at[i]) && walk.at[i] <= (i ? walk.at[i - 1] : d->T)))
            return error_make("time %d is %g: times are whole, fall, %d at most", i, walk.at[i],
                              d->T);
    if (d->codes < 2 || x.c - (d->masked != NULL) != d->codes)
        return error_make("x has %d channels, its noise %d codes, plus MASK if any", x.c, d->codes);
    for (int i = 0; i < x.n * x.h * x.w; i++)
        for (int v = 0, one = symbol(x, i); v < x.c; v++)
            if (x.data[i * x.c + v] != (v == one))
                return error_make("x is not one-hot at place %d: one channel 1, the others 0", i);
    return NULL;
}

void discrete_forward(const discrete *d, tensor law, tensor x, int s, int t)
{
    for (int i = 0; i < x.n * x.h * x.w; i++)
        for (int v = 0, j = symbol(x, i); v < x.c; v++)
            law.data[i * x.c + v] = (real)discrete_chance(d, s, t, j, v);
}

/* The sum over k is other (w_0 + ... + w_K-1) + stay w_j. A code that no other code can have become
 * has always been there, whatever x0 says. */
void discrete_posterior(const discrete *d, tensor law, tensor x, tensor x0, int s, int t)
{
    double other = discrete_chance(d, 0, s, 0, 1), stay = d->keep[s] / d->keep[0];
    for (int i = 0, K = d->codes; i < x.n * x.h * x.w; i++) {
        int v = symbol(x, i);
        const real *p = x0.data + i * x.c;
        real *w = law.data + i * x.c;
        if (v < K && discrete_chance(d, 0, t, v == 0, v) == 0) {
            memcpy(w, x.data + i * x.c, (size_t)x.c * sizeof *w);
            continue;
        }
        double sum = 0;
        for (int k = 0; k < K; k++)
            w[k] = p[k] == 0 ? 0 : p[k] / (real)discrete_chance(d, 0, t, k, v);
        for (int k = 0; k < K; k++) sum += (double)w[k];
        for (int k = 0; k < K; k++)
            w[k] = (real)(discrete_chance(d, s, t, k, v) * (stay * (double)w[k] + other * sum));
        if (x.c > K) w[K] = v == K ? (real)(d->masked[s] * sum) : 0;
    }
}

void discrete_draw(tensor x, tensor law, int symbols, double heat, rng *r, arena scratch)
{
    tensor u = tensor_new(&scratch, x.n, x.h, x.w, symbols);
    rng_uniform(r, u, scratch);
    PARALLEL_FOR(tensor_count(x) > PARALLEL_WORTH)
    for (int i = 0; i < x.n * x.h * x.w; i++) {
        int best = 0;
        double most = -HUGE_VAL, sum = 0;
        for (int k = 0; k < symbols; k++) {
            double p = (double)law.data[i * law.c + k];
            double score = log(p) - heat * log(-log(fmax((double)u.data[i * symbols + k], 1e-30)));
            if (score > most) most = score, best = k;
            sum += p < 0 ? (double)NAN : p;
        }
        for (int k = 0; k < x.c; k++)
            x.data[i * x.c + k] = sum > 0 && sum < HUGE_VAL ? k == best : (real)NAN;
    }
}
