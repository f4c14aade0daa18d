/* Lesson 05. The best guess there is.
 *
 * Given a noisy x, what was the clean picture? If we know which pictures there are, the best guess
 * has a formula, and no network is needed: it is the mean of all of them, each counted as strongly
 * as it is likely to have become this x. Everything a network learns later is this guess. The
 * formula is found twice: by counting, then by algebra.
 *
 *     make run L=05       prints three tables, writes out/05_two_numbers.svg,
 *                         out/05_three_points.svg and out/05_icons.png
 *
 * Look for: in the pictures, the guess is never noisy. What is it instead, when the noise is large?
 * At which sigma does the guess for the heart become another picture?
 * Needs: 04. Runs in well under a second.
 *
 * Try: another seed in part c. This denoiser knows its eight pictures by heart, which a trained one
 * must not: what would be missing then?
 */
#include "base/rng.h"
#include "diffusion/exact.h"
#include "icons.h"
#include "lesson.h"

enum { TRIES = 2000000, BINS = 41, CURVE = 241, POINTS = 3, SIZES = 8, SIDE = 32, HEART = 2 };
static const double three_points[POINTS] = {-2, 0.5, 1.5};
static const double levels[4] = {3, 1, 0.3, 0.1};
static const double sizes[SIZES] = {0.5, 2, 5, 10, 15, 20, 40, 160};

/* Two clean numbers, -1 and +1, and a reading x = x0 + sigma z. Both numbers are as likely to begin
 * with, and N(x; x0, sigma^2) says how likely each makes this reading, so
 *
 *     D(x) = (e^a - e^-a) / (e^a + e^-a) = tanh(a),   a = x / sigma^2 */
static double two_number_guess(double x, double sigma)
{
    return tanh(x / (sigma * sigma));
}

/* a: by counting. Make two million readings, sort them into bins, and write down the mean of the
 * clean numbers that led into each bin: that is the formula. Numbers -1 and +1 of mean D have the
 * variance 1 - D^2, so the standard error of a mean of N is sqrt((1 - D^2) / N); the check allows
 * four, and 0.0009 because a bin has a width. */
static void part_a(lesson *l)
{
    static double u[TRIES], z[TRIES], sum[BINS], count[BINS], middle[BINS], mean[BINS], rule[BINS];
    const double sigma = 1, width = 0.15;
    rng r = rng_torch(1);
    rng_uniform64(&r, u, TRIES);
    rng_normal64(&r, z, TRIES);
    for (int i = 0; i < TRIES; i++) {
        double x0 = u[i] < 0.5 ? -1 : 1, x = x0 + sigma * z[i];
        double place = floor(x / width + BINS / 2.0);
        if (place < 0 || place >= BINS) continue;
        sum[(int)place] += x0;
        count[(int)place]++;
    }
    printf("a reading of   readings there   mean of their clean numbers   tanh(x / sigma^2)\n");
    for (int b = 0; b < BINS; b++) {
        middle[b] = (b - BINS / 2) * width;
        mean[b] = sum[b] / count[b];
        rule[b] = two_number_guess(middle[b], sigma);
        if (b % 5 == 0)
            printf("%12.2f %16.0f %29.4f %19.4f\n", middle[b], count[b], mean[b], rule[b]);
        double standard_error = sqrt((1 - rule[b] * rule[b]) / count[b]);
        lesson_expect(l, "counted guess", mean[b], rule[b], 4 * standard_error + 0.0009);
    }
    plot chart = {.title = "Two numbers, one noisy reading",
                  .x = {.label = "reading x"},
                  .y = {.label = "best guess of the clean number"}};
    plot_line(&chart, "formula", BINS, middle, rule)->marker = PLOT_NO_MARKERS;
    plot_points(&chart, "counted", BINS, middle, mean);
    lesson_plot(l, "05_two_numbers", 1, 1, &chart);
}

