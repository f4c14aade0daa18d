/* pairs.h: a crowd on straight lines, from any data to any source.
 *
 *     pairs crowd = {.data = &spiral, .source = &ring};
 *     denoiser d = pairs_denoiser(&crowd);       D(y, s), in the flow coordinate
 *
 * Everybody has a clean x0 from the data and, drawn without looking at it, an e from the source:
 *
 *     y = (1 - s) x0 + s e          s = 0: data, s = 1: source
 *
 * Where both are mixtures of round Gaussians, with centres m_k and e_j and widths a_k and b_j, one
 * knows whom one meets at y:
 *
 *     c_kj = (1 - s) m_k + s e_j,   V_kj = (1 - s)^2 a_k^2 + s^2 b_j^2
 *     p_kj ~ w_k w_j N(y; c_kj, V_kj)                                     the share of this pair
 *     D(y) = sum_kj p_kj (m_k + (1 - s) a_k^2 / V_kj (y - c_kj))          the mean of their x0
 *
 * and the mean of their velocities e - x0 is (y - D) / s, whatever the source. When the source is
 * one bell of width 1 around 0, this D is the one of exact.h.
 */
#ifndef PAIRS_H
#define PAIRS_H
#include "base/parallel.h"
#include "base/pi.h"
#include "diffusion/exact.h"
#include <math.h>

typedef struct {
    const exact_mixture *data, *source;
} pairs;

/* Pair k, j alone: the logarithm of its share, but for a constant, where it stands on the mean, and
 * how widely. c: room for a number each of y. */
static inline double pairs_one(const pairs *p, int k, int j, tensor y, double s, double *c,
                               double *V)
{
    size_t n = tensor_count(y);
    const exact_mixture *data = p->data, *source = p->source;
    const real *m = data->centre.data + (size_t)k * n, *e = source->centre.data + (size_t)j * n;
    double a = data->width ? data->width[k] : 0, b = source->width ? source->width[j] : 0, d2 = 0;
    double w = (data->weight ? data->weight[k] : 1) * (source->weight ? source->weight[j] : 1);
    *V = (1 - s) * (1 - s) * a * a + s * s * b * b;
    for (size_t i = 0; i < n; i++) {
        c[i] = (1 - s) * (double)m[i] + s * (double)e[i];
        d2 += ((double)y.data[i] - c[i]) * ((double)y.data[i] - c[i]);
    }
    return log(w) - d2 / (2 * *V) - (double)n / 2 * log(*V);
}

/* The mean over all pairs, as a sum in which the likeliest so far counts as 1: all of them may be
 * too rare for a double, and only their ratios matter. sum: room for twice the numbers of y */
static inline void pairs_guess_one(const pairs *p, tensor x0, tensor y, double s, double *sum)
{
    size_t n = tensor_count(y);
    double most = -HUGE_VAL, total = 0, V, *c = sum + n;
    for (size_t i = 0; i < n; i++) sum[i] = 0;
    for (int k = 0; k < p->data->centre.n; k++) {
        const real *m = p->data->centre.data + (size_t)k * n;
        double a = p->data->width ? p->data->width[k] : 0;
        for (int j = 0; j < p->source->centre.n; j++) {
            double share = pairs_one(p, k, j, y, s, c, &V);
            if (share < most - 50) continue; /* e^-50: nothing beside the likeliest */
            double keep = share > most ? exp(most - share) : 1;
            most = fmax(most, share);
            double weight = exp(share - most), pull = (1 - s) * a * a / V;
            total = keep * total + weight;
            for (size_t i = 0; i < n; i++)
                sum[i] =
                    keep * sum[i] + weight * ((double)m[i] + pull * ((double)y.data[i] - c[i]));
        }
    }
    for (size_t i = 0; i < n; i++) x0.data[i] = (real)(sum[i] / total);
}

static inline void pairs_guess(void *self, answer out, tensor y, double s, arena scratch)
{
    size_t n = tensor_count(y) / (size_t)y.n;
    double *room = arena_take(&scratch, 2 * tensor_count(y) * sizeof *room);
    PARALLEL_FOR(true)
    for (int i = 0; i < y.n; i++)
        pairs_guess_one(self, tensor_pictures(out.x0, i, 1), tensor_pictures(y, i, 1), s,
                        room + 2 * (size_t)i * n);
}

static inline denoiser pairs_denoiser(const pairs *p)
{
    return (denoiser){.guess = pairs_guess, .self = (void *)(size_t)p, .flow = true};
}

/* The lines themselves, each seen at so many s, from 1 to 0. s: [points], way: [n, points] */
static inline void pairs_lines(tensor x0, tensor e, int points, double *s, double *way)
{
    for (int i = 0; i < points; i++) {
        s[i] = 1 - i / (points - 1.0);
        for (int k = 0; k < x0.n; k++)
            way[k * points + i] = (1 - s[i]) * (double)x0.data[k] + s[i] * (double)e.data[k];
    }
}

/* How many of such ways end in another order than they begin. */
static inline int pairs_crossings(int n, int points, const double *way)
{
    int crossings = 0;
    for (int k = 0; k < n; k++) {
        const double *one = way + k * points, *other = way;
        for (; other < one; other += points)
            crossings += (one[0] - other[0]) * (one[points - 1] - other[points - 1]) < 0;
    }
    return crossings;
}

/* A source in the plane: bells of one width, evenly around a circle. One bell, no radius and width
 * 1 is the usual noise. */
static inline exact_mixture pairs_ring(arena *keep, int bells, double radius, double width)
{
    exact_mixture ring = {.centre = tensor_new(keep, bells, 1, 1, 2)};
    double *widths = arena_take(keep, (size_t)bells * sizeof *widths);
    for (int j = 0; j < bells; j++) {
        ring.centre.data[2 * j] = (real)(radius * cos(2 * PI * j / bells));
        ring.centre.data[2 * j + 1] = (real)(radius * sin(2 * PI * j / bells));
        widths[j] = width;
    }
    ring.width = widths;
    return ring;
}

#endif
