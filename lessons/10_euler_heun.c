/* Lesson 10. Look twice, and gain an order.
 *
 * The best guess D gives a direction: the slope dx/dsigma = (x - D) / sigma points to where there
 * is less noise. A sampler follows it from pure noise down to a picture. Euler walks along the
 * slope as it is at the start of a step and lands beside the curve. Heun looks again where he
 * landed and takes the mean of both slopes; DPM2 looks once more in the middle.
 *
 *     make run L=10       prints two tables, writes out/10_one_step.svg, out/10_error.svg,
 *                         out/10_samplers.png and the animation out/10_animation.png
 *
 * Look for: twice the calls, how much less error? In the strip: when is it clear what it will be?
 * Needs: 05. Lines that are the idea: 2. Runs in under two seconds.
 *
 * Try: compare at equal steps instead of equal calls. Who profits, and is that fair?
 */
#include "diffusion/exact.h"
#include "draw/icons.h"
#include "film.h"

enum { SEED = 5, CURVE = 61, BUDGETS = 5, STEPS = 12, SHOWN = 6, SIDE = 32, RULES = 5, STEADY = 4 };
static const sampler_kind *const rules[RULES] = {&sampler_euler, &sampler_heun, &sampler_dpm_2,
                                                 &sampler_dpmpp_2m, &sampler_euler_ancestral};
static const double calls[BUDGETS] = {12, 24, 48, 96, 192};
static const int shown[SHOWN] = {0, 3, 5, 7, 9, 11};
static const sigmas_options range = {.sigma_max = 10, .sigma_min = 0.01, .end_at_min = true};

/* Numbers from one bell N(1, 1/4): the curve that a sampler should follow from x at sigma is known,
 *     x' = 1 + (x - 1) sqrt((1/4 + next^2) / (1/4 + sigma^2)) */
static double curve(double x, double sigma, double next)
{
    return 1 + (x - 1) * sqrt((0.25 + next * next) / (0.25 + sigma * sigma));
}

/* Where a sampler ends that starts at x. */
static double walk_from(lesson *l, const sampler_kind *rule, sigmas walk, double start)
{
    arena scratch = l->memory;
    tensor centre = tensor_new(&scratch, 1, 1, 1, 1), x = tensor_like(&scratch, centre);
    tensor_fill(centre, 1);
    tensor_fill(x, start);
    exact_mixture bell = {.centre = centre, .width = (double[]){0.5}};
    sampler s = sampler_make(rule, exact_denoiser(&bell), walk, noise_fresh(rng_torch(SEED)));
    lesson_must(sampler_run(&s, x, scratch)); /* what is inside: lib/samplers/heun.c */
    return (double)x.data[0];
}

/* a: one large step, by the curve and by three rules. */
static void part_a(lesson *l)
{
    static const double by_hand[] = {2.04, 2.2156, 2.1757};
    static double sigma[CURVE], height[CURVE], ends[3][2] = {{3}, {3}, {3}};
    sigmas step = {.n = 1, .at = (double[]){1, 0.4}};
    plot chart = {.title = "One step from σ = 1 to σ = 0.4",
                  .x = {.label = "σ (a sampler walks to the left)"},
                  .y = {.label = "x"}};
    for (int i = 0; i < CURVE; i++) {
        sigma[i] = 1 - 0.6 * i / (CURVE - 1);
        height[i] = curve(3, 1, sigma[i]);
    }
    plot_line(&chart, "the curve", CURVE, sigma, height)->marker = PLOT_NO_MARKERS;
    printf("%-10s %10s %10s\n", "one step", "ends at", "off by");
    for (int k = 0; k < 3; k++) {
        ends[k][1] = walk_from(l, rules[k], step, 3);
        printf("%-10s %10.4f %10.4f\n", rules[k]->label, ends[k][1], ends[k][1] - curve(3, 1, 0.4));
        lesson_expect(l, "worked out by hand", ends[k][1], by_hand[k], 5e-5);
        plot_line(&chart, rules[k]->label, 2, step.at, ends[k]);
    }
    lesson_plot(l, "10_one_step", 1, 1, &chart);
}

