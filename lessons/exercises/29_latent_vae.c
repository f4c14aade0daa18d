/* Exercise 29. A pair of your own: encode is there, write decode, and find the scale.
 *
 * Four pixels of one colour channel become one number,
 *
 *     z = scale (a + b + c + d) / 2
 *
 * that is the dot product with a pattern of length 1, four times 1/2. The best that a decoder can
 * do with z is to give all four pixels the same value. Which one? (What went in must come out when
 * the four are alike.) And which scale makes latents of standard deviation 1, the size that noise
 * and the network expect? diffusers calls it scaling_factor.
 *
 *     make exercises
 *     build/lessons/exercises/29_latent_vae            a table, and out/exercise_29.png
 *     build/lessons/exercises/29_latent_vae --check    ends with 0 once your lines are right
 *
 * Page: docs/29_latent_vae.md. The answer is in
 * lessons/answers/29_latent_vae.c. Look at it after you have tried.
 */
#include "../latent.h"

/* [1, h, w, 3] to [1, h / 2, w / 2, 3] */
static void encode(tensor x, double scale, tensor z)
{
    for (int i = 0; i < z.h * z.w * z.c; i++) {
        int y = i / z.c / z.w, column = i / z.c % z.w, c = i % z.c;
        double sum = 0;
        for (int k = 0; k < 4; k++)
            sum += (double)x.data[((2 * y + k / 2) * x.w + 2 * column + k % 2) * x.c + c];
        z.data[i] = (float)(scale * sum / 2);
    }
}

/* Each of the four pixels that z came from. */
static double decode_one(double z, double scale)
{
    (void)scale;
    return z; /* YOUR LINE HERE */
}

/* latent_deviation(z, -1) is the standard deviation of all numbers of z. */
static double find_scale(tensor z)
{
    (void)z;
    return 0.18215; /* YOUR LINE HERE */
}

static void decode(tensor z, double scale, tensor x)
{
    for (int i = 0; i < x.h * x.w * x.c; i++) {
        int y = i / x.c / x.w, column = i / x.c % x.w, c = i % x.c;
        x.data[i] = (float)decode_one((double)z.data[(y / 2 * z.w + column / 2) * z.c + c], scale);
    }
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    image photo;
    lesson_must(image_load("assets/cat.png", &l.memory, &photo));
    tensor x0 = any_model_photo(&l, photo, 2), again = tensor_like(&l.memory, x0);
    tensor z = tensor_new(&l.memory, 1, x0.h / 2, x0.w / 2, 3), twice = tensor_like(&l.memory, z);
    encode(x0, 1, z);
    double scale = find_scale(z);
    encode(x0, scale, z);
    decode(z, scale, again);
    encode(again, scale, twice);
    printf("scale %.4f, deviation of latents %.4f, lost %.4f\n", scale, latent_deviation(z, -1),
           tensor_distance(again, x0));
    lesson_expect(&l, "deviation of latents", latent_deviation(z, -1), 1, 1e-5);
    lesson_expect(&l, "a latent that went there and back", tensor_distance(z, twice), 0, 1e-6);
    lesson_expect(&l, "lost", tensor_distance(again, x0), 0.0584, 5e-5);
    image picture[] = {image_from_tensor(&l.memory, x0, 0), image_from_tensor(&l.memory, again, 0)};
    const char *caption[] = {"the photograph", "decoded"};
    strip s = {.rows = 1, .columns = 2, .pictures = picture, .captions = caption};
    lesson_strip(&l, "exercise_29", &s);
    return lesson_end(&l);
}
