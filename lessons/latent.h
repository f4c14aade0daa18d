/* latent.h: for lesson 29: pictures as blocks of 8 x 8 pixels, and rows of numbers.
 *
 *     tensor rows = latent_rows(x0, &memory);            [1, h / 8, w / 8, 192]
 *     tensor again = latent_picture(rows, &memory);      [1, h, w, 3]
 */
#ifndef LATENT_H
#define LATENT_H
#include "any_model.h"
#include "costs.h"

enum { LATENT_SIDE = 8, LATENT_BLOCK = 3 * LATENT_SIDE * LATENT_SIDE };

/* Number k of block i of a picture that is w pixels wide: pixel after pixel, red, green, blue. */
static inline int latent_at(int w, int i, int k)
{
    int wide = w / LATENT_SIDE, y = i / wide * LATENT_SIDE + k / 3 / LATENT_SIDE;
    return 3 * (y * w + i % wide * LATENT_SIDE + k / 3 % LATENT_SIDE) + k % 3;
}

/* Sides must be multiples of 8. */
static inline tensor latent_rows(tensor x, arena *keep)
{
    tensor rows = tensor_new(keep, 1, x.h / LATENT_SIDE, x.w / LATENT_SIDE, LATENT_BLOCK);
    for (int i = 0; i < rows.h * rows.w * rows.c; i++)
        rows.data[i] = x.data[latent_at(x.w, i / rows.c, i % rows.c)];
    return rows;
}

static inline tensor latent_picture(tensor rows, arena *keep)
{
    tensor x = tensor_new(keep, 1, rows.h * LATENT_SIDE, rows.w * LATENT_SIDE, 3);
    for (int i = 0; i < rows.h * rows.w * rows.c; i++)
        x.data[latent_at(x.w, i / rows.c, i % rows.c)] = rows.data[i];
    return x;
}

/* [1, 1, 1, 192]: the mean of all blocks. */
static inline tensor latent_mean(tensor rows, arena *keep)
{
    tensor mean = tensor_new(keep, 1, 1, 1, rows.c);
    int n = rows.h * rows.w;
    for (int k = 0; k < rows.c; k++) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += (double)rows.data[i * rows.c + k];
        mean.data[k] = (float)(sum / n);
    }
    return mean;
}

/* Row i: of a block, of a pattern, of a latent. */
static inline float *latent_row(tensor x, int i)
{
    return x.data + i * x.c;
}

static inline double latent_dot(const float *x, const float *y, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)x[i] * (double)y[i];
    return sum;
}

/* x += a y */
static inline void latent_add(float *x, double a, const float *y, int n)
{
    for (int i = 0; i < n; i++) x[i] += (float)a * y[i];
}

static inline void latent_scale(float *x, double a, int n)
{
    for (int i = 0; i < n; i++) x[i] *= (float)a;
}

/* Rows without their mean; changed, and given back. */
static inline tensor latent_centred(tensor rows, tensor mean)
{
    for (int i = 0; i < rows.h * rows.w; i++)
        latent_add(latent_row(rows, i), -1, mean.data, rows.c);
    return rows;
}

static inline tensor latent_noise(lesson *l, tensor like, uint64_t seed)
{
    rng r = rng_torch(seed);
    tensor eps = tensor_like(&l->memory, like);
    rng_normal(&r, eps, l->memory);
    return eps;
}

/* Standard deviation of channel k, or of all numbers where k is below 0. */
static inline double latent_deviation(tensor z, int k)
{
    double sum = 0, squares = 0, n = 0;
    for (int i = 0; i < z.h * z.w * z.c; i++) {
        if (k >= 0 && i % z.c != k) continue;
        sum += (double)z.data[i], squares += (double)z.data[i] * (double)z.data[i], n++;
    }
    return sqrt(squares / n - sum / n * (sum / n));
}

