/** @file network.h
 *  From what a network says to the guess D that a sampler wants.
 *
 *  Networks are trained to say the noise, the picture, or something in between, about a picture
 *  that is scaled in their own way and a time t instead of a sigma. All of these are one guess in
 *  other words (a = 1 / sqrt(1 + sigma^2), the share of the picture in a variance-preserving
 *  network's input; x = x0 + sigma eps):
 *
 *      eps    D = x - sigma eps(a x, t)                      Ho 2020, arXiv:2006.11239
 *      v      D = a^2 x - a sigma v(a x, t)                  Salimans 2022, arXiv:2202.00512
 *      x0     D = x0(a x, t)
 *      flow   D = x - sigma u(x, t),  x = (1-sigma) x0 + sigma eps    Lipman 2023, arXiv:2210.02747
 *      EDM    D = s^2/q^2 x + sigma s/q F(x/q, ln(sigma)/4),   q = sqrt(sigma^2 + s^2)
 *             s = sigma_data                                 Karras 2022, arXiv:2206.00364, table 1
 */
#ifndef DIFFUSION_NETWORK_H
#define DIFFUSION_NETWORK_H
#include "diffusion/denoiser.h"
#include "diffusion/schedule.h"

/** What a network was trained to say. */
typedef enum { NETWORK_EPS, NETWORK_V, NETWORK_X0, NETWORK_FLOW, NETWORK_EDM } network_prediction;

/** A network and how it was trained. */
typedef struct {
    /** out [k n, h, w, c] about in [n, h, w, c] at time t */
    void (*run)(void *self, tensor out, tensor in, double t, arena scratch);
    void *self;
    int k; /**< conditionings answered at once; 0 means 1 */
    network_prediction says;
    const schedule *schedule; /**< gives t(sigma); EDM needs none */
    double sigma_data;        /**< EDM: standard deviation of its training data; 0 means 0.5 */
    double sigma_min; /**< EDM: 0; of a consistency model, where D(x) must be x itself: 0.002
                                   (Song 2023, arXiv:2303.01469, appendix C) */
} network;

/** The network as a denoiser.
 *  @param net stays with the caller while the denoiser is in use
 *  @return a denoiser with net->k answers; NETWORK_FLOW in the flow coordinate */
denoiser network_denoiser(const network *net);

/** The three factors that make a network's words a guess: D = skip x + out F(in x).
 *  For tests and lessons. */
typedef struct {
    double in, skip, out;
} network_scaling;

/** The factors at a size of noise.
 *  @param net   the network
 *  @param sigma > 0
 *  @return in, skip and out of the table above */
network_scaling network_scale(const network *net, double sigma);

#endif