/* b: the error left after some denoiser calls, for the rules that draw no noise. log2 of its fall
 * at twice the calls is the order, to 0.05: 0.02 from the error's next term, 0.03 from floats. */
static void part_b(lesson *l)
{
    static double left[STEADY][BUDGETS];
    plot chart = {.title = "What a call of the denoiser buys",
                  .x = {.label = "denoiser calls", .log = true},
                  .y = {.label = "distance from the true end", .log = true}};
    printf("\n%-10s", "calls");
    for (int b = 0; b < BUDGETS; b++) printf(" %10g", calls[b]);
    printf("   fall at the last doubling\n");
    for (int k = 0; k < STEADY; k++) {
        printf("%-10s", rules[k]->label);
        for (int b = 0; b < BUDGETS; b++) {
            int steps = (int)calls[b] / rules[k]->evals;
            sigmas walk;
            lesson_must(sigmas_make("karras", steps, NULL, range, &l->memory, &walk));
            left[k][b] = fabs(walk_from(l, rules[k], walk, 11) - curve(11, 10, 0.01));
            printf(" %10.2e", left[k][b]);
        }
        double fall = left[k][BUDGETS - 2] / left[k][BUDGETS - 1];
        printf(" %8.2f\n", fall);
        lesson_expect(l, "order", log2(fall), rules[k]->order, 0.05);
        plot_line(&chart, rules[k]->label, BUDGETS, calls, left[k]);
    }
    lesson_plot(l, "10_error", 1, 1, &chart);
}

/* Rows: what Euler believes, what he walks on, and what the others walk on. */
static void show(lesson *l, const film *films, sigmas walk)
{
    image picture[(RULES + 1) * SHOWN];
    const char *row[RULES + 1] = {"Euler's guess D"}, *column[SHOWN];
    for (int k = 0; k < RULES; k++) row[k + 1] = films[k].label;
    for (int j = 0; j < SHOWN; j++) {
        column[j] = lesson_words(l, "σ = %.3g", walk.at[shown[j] + 1]);
        picture[j] = films[0].guess[shown[j]];
        for (int k = 0; k < RULES; k++) picture[(k + 1) * SHOWN + j] = films[k].x[shown[j]];
    }
    strip all = {.rows = RULES + 1, .columns = SHOWN, .pictures = picture, .scale = 3};
    all.title = "One noise, five samplers, twelve steps";
    all.column_names = column;
    all.row_names = row;
    lesson_strip(l, "10_samplers", &all);
    film_play(l, "10_animation", films, RULES);
}

/* c: eight pictures known by heart, and five samplers that start from the same noise. */
static void part_c(lesson *l)
{
    film films[RULES];
    exact_mixture icons = {.centre = icons_draw(&l->memory, SIDE)};
    denoiser d = exact_denoiser(&icons);
    sigmas_options high = {.sigma_max = 80, .sigma_min = 0.1};
    sigmas walk;
    lesson_must(sigmas_make("karras", STEPS, NULL, high, &l->memory, &walk));
    for (int k = 0; k < RULES; k++) {
        rng r = rng_torch(SEED);
        tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, 3);
        rng_normal(&r, x, l->memory);
        tensor_mix(x, walk.at[0], x, 0, x); /* pure noise of size sigma[0] */
        sampler s = sampler_make(rules[k], d, walk, noise_fresh(r));
        films[k] = film_new(rules[k]->label);
        s.watch = film_record, s.watcher = &films[k];
        lesson_must(sampler_run(&s, x, l->memory));
        answer out = denoiser_room(d, &l->memory, x);
        denoiser_ask(d, out, x, 0.1, l->memory);
        lesson_expect(l, "ends as one of the eight", tensor_distance(out.x0, x), 0, 1e-6);
    }
    show(l, films, walk);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l);
    part_b(&l);
    part_c(&l);
    return lesson_end(&l);
}
