/* Lesson 03. A photograph sinks into noise.
 *
 * Lesson 02 gave the size of the noise at every time. Here it is put into a photograph, in one line
 * and without a loop. The field writes this in two ways. Variance preserving (VP: DDPM, Stable
 * Diffusion's training) shrinks the picture as the noise grows. Variance exploding (VE: what
 * samplers compute in) leaves the picture alone and piles the noise on top.
 *
 *     make run L=03       prints two tables, writes out/03_steps.png, out/03_step_10.png and
 *                         out/03_schedules.png; build/lessons/03_add_noise my.jpg takes yours
 *
 * Look for: at which step can you first tell the cat? Which schedule still shows it at t = 500?
 * Needs: 02. Lines that are the idea: 1. Runs in under two seconds.
 *
 * Try: add noise fifty small times instead of once (part b does). Can anything tell the difference?
 */
#include "base/rng.h"
#include "diffusion/noise.h"
#include "diffusion/sigmas.h"
#include "lesson.h"

enum { STEPS = 30, SHOWN = 6, PORTIONS = 50, KINDS = 3, TIMES = 5, WIDTH = 192, HEIGHT = 128 };
static const int shown[SHOWN] = {0, 10, 20, 25, 27, 29};
static const char *const kinds[KINDS] = {"linear", "scaled_linear", "cosine"};
static const double times[TIMES] = {0, 250, 500, 750, 999};

/* The noise that x holds, as a spread: the root mean square of x - share x0. */
static double spread(tensor x, double share, tensor x0, arena scratch)
{
    tensor left = tensor_like(&scratch, x);
    tensor_mix(left, share, x0, 0, x0);
    return tensor_distance(x, left);
}

/* A spread of N numbers is known to one part in sqrt(2 N); the checks allow four times that. */
static double doubt(tensor x)
{
    return 4 / sqrt(2.0 * (double)tensor_count(x));
}

/* a: the sampling steps 0, 10, 20, 25, 27, 29 of 30, in VP and in VE. Step 0 is where a sampler
 * starts, so the picture comes out of the noise from left to right. image_from_tensor() cuts to
 * -1..1, or the VE row could not be shown: with sigma 14.6 hardly any number of it lies within. */
static void part_a(lesson *l, const schedule *sd, tensor x0, tensor eps)
{
    sigmas walk;
    image picture[2 * SHOWN];
    const char *caption[2 * SHOWN];
    lesson_must(sigmas_make("linspace", STEPS, sd, (sigmas_options){0}, &l->memory, &walk));
    printf("%4s %10s %9s %14s %10s %10s\n", "step", "t", "sigma", "picture left", "VP spread",
           "VE spread");
    for (int k = 0; k < SHOWN; k++) {
        double t = walk.t[shown[k]], sigma = walk.at[shown[k]];
        double left = 1 / sqrt(1 + sigma * sigma), found[2];
        for (int row = 0; row < 2; row++) {
            tensor x = tensor_like(&l->memory, x0);
            noise_add(x, x0, eps, sigma, row == 0 ? NOISE_VP : NOISE_VE); /* the idea */
            picture[row * SHOWN + k] = image_from_tensor(&l->memory, x, 0);
            found[row] = spread(x, row == 0 ? left : 1, x0, l->memory);
        }
        caption[k] = lesson_words(l, "step %d, t = %.0f", shown[k], t);
        caption[SHOWN + k] = lesson_words(l, "σ = %.3f", sigma);
        printf("%4d %10.4f %9.4f %14.4f %10.4f %10.4f\n", shown[k], t, sigma, left, found[0],
               found[1]);
        lesson_expect(l, "VP spread / sqrt(1 - abar)", found[0] / (left * sigma), 1, doubt(x0));
        lesson_expect(l, "VE spread / sigma", found[1] / sigma, 1, doubt(x0));
    }
    strip all = {.rows = 2, .columns = SHOWN, .pictures = picture, .captions = caption};
    all.title = "Sampling steps of 30: the same noise, two ways of writing it";
    all.row_names = (const char *const[]){"VP", "VE"};
    lesson_strip(l, "03_steps", &all);
}

/* b: step 10 of 15 of lesson 02, once in one go and once in fifty small portions. Variances add, so
 * each portion has the spread sigma / sqrt(50). */
