/* Lesson 14. The laboratory: measure order, do not believe tables.
 *
 * Every sampler comes with a promise: twice the steps, so much less error. Here the promises are
 * measured, on a bell whose true curve is known. On log-log paper a promise is a straight line.
 * Then three things that bend it: floats, the step to 0, and a watershed between two bells.
 *
 *     make run L=14       prints three tables, writes three plots and a strip to out/
 *
 * Look for: where does each line stop being straight, and why there?
 * Needs: 13. Runs in under two seconds. Try: START = -4.9. How many steps does Euler need now?
 */
#include "bell.h"
#include "bells.h"
#include "film.h"
#include "icons.h"

/* Under test; yours can stand here too. */
static const sampler_kind *const rules[] = {&sampler_euler, &sampler_heun,
                                            &sampler_dpm_2, &sampler_dpmpp_2m,
                                            &sampler_lms,   &sampler_euler_ancestral};
enum { RULES = sizeof rules / sizeof *rules, COUNTS = 7, MOST = 640, TABLE = 6, PATHS = 4 };
enum { CELLS = 100, SIDE = 32, SHOWN = 5, SEED = 4 };
static const int counts[COUNTS] = {10, 20, 40, 80, 160, 320, MOST}, shown[] = {5, 10, 20, 40, 60};
static const double START = -5, FLOOR = 0x1p-20; /* so far from 11 is the next float */
static const sigmas_options two = {.sigma_max = 10, .sigma_min = 0.02, .end_at_min = true};
static const sigmas_options high = {.sigma_max = 80, .sigma_min = 0.1};

/* The whole walk of a crowd x; way[0] and way[1] note where its first one goes, unless NULL. */
static int walk_down(lesson *l, const sampler_kind *rule, const exact_mixture *m, int steps,
                     sigmas_options range, tensor x, double way[][MOST + 1])
{
    sigmas walk;
    lesson_must(sigmas_make("karras", steps, NULL, range, &l->memory, &walk));
    sampler s = sampler_make(rule, exact_denoiser(m), walk, noise_fresh(rng_torch(SEED)));
    lesson_must(sampler_begin(&s, x, &l->memory));
    for (int i = 0; i <= steps; i++) {
        if (way) way[0][i] = s.sigma, way[1][i] = (double)x.data[0] / hypot(1, s.sigma);
        if (i < steps) lesson_must(sampler_step(&s, x, l->memory));
    }
    return s.calls;
}

/* a, b: what each rule leaves of the error on one bell, from x = 11 down to 0.01; or on, to 0. */
static void lab(lesson *l, bool zero)
{
    static double calls[RULES][COUNTS], left[RULES][COUNTS];
    static double corner[2][9] = {{60, 240, 240, 60, 0, 300, 1200, 1200, 300},
                                  {4e-2, 4e-2, 1e-2, 4e-2, 0, 3.2e-4, 3.2e-4, 2e-5, 3.2e-4}};
    tensor x = tensor_new(&l->memory, 1, 1, 1, 1);
    exact_mixture bell = bell_mixture(&l->memory);
    sigmas_options range = {.sigma_max = 10, .sigma_min = 0.01, .end_at_min = !zero};
    plot chart = {.x = {.label = "calls of the denoiser", .log = true},
                  .y = {.label = "distance from the true end", .log = true}};
    printf("to %-4s  steps: 10       20       40       80      160      320      640  order\n",
           zero ? "0" : "0.01");
    for (int k = 0; k < RULES; k++) {
        double order = 0;
        printf("%-9s", rules[k]->label);
        for (int b = 0; b < COUNTS; b++) {
            tensor_fill(x, 11);
            calls[k][b] = walk_down(l, rules[k], &bell, counts[b], range, x, NULL);
            left[k][b] = fabs((double)x.data[0] - bell_curve(11, 10, zero ? 0 : 0.01));
            if (b > 0 && left[k][b] > 20 * FLOOR) order = log2(left[k][b - 1] / left[k][b]);
            printf(" %8.2e", left[k][b]);
        }
        printf(" %6.2f\n", order);
        plot_line(&chart, rules[k]->label, COUNTS, calls[k], left[k]);
        int promise = rules[k]->stochastic ? 0 : rules[k]->order; /* 4: not yet reached */
        if (promise > 0 && !zero)
            lesson_expect(l, "order", order, promise, promise > 2 ? 0.4 : 0.1);
        if (promise > 1 && zero) lesson_expect(l, "0.01^2", left[k][COUNTS - 1], 1e-4, 8e-6);
        for (int b = 0; !zero && b < 6; b++) bell_check(l, rules[k]->name, b, left[k][b], FLOOR);
    }
    plot_horizontal(&chart, zero ? 1e-4 : FLOOR, NULL);
    plot_text(&chart, 11, zero ? 7e-5 : 1.4e-6, zero ? "the floor: 0.01^2" : "the floor of floats");
    plot_series *grey = plot_line(&chart, NULL, zero ? 4 : 9, corner[0], corner[1]);
    grey->ink = colour_guide, grey->dash = 0, grey->marker = PLOT_NO_MARKERS;
    plot_text(&chart, 100, 6e-2, "slope 1"), plot_text(&chart, 500, 4.8e-4, zero ? "" : "slope 2");
    lesson_plot(l, zero ? "14_to_zero" : "14_order", 1, 1, &chart);
}

