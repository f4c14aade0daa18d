/* Lesson 29. Forty-eight times fewer numbers: latents.
 *
 * Stable Diffusion does not walk among pictures. It walks among latents: 4 numbers for each block
 * of 8 x 8 pixels. An encoder makes them of a picture, a decoder makes a picture of them. The real
 * two are networks, trained on millions of pictures. Here the simplest pair that there is learns
 * from one photograph in a moment: 4 patterns of 8 x 8 pixels that lose as little as possible.
 *
 *     make run L=29       prints tables, writes out/29_latent.png and out/29_steps.png
 *     build/lessons/29_latent_vae my.jpg --model stable-diffusion-v1-5
 *
 * Look for: what is lost? At which step can you tell the cat in pixels, and at which in latents?
 * Needs: 03, 28. Runs in under a second. Try: CHANNELS = 1, 12 or 48.
 */
#include "diffusion/sigmas.h"
#include "latent.h"

enum { CHANNELS = 4, TURNS = 100, STEPS = 30, SHOWN = 6, SEED = 42 };
static const int shown[SHOWN] = {0, 10, 20, 25, 27, 29};

/* Between pictures and latents: patterns and a mean block, or the VAE of a model. */
typedef struct {
    tensor pattern, mean; /* [1, 1, CHANNELS, 192] at right angles, of length 1; [1, 1, 1, 192] */
    double scale, spread; /* of latents; of blocks around their mean */
    const any_model *m;   /* or NULL */
} codec;

/* a: what is common to many blocks grows when patterns are multiplied with all blocks and back,
 * w = X^T X w. After each turn they are put at right angles again, and made 1 long. */
static codec learn(tensor x0, arena *keep)
{
    tensor x = latent_rows(x0, keep), w = tensor_new(keep, 1, 1, CHANNELS, x.c);
    tensor next = tensor_like(keep, w), mean = latent_mean(x, keep);
    rng r = rng_torch(SEED);
    rng_normal(&r, w, *keep);
    double spread = latent_size(latent_centred(x, mean));
    for (int turn = 0; turn < TURNS; turn++) {
        tensor_fill(next, 0);
        for (int k = 0; k < CHANNELS; k++) {
            float *row = latent_row(next, k);
            for (int i = 0; i < x.h * x.w; i++)
                latent_add(row, latent_dot(latent_row(w, k), latent_row(x, i), x.c),
                           latent_row(x, i), x.c);
            for (int j = 0; j < k; j++) {
                const float *other = latent_row(next, j);
                latent_add(row, -latent_dot(row, other, x.c), other, x.c);
            }
            latent_scale(row, 1 / sqrt(latent_dot(row, row, x.c)), x.c);
        }
        tensor_copy(w, next);
    }
    return (codec){.pattern = w, .mean = mean, .scale = 1, .spread = spread};
}

/* z[k] = scale pattern[k] . (x - mean), for each block. */
static tensor encode(lesson *l, const codec *c, tensor x0)
{
    if (c->m) return any_model_encode(l, c->m, x0);
    tensor x = latent_rows(x0, &l->memory), z = tensor_new(&l->memory, 1, x.h, x.w, CHANNELS);
    latent_centred(x, c->mean);
    for (int i = 0; i < x.h * x.w; i++)
        for (int k = 0; k < CHANNELS; k++)
            latent_row(z, i)[k] =
                (float)(c->scale * latent_dot(latent_row(c->pattern, k), latent_row(x, i), x.c));
    return z;
}

/* x = mean + sum over k of z[k] / scale pattern[k] */
static tensor decode(lesson *l, const codec *c, tensor z)
{
    if (c->m) return any_model_decode(l, c->m, z);
    tensor x = tensor_new(&l->memory, 1, z.h, z.w, LATENT_BLOCK);
    for (int i = 0; i < z.h * z.w; i++) {
        memcpy(latent_row(x, i), c->mean.data, LATENT_BLOCK * sizeof(float));
        for (int k = 0; k < z.c; k++)
            latent_add(latent_row(x, i), (double)latent_row(z, i)[k] / c->scale,
                       latent_row(c->pattern, k), x.c);
    }
    return latent_picture(x, &l->memory);
}