/* Each block as its mean colour: what is left when a picture is shrunk to 1/8. */
static inline tensor latent_shrunk(tensor x, arena *keep)
{
    tensor rows = latent_rows(x, keep);
    for (int i = 0; i < rows.h * rows.w; i++)
        for (int c = 0; c < 3; c++) {
            double sum = 0;
            for (int k = c; k < rows.c; k += 3) sum += (double)rows.data[i * rows.c + k];
            for (int k = c; k < rows.c; k += 3)
                rows.data[i * rows.c + k] = (float)(sum * 3 / rows.c);
        }
    return latent_picture(rows, keep);
}

/* A channel as a grey picture with squares for numbers: mean grey is 0, white is `most`. */
static inline image latent_channel(lesson *l, tensor z, int k, double most)
{
    tensor grey = tensor_new(&l->memory, 1, z.h * LATENT_SIDE, z.w * LATENT_SIDE, 1);
    for (int i = 0; i < grey.h * grey.w; i++) {
        int y = i / grey.w / LATENT_SIDE, x = i % grey.w / LATENT_SIDE;
        grey.data[i] = (float)((double)z.data[(y * z.w + x) * z.c + k] / most);
    }
    return image_from_tensor(&l->memory, grey, 0);
}

/* Root of the mean square. */
static inline double latent_size(tensor x)
{
    return sqrt(latent_dot(x.data, x.data, x.n * x.h * x.w * x.c) / (double)tensor_count(x));
}

/* The picture, what came back, the difference, what shrinking leaves; below them the channels. */
static inline void latent_show(lesson *l, const char *name, tensor x0, tensor again, tensor shrunk,
                               tensor z)
{
    enum { COLUMNS = 4, MOST = 64 };
    tensor off = tensor_like(&l->memory, x0);
    image picture[COLUMNS + MOST] = {{0}};
    const char *caption[COLUMNS + MOST] = {"the picture", "decoded", "the difference",
                                           "shrunk to 1/8"};
    int channels = z.c < MOST ? z.c : MOST;
    tensor_mix(off, 1, again, -1, x0);
    picture[0] = image_from_tensor(&l->memory, x0, 0);
    picture[1] = image_from_tensor(&l->memory, again, 0);
    picture[2] = image_from_tensor(&l->memory, off, 0);
    picture[3] = image_from_tensor(&l->memory, shrunk, 0);
    for (int k = 0; k < channels; k++) {
        picture[COLUMNS + k] = latent_channel(l, z, k, 2 * latent_deviation(z, k));
        caption[COLUMNS + k] = lesson_words(l, "channel %d", k);
    }
    strip s = {.rows = 1 + (channels + COLUMNS - 1) / COLUMNS, .columns = COLUMNS};
    s.pictures = picture, s.captions = caption;
    lesson_strip(l, name, &s);
}

/* What decoders compute for a picture of 512 x 512: patterns, and those of Stable Diffusion. */
static inline void latent_costs(lesson *l, int channels)
{
    cost vae_half_up = costs_vae_decoder(l, 64), taesd_up = costs_taesd_decoder(l, 64);
    double each = (double)channels * LATENT_BLOCK, blocks = 64 * 64;
    printf("\ndecoder         weights   GFLOP at 512 x 512\n");
    printf("mean colours %10d %9.5f\n", 3 * channels, 2e-9 * blocks * 3 * channels);
    printf("patterns     %10.0f %9.5f\n", each, 2e-9 * blocks * each);
    printf("TAESD        %10.0f %9.1f\n", taesd_up.numbers, 1e-9 * taesd_up.flop);
    printf("VAE          %10.0f %9.1f\n", vae_half_up.numbers, 1e-9 * vae_half_up.flop);
    lesson_expect(l, "GFLOP of the VAE's decoder", 1e-9 * vae_half_up.flop, 2514.519, 5e-4);
    lesson_expect(l, "GFLOP of TAESD's", 1e-9 * taesd_up.flop, 141.350, 5e-4);
}

#endif