/* c: a start near the watershed of two bells. The true end is where the rank is the same. */
static void part_c(lesson *l)
{
    static const double probe[PATHS] = {0.212, 0.082, -0.275, -1.220};
    static double way[PATHS][2][MOST + 1], heat[CELLS * CELLS];
    const double rank = bells_left(START, 10), truth = bells_who(rank, 0.02);
    exact_mixture m = bells_mixture(&l->memory);
    tensor x = tensor_new(&l->memory, 1, 1, 1, 1);
    plot map = {.height = 560,
                .x = {.label = "σ", .log = true, .low = 0.008, .high = 10},
                .y = {.label = "x / √(1 + σ^2)", .low = -2.3, .high = 1.9}};
    bells_map(&map, true, CELLS, CELLS, heat), map.z.label = "crowd";
    printf("from %-3g ", START);
    for (int k = 0; k < RULES; k++)
        if (!rules[k]->stochastic) printf(" %8s", rules[k]->label);
    printf("   the truth is %.4f\n", truth);
    for (int b = 0; b < TABLE; b++) {
        printf("%8d", counts[b]);
        for (int k = 0; k < RULES; k++) {
            if (rules[k]->stochastic) continue;
            tensor_fill(x, START);
            walk_down(l, rules[k], &m, counts[b], two, x, k == 0 && b < PATHS ? way[b] : NULL);
            printf(" %8.4f", (double)x.data[0]);
        }
        printf("\n");
        if (b >= PATHS) continue;
        double *end = &way[b][1][counts[b]];
        lesson_expect(l, "Euler's end", *end * hypot(1, 0.02), probe[b], 5e-4);
        plot_series *dots = plot_line(&map, NULL, counts[b] + 1, way[b][0], way[b][1]);
        dots->ink = colour_paper, dots->dash = 0, dots->marker = 0, dots->width = 1;
        plot_text(&map, 0.009, *end, lesson_words(l, "%d steps", counts[b]));
    }
    bells_curve(&map, &l->memory, rank, 0.02)->width = 2.5;
    bells_curve(&map, &l->memory, bells_share[0], 0.02)->dash = 1;
    plot_text(&map, 0.009, truth, "the truth");
    plot_text(&map, 0.009, bells_who(bells_share[0], 0.02), "watershed");
    lesson_plot(l, "14_watershed", 1, 1, &map);
}

/* d: the same with pictures: one noise, and only the number of steps differs. */
static void part_d(lesson *l)
{
    denoiser d = exact_denoiser(&(exact_mixture){.centre = icons_draw(&l->memory, SIDE)});
    const char *column[SHOWN], *row[] = {"x near σ = 8", "its guess D", "where it ends"};
    image picture[3 * SHOWN];
    film f[SHOWN];
    for (int k = 0; k < SHOWN; k++) {
        sigmas walk;
        rng r = rng_torch(SEED);
        tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, 3);
        lesson_must(sigmas_make("karras", shown[k], NULL, high, &l->memory, &walk));
        rng_normal(&r, x, l->memory), tensor_scale(x, walk.at[0], x);
        f[k] = film_run(l, sampler_make(&sampler_euler, d, walk, (noise){0}), x);
        int j = 0;
        while (f[k].sigma[j + 1] > 8) j++;
        picture[k] = f[k].x[j], picture[SHOWN + k] = f[k].guess[j];
        picture[2 * SHOWN + k] = f[k].x[f[k].n - 1];
        column[k] = lesson_words(l, "%d steps", shown[k]);
    }
    lesson_strip(l, "14_pictures", &(strip){"One noise", 3, SHOWN, picture, NULL, column, row, 3});
    for (int k = 0; k < SHOWN; k++) film_free(&f[k]);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    lab(&l, false), lab(&l, true), part_c(&l), part_d(&l);
    return lesson_end(&l);
}
