/* Answer to exercise 10. DDIM is Euler, in other letters.
 *
 * DDIM walks in the VP picture, which shrinks as noise comes in: x_vp = sqrt(alpha_bar) x. Write
 * its step as the paper does (Song 2021, arXiv:2010.02502, eq. 12, without fresh noise; the paper's
 * alpha is alpha_bar here):
 *
 *     x0  = (x_vp - sqrt(1 - alpha_bar) eps) / sqrt(alpha_bar)          the guess that eps implies
 *     x_vp' = sqrt(alpha_bar') x0 + sqrt(1 - alpha_bar') eps           noised again, but less
 *
 * Beside it the library's Euler walks in the VE picture. Both must stay together at every step.
 *
 *     make exercises
 *     build/lessons/answers/10_euler_heun            a table, and out/exercise_10.png
 *     build/lessons/answers/10_euler_heun --check    ends with 0
 */
#include "../lesson.h"
#include "diffusion/exact.h"
#include "diffusion/sampler.h"
#include "draw/icons.h"

enum { STEPS = 12, SIDE = 32 };

/* tensor_mix(out, a, y, b, z) computes out = a y + b z; out may be y or z. */
static void ddim_step(tensor x_vp, tensor eps, double alpha_bar, double alpha_bar_next)
{
    double root = sqrt(alpha_bar);
    tensor_mix(x_vp, 1 / root, x_vp, -sqrt(1 - alpha_bar) / root, eps); /* x_vp is the guess now */
    tensor_mix(x_vp, sqrt(alpha_bar_next), x_vp, sqrt(1 - alpha_bar_next), eps);
}

/* What a network trained on VP pictures would answer: the noise in x_vp. */
static void ask_eps(denoiser d, tensor eps, tensor x_vp, double alpha_bar, arena scratch)
{
    double sigma = sqrt((1 - alpha_bar) / alpha_bar);
    tensor x = tensor_like(&scratch, x_vp);
    answer out = denoiser_room(d, &scratch, x);
    tensor_scale(x, 1 / sqrt(alpha_bar), x_vp);
    denoiser_ask(d, out, x, sigma, scratch);
    tensor_mix(eps, 1 / sigma, x, -1 / sigma, out.x0);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    exact_mixture icons = {.centre = icons_draw(&l.memory, SIDE)};
    denoiser d = exact_denoiser(&icons);
    schedule sd;
    sigmas walk;
    lesson_must(schedule_make("scaled_linear", (schedule_options){0}, &l.memory, &sd));
    lesson_must(sigmas_make("linspace", STEPS, &sd, (sigmas_options){0}, &l.memory, &walk));
    tensor x = tensor_new(&l.memory, 1, SIDE, SIDE, 3), x_vp = tensor_like(&l.memory, x);
    tensor eps = tensor_like(&l.memory, x), seen = tensor_like(&l.memory, x);
    rng r = rng_torch(5);
    rng_normal(&r, x, l.memory);
    tensor_scale(x, walk.at[0], x);
    tensor_scale(x_vp, 1 / sqrt(1 + walk.at[0] * walk.at[0]), x);
    sampler euler = sampler_make(&sampler_euler, d, walk, noise_fresh(r));
    lesson_must(sampler_begin(&euler, x, &l.memory));
    printf("%4s %10s %10s\n", "step", "alpha_bar", "apart");
    for (int i = 0; i < STEPS; i++) {
        double alpha_bar = 1 / (1 + walk.at[i] * walk.at[i]);
        double alpha_bar_next = 1 / (1 + walk.at[i + 1] * walk.at[i + 1]);
        ask_eps(d, eps, x_vp, alpha_bar, l.memory);
        ddim_step(x_vp, eps, alpha_bar, alpha_bar_next);
        lesson_must(sampler_step(&euler, x, l.memory));
        tensor_scale(seen, sqrt(alpha_bar_next), x); /* Euler's x, in DDIM's coordinate */
        double apart = tensor_distance(x_vp, seen);
        printf("%4d %10.6f %10.2e\n", i + 1, alpha_bar_next, apart);
        lesson_expect(&l, "DDIM is Euler", apart, 0, 1e-6); /* a few roundings */
    }
    image ends[] = {image_from_tensor(&l.memory, x_vp, 0), image_from_tensor(&l.memory, seen, 0)};
    const char *names[] = {"yours", "Euler"};
    strip both = {.rows = 1, .columns = 2, .pictures = ends, .column_names = names, .scale = 4};
    lesson_strip(&l, "exercise_10", &both);
    return lesson_end(&l);
}
