/* Lesson 03. A photograph sinks into noise.
 *
 * Lesson 02 gave the size of the noise at every time. Here it is put into a photograph, in one line
 * and without a loop. The field writes this in two ways. Variance preserving (VP: DDPM, Stable
 * Diffusion's training) shrinks picture and noise together. Variance exploding (VE: what samplers
 * compute in) leaves the picture alone and piles the noise on top.
 *
 *     make run L=03       prints two tables, writes out/03_steps.png, out/03_step_10.png and
 *                         out/03_schedules.png; build/lessons/03_add_noise my.jpg takes yours
 *
 * Look for: at which step can you first tell the cat? Which schedule still shows it at t = 500?
 * Needs: 02. Runs in under two seconds.
 *
 * Try: add noise fifty small times instead of once (part b does). Can anything tell the difference?
 */
#include "base/rng.h"
#include "diffusion/noise.h"
#include "diffusion/sigmas.h"
#include "lesson.h"

enum { STEPS = 30, SHOWN = 6, FEWER = 15, STEP = 10, PORTIONS = 50, KINDS = 3, TIMES = 5 };
enum { WIDTH = 192, HEIGHT = 128, SEED = 42 };
_Static_assert(STEPS > 29 && FEWER > STEP, "the steps to show must be among the steps made");
static const int shown[SHOWN] = {0, 10, 20, 25, 27, 29};
static const char *const kinds[KINDS] = {"linear", "scaled_linear", "cosine"};
static const double times[TIMES] = {0, 250, 500, 750, 999};

/* The standard deviation of the noise in x: the root mean square of x - alpha x0. Its standard
 * error is one part in sqrt(2 N); the checks allow four. */
static double deviation(tensor x, double alpha, tensor x0, arena scratch)
{
    tensor picture = tensor_like(&scratch, x);
    tensor_scale(picture, alpha, x0);
    return tensor_distance(x, picture);
}

/* a: x = alpha (x0 + sigma eps), alpha = 1 / sqrt(1 + sigma^2) = sqrt(alpha_bar) in VP, 1 in VE.
 * A sampler starts at step 0, so the picture comes out of the noise from left to right. Numbers
 * beyond -1..1, which in VE nearly all are at first, become black or white. */
static void part_a(lesson *l, const schedule *sd, tensor x0, tensor eps)
{
    sigmas walk;
    image picture[2 * SHOWN];
    const char *caption[2 * SHOWN];
    tensor x = tensor_like(&l->memory, x0), library = tensor_like(&l->memory, x0);
    lesson_must(sigmas_make("linspace", STEPS, sd, (sigmas_options){0}, &l->memory, &walk));
    printf("step          t     sigma  signal scale  noise in VP  measured  measured in VE\n");
    for (int k = 0; k < SHOWN; k++) {
        double t = walk.t[shown[k]], sigma = walk.at[shown[k]], scale = 1 / sqrt(1 + sigma * sigma);
        double found[2], four_errors = 4 / sqrt(2.0 * (double)tensor_count(x));
        for (int row = 0; row < 2; row++) {
            double alpha = row == 0 ? scale : 1;
            tensor_mix(x, alpha, x0, alpha * sigma, eps); /* the idea */
            noise_add(library, x0, eps, sigma, row == 0 ? NOISE_VP : NOISE_VE);
            lesson_expect(l, "the library's x", tensor_distance(x, library), 0, 0);
            found[row] = deviation(x, alpha, x0, l->memory);
            lesson_expect(l, "its noise", found[row] / (alpha * sigma), 1, four_errors);
            picture[row * SHOWN + k] = image_from_tensor(&l->memory, x, 0);
        }
        printf("%4d %10.4f %9.4f %13.4f %12.4f %9.4f %15.4f\n", shown[k], t, sigma, scale,
               scale * sigma, found[0], found[1]);
        caption[k] = lesson_words(l, "step %d, t = %.0f", shown[k], t);
        caption[SHOWN + k] = lesson_words(l, "σ = %.3f", sigma);
    }
    strip all = {.rows = 2, .columns = SHOWN, .pictures = picture, .captions = caption};
    all.title = lesson_words(l, "Steps of %d: the same noise, written in two ways", STEPS);
    all.row_names = (const char *const[]){"VP", "VE"};
    lesson_strip(l, "03_steps", &all);
}