/* b: three numbers, by the library's formula, at four sizes of noise. */
static void part_b(lesson *l)
{
    static const double by_hand[4] = {0.0807, 0.4898, 0.5000, 0.5000};
    static double x[CURVE], guess[4][CURVE];
    tensor centre = tensor_new(&l->memory, POINTS, 1, 1, 1),
           one = tensor_new(&l->memory, 1, 1, 1, 1);
    for (int k = 0; k < POINTS; k++) centre.data[k] = (real)three_points[k];
    exact_mixture three = {.centre = centre};
    denoiser d = exact_denoiser(&three);
    answer out = denoiser_room(d, &l->memory, one);
    plot chart = {.title = "Three numbers: the guess at four sizes of noise",
                  .x = {.label = "noisy x"},
                  .y = {.label = "D(x, σ)"}};
    for (int j = 0; j < 4; j++) {
        for (int i = 0; i < CURVE; i++) {
            x[i] = -4 + 8.0 * i / (CURVE - 1);
            one.data[0] = (real)x[i];
            denoiser_ask(d, out, one, levels[j], l->memory);
            guess[j][i] = (double)out.x0.data[0];
        }
        plot_line(&chart, lesson_words(l, "σ = %g", levels[j]), CURVE, x, guess[j]);
    }
    printf("\nD(0, sigma): ");
    for (int j = 0; j < 4; j++) printf("  sigma %g: %.4f", levels[j], guess[j][CURVE / 2]);
    printf("\n");
    for (int j = 0; j < 4; j++)
        lesson_expect(l, "worked out by hand", guess[j][CURVE / 2], by_hand[j], 5e-5);
    lesson_plot(l, "05_three_points", 1, 1, &chart);
}

/* c: eight pictures of 3,072 numbers each, and a noisy heart. As points in space they are 34 to 70
 * apart. Noise far below that cannot hide the heart. Noise of size 160 leaves eight guesses alike,
 * to a factor of about exp(60 / 160): to 0.06 of 1/8. */
static void part_c(lesson *l)
{
    image picture[2 * SIZES];
    const char *caption[2 * SIZES];
    exact_mixture icons = {.centre = icons_draw(&l->memory, SIDE)};
    tensor heart = tensor_pictures(icons.centre, HEART, 1), eps = tensor_like(&l->memory, heart);
    rng r = rng_torch(21);
    rng_normal(&r, eps, l->memory);
    denoiser d = exact_denoiser(&icons);
    printf("\n%8s %13s %15s %18s\n", "sigma", "it is a heart", "most likely", "guess minus heart");
    for (int k = 0; k < SIZES; k++) {
        double p[ICONS], sigma = sizes[k];
        int best = 0;
        tensor x = tensor_like(&l->memory, heart);
        answer out = denoiser_room(d, &l->memory, x);
        tensor_mix(x, 1, heart, sigma, eps);
        denoiser_ask(d, out, x, sigma, l->memory); /* the idea */
        exact_posterior(&icons, p, x, sigma);
        for (int j = 0; j < ICONS; j++)
            if (p[j] > p[best]) best = j;
        printf("%8g %13.4f %8s %6.4f %18.4f\n", sigma, p[HEART], icons_names[best], p[best],
               tensor_distance(out.x0, heart));
        if (sigma <= 5) lesson_expect(l, "surely a heart", p[HEART], 1, 1e-6);
        if (sigma >= 160) lesson_expect(l, "no idea", p[HEART], 1.0 / ICONS, 0.06);
        tensor_scale(x, 1 / sqrt(1 + sigma * sigma), x); /* to be seen at all */
        picture[k] = image_from_tensor(&l->memory, x, 0);
        picture[SIZES + k] = image_from_tensor(&l->memory, out.x0, 0);
        caption[k] = lesson_words(l, "σ = %g", sigma);
        caption[SIZES + k] = lesson_words(l, "%s: %.0f %%", icons_names[best], 100 * p[best]);
    }
    strip all = {.rows = 2, .columns = SIZES, .pictures = picture, .captions = caption, .scale = 3};
    all.title = "A noisy heart, and the best guess if there are eight pictures";
    all.row_names = (const char *const[]){"noisy x", "guess D"};
    lesson_strip(l, "05_icons", &all);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l);
    part_b(&l);
    part_c(&l);
    return lesson_end(&l);
}
