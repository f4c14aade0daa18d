/** @file diffusion.h
 *  What is installed: noise, noise sizes and samplers for a program with a model of its own.
 *
 *      float x[3 * 64 * 64];
 *      double sigma[21];
 *      int shape[4] = {1, 64, 64, 3};                                      // n, h, w, c
 *      diffusion_walk walk = {"dpmpp_2m", sigma, 20, 42, -1};
 *      if (diffusion_sigmas(sigma, 20, "karras", 0.03, 14.6) || diffusion_noise(x, shape, 42)) ...
 *      for (int i = 0; i < 3 * 64 * 64; i++) x[i] *= (float)sigma[0];
 *      if (diffusion_sample(x, shape, &walk, my_denoiser, my_model))
 *          fprintf(stderr, "%s\n", diffusion_error());
 *
 *  Link with -ldiffusion (`pkg-config --libs diffusion`). The library itself, which is larger and
 *  has other names inside, is read in lib/; this header is the part that stays as it is.
 */
#ifndef DIFFUSION_H
#define DIFFUSION_H

#if defined(__GNUC__)
#define DIFFUSION_PUBLIC __attribute__((visibility("default")))
#else
#define DIFFUSION_PUBLIC
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that runs.
 *  @return such as "0.1.0" */
DIFFUSION_PUBLIC const char *diffusion_version(void);

/** What went wrong in this thread's last call that returned -1.
 *  @return one line, "" when nothing did */
DIFFUSION_PUBLIC const char *diffusion_error(void);

/** The samplers there are.
 *  @param i from 0
 *  @return a name, or NULL behind the last one */
DIFFUSION_PUBLIC const char *diffusion_sampler_name(int i);

/** The lists of noise sizes there are.
 *  @param i from 0
 *  @return a name, or NULL behind the last one */
DIFFUSION_PUBLIC const char *diffusion_sigmas_name(int i);

/** Noise sizes for a walk; names that need a training schedule get Stable Diffusion's.
 *  @param sigma     [steps + 1], filled in; falls, the last is 0
 *  @param steps     at least 1
 *  @param name      "karras", "exponential", "linspace", ...; "restart" and "repaint" up to where
 *                   they begin to rise (19 and 10 steps)
 *  @param sigma_min smallest size above 0; 0: the usual one
 *  @param sigma_max largest size; 0: the usual one
 *  @return 0, or -1 (see diffusion_error()) */
DIFFUSION_PUBLIC int diffusion_sigmas(double *sigma, int steps, const char *name, double sigma_min,
                                      double sigma_max);

/** Standard normal numbers, those of torch.manual_seed(seed); torch.randn(n, c, h, w).
 *  @param x     n h w c numbers, channels last
 *  @param shape n, h, w, c
 *  @param seed  any
 *  @return 0, or -1 (see diffusion_error()) */
DIFFUSION_PUBLIC int diffusion_noise(float *x, const int shape[4], unsigned long long seed);

/** A model: the guess x0 of the clean pictures in x = x0 + sigma noise. All are [n, h, w, c]. */
typedef void diffusion_denoiser(void *self, float *x0, const float *x, const int shape[4],
                                double sigma);

/** How to walk. */
typedef struct {
    const char *sampler;     /**< "euler", "heun", ..., or what another program calls it */
    const double *sigma;     /**< [steps + 1] */
    int steps;               /**< at least 1 */
    unsigned long long seed; /**< of the noise that stochastic samplers add: what diffusion_noise()
                                  gives for this seed is passed over, so both may share one */
    double eta;              /**< share of fresh noise; below 0: the sampler's own */
} diffusion_walk;

/** From noise to pictures.
 *  @param x         noise of size sigma[0], the pictures afterwards; unchanged when it fails
 *  @param shape     n, h, w, c
 *  @param walk      how
 *  @param ask_model the model
 *  @param self      handed to the model
 *  @return 0, or -1 (see diffusion_error()) */
DIFFUSION_PUBLIC int diffusion_sample(float *x, const int shape[4], const diffusion_walk *walk,
                                      diffusion_denoiser *ask_model, void *self);

#ifdef __cplusplus
}
#endif
#endif