/* b: one step of fewer, once in one go and once in small portions. Variances add, so each of n
 * portions has the standard deviation sigma / sqrt(n). */
static void part_b(lesson *l, const schedule *sd, tensor x0, tensor eps, rng *r)
{
    sigmas walk;
    lesson_must(sigmas_make("linspace", FEWER, sd, (sigmas_options){0}, &l->memory, &walk));
    double t = walk.t[STEP], sigma = walk.at[STEP];
    tensor once = tensor_like(&l->memory, x0), often = tensor_like(&l->memory, x0);
    tensor z = tensor_like(&l->memory, x0);
    tensor_mix(once, 1, x0, sigma, eps);
    tensor_copy(often, x0);
    for (int i = 0; i < PORTIONS; i++) {
        rng_normal(r, z, l->memory);
        tensor_add_scaled(often, sigma / sqrt(PORTIONS), z);
    }
    double one = deviation(once, 1, x0, l->memory), many = deviation(often, 1, x0, l->memory);
    const char *title = lesson_words(l, "Step %d of %d: t = %.4f, σ = %.4f", STEP, FEWER, t, sigma);
    printf("\n%s; noise added once %.4f, in %d portions %.4f\n\n", title, one, PORTIONS, many);
    lesson_expect(l, "t of step 10 of 15", t, 285.4286, 5e-5);
    lesson_expect(l, "sigma of step 10 of 15", sigma, 0.7913, 5e-5);
    lesson_expect(l, "portions are one", many / sigma, 1, 4 / sqrt(2.0 * (double)tensor_count(x0)));
    image picture[3];
    const char *caption[] = {"x_0", "added once", lesson_words(l, "in %d portions", PORTIONS)};
    tensor seen[] = {x0, once, often};
    for (int k = 0; k < 3; k++) picture[k] = image_from_tensor(&l->memory, seen[k], 0);
    strip all = {.rows = 1, .columns = 3, .pictures = picture, .captions = caption, .title = title};
    lesson_strip(l, "03_step_10", &all);
}

/* c: one photograph, three schedules, and the signal scale under each. */
static void part_c(lesson *l, tensor x0, tensor eps)
{
    static const double at_500[KINDS] = {0.279, 0.526, 0.702};
    image picture[KINDS * TIMES];
    const char *caption[KINDS * TIMES], *column[TIMES];
    tensor x = tensor_like(&l->memory, x0);
    printf("%-16s", "signal scale at");
    for (int j = 0; j < TIMES; j++) {
        column[j] = lesson_words(l, "t = %.0f", times[j]);
        printf(" %8s%s", column[j], j == TIMES - 1 ? "\n" : "");
    }
    for (int k = 0; k < KINDS; k++) {
        schedule s;
        lesson_must(schedule_make(kinds[k], (schedule_options){0}, &l->memory, &s));
        printf("%-16s", kinds[k]);
        for (int j = 0; j < TIMES; j++) {
            double scale = sqrt(schedule_alpha_bar(&s, times[j]));
            noise_add(x, x0, eps, schedule_sigma(&s, times[j]), NOISE_VP);
            picture[k * TIMES + j] = image_from_tensor(&l->memory, x, 0);
            caption[k * TIMES + j] = lesson_words(l, "%.3f", scale);
            printf(" %8.3f", scale);
        }
        printf("\n");
        lesson_expect(l, "scale at t = 500", sqrt(schedule_alpha_bar(&s, 500)), at_500[k], 5e-4);
    }
    strip all = {.rows = KINDS, .columns = TIMES, .pictures = picture, .captions = caption};
    all.title = "Three schedules; below each picture its signal scale √ᾱ_t";
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
    rng r = rng_torch(SEED);
    rng_normal(&r, eps, l.memory);
    schedule sd;
    lesson_must(schedule_make("scaled_linear", (schedule_options){.manner = SCHEDULE_DIFFUSERS},
                              &l.memory, &sd));
    part_a(&l, &sd, x0, eps);
    part_b(&l, &sd, x0, eps, &r);
    part_c(&l, x0, eps);
    return lesson_end(&l);
}
