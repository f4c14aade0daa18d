/** @file exact.h
 *  Denoisers that need no network: for data whose law is known, the best guess has a formula.
 *
 *  If the data are a mixture of Gaussians with centres m_k, widths s_k and weights w_k, then a
 *  noisy x = alpha x0 + sigma eps came from component k with probability p_k, and
 *
 *      p_k      ~ w_k N(x; alpha m_k, alpha^2 s_k^2 + sigma^2)                        Bayes
 *      D(x)     = sum_k p_k (m_k + alpha s_k^2 / (alpha^2 s_k^2 + sigma^2) (x - alpha m_k))
 *
 *  One component is a Gaussian; widths of 0 are a finite set of pictures, and D is then a weighted
 *  mean of them (Karras 2022, arXiv:2206.00364, eq. 57). With these the samplers can be measured
 *  against the truth, and half of the course runs without a network. Such a denoiser knows its
 *  pictures by heart: a trained one must not.
 */
#ifndef DIFFUSION_EXACT_H
#define DIFFUSION_EXACT_H
#include "base/rng.h"
#include "diffusion/denoiser.h"

/** A mixture of round Gaussians over pictures of any size. */
typedef struct {
    tensor centre;        /**< [k, h, w, c] one picture a component */
    const double *weight; /**< [k], any positive numbers; NULL: all alike */
    const double
        *width; /**< [k], standard deviation in every direction; NULL: 0, a set of pictures */
    bool flow;  /**< the coordinate of its denoiser */
} exact_mixture;

/** Its denoiser: exact for every x and sigma, as far as their squares are numbers (1e-150 to
 *  1e150).
 *  @param m stays with the caller while the denoiser is in use
 *  @return a denoiser with one answer */
denoiser exact_denoiser(const exact_mixture *m);

/** From which component did x come?
 *  @param m           the mixture
 *  @param probability [k], filled in, sums to 1
 *  @param x           [1, h, w, c]
 *  @param sigma       size of the noise in it; 0 is allowed where no width is 0 */
void exact_posterior(const exact_mixture *m, double *probability, tensor x, double sigma);

/** Logarithm of the density of noisy pictures at x.
 *  @param m     the mixture, of at most 256 components
 *  @param x     [1, h, w, c]
 *  @param sigma as for exact_posterior()
 *  @return ln p(x; sigma), per unit of volume */
double exact_log_density(const exact_mixture *m, tensor x, double sigma);

/** Draw clean pictures.
 *  @param m       the mixture
 *  @param out     [n, h, w, c]
 *  @param r       moves on
 *  @param scratch for the draw */
void exact_draw(const exact_mixture *m, tensor out, rng *r, arena scratch);

#endif
