/** @file schedule.h
 *  How training set the size of the noise for each time t.
 *
 *  A network was trained on pictures with noise in them; the schedule says how much, time by time.
 *  beta, alpha_bar, sigma and SNR are four names for one curve:
 *
 *      alpha_bar_t = prod_{s<=t} (1 - beta_s)          what is left of the picture's power
 *      sigma_t     = sqrt((1 - alpha_bar_t) / alpha_bar_t)     noise per unit of picture
 *      log-SNR     = 2 ln(alpha / sigma)
 *
 *  sigma is the one coordinate of the samplers (words.md), so sigma(t) and its inverse t(sigma) are
 *  what the rest of the library asks for. t may be fractional: between two trained times the curve
 *  is interpolated. (The field says noise schedule, and calls three other things scheduler.)
 *
 *      schedule sd;
 *      error wrong = schedule_make("scaled_linear", (schedule_options){0}, &memory, &sd);
 *      double sigma = schedule_sigma(&sd, 499.5);      // 1.6156
 */
#ifndef DIFFUSION_SCHEDULE_H
#define DIFFUSION_SCHEDULE_H
#include "base/arena.h"
#include "base/error.h"

/** What t means and which formula rules. */
typedef enum {
    SCHEDULE_TABLE, /**< betas for t = 0 .. T-1, variance preserving */
    SCHEDULE_VP,    /**< continuous, variance preserving, t in [1e-3, 1] */
    SCHEDULE_VE,    /**< continuous, variance exploding, t in [0, 1] */
    SCHEDULE_FLOW,  /**< rectified flow, x = (1 - sigma) x0 + sigma eps, t in [0, 1] */
} schedule_kind;

/** Whose arithmetic a table follows: they differ from the fifth digit on. */
typedef enum {
    SCHEDULE_EXACT,     /**< double all the way; sigma(t) linear in log sigma */
    SCHEDULE_DIFFUSERS, /**< diffusers: float32 at every step; sigma(t) linear in sigma */
    SCHEDULE_COMPVIS,   /**< CompVis, k-diffusion, A1111: alpha_bar rounded to float32; log sigma */
} schedule_manner;

/** A training schedule, by value; the tables belong to the arena that it was made in. */
typedef struct {
    schedule_kind kind;     /**< which formula rules */
    schedule_manner manner; /**< whose arithmetic */
    int T;                  /**< training times; of a continuous schedule 0 */
    double t_min, t_max;    /**< the range of t: 0 .. T-1, or within [0, 1] */
    double low, high;       /**< VP: beta_min, beta_max; VE: sigma_min, sigma_max; flow: -, shift */
    const double *beta;     /**< [T], NULL when continuous */
    const double *alpha_bar; /**< [T] */
    const double *sigma;     /**< [T], rising */
} schedule;

/** What may be chosen; a zero means the usual value of that schedule. What a schedule would not
 * listen to is an error. */
typedef struct {
    int T;                     /**< 1000; 1 to 1,000,000 */
    double beta_start;         /**< linear, sigmoid: 1e-4; scaled_linear 0.00085 */
    double beta_end;           /**< linear, sigmoid: 0.02; scaled_linear 0.012 */
    double sigma_min;          /**< ve: 0.01 */
    double sigma_max;          /**< ve: 50 */
    double beta_min, beta_max; /**< vp: 0.1 and 20 */
    double shift;              /**< flow: 1 */
    schedule_manner manner;    /**< SCHEDULE_EXACT */
} schedule_options;

/** The names that schedule_make() knows, NULL at the end. Also known: squaredcos_cap_v2 (cosine),
 *  sqrt_linear (linear; CompVis calls scaled_linear "linear"), rectified_flow (flow). */
extern const char *const schedule_names[];

/** Make a training schedule by its name: linear (Ho 2020, arXiv:2006.11239), scaled_linear (Rombach
 *  2022, arXiv:2112.10752), cosine, also called squaredcos_cap_v2 (Nichol 2021, arXiv:2102.09672),
 *  sigmoid (Xu 2022, arXiv:2203.02923), laplace (Hang 2024, arXiv:2407.03297, as diffusers has it)
 *  and exp (diffusers), which have no ends to choose, vp and ve (Song 2021, arXiv:2011.13456), flow
 *  (Liu 2022, arXiv:2209.03003; shift: Esser 2024, arXiv:2403.03206).
 *  @param name    one of schedule_names, or an alias
 *  @param options zeros for the usual values
 *  @param keep    where the tables live; NULL will do for vp, ve and flow, which have none
 *  @param out     the schedule
 *  @return NULL, or what is wrong with the name (with the nearest) or with an option */
error schedule_make(const char *name, schedule_options options, arena *keep, schedule *out);

/** Make a schedule from betas.
 *  @param beta   [T], copied; each above 0 and below 1, the last may be 1 (see schedule_zero_snr)
 *  @param T      how many, 1 to 1,000,000
 *  @param manner whose arithmetic
 *  @param keep   where the tables live
 *  @param out    the schedule
 *  @return NULL, or which beta is wrong */
error schedule_from_betas(const double *beta, int T, schedule_manner manner, arena *keep,
                          schedule *out);

/** Shift and scale sqrt(alpha_bar) so that nothing of the picture is left at the last time.
 *  Lin, Liu, Li, Yang 2023, arXiv:2305.08891, Algorithm 1. alpha_bar_{T-1} would be 0 and sigma
 *  infinite: it is set to 2^-24 (sigma 4096), as diffusers does; what is lost is a picture of
 *  amplitude 2^-12. Where the time before is below that already (linear, sigmoid), it is set to a
 *  quarter of that one, so that sigma still rises.
 *  @param s    a table schedule, T >= 2
 *  @param keep where the new tables live
 *  @param out  the schedule
 *  @return NULL, or that s has no table */
error schedule_zero_snr(const schedule *s, arena *keep, schedule *out);

/** Size of the noise at time t.
 *  @param s a schedule
 *  @param t clamped to [t_min, t_max]; may be fractional
 *  @return sigma >= 0, per unit of picture (flow: in x = (1 - sigma) x0 + sigma eps) */
double schedule_sigma(const schedule *s, double t);

/** The time at which the noise has this size: the inverse of schedule_sigma().
 *  @param s     a schedule
 *  @param sigma > 0; outside the trained range the nearest end is returned
 *  @return t in [t_min, t_max] */
double schedule_t(const schedule *s, double sigma);

/** What is left of the picture's power: 1 / (1 + sigma^2); flow: (1 - sigma)^2; ve: 1.
 *  @param s a schedule
 *  @param t as for schedule_sigma()
 *  @return in [0, 1] */
double schedule_alpha_bar(const schedule *s, double t);

/** Rate at which noise comes in: table: beta_t of the nearest t; vp: beta(t) per unit of time.
 *  @param s table or vp
 *  @param t as for schedule_sigma()
 *  @return beta; NaN for ve and flow, which have none */
double schedule_beta(const schedule *s, double t);

/** Logarithm of the signal-to-noise ratio, 2 ln(alpha / sigma), natural.
 *  @param s a schedule
 *  @param t as for schedule_sigma()
 *  @return log-SNR, falling with t */
double schedule_log_snr(const schedule *s, double t);

#endif
