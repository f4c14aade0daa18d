/** @file multistep.h
 *  For samplers that look back: a curve through the last answers, and the area under it.
 *
 *  All multistep rules are one idea. What moves x is an integral over the step, of the slope or of
 *  the guess x0 with a weight. The integrand is known where it was asked for, so a polynomial is
 *  drawn through those points and integrated exactly. The rules differ in what the curve is drawn
 *  through, and in which clock:
 *
 *      through       clock                weight           M   who
 *      slope         sigma                1                    LMS (Adams, Bashforth 1883), iPNDM
 *      slope (eps)   lambda = ln a/sigma  e^(lambda'-u)    -1  DPM-Solver, DEIS in ln sigma
 *      x0            lambda               e^-(lambda'-u)   1   DPM-Solver++, RES, UniPC
 *      x0            lambda               e^-M(lambda'-u)      the same with fresh noise, SA-Solver
 *
 *  M says how strongly a guess pulls at x: 1 along the ODE; 1 + eta^2 or so where M - 1 times as
 *  much noise is put in as the reverse SDE has. Below 0 it is |M|, and the guess that moves along
 *  the curve is that of eps. With h = lambda' - lambda and weights w_j from multistep_weights()
 *  a step is
 *
 *      M > 0    x' = stay x + M alpha' sum_j w_j x0_j  + noise
 *               stay = (next/sigma) e^(-(M-1) h)       noise = next sqrt(1 - e^(-2 (M-1) h)) z
 *      M < 0    x' = stay x + M next   sum_j w_j eps_j + noise
 *               stay = alpha'/alpha                    noise = next sqrt((|M|-1) (e^(2h) - 1)) z
 *
 *  Lu 2022, arXiv:2206.00927, eq. 3.4; Zhang, Chen 2023, arXiv:2204.13902; Zhang, Song, Chen 2023,
 *  arXiv:2308.02157; Xue 2023, arXiv:2309.05019, eq. 7 and 14. Where h is infinite (a step to 0, a
 *  flow's first) both are the first line with the one guess of this step, which is exact there.
 */
#ifndef DIFFUSION_MULTISTEP_H
#define DIFFUSION_MULTISTEP_H
#include "diffusion/sampler.h"

/** The most points a curve is drawn through. */
enum { MULTISTEP_MOST = SAMPLER_PAST + 1 };

/** How many answers the curve of this step may go through: this step's, and those before it in one
 *  coordinate. One where lambda is infinite at the end (a step to 0, a flow's climb to 1), and no
 *  further back than lambda is finite (a flow begins at minus infinity).
 *  @param s    the sampler
 *  @param most what the rule would like
 *  @param next where the step ends
 *  @return 1 to most */
int multistep_reach(const sampler *s, int most, double next);

/** reach, and no more than there are steps left to walk: a curve over the last steps of a short
 *  walk, which are the longest in lambda, overshoots (lower_order_final: diffusers, for less than
 *  15 steps). options.keep_order keeps it.
 *  @param s    the sampler
 *  @param most what the rule would like
 *  @param next where the step ends
 *  @return 1 to most */
int multistep_reach_final(const sampler *s, int most, double next);

/** The lambdas of the answers: this step's first, then backwards.
 *  @param s     the sampler
 *  @param node  filled with count numbers
 *  @param count from multistep_reach() */
void multistep_lambdas(const sampler *s, double *node, int count);

/** The area under each Lagrange polynomial, so that sum_j weight[j] f(node[j]) is the integral of
 *  the curve through all f(node[j]):
 *
 *      l_j(u)    = prod_{m != j} (u - node_m) / (node_j - node_m)         1 at node j, else 0
 *      weight[j] = int_from^to e^(-M (to - u)) l_j(u) du
 *
 *  By Gauss and Legendre's rule with 16 points for each 8 units of M (to - from): exact to
 *  rounding.
 *  @param weight filled with count numbers
 *  @param node   all different
 *  @param count  1 to MULTISTEP_MOST
 *  @param from   finite
 *  @param to     finite
 *  @param M      1 or more; below 0 it counts as -1; 0 for the plain area */
