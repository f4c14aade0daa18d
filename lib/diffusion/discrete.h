/** @file discrete.h
 *  Noise that replaces symbols instead of adding numbers.
 *
 *  A picture of symbols holds at every place one of K codes, or the symbol MASK. Noise of time t
 *  replaces each place on its own: with chance keep[t] the code is still there, with chance
 *  masked[t] it is MASK, and what is left to 1 is a code drawn from all K alike. Written as a
 *  matrix whose row j says what becomes of symbol j, from time s to time t:
 *
 *      Q(j, v) = stay [v = j] + other        v a code
 *      Q(j, MASK) = mask,    Q(MASK, MASK) = 1
 *      stay = keep[t] / keep[s],   mask = 1 - (1 - masked[t]) / (1 - masked[s]),
 *      other = (1 - stay - mask) / K
 *
 *  Austin 2021 (D3PM), arXiv:2107.03006; Gu 2021 (VQ-Diffusion), arXiv:2111.14822, eq. 7 and 8.
 *
 *  x is one-hot, [n, h, w, K + 1] with MASK last, or [n, h, w, K] where there is none: 1 in the
 *  channel of the symbol, 0 elsewhere. A denoiser answers with probabilities of the same shape, 0
 *  for MASK. The list of a walk holds whole times, falling, at most T:
 *
 *      discrete noise;
 *      error wrong = discrete_make("mask", 4, 20, &memory, &noise);
 *      sampler s = sampler_make(&sampler_vq_diffusion, model, walk, noise_fresh(rng_torch(1)));
 *      s.discrete = &noise;
 *      wrong = sampler_run(&s, x, memory);               // x: all MASK, then codes
 */
#ifndef DIFFUSION_DISCRETE_H
#define DIFFUSION_DISCRETE_H
#include "base/rng.h"
#include "diffusion/sigmas.h"

/** The tables, by value; they belong to whoever made them. Entry 0 is the clean picture. */
typedef struct {
    int codes, T;         /**< K, and the last time */
    const double *keep;   /**< [T + 1] chance that a code was never touched: falls, 1 at time 0,
                               above 0 before T; 1 - masked to the bit, where all else is MASK */
    const double *masked; /**< [T + 1] chance that it is MASK by now: rises, 0 at time 0, keep +
                               masked at most 1; NULL: there is no MASK */
} discrete;

/** Make tables by name.
 *
 *  - mask: masked = t / T, each code the same chance at each time to vanish (D3PM, absorbing);
 *  - mask_cosine: masked = sin(pi/2 t/T), MaskGIT's and aMUSEd's cosine (for sampler_masked);
 *  - uniform: a falling cosine of Nichol and Dhariwal in `keep` (D3PM; Hoogeboom 2021,
 *    arXiv:2102.05379), no MASK;
 *  - mask_uniform: at T nine of ten are MASK, one is any code (Gu 2021, section 5);
 *  - vq_diffusion: what VQ-Diffusion's program and diffusers do, nearly all MASK: at every time
 *    one in a million is another code.
 *  @param name  one of these
 *  @param codes K, at least 2
 *  @param T     times, 1 to 1,000,000
 *  @param keep  where the tables live
 *  @param out   the tables
 *  @return NULL, or what is wrong */
error discrete_make(const char *name, int codes, int T, arena *keep, discrete *out);

/** Whether a walk on these tables can begin; sampler_begin() asks.
 *  @param d          the tables; NULL is an error
 *  @param walk       whole times, falling, at most T
 *  @param x          one-hot
 *  @param mask_alone whether there must be no other noise than MASK
 *  @return NULL, or what is wrong with which of them */
error discrete_check(const discrete *d, sigmas walk, tensor x, bool mask_alone);

/** Q(j, v) from time s to time t.
 *  @param d the tables
 *  @param s from, below T
 *  @param t to, s <= t <= T
 *  @param j the symbol at s, a code from 0 or K for MASK
 *  @param v the symbol at t
 *  @return the chance that j has become v */
double discrete_chance(const discrete *d, int s, int t, int j, int v);

/** What noise makes of x: the law of x_t, given x_s; at each place the row Q(x_s, .).
 *  @param d   the tables
 *  @param law same shape as x, sums to 1 at each place; not x itself
 *  @param x   one-hot at time s
 *  @param s   from, below T
 *  @param t   to, s <= t <= T */
void discrete_forward(const discrete *d, tensor law, tensor x, int s, int t);

/** Where x came from: the law of x_s, given x_t and what is believed of x_0. Austin 2021, eq. 3 and
 *  4, summed over x_0; Gu 2021, eq. 11:
 *      law(j) ~ Q_s,t(j, x_t)  sum_k  Q_0,s(k, j) x0_k / Q_0,t(k, x_t)
 *  @param d   the tables
 *  @param law same shape as x, up to a factor at each place; not x or x0 itself
 *  @param x   one-hot at time t
 *  @param x0  probabilities, given x_t
 *  @param s   to, 0 <= s < t
 *  @param t   from, at most T */
void discrete_posterior(const discrete *d, tensor law, tensor x, tensor x0, int s, int t);

/** Draw a symbol at each place: the one where ln law + heat g is largest, g = -ln(-ln u). (Gumbel
 *  1954: with heat 1 it falls on each as often as the law says.)
 *  @param x       one-hot; NaN at a place whose law holds no chances: a number below 0, one that is
 *                 not finite, or zeros alone
 *  @param law     same shape, at each place chances up to a factor
 *  @param symbols how many of the channels may come: all, or K when MASK must not
 *  @param heat    factor on the Gumbel noise: 1 draws from the law, 0 takes the likeliest
 *  @param r       moves on by n h w symbols uniform numbers, as torch.rand(n, symbols, h, w)
 *  @param scratch for them */
void discrete_draw(tensor x, tensor law, int symbols, double heat, rng *r, arena scratch);

#endif
