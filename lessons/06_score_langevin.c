/* Lesson 06. The score: an arrow uphill, and a walk that samples.
 *
 * A guess D of the clean picture is also an arrow, from x to D. Networks say it in other words, as
 * eps, score or v, and each can be had from each. Now think of lamps in fog, and of a moth that
 * flies where it gets brighter, and flutters. In clear air it stays at the lamp nearest to it. If
 * the fog lifts slowly, it finds the bright one. So the first picture here comes out of noise.
 *
 *     make run L=06       prints two tables, writes two plots and a strip to out/
 *
 * Look for: which word is an arrow away from the data? How many moths end at the bright lamp?
 * Needs: 04, 05. Runs in under two seconds.
 *
 * Try: KICKS = 1 instead of 100. What is wrong with the picture at the end?
 */
#include "diffusion/network.h"
#include "field.h"
#include "icons.h"

enum { MOTHS = 2000, KICKS = 100, SIZES = 12, TRAILS = 6, SHOWN = 6, SIDE = 32, SEED = 5 };
static const double brightness[2] = {0.2, 0.8}; /* of the lamps at (-2, 0) and (2, 0) */
static const double fog[4] = {4, 2, 1, 0.3}, last = 0.1;
static const int shown[SHOWN] = {0, SIZES / 6, SIZES / 3, SIZES / 2, 2 * SIZES / 3, SIZES - 1};

/* Langevin's step, a pull uphill and a kick:
 *
 *   x' = x + h score + sqrt(2 h) z,   score = (D - x) / sigma^2 */
static void langevin(denoiser d, tensor x, double sigma, double h, rng *r, arena scratch)
{
    double pull = h / (sigma * sigma);
    tensor z = tensor_like(&scratch, x);
    answer out = denoiser_room(d, &scratch, x);
    denoiser_ask(d, out, x, sigma, scratch);
    rng_normal(r, z, scratch);
    tensor_mix(x, 1 - pull, x, pull, out.x0);
    tensor_add_scaled(x, sqrt(2 * h), z);
}

/* Sizes in equal ratios, from this one to the last. */
static double size(double from, int i)
{
    return from * pow(last / from, i / fmax(SIZES - 1, 1));
}

/* Song, Ermon 2019, arXiv:1907.05600, Algorithm 1, with h = sigma^2 / 10 (their alpha is 2 h): from
 * pure noise, seen[0], through all sizes. Size i leaves seen[i + 1]. */
static void anneal(lesson *l, denoiser d, double noise, double from, tensor x, tensor *seen)
{
    rng r = rng_torch(SEED);
    rng_normal(&r, x, l->memory);
    tensor_scale(x, noise, x);
    for (int i = 0; i <= SIZES; i++) {
        for (int k = 0; i > 0 && k < KICKS; k++)
            langevin(d, x, size(from, i - 1), pow(size(from, i - 1), 2) / 10, &r, l->memory);
        seen[i] = tensor_like(&l->memory, x);
        tensor_copy(seen[i], x);
    }
}

/* a: lesson 05's two numbers at one x. The guess in four words, and each of them back again. */
static void part_a(lesson *l)
{
    const double x = 0.75, sigma = 0.5, alpha_bar = 1 / (1 + sigma * sigma), near = 1.0 / 1024;
    double d = tanh(x / (sigma * sigma)), eps = (x - d) / sigma, score = (d - x) / (sigma * sigma);
    double v = sqrt(alpha_bar) * eps - sqrt(1 - alpha_bar) * d, said[4] = {eps, v, d, score};
    static const char *const words[4] = {"eps", "v", "x0", "score"}; /* in network.h's order */
    printf("x = %g, sigma = %g     says   back to D\n", x, sigma);
    for (int k = 0; k < 4; k++) {
        network net = {.says = (network_prediction)k};
        network_scaling to_d = {.skip = 1, .out = sigma * sigma};
        if (k < 3) to_d = network_scale(&net, sigma);
        double back = to_d.skip * x + to_d.out * said[k];
        printf("%-20s %8.4f %11.4f\n", words[k], said[k], back);
        lesson_expect(l, words[k], back, d, 1e-15);
    }
    exact_mixture two = {.centre = {(real[]){-1, 1}, 2, 1, 1, 1}};
    tensor sides = {(real[]){(real)(x - near), (real)(x + near)}, 2, 1, 1, 1};
    double rise = exact_log_density(&two, tensor_pictures(sides, 1, 1), sigma) -
                  exact_log_density(&two, tensor_pictures(sides, 0, 1), sigma);
    printf("%-20s %8.4f\n", "slope of ln p", rise / (2 * near));
    lesson_expect(l, "the score is the slope of ln p", rise / (2 * near), score, 1e-6);
}