void multistep_weights(double *weight, const double *node, int count, double from, double to,
                       double M);

/** Add a multiple of the last divided difference of Newton's, f[node_0, ..., node_count-1], which
 *  is what the curve through count points has and the one through count - 1 lacks: how much it
 *  leans (two points), how much it bends (three).
 *  @param weight changed: weight[j] += amount / prod_{m != j} (node_j - node_m)
 *  @param node   all different
 *  @param count  1 to MULTISTEP_MOST
 *  @param amount factor of the difference */
void multistep_bend(double *weight, const double *node, int count, double amount);

/** Give the line through two points not its exact area but, as some papers do, the area of what it
 *  is at the middle of the way (midpoint, bh2), or what its slope has with the plain weight, h^2/2
 *  (bh1).
 *  @param weight of multistep_weights() for two points; changed
 *  @param node   two that differ; one of them is from
 *  @param from   finite
 *  @param to     finite
 *  @param square the latter */
void multistep_shorten(double *weight, const double *node, double from, double to, bool square);

/** The rule of multistep_weights() itself: where to look, and how much it counts.
 *  @param i      0 to 16 pieces - 1
 *  @param pieces into how many equal ones the way is cut
 *  @param from   finite
 *  @param to     finite
 *  @param share  of the way; all of them add up to to - from
 *  @return the place */
double multistep_point(int i, int pieces, double from, double to, double *share);

/** What x is multiplied with in a step: stay, above.
 *  @param s     the sampler
 *  @param sigma from
 *  @param next  to
 *  @param M     1 or more, -1 or less
 *  @return stay */
double multistep_stay(const sampler *s, double sigma, double next, double M);

/** What the answers add in a step: x += M alpha' sum_j w_j x0_j, or M next sum_j w_j eps_j.
 *  @param s      the sampler, which has asked at x
 *  @param x      changed
 *  @param weight w_j, this step's first
 *  @param count  of them
 *  @param next   where the step ends
 *  @param M      1 or more, -1 or less */
void multistep_add(sampler *s, tensor x, const double *weight, int count, double next, double M);

/** Size of the noise that a step puts in.
 *  @param s     the sampler
 *  @param sigma from
 *  @param next  to
 *  @param M     1 or more, -1 or less
 *  @return in the units of next; 0 for a step to 0 */
double multistep_noise(const sampler *s, double sigma, double next, double M);

/** Follow the curve through the last answers, exactly: a step without its noise.
 *  @param s     the sampler, which has asked at x
 *  @param x     moved
 *  @param count answers to use, from multistep_reach()
 *  @param sigma from
 *  @param next  to
 *  @param M     1 or more, -1 or less */
void multistep_follow(sampler *s, tensor x, int count, double sigma, double next, double M);

/** One step of the exponential rules that look again on their way (SEEDS, RES, DPM-Solver++(2S)),
 *  with M = 1 + options.eta, h = lambda' - lambda. At each place c of the step they stand where the
 *  first guess x0 and the guess x0_b made at the place b before it lead, and ask there:
 *
 *      y_c = x_c - alpha_c expm1(-M c h) x0 + alpha_c (c/b) w(M c h) (x0_b - x0)
 *      w(u) = 1 + expm1(-u)/u, the exact area of a line, or -expm1(-u)/2, that of its middle
 *      x_c = (sigma_c/sigma_b) e^(-(M-1)(c-b) h) x_b + noise of that way, as multistep_noise()
 *
 *  Where h is infinite (a step to 0, a flow's first) the first guess is all.
 *  @param s     the sampler, which has asked nothing yet
 *  @param x     moved
 *  @param sigma from
 *  @param next  to
 *  @param place shares of the step in lambda, rising, 1 the last, then a 0
 *  @param exact which w */
void multistep_chain(sampler *s, tensor x, double sigma, double next, const double *place,
                     bool exact);

#endif
