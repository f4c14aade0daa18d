/* Lesson 10. Look twice, and gain an order.
 *
 * A sampler follows the curve of lesson 09 in steps. Euler walks along the slope at the start of a
 * step and lands beside the curve. Heun looks again there and takes the mean; DPM2 in the middle.
 *
 *     make run L=10       prints two tables, writes two plots, a strip and an animation to out/
 *
 * Look for: twice the calls, how much less error? In the strip: when is it clear what it will be?
 * Needs: 09. Runs in under two seconds.
 * Try: compare at equal steps instead of equal calls. Who profits, and is that fair?
 */
#include "diffusion/exact.h"
#include "film.h"
#include "icons.h"

enum { SEED = 5, CURVE = 61, BUDGETS = 5, STEPS = 12, SHOWN = 6, SIDE = 32, RULES = 5, STEADY = 4 };
static const sampler_kind *const rules[RULES] = {&sampler_euler, &sampler_heun, &sampler_dpm_2,
                                                 &sampler_dpmpp_2m, &sampler_euler_ancestral};
static const double budgets[BUDGETS] = {10, 20, 40, 80, 160};
static const int shown[SHOWN] = {0, 3, 5, 7, 9, STEPS};
static const sigmas_options range = {.sigma_max = 10, .sigma_min = 0.01, .end_at_min = true};
static const sigmas_options high = {.sigma_max = 80, .sigma_min = 0.1};

/* For clean numbers from the Gaussian N(1, 1/4):   d = dx/dsigma = (x - D(x, sigma)) / sigma */
static double slope(double x, double sigma)
{
    double guess = 1 + 0.25 / (0.25 + sigma * sigma) * (x - 1);
    return (x - guess) / sigma;
}

/* x' = x + (next - sigma) d */
static double euler(double x, double sigma, double next)
{
    return x + (next - sigma) * slope(x, sigma);
}

/* x'' = x + (next - sigma) (d + d') / 2,   d' the slope where Euler lands */
static double heun(double x, double sigma, double next)
{
    return x + (next - sigma) * (slope(x, sigma) + slope(euler(x, sigma, next), next)) / 2;
}

/* x'' = x + (next - sigma) d_mid,   d_mid the slope where Euler is halfway in log sigma */
static double dpm_2(double x, double sigma, double next)
{
    double mid = sqrt(sigma * next);
    return x + (next - sigma) * slope(euler(x, sigma, mid), mid);
}

/* The curve with this slope:   x' = 1 + (x - 1) sqrt((1/4 + next^2) / (1/4 + sigma^2)) */
static double curve(double x, double sigma, double next)
{
    return 1 + (x - 1) * sqrt((0.25 + next * next) / (0.25 + sigma * sigma));
}

/* Where the library's sampler ends that starts at x, with the same D. */
static double walk_from(lesson *l, const sampler_kind *rule, sigmas walk, double start)
{
    arena scratch = l->memory;
    tensor centre = tensor_new(&scratch, 1, 1, 1, 1), x = tensor_like(&scratch, centre);
    tensor_fill(centre, 1), tensor_fill(x, start);
    exact_mixture gaussian = {.centre = centre, .width = (double[]){0.5}};
    sampler s = sampler_make(rule, exact_denoiser(&gaussian), walk, noise_fresh(rng_torch(SEED)));
    lesson_must(sampler_run(&s, x, scratch));
    return (double)x.data[0];
}