static void part_b(lesson *l, const schedule *sd, tensor x0, tensor eps, rng *r)
{
    sigmas walk;
    lesson_must(sigmas_make("linspace", 15, sd, (sigmas_options){0}, &l->memory, &walk));
    double t = walk.t[10], sigma = walk.at[10];
    tensor once = tensor_like(&l->memory, x0), often = tensor_like(&l->memory, x0);
    tensor z = tensor_like(&l->memory, x0);
    noise_add(once, x0, eps, sigma, NOISE_VE);
    tensor_copy(often, x0);
    for (int i = 0; i < PORTIONS; i++) {
        rng_normal(r, z, l->memory);
        tensor_add_scaled(often, sigma / sqrt(PORTIONS), z);
    }
    double in_one = spread(once, 1, x0, l->memory), in_fifty = spread(often, 1, x0, l->memory);
    printf("\nstep 10 of 15: t = %.4f, sigma = %.4f; spread: once %.4f, in %d portions %.4f\n\n", t,
           sigma, in_one, PORTIONS, in_fifty);
    lesson_expect(l, "t of step 10 of 15", t, 285.4286, 5e-5);
    lesson_expect(l, "sigma of step 10 of 15", sigma, 0.7913, 5e-5);
    lesson_expect(l, "fifty portions are one", in_fifty / sigma, 1, doubt(x0));
    image picture[3];
    const char *caption[] = {"x_0", "noise added once", "fifty small portions"};
    tensor seen[] = {x0, once, often};
    for (int k = 0; k < 3; k++) picture[k] = image_from_tensor(&l->memory, seen[k], 0);
    strip all = {.rows = 1, .columns = 3, .pictures = picture, .captions = caption};
    all.title = "Step 10 of 15: t = 285.4286, σ = 0.7913";
    lesson_strip(l, "03_step_10", &all);
}

/* c: one photograph, three schedules. Under each what is left of it, sqrt(alpha_bar). */
static void part_c(lesson *l, tensor x0, tensor eps)
{
    static const double at_500[KINDS] = {0.279, 0.526, 0.702};
    image picture[KINDS * TIMES];
    const char *caption[KINDS * TIMES], *column[TIMES];
    printf("%-14s  what is left of the picture at t = 0, 250, 500, 750, 999\n", "schedule");
    for (int k = 0; k < KINDS; k++) {
        schedule s;
        lesson_must(schedule_make(kinds[k], (schedule_options){0}, &l->memory, &s));
        printf("%-14s", kinds[k]);
        for (int j = 0; j < TIMES; j++) {
            double left = sqrt(schedule_alpha_bar(&s, times[j]));
            tensor x = tensor_like(&l->memory, x0);
            noise_add(x, x0, eps, schedule_sigma(&s, times[j]), NOISE_VP);
            picture[k * TIMES + j] = image_from_tensor(&l->memory, x, 0);
            caption[k * TIMES + j] = lesson_words(l, "%.3f", left);
            column[j] = lesson_words(l, "t = %.0f", times[j]);
            printf(" %8.3f", left);
        }
        printf("\n");
        lesson_expect(l, "left at t = 500", sqrt(schedule_alpha_bar(&s, 500)), at_500[k], 5e-4);
    }
    strip all = {.rows = KINDS, .columns = TIMES, .pictures = picture, .captions = caption};
    all.title = "Three schedules; below each picture what is left of it, √ᾱ_t";
    all.column_names = column;
    all.row_names = kinds;
    lesson_strip(l, "03_schedules", &all);
}

int main(int argc, char **argv)
{
    const char *path = "assets/cat.png";
    lesson l = lesson_begin_with(argc, argv, &path);
    image photo;
    lesson_must(image_load(path, &l.memory, &photo));
    tensor x0 = image_to_tensor(&l.memory, image_reduce(&l.memory, photo, WIDTH, HEIGHT));
    tensor eps = tensor_like(&l.memory, x0);
    rng r = rng_torch(42);
    rng_normal(&r, eps, l.memory);
    schedule sd;
    lesson_must(schedule_make("scaled_linear", (schedule_options){.manner = SCHEDULE_DIFFUSERS},
                              &l.memory, &sd));
    part_a(&l, &sd, x0, eps);
    part_b(&l, &sd, x0, eps, &r);
    part_c(&l, x0, eps);
    return lesson_end(&l);
}
