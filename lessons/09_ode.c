/* Lesson 09. The ODE: a crowd that moves without dice.
 *
 * In lesson 04 a crowd sank into noise, everybody by coins of his own. Now the same crowds again,
 * one after the other, but nobody tosses: everybody follows a slope that depends on where he
 * stands. DDIM without dice (lesson 08) in ever smaller steps is this walk. A rule that says which
 * way a thing moves, wherever it is, is an ordinary differential equation, an ODE for short.
 *
 *     make run L=09       prints two tables, writes two plots and a strip to out/
 *
 * Look for: do two paths ever cross? In the strip: does the picture change little by little?
 * Needs: 08. Runs in under two seconds.
 * Try: SEED = 1. Where do the borders between the pictures lie now?
 */
#include "base/rng.h"
#include "bells.h"
#include "diffusion/sigmas.h"
#include "icons.h"
#include "lesson.h"

enum { PATHS = 20, COUNTS = 4, MOST = 80, ROWS = 60, CELLS = 60, CROWD = 10000 };
enum { SIDE = 32, NOISES = 9, WALK = 60, MIDDLE = 4 * WALK / 15, SEED = 2 };
static const int counts[COUNTS] = {MOST / 8, MOST / 4, MOST / 2, MOST};
static const sigmas_options range = {.sigma_max = 5, .sigma_min = 0.02, .end_at_min = true};

/* The idea: dx/dsigma = (x - D(x, sigma)) / sigma, in small steps; `path` or NULL notes them. */
static void follow(denoiser d, tensor x, sigmas walk, double *path, arena scratch)
{
    answer out = denoiser_room(d, &scratch, x);
    for (int i = 0; i < walk.n; i++) {
        double sigma = walk.at[i], part = (walk.at[i + 1] - sigma) / sigma;
        for (int k = 0; path && k < x.n; k++) path[k * walk.n + i] = (double)x.data[k];
        denoiser_ask(d, out, x, sigma, scratch);
        tensor_mix(x, 1 + part, x, -part, out.x0);
    }
}

/* a: twenty people, each with his share of the crowd to his left, which is his rank. Does everybody
 * keep it? Steps have an error of C/n: twice as many must leave half of it. */
static void part_a(lesson *l, denoiser d)
{
    static double change[COUNTS], path[2][PATHS * MOST], heat[2][ROWS * CELLS];
    const double top = range.sigma_max, low = range.sigma_min;
    tensor x = tensor_new(&l->memory, PATHS, 1, 1, 1);
    sigmas walk = {0};
    printf("steps   largest change of rank\n");
    for (int j = 0; j < COUNTS; j++) {
        lesson_must(sigmas_make("exponential", counts[j], NULL, range, &l->memory, &walk));
        for (int k = 0; k < PATHS; k++) x.data[k] = (real)bells_who((k + 0.5) / PATHS, top);
        follow(d, x, walk, path[0], l->memory);
        for (int k = 0; k < PATHS; k++) {
            double rank = bells_left((double)x.data[k], low);
            change[j] = fmax(change[j], fabs(rank - (k + 0.5) / PATHS));
        }
        printf("%5d %24.4f\n", counts[j], change[j]);
    }
    lesson_expect(l, "half", change[COUNTS - 1] / change[COUNTS - 2], 0.5, 0.001);
    for (int i = 0; i < PATHS * MOST; i++)
        path[1][i] = path[0][i] / sqrt(1 + walk.at[i % MOST] * walk.at[i % MOST]);
    plot panels[2] = {{.title = "VE: x", .y = {.low = -12, .high = 12}},
                      {.title = "VP: x / √(1 + σ^2)", .y = {.low = -2.6, .high = 2.6}}};
    for (int way = 0; way < 2; way++) {
        panels[way].x = (plot_axis){.label = "σ", .log = true, .low = low, .high = top};
        panels[way].z.label = "crowd", panels[way].width = 420, panels[way].height = 340;
        bells_map(&panels[way], way == 1, ROWS, CELLS, heat[way]);
        for (int k = 0; k < PATHS; k++) {
            plot_series *line = plot_line(&panels[way], NULL, MOST, walk.at, path[way] + k * MOST);
            line->ink = colour_paper, line->width = 1, line->dash = 0;
        }
    }
    lesson_plot(l, "09_paths", 1, 2, panels);
}

/* b: a crowd is noised, with dice, and walks back without. Is it the old crowd, and is anybody who
 * he was? The three tenths of the noisy crowd that are farthest left go left, whoever they were;
 * as many of the left bell go right as the other way round. */
