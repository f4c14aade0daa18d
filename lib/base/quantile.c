#include "base/quantile.h"
#include <math.h>

/* The share below x, by the continued fraction of DLMF 8.17.22, from its innermost part outwards:
 *
 *     I_x(a, b)  =  x^a (1 - x)^b / (a B(a, b) f),     f  =  1 + d_1 / (1 + d_2 / (1 + ...))
 *     d_2m+1  =  -(a + m) (a + b + m) x / ((a + 2m) (a + 2m + 1))
 *     d_2m    =  m (b - m) x / ((a + 2m - 1) (a + 2m))
 *
 * Here: ln(I a B) at x = e^u below the middle, where few parts are enough, and *slope, its
 * derivative by u. */
static double log_share(double u, double a, double b, double *slope)
{
    double x = exp(u), f = 1;
    for (int m = 9 + (int)(4 * sqrt(a + b)); m >= 0; m--) {
        f = 1 - (a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1) * f);
        if (m > 0) f = 1 + m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m) * f);
    }
    *slope = a * f / (1 - x);
    return a * u + b * log1p(-x) - log(f);
}

/* The x below the middle at which log_share() is c, by Newton's method. Towards small x the curve
 * nears the line a u, on which we start. It bends one way only, to below that line where b > 1 and
 * to above it where b < 1: we start on the side from which no step of Newton's goes too far. */
static double below(double middle, double c, double a, double b)
{
    double u = fmin(c / a, log(middle)), slope, step = 1;
    for (int k = 0; k < 100 && fabs(step) > 1e-8; k++) { /* what is left then is its square */
        step = (log_share(u, a, b, &slope) - c) / slope;
        u -= step;
    }
    return exp(u);
}

double quantile_beta(double p, double a, double b)
{
    if (p <= 0 || p >= 1 || (p == 0.5 && a == b)) return p; /* the middle, to its last bit */
    double B = tgamma(a) / tgamma(a + b) * tgamma(b), slope;
    double c = log(p) + log(a * B), middle = (a + 1) / (a + b + 2);
    if (c < log_share(log(middle), a, b, &slope)) return below(middle, c, a, b);
    return 1 - below(1 - middle, log(1 - p) + log(b * B), b, a);
}
