/** @file quantile.h
 *  A quantile answers the question of a distribution backwards: not "which share lies below x?",
 *  but "below which x lies the share p?". The median is the quantile of 1/2.
 */
#ifndef BASE_QUANTILE_H
#define BASE_QUANTILE_H

/** The quantile of the Beta distribution, whose density on 0 .. 1 goes as
 *  x^(a-1) (1-x)^(b-1): with a and b below 1 it heaps up at both ends. x is right to 13 digits
 *  behind the point; a small x also to 12 digits of its own.
 *  @param p the share, 0 to 1
 *  @param a 0.01 to 50
 *  @param b 0.01 to 50
 *  @return x, 0 to 1 */
double quantile_beta(double p, double a, double b);

#endif