/* a: one large step in plain numbers; the library makes the same one in floats. */
static void part_a(lesson *l)
{
    static double (*const rule[])(double, double, double) = {euler, heun, dpm_2};
    static double step[] = {1, 0.5}, ends[3][2] = {{3}, {3}, {3}}, sigma[CURVE], height[CURVE];
    plot chart = {.title = "One step from σ = 1 to σ = 0.5",
                  .x = {.label = "σ (a sampler walks to the left)"},
                  .y = {.label = "x"}};
    for (int i = 0; i < CURVE; i++)
        sigma[i] = 1 - 0.5 * i / (CURVE - 1), height[i] = curve(3, 1, sigma[i]);
    plot_line(&chart, "the curve", CURVE, sigma, height)->marker = PLOT_NO_MARKERS;
    printf("%-10s %10s %10s\n", "one step", "ends at", "off by");
    for (int k = 0; k < 3; k++) {
        ends[k][1] = rule[k](3, 1, 0.5);
        printf("%-10s %10.4f %10.4f\n", rules[k]->label, ends[k][1], ends[k][1] - curve(3, 1, 0.5));
        double library = walk_from(l, rules[k], (sigmas){.n = 1, .at = step}, 3);
        lesson_expect(l, "the library's step", library, ends[k][1], 2.4e-7);
        plot_line(&chart, rules[k]->label, 2, step, ends[k]);
    }
    double ddim = walk_from(l, &sampler_ddim, (sigmas){.n = 1, .at = step}, 3);
    lesson_expect(l, "DDIM is Euler", ddim, ends[0][1], 2.4e-7);
    plot_points(&chart, NULL, 1, step + 1, height + CURVE - 1)->ink = colour_series(0);
    lesson_plot(l, "10_one_step", 1, 1, &chart);
}

/* b: the error left after some denoiser calls, for the rules that draw no noise. Calls doubled
 * divide it by 2^order; log2 to 0.05: 0.02 from the error's next term, 0.03 from floats. */
static void part_b(lesson *l)
{
    static double left[STEADY][BUDGETS];
    plot chart = {.title = "What a call of the denoiser buys",
                  .x = {.label = "calls of the denoiser", .log = true},
                  .y = {.label = "distance from the true end", .log = true}};
    printf("\n%-10s", "calls");
    for (int b = 0; b < BUDGETS; b++) printf(" %10g", budgets[b]);
    printf("   last ratio\n");
    for (int k = 0; k < STEADY; k++) {
        printf("%-10s", rules[k]->label);
        for (int b = 0; b < BUDGETS; b++) {
            int steps = (int)budgets[b] / rules[k]->evals;
            sigmas walk;
            lesson_must(sigmas_make("karras", steps, NULL, range, &l->memory, &walk));
            left[k][b] = fabs(walk_from(l, rules[k], walk, 11) - curve(11, 10, 0.01));
            printf(" %10.2e", left[k][b]);
        }
        double ratio = left[k][BUDGETS - 2] / left[k][BUDGETS - 1];
        printf(" %12.2f\n", ratio);
        lesson_expect(l, "order", log2(ratio), rules[k]->order, 0.05);
        plot_line(&chart, rules[k]->label, BUDGETS, budgets, left[k]);
    }
    lesson_plot(l, "10_error", 1, 1, &chart);
}

/* c: eight pictures known by heart, and five samplers that start from the same noise. */
static void part_c(lesson *l)
{
    film films[RULES];
    denoiser d = exact_denoiser(&(exact_mixture){.centre = icons_draw(&l->memory, SIDE)});
    sigmas walk;
    lesson_must(sigmas_make("karras", STEPS, NULL, high, &l->memory, &walk));
    for (int k = 0; k < RULES; k++) {
        rng r = rng_torch(SEED);
        tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, 3);
        rng_normal(&r, x, l->memory);
        tensor_scale(x, walk.at[0], x); /* pure noise of size sigma[0] */
        films[k] = film_run(l, sampler_make(rules[k], d, walk, noise_fresh(r)), x);
        answer out = denoiser_room(d, &l->memory, x);
        denoiser_ask(d, out, x, 0.1, l->memory);
        lesson_expect(l, "ends as one of the eight", tensor_distance(out.x0, x), 0, 1e-6);
    }
    film_strip(l, "10_samplers", films, RULES, shown, SHOWN);
    film_play(l, "10_animation", films, RULES);
    for (int k = 0; k < RULES; k++) film_free(&films[k]);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l);
    part_b(&l);
    part_c(&l);
    return lesson_end(&l);
}
