/* Lesson 15. Dice again: walk down, and stir.
 *
 * The ODE keeps everybody's rank (lesson 09). Langevin's pull and kick mix the ranks and keep the
 * crowd (06). Do both in one step and you have the reverse SDE. DDPM, Euler a and all samplers with
 * SDE in their names follow it. What do dice give, what do they cost, and do they ever settle?
 *
 *     make run L=15       prints two tables, writes three plots and a strip to out/
 *
 * Look for: which crowds are equal? Which row of the strip settles although it throws dice?
 * Needs: 14. Runs in under two seconds. Try: FROM = 3. Do the others end where the ODE does?
 */
#include "bells.h"
#include "dice.h"
#include "icons.h"
#include "tape.h"

enum { PATHS = 20, MARKED = 3, CROWD = 2000, WALK = 240, ETAS = 4, COUNTS = 5 };
enum { SIDE = 32, SHOWN = 4, SEED = 22 };
static const double etas[ETAS] = {0, 0.5, 1, 2}, FROM = -4, TOP = 5;
static const int counts[COUNTS] = {5, 10, 20, 40, 80};
static const sigmas_options five = {.sigma_max = TOP, .sigma_min = 0.02, .end_at_min = true};
static const sigmas_options high = {.sigma_max = 80, .sigma_min = 0.02, .end_at_min = true};

/* The ODE's step down and Langevin's with h = eta^2 v/2, at once; path: where the first go.
 *     x' = x + (1 + eta^2) v/2 score + eta sqrt(v) z,    v = 2 sigma (sigma - next) */
static void stir(denoiser d, tensor x, sigmas walk, double eta, double *path, arena scratch)
{
    rng r = rng_torch(SEED);
    tensor z = tensor_like(&scratch, x);
    answer out = denoiser_room(d, &scratch, x);
    for (int i = 0; i < WALK; i++) {
        double sigma = walk.at[i], v = 2 * sigma * (sigma - walk.at[i + 1]);
        double pull = (1 + eta * eta) * v / 2 / (sigma * sigma);
        for (int k = 0; k < PATHS; k++) path[k * WALK + i] = (double)x.data[k] / hypot(1, sigma);
        denoiser_ask(d, out, x, sigma, scratch);
        rng_normal(&r, z, scratch);
        tensor_mix(x, 1 - pull, x, pull, out.x0);
        tensor_add_scaled(x, eta * sqrt(v), z);
    }
}

/* a: a crowd, its first twenty at twenty ranks; and as many people again who all stand at FROM. */
static void part_a(lesson *l)
{
    static double path[ETAS][PATHS * WALK], end[ETAS][2][CROWD], after[BELLS];
    plot maps[2] = {{.title = "η = 0: the ODE"}, {.title = "η = 1: the SDE"}};
    plot panel[2] = {{.title = "The whole crowd", .y.label = "density"}, {.title = "From one x"}};
    exact_mixture m = bells_mixture(&l->memory);
    denoiser d = exact_denoiser(&m);
    tensor x = tensor_new(&l->memory, 2 * CROWD, 1, 1, 1), alike = tensor_pictures(x, CROWD, CROWD);
    answer guess = denoiser_room(d, &l->memory, x);
    sigmas walk;
    lesson_must(sigmas_make("exponential", WALK, NULL, five, &l->memory, &walk));
    tensor_fill(x, FROM), exact_posterior(&m, after, tensor_pictures(x, 0, 1), TOP);
    denoiser_ask(d, guess, x, TOP, l->memory);
    double right[4] = {bells_share[0], 0.45, after[0], (double)guess.x0.data[0]};
    printf("%17s%15s %g\n eta    left    mean      left    mean\n", "the crowd", "all from", FROM);
    for (int e = 0; e < ETAS; e++) {
        double is[4] = {0};
        bells_crowd(&m, x, TOP, SEED + 1, PATHS, l->memory), tensor_fill(alike, FROM);
        stir(d, x, walk, etas[e], path[e], l->memory);
        for (int k = 0; k < 2 * CROWD; k++) {
            double to = end[e][k / CROWD][k % CROWD] = (double)x.data[k];
            is[k / CROWD * 2] += (to < -0.5) / (double)CROWD, is[k / CROWD * 2 + 1] += to / CROWD;
        }
        printf("%4g %7.4f %7.4f   %7.4f %7.4f\n", etas[e], is[0], is[1], is[2], is[3]);
        for (int j = 0; j < (etas[e] == 1 ? 4 : 2); j++) /* the standard deviations are 0.5, 1.7 */
            lesson_expect(l, "crowd", is[j], right[j], 4 * (j % 2 ? 1.7 : 0.5) / sqrt(CROWD));
    }
    printf("true %7.4f %7.4f   %7.4f %7.4f\n", right[0], right[1], right[2], right[3]);
    for (int j = 0; j < 2; j++) {
        bells_paths(&maps[j], &l->memory, PATHS, WALK, walk.at, path[2 * j], MARKED);
        if (j == 0) plot_histogram(&panel[j], "η = 0", CROWD, end[0][j], 40);
        plot_histogram(&panel[j], "η = 1", CROWD, end[2][j], 40);
        panel[j].x = (plot_axis){.label = "where walks end", .low = -3.5, .high = 3.5};
    }
    plot_vertical(&panel[1], end[0][1][0], "η = 0"), plot_vertical(&panel[1], right[3], "D");
    lesson_plot(l, "15_paths", 1, 2, maps), lesson_plot(l, "15_ends", 1, 2, panel);
}

