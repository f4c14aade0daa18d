/* bell.h: the one bell of lesson 10, for lessons after it. Clean numbers from the Gaussian N(1, 1/4):
 * its best guess, its slope and its curve are formulas, so that an error can be measured.
 */
#ifndef BELL_H
#define BELL_H
#include <math.h>

/* dx/dsigma = (x - D) / sigma,   D = 1 + (1/4) / (1/4 + sigma^2) (x - 1) */
static inline double bell_slope(double x, double sigma)
{
    return (x - 1) * sigma / (0.25 + sigma * sigma);
}

/* Where the curve through x at sigma is at the size `next`. */
static inline double bell_curve(double x, double sigma, double next)
{
    return 1 + (x - 1) * sqrt((0.25 + next * next) / (0.25 + sigma * sigma));
}

#endif
