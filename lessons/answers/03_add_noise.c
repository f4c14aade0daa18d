/* Answer to exercise 03. Put noise into a photograph yourself.
 *
 * The lesson starts from sigma. Start from alpha_bar, as DDPM does (Ho 2020, arXiv:2006.11239,
 * eq. 4):
 *
 *     x_t = sqrt(alpha_bar_t) x0 + sqrt(1 - alpha_bar_t) eps
 *
 *     make exercises
 *     build/lessons/answers/03_add_noise            a table, and out/exercise_03.png
 *     build/lessons/answers/03_add_noise --check    ends with 0
 */
#include "../lesson.h"
#include "base/rng.h"
#include "diffusion/noise.h"
#include "diffusion/schedule.h"

enum { TIMES = 5, WIDTH = 192, HEIGHT = 128 };
static const double times[TIMES] = {0, 250, 500, 750, 999};

/* tensor_mix(x, a, y, b, z) computes x = a y + b z for every number of the picture. */
static void add_noise(tensor x, tensor x0, tensor eps, double alpha_bar)
{
    tensor_mix(x, sqrt(alpha_bar), x0, sqrt(1 - alpha_bar), eps);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    image photo, picture[2 * TIMES];
    const char *column[TIMES], *row[] = {"yours", "the library"};
    schedule sd;
    lesson_must(image_load("assets/cat.png", &l.memory, &photo));
    lesson_must(schedule_make("scaled_linear", (schedule_options){0}, &l.memory, &sd));
    tensor x0 = image_to_tensor(&l.memory, image_reduce(&l.memory, photo, WIDTH, HEIGHT));
    tensor eps = tensor_like(&l.memory, x0);
    tensor yours = tensor_like(&l.memory, x0), library = tensor_like(&l.memory, x0);
    rng r = rng_torch(42);
    rng_normal(&r, eps, l.memory);
    printf("%5s %10s %10s\n", "t", "alpha_bar", "apart");
    for (int k = 0; k < TIMES; k++) {
        double alpha_bar = schedule_alpha_bar(&sd, times[k]);
        add_noise(yours, x0, eps, alpha_bar);
        noise_add(library, x0, eps, schedule_sigma(&sd, times[k]), NOISE_VP);
        double apart = tensor_distance(yours, library);
        printf("%5.0f %10.6f %10.2e\n", times[k], alpha_bar, apart);
        /* Both round to float, which is good to one part in 16 million. */
        lesson_expect(&l, "yours is the library's", apart, 0, 1e-6);
        picture[k] = image_from_tensor(&l.memory, yours, 0);
        picture[TIMES + k] = image_from_tensor(&l.memory, library, 0);
        column[k] = lesson_words(&l, "t = %.0f", times[k]);
    }
    strip all = {.rows = 2, .columns = TIMES, .pictures = picture};
    all.column_names = column;
    all.row_names = row;
    lesson_strip(&l, "exercise_03", &all);
    return lesson_end(&l);
}
