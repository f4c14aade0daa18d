/** @file law.h
 *  Do samples have the data's law? Clouds of points in the plane beside many exact ones: means,
 *  covariances, log-density and the energy distance.
 */
#ifndef TESTS_LAW_H
#define TESTS_LAW_H
#include "diffusion/exact.h"
#include <math.h>

enum { LAW_FEATURES = 6, LAW_FEW = 2000 };

/** The law, and points drawn from it. */
typedef struct {
    const exact_mixture *m; /**< of points, [k, 1, 1, 2] */
    tensor truth;           /**< [count, 1, 1, 2] */
} law;

static inline law law_make(const exact_mixture *m, int count, arena *keep)
{
    law l = {m, tensor_new(keep, count, 1, 1, 2)};
    rng r = rng_torch(1);
    exact_draw(m, l.truth, &r, *keep);
    return l;
}

typedef struct {
    double mean[LAW_FEATURES], variance[LAW_FEATURES]; /* of u, v, uu, uv, vv, ln p(u, v) */
} law_features;

static inline law_features law_features_of(const law *l, tensor x)
{
    law_features f = {0};
    for (int i = 0; i < x.n; i++) {
        double u = (double)x.data[2 * i], v = (double)x.data[2 * i + 1];
        double log_p = exact_log_density(l->m, tensor_pictures(x, i, 1), 0);
        double each[LAW_FEATURES] = {u, v, u * u, u * v, v * v, log_p};
        for (int k = 0; k < LAW_FEATURES; k++) {
            f.mean[k] += each[k] / x.n;
            f.variance[k] += each[k] * each[k] / x.n;
        }
    }
    for (int k = 0; k < LAW_FEATURES; k++) f.variance[k] -= f.mean[k] * f.mean[k];
    return f;
}

/** The largest difference of a mean from the truth's, in standard errors. */
static inline double law_errors(const law *l, tensor x)
{
    law_features a = law_features_of(l, x), b = law_features_of(l, l->truth);
    double most = 0;
    for (int k = 0; k < LAW_FEATURES; k++) {
        double error_of_mean = sqrt(a.variance[k] / x.n + b.variance[k] / l->truth.n);
        most = fmax(most, fabs(a.mean[k] - b.mean[k]) / error_of_mean);
    }
    return most;
}

static inline double law_mean_distance(tensor x, tensor y)
{
    double sum = 0;
    for (int i = 0; i < x.n; i++)
        for (int j = 0; j < y.n; j++) {
            double u = (double)(x.data[2 * i] - y.data[2 * j]);
            double v = (double)(x.data[2 * i + 1] - y.data[2 * j + 1]);
            sum += sqrt(u * u + v * v);
        }
    return sum / x.n / y.n;
}

/** Szekely, Rizzo 2004: 2 E|X - Y| - E|X - X'| - E|Y - Y'|, 0 only where the laws are one. Of two
 *  clouds of LAW_FEW points with one law it is some 2 E|X - X'| / LAW_FEW = 0.003. */
static inline double law_energy(const law *l, tensor x)
{
    tensor few = tensor_pictures(x, 0, LAW_FEW), exact = tensor_pictures(l->truth, 0, LAW_FEW);
    return 2 * law_mean_distance(few, exact) - law_mean_distance(few, few) -
           law_mean_distance(exact, exact);
}

#endif
