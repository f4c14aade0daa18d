/** @file sigmas.h
 *  The list of noise sizes a sampler walks down:  at[0] > at[1] > ... > at[n].
 *
 *  n steps need n + 1 sizes, and the last one is usually 0. Every list has exactly the number of
 *  steps asked for, or there is an error that says what is possible; one that rises has more.
 *  (diffusers calls this set_timesteps, web UIs call it the scheduler or the schedule type.)
 *
 *      sigmas walk;
 *      error wrong = sigmas_make("karras", 10, &sd, (sigmas_options){0}, &memory, &walk);
 */
#ifndef DIFFUSION_SIGMAS_H
#define DIFFUSION_SIGMAS_H
#include "diffusion/schedule.h"
#include <stdbool.h>

/** The most steps that sigmas_make() can be asked for. */
enum { SIGMAS_MOST = 1000000 };

/** A walk, by value; the numbers belong to an arena. */
typedef struct {
    int n;      /**< steps */
    double *at; /**< [n + 1] noise sizes */
    double *t;  /**< [n] the training times that belong to at[0 .. n-1]; NULL without a schedule */
} sigmas;

/** What may be chosen; a zero means the usual value, what a list does not know is not looked at. */
typedef struct {
    double sigma_min, sigma_max; /**< the schedule's own first and last sigma; edm 0.002 and 80 */
    double rho;                  /**< karras and edm 7, polyexponential 1; from 0.02 to 1000 */
    double a, b;                 /**< beta and beta_sigmas: 0.6; from 0.01 to 50 */
    int offset;                  /**< leading: added to every t; Stable Diffusion uses 1 */
    int jump;        /**< climb back so many steps, again and again; repaint 10, others none */
    int visits;      /**< with jump: how often each stretch of that length is walked down, 10 */
    bool end_at_min; /**< end at sigma_min instead of 0: n + 1 sizes down to sigma_min (lists of
                          trained times: n of them, then the schedule's smallest sigma; tables:
                          down to their last number) */
} sigmas_options;

/** The names that sigmas_make() knows, NULL at the end. */
extern const char *const sigmas_names[];

/** Make a walk by name.
 *
 *  - even in a function of sigma: karras (Karras 2022, arXiv:2206.00364, eq. 5), edm (the same on
 *    its paper's range), exponential, polyexponential (k-diffusion), dpm_fast (Lu 2022,
 *    arXiv:2206.00927: even in log sigma within each block of dpm_solver_singlestep's third order),
 *    kl_optimal (Sabour 2024, arXiv:2404.14507, Theorem 3.1), laplace (Hang 2024,
 *    arXiv:2407.03297), beta_sigmas (Lee 2024, arXiv:2407.12173, the distribution of sigma),
 *    linear_quadratic (Mochi, 2024);
 *  - along a published table, with log sigma straight between its numbers, so that any n will do:
 *    align_your_steps for SD 1.5, align_your_steps_sdxl and align_your_steps_svd (Sabour 2024),
 *    gits for SD 1.5 (Chen 2024, arXiv:2405.11326). sigma_min and sigma_max cannot be chosen here;
 *  - even in t, which may be fractional: linspace (diffusers) and normal (web UIs), the same list
 *    from t_max to t_min; sgm_uniform, which stops one step before t_min; vp, linspace on the
 *    continuous VP schedule (Song 2021, arXiv:2011.13456); flow, from t = 1 to 1/1000 with the
 *    schedule's shift (Esser 2024, arXiv:2403.03206);
 *  - trained times of a table, at most T: leading and trailing (Lin 2023, arXiv:2305.08891, table
 *    2), linspace_rounded, linspace_multistep and leading_multistep (what diffusers makes of these
 *    names in DDPM, DDIM, PNDM and in its multistep classes), simple and ddim_uniform (ComfyUI; the
 *    latter only for some n), beta (Lee 2024, the distribution of t; of 1000 times 138 at most,
 *    where a and b are the usual ones). sigma_min and sigma_max cannot be chosen here.
 *
 *  - that rise, so that walk.n is more than n: restart (Xu 2023, arXiv:2306.14878, as A1111 has
 *    it), where n counts the steps down, so that a sampler makes as many calls as on any list of n:
 *    karras, with one way back up from 0.1 to 2 from 20 steps on, two from 36 on; repaint (Lugmayr
 *    2022, arXiv:2201.09865), where n counts the steps of a walk without jumps: leading, with jumps
 *    of 10 steps back up from every tenth size, counted from the last above 0, until each stretch
 *    has been walked 10 times. 250 steps become 4570, of which 2410 go down. The options jump and
 *    visits, j and r in that paper, do this to any list that falls.
 *
 *  What diffusers, A1111, Forge and ComfyUI call them: words.md, "Names of lists".
 *
 *  Sizes that belong to a t follow the schedule's manner, so they have the digits of the program
 *  that it stands for; flow then ends where diffusers' does, which shifts the last size twice. On
 *  a flow schedule take flow, sgm_uniform or linear_quadratic: others would
 *  end at 0 twice.
 *  @param name    one of sigmas_names
 *  @param n       steps, 1 to 1,000,000
 *  @param s       the training schedule; may be NULL for vp, edm and tables, and for the first
 *                 group where options give sigma_min and sigma_max; a walk without it has no t
 *  @param options zeros for the usual values
 *  @param keep    where the list lives
 *  @param out     the walk: n + 1 falling sizes, or more where it rises
 *  @return NULL, or what is wrong: the name (with the nearest), n (with what is possible), the
 *          range, or that s is missing or of the wrong kind */
error sigmas_make(const char *name, int n, const schedule *s, sigmas_options options, arena *keep,
                  sigmas *out);

/** Whether a sampler may walk this list: finite sizes of 0 or more, no two neighbours equal. (It
 *  may rise, from 0 too: see sampler.h.)
 *  @param walk the list
 *  @return NULL, or which entry is wrong: not 0 and outside 1e-30 .. 1e30, or as large as the one
 *          before */
error sigmas_check(sigmas walk);

#endif