/* b: what is in the channels, what is lost, and the scale that brings all numbers to size 1. */
static tensor part_b(lesson *l, codec *c, tensor x0)
{
    tensor z = encode(l, c, x0), again = decode(l, c, z), shrunk = latent_shrunk(x0, &l->memory);
    double all = latent_deviation(z, -1);
    double lost = tensor_distance(again, x0), pixels = (double)tensor_count(x0);
    printf("%.0f numbers become %zu: %.0f times fewer\n", pixels, tensor_count(z),
           pixels / (double)tensor_count(z));
    printf("lost %.4f of %.4f; by shrinking to 1/8 %.4f\n\nchannel  standard deviation\n", lost,
           latent_deviation(x0, -1), tensor_distance(shrunk, x0));
    for (int k = 0; k < z.c; k++) printf("%7d %19.3f\n", k, latent_deviation(z, k) / c->scale);
    printf("    all %19.3f   so the scale is %.5f\n", all / c->scale, c->scale / all);
    latent_show(l, "29_latent", x0, again, shrunk, z);
    if (c->m) return z;
    double kept = latent_size(z) / sqrt(pixels / (double)tensor_count(z));
    lesson_expect(l, "kept and lost, at right angles", hypot(kept, lost), c->spread, 1e-6);
    c->scale = 1 / all;
    z = encode(l, c, x0);
    lesson_expect(l, "deviation of scaled latents", latent_deviation(z, -1), 1, 1e-5);
    lesson_expect(l, "lost, with the scale", tensor_distance(decode(l, c, z), x0), lost, 1e-6);
    return z;
}

/* c: lesson 03's steps, the noise in pixels and in latents. */
static void part_c(lesson *l, const codec *c, tensor x0, tensor z0)
{
    sigmas walk;
    schedule sd;
    image picture[3 * SHOWN];
    const char *column[SHOWN];
    tensor from[] = {x0, z0}, eps[] = {latent_noise(l, x0, SEED), latent_noise(l, z0, SEED)};
    tensor x[] = {tensor_like(&l->memory, x0), tensor_like(&l->memory, z0)};
    lesson_must(schedule_make("scaled_linear", (schedule_options){.manner = SCHEDULE_DIFFUSERS},
                              &l->memory, &sd));
    lesson_must(sigmas_make("linspace", STEPS, &sd, (sigmas_options){0}, &l->memory, &walk));
    printf("\nstep   sigma   picture to noise: in pixels  in latents\n");
    for (int k = 0; k < SHOWN; k++) {
        double sigma = walk.at[shown[k]];
        for (int i = 0; i < 2; i++) noise_add(x[i], from[i], eps[i], sigma, NOISE_VP);
        tensor seen = decode(l, c, x[1]);
        picture[k] = image_from_tensor(&l->memory, x[0], 0);
        picture[SHOWN + k] = image_from_tensor(&l->memory, seen, 0);
        picture[2 * SHOWN + k] = image_from_tensor(&l->memory, latent_shrunk(seen, &l->memory), 0);
        column[k] = lesson_words(l, "step %d, σ = %.2f", shown[k], sigma);
        printf("%4d %7.3f %27.3f %11.3f\n", shown[k], sigma, latent_deviation(x0, -1) / sigma,
               latent_deviation(z0, -1) / sigma);
    }
    strip s = {.rows = c->m ? 2 : 3, .columns = SHOWN, .pictures = picture, .column_names = column};
    s.row_names = (const char *const[]){"pixels", "latents", "preview"};
    lesson_strip(l, "29_steps", &s);
}

int main(int argc, char **argv)
{
    const char *path = "assets/cat.png", *model_path = NULL;
    lesson l = lesson_begin_asking(argc, argv, " [PICTURE.png or .jpg] [--model PATH]", &path,
                                   &model_path);
    image photo;
    lesson_must(image_load(path, &l.memory, &photo));
    tensor x0 = any_model_photo(&l, image_reduce(&l.memory, photo, 512, 512), LATENT_SIDE);
    codec c = learn(x0, &l.memory);
    any_model m;
    if (model_path) m = any_model_make(&l, model_path), c.m = &m, c.scale = m.sd.vae.config.scale;
    tensor z0 = part_b(&l, &c, x0);
    part_c(&l, &c, x0, z0);
    latent_costs(&l, CHANNELS);
    if (model_path) any_model_free(&m);
    return lesson_end(&l);
}