/* b: one start, more and more steps. Dice thrown anew for each walk, and dice from one tape. */
static void part_b(lesson *l)
{
    static const char *const row[] = {"Euler", "Euler a, new dice", "Euler a, one tape"};
    static const char *const column[SHOWN] = {"10 steps", "20 steps", "40 steps", "80 steps"};
    image picture[3 * SHOWN];
    denoiser d = exact_denoiser(&(exact_mixture){.centre = icons_draw(&l->memory, SIDE)});
    tensor first = tensor_new(&l->memory, 1, SIDE, SIDE, 3), x = tensor_like(&l->memory, first);
    tensor before = tensor_like(&l->memory, first);
    rng r = rng_torch(SEED);
    sigmas walk;
    rng_normal(&r, first, l->memory);
    lesson_must(sigmas_make("karras", counts[SHOWN], NULL, high, &l->memory, &walk));
    tape t = tape_throw(l, walk, first, &r);
    for (int k = 0; k < 3 * SHOWN; k++) {
        int steps = counts[1 + k % SHOWN];
        lesson_must(sigmas_make("karras", steps, NULL, high, &l->memory, &walk));
        tensor_scale(x, walk.at[0], first);
        sampler s = sampler_make(k < SHOWN ? &sampler_euler : &sampler_euler_ancestral, d, walk,
                                 k < 2 * SHOWN ? noise_fresh(r) : tape_noise(&t, steps));
        lesson_must(sampler_run(&s, x, l->memory));
        picture[k] = image_from_tensor(&l->memory, x, 0);
        if (k == SHOWN - 1 || k == 3 * SHOWN - 1) /* half a grey of 255 */
            lesson_expect(l, row[k / SHOWN], tensor_distance(x, before), 0, 0.004);
        tensor_copy(before, x);
    }
    lesson_strip(l, "15_settle", &(strip){NULL, 3, SHOWN, picture, NULL, column, row, 3});
}

/* c: how wide a crowd comes out that began in noise of size `begin`, and whether it settles. */
static void row(lesson *l, plot *chart, const char *label, sampler s, double begin)
{
    double *wide = arena_take(&l->memory, 2 * COUNTS * sizeof *wide), *calls = wide + COUNTS;
    printf("%-18s%2g", label, begin);
    for (int b = 0; b < COUNTS; b++) {
        printf(" %6.4f", wide[b] = dice_spread(l, s, counts[b], begin));
        calls[b] = counts[b] * (1 + s.options.correct);
    }
    dice_settles(l, s, begin, SEED, 80);
    dice_check(l, &s, begin, wide);
    if (chart) plot_line(chart, label, COUNTS, calls, wide);
}

static void part_c(lesson *l)
{
    plot panel[2] = {dice_chart("begun in noise of size 10"), dice_chart("begun in half of it")};
    exact_mixture m = bell_mixture(&l->memory);
    sampler euler = dice_sampler(&sampler_euler, &m), heun = dice_sampler(&sampler_heun, &m);
    sampler churned = euler, corrected = euler, a = dice_sampler(&sampler_euler_ancestral, &m);
    heun.options.churn = churned.options.churn = 40, corrected.options.correct = 1;
    printf("\n%-20s", "rule, begun at");
    for (int b = 0; b < COUNTS; b++) printf(" %6d", counts[b]);
    printf("     new    path Euler a\n");
    row(l, &panel[0], "Euler", euler, 10), row(l, &panel[0], "Euler a", a, 10);
    for (int k = 0; samplers[k]; k++)
        if (samplers[k]->stochastic && samplers[k]->order > 0 && samplers[k] != a.kind)
            row(l, NULL, samplers[k]->label, dice_sampler(samplers[k], &m), 10);
    row(l, &panel[0], "Euler, corrected", corrected, 10);
    row(l, NULL, "Euler, churn 40", churned, 10), row(l, NULL, "Heun, churn 40", heun, 10);
    row(l, &panel[1], "Euler", euler, 5), row(l, &panel[1], "Euler a", a, 5);
    row(l, &panel[1], "Euler, corrected", corrected, 5);
    lesson_plot(l, "15_spread", 1, 2, panel);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l), part_b(&l), part_c(&l);
    return lesson_end(&l);
}