/* b: two lamps, in clear air, which is the last size all the time, and in fog that lifts. The check
 * allows four standard errors of a share of 0.8. */
static void part_b(lesson *l)
{
    static plot field[4], air[2] = {{0}};
    exact_mixture two = {.centre = {(real[]){-2, 0, 2, 0}, 2, 1, 1, 2}, .weight = brightness};
    denoiser d = exact_denoiser(&two);
    tensor x = tensor_new(&l->memory, MOTHS, 1, 1, 2), seen[SIZES + 1];
    for (int k = 0; k < 4; k++)
        field[k] = field_plot(l, &two, fog[k], 5), field_arrows(l, &field[k], d, fog[k]);
    printf("\nat the bright lamp      first   in the end   wanted\n");
    for (int lifts = 0; lifts < 2; lifts++) {
        double first = 0, end = 0;
        anneal(l, d, fog[0], lifts ? fog[0] : last, x, seen);
        for (int i = 0; i < 2 * MOTHS; i += 2) first += seen[0].data[i] > 0, end += x.data[i] > 0;
        air[lifts] = field_plot(l, &two, fog[3], 5);
        air[lifts].title = lifts ? "fog that lifts" : "clear air";
        for (int i = 0; i < TRAILS && i < MOTHS; i++)
            field_trail(l, &air[lifts], seen, SIZES + 1, i);
        printf("%-20s %8.4f %12.4f %8.4f\n", air[lifts].title, first / MOTHS, end / MOTHS,
               brightness[1]);
        lesson_expect(l, air[lifts].title, end / MOTHS, lifts ? brightness[1] : first / MOTHS,
                      4 * sqrt(0.16 / MOTHS));
    }
    lesson_plot(l, "06_arrows", 2, 2, field);
    lesson_plot(l, "06_trails", 1, 2, air);
}

/* c: the same walk among eight pictures. Pull and kick are in balance where the noise is larger
 * than sigma by 1 / sqrt(1 - h / (2 sigma^2)); with h = sigma^2 / 10 that is 1 / sqrt(0.95). */
static void part_c(lesson *l)
{
    image picture[2 * SHOWN];
    const char *column[SHOWN], *row[] = {"x", "guess D"};
    denoiser d = exact_denoiser(&(exact_mixture){.centre = icons_draw(&l->memory, SIDE)});
    tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, 3), seen[SIZES + 1];
    answer out = denoiser_room(d, &l->memory, x);
    anneal(l, d, 80, 80, x, seen);
    for (int k = 0; k < SHOWN; k++) {
        double sigma = size(80, shown[k]);
        denoiser_ask(d, out, seen[shown[k] + 1], sigma, l->memory);
        tensor_scale(x, 1 / sqrt(1 + sigma * sigma), seen[shown[k] + 1]);
        picture[k] = image_from_tensor(&l->memory, x, 0);
        picture[SHOWN + k] = image_from_tensor(&l->memory, out.x0, 0);
        column[k] = lesson_words(l, "σ = %.3g", sigma);
    }
    double left = tensor_distance(seen[SIZES], out.x0), rule = last / sqrt(0.95);
    printf("\nnoise left in the picture: %.4f, in balance %.4f\n", left, rule);
    lesson_expect(l, "noise left", left / rule, 1, 4 / sqrt(2.0 * (double)tensor_count(x)));
    strip all = {"Out of noise, by Langevin's steps", 2, SHOWN, picture, NULL, column, row, 3};
    lesson_strip(l, "06_icons", &all);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l);
    part_b(&l);
    part_c(&l);
    return lesson_end(&l);
}