static void part_b(lesson *l, denoiser d, const exact_mixture *bells)
{
    static double was[CROWD], is[CROWD];
    const double top = range.sigma_max;
    tensor x = tensor_new(&l->memory, CROWD, 1, 1, 1), z = tensor_like(&l->memory, x);
    rng r = rng_torch(SEED);
    sigmas walk;
    lesson_must(sigmas_make("exponential", MOST, NULL, range, &l->memory, &walk));
    exact_draw(bells, x, &r, l->memory);
    rng_normal(&r, z, l->memory);
    for (int i = 0; i < CROWD; i++) was[i] = (double)x.data[i];
    tensor_add_scaled(x, top, z);
    follow(d, x, walk, NULL, l->memory);
    double beyond = (bells_who(bells_share[0], top) - bells_centre[0]) / bells_spread(0, top);
    double rule = bells_share[0] * erfc(beyond / sqrt(2)), left = 0, other = 0;
    for (int i = 0; i < CROWD; i++) {
        is[i] = (double)x.data[i];
        left += (is[i] < -0.5) / (double)CROWD;
        other += ((is[i] < -0.5) != (was[i] < -0.5)) / (double)CROWD;
    }
    printf("\n%41s %9s\n", "counted", "formula");
    printf("end in the left bell %20.4f %9.4f\n", left, bells_share[0]);
    printf("end in the other bell %19.4f %9.4f\n", other, rule);
    lesson_expect(l, "left", left, bells_share[0], 4 * sqrt(0.3 * 0.7 / CROWD));
    lesson_expect(l, "other", other, rule, 4 * sqrt(rule * (1 - rule) / CROWD));
    plot panels[2] = {{.title = "The crowd is the old one ...", .x.label = "x"},
                      {.title = "... but who is who?", .x.label = "the clean number it was"}};
    panels[0].y.label = "density", panels[1].y.label = "where its walk ends";
    plot_histogram(&panels[0], "clean numbers", CROWD, was, 60);
    plot_histogram(&panels[0], "ends of the walks", CROWD, is, 60);
    plot_points(&panels[1], NULL, (CROWD + 19) / 20, was, is);
    lesson_plot(l, "09_crowd", 1, 2, panels);
}

/* c: nine noises on the way from one noise to another, and the pictures they become. */
static void part_c(lesson *l)
{
    image picture[3 * NOISES];
    const char *column[NOISES], *row[] = {"noise", "guess at σ = 15", "end"};
    denoiser d = exact_denoiser(&(exact_mixture){.centre = icons_draw(&l->memory, SIDE)});
    tensor x = tensor_new(&l->memory, NOISES, SIDE, SIDE, 3);
    tensor two = tensor_new(&l->memory, 2, SIDE, SIDE, 3);
    answer out = denoiser_room(d, &l->memory, x);
    rng r = rng_torch(SEED);
    sigmas walk;
    lesson_must(sigmas_make("edm", WALK, NULL, (sigmas_options){0}, &l->memory, &walk));
    rng_normal(&r, two, l->memory);
    for (int k = 0; k < NOISES; k++) {
        double turn = 90.0 * k / (NOISES - 1), a = cos(turn * PI / 180), b = sin(turn * PI / 180);
        tensor first = tensor_pictures(two, 0, 1), second = tensor_pictures(two, 1, 1);
        tensor_mix(tensor_pictures(x, k, 1), a, first, b, second);
        column[k] = lesson_words(l, "%.0f°", turn);
        picture[k] = image_from_tensor(&l->memory, x, k);
    }
    tensor_scale(x, walk.at[0], x); /* pure noise of size sigma[0] */
    follow(d, x, (sigmas){.n = MIDDLE, .at = walk.at}, NULL, l->memory);
    denoiser_ask(d, out, x, walk.at[MIDDLE], l->memory);
    follow(d, x, (sigmas){.n = WALK - MIDDLE, .at = walk.at + MIDDLE}, NULL, l->memory);
    for (int k = 0; k < NOISES; k++) {
        picture[NOISES + k] = image_from_tensor(&l->memory, out.x0, k);
        picture[2 * NOISES + k] = image_from_tensor(&l->memory, x, k);
    }
    strip all = {NULL, 3, NOISES, picture, NULL, column, row, 2};
    lesson_strip(l, "09_noises", &all);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    exact_mixture bells = bells_mixture(&l.memory);
    part_a(&l, exact_denoiser(&bells));
    part_b(&l, exact_denoiser(&bells), &bells);
    part_c(&l);
    return lesson_end(&l);
}
