/* Exercise 28. You have met attention before.
 *
 * The best guess of a clean picture (lesson 05) is a mean of all pictures that there are, each
 * weighted with
 *
 *     exp(-|x - m_k|^2 / (2 sigma^2))
 *
 * That is attention: x asks, the pictures m_k are asked, and each says itself. attend() has the
 * query x / sigma^2 and the keys m_k, so its scores are x . m_k / sigma^2. Something is missing in
 * them. It does not depend on x, so it can stand in the key as one number more, with a 1 / sigma^2
 * for it in the query. Which number? (|x|^2 is the same for all k: softmax does not see it.)
 *
 *     make exercises
 *     build/lessons/answers/28_attention_unet            a table
 *     build/lessons/answers/28_attention_unet --check    ends with 0 once your line is right
 *
 * Page: docs/28_attention_unet.md.
 */
#include "../icons.h"
#include "../lesson.h"
#include "base/rng.h"
#include "diffusion/exact.h"

enum { SIDE = 16, SIZE = 3 * SIDE * SIDE, SIZES = 4 };
static const double sizes[SIZES] = {30, 15, 8, 4};

static double dot(const float *x, const float *y)
{
    double sum = 0;
    for (int i = 0; i < SIZE; i++) sum += (double)x[i] * (double)y[i];
    return sum;
}

/* What stands in the key of a picture beside its pixels. */
static double one_more(const float *picture)
{
    return -dot(picture, picture) / 2;
}

/* y = sum over k of softmax over k of (q . key k) value k, for one query */
static void attend(tensor x, double sigma, tensor known, float *y)
{
    double score[ICONS], most = -1e300, total = 0, scale = 1 / (sigma * sigma);
    for (int k = 0; k < ICONS; k++) {
        const float *picture = known.data + k * SIZE;
        score[k] = scale * dot(x.data, picture) + scale * one_more(picture);
        most = fmax(most, score[k]);
    }
    for (int k = 0; k < ICONS; k++) total += score[k] = exp(score[k] - most);
    for (int i = 0; i < SIZE; i++) {
        double sum = 0;
        for (int k = 0; k < ICONS; k++) sum += score[k] / total * (double)known.data[k * SIZE + i];
        y[i] = (float)sum;
    }
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    tensor known = icons_draw(&l.memory, SIDE), x = tensor_new(&l.memory, 1, SIDE, SIDE, 3);
    tensor eps = tensor_like(&l.memory, x), yours = tensor_like(&l.memory, x);
    exact_mixture icons = {.centre = known};
    denoiser d = exact_denoiser(&icons);
    answer best = denoiser_room(d, &l.memory, x);
    rng r = rng_torch(28);
    rng_normal(&r, eps, l.memory);
    printf("%6s %8s\n", "sigma", "apart");
    for (int j = 0; j < SIZES; j++) {
        tensor_mix(x, 1, tensor_pictures(known, 2, 1), sizes[j], eps); /* the heart */
        attend(x, sizes[j], known, yours.data);
        denoiser_ask(d, best, x, sizes[j], l.memory);
        double apart = tensor_distance(yours, best.x0);
        printf("%6g %8.1e\n", sizes[j], apart);
        lesson_expect(&l, "attention is the best guess", apart, 0, 1e-6);
    }
    return lesson_end(&l);
}
