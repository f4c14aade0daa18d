/* Lesson 11. Ten looks: where?
 *
 * A sampler with ten steps looks ten times. At which sizes of noise? The list of sizes is written
 * down before the walk begins. Programs call it spacing, schedule type, or scheduler.
 *
 *     make run L=11       prints two tables, writes two plots and a strip to out/
 *
 * Look for: which list looks at small sizes, which at large ones? Which is best for fine detail?
 * Needs: 10. Runs in under two seconds. Try: STEPS = 30. Which lists differ still?
 */
#include "base/pi.h"
#include "diffusion/exact.h"
#include "diffusion/sampler.h"
#include "icons.h"
#include "lesson.h"

enum { STEPS = 10, ROWS = 40, LISTS = 6, WIDTHS = 49, SHOWN = 4, SIDE = 32, SEED = 5 };
static const char *const lists[LISTS] = {"leading", "trailing",    "linspace",
                                         "karras",  "exponential", "kl_optimal"};
static const double shown[SHOWN] = {0.05, 0.5, 1, 5};
static const sigmas_options usual = {0};
static const double karras[STEPS + 10] = {14.6146, 9.1029, 5.4784, 3.1686, 1.7494,
                                          0.9141,  0.4469, 0.2014, 0.0819, 0.0292};

/* a: ten of a thousand trained times, chosen in three ways, and Karras's ten sizes. */
static void part_a(lesson *l, const sigmas *walk)
{
    printf("step  leading t   sigma trailing t   sigma linspace t   sigma   karras t   sigma\n");
    for (int i = 0; i < STEPS; i++) {
        printf("%4d", i);
        for (int k = 0; k < 4; k++) printf("  %9.1f %7.4f", walk[k].t[i], walk[k].at[i]);
        printf("\n");
        lesson_expect(l, "leading", walk[0].t[i], 900 - 100 * i, 0);
        lesson_expect(l, "trailing", walk[1].t[i], 999 - 100 * i, 0);
        lesson_expect(l, "linspace", walk[2].t[i], 999 - 111 * i, 0);
        lesson_expect(l, "karras", walk[3].at[i], karras[i], 5e-5);
    }
}

/* b: where the lists of the library look, those of part c on top. Some need another schedule. */
static void part_b(lesson *l, const schedule *sd)
{
    static const char *names[ROWS + 1];
    static double height[ROWS][STEPS];
    plot chart = {.title = "Where each list looks in ten steps", .height = 620};
    int rows = 0;
    sigmas walk;
    for (int top = 0; top < 2; top++) {
        for (int k = 0; sigmas_names[k]; k++) {
            bool compared = false;
            for (int j = 0; j < LISTS; j++) compared |= strcmp(lists[j], sigmas_names[k]) == 0;
            if (compared != (top == 1)) continue;
            if (sigmas_make(sigmas_names[k], STEPS, sd, usual, &l->memory, &walk)) continue;
            for (int i = 0; i < STEPS; i++) height[rows][i] = rows;
            plot_series *dots = plot_points(&chart, NULL, STEPS, walk.at, height[rows]);
            dots->ink = top ? colour_series(0) : colour_guide, dots->marker = 0;
            names[rows++] = sigmas_names[k];
        }
    }
    chart.x = (plot_axis){.label = "σ", .log = true}, chart.y.names = names;
    lesson_plot(l, "11_lists", 1, 1, &chart);
}

/* The share of the spread that is lost in a bell of width s: from one standard deviation out in
 * pure noise a sampler should end one standard deviation out (lesson 09). */
static double loss_of(lesson *l, sigmas walk, double s)
{
    arena scratch = l->memory;
    tensor centre = tensor_new(&scratch, 1, 1, 1, 1), x = tensor_like(&scratch, centre);
    tensor_fill(centre, 0), tensor_fill(x, walk.at[0]);
    exact_mixture bell = {.centre = centre, .width = &s};
    sampler euler = sampler_make(&sampler_euler, exact_denoiser(&bell), walk, (noise){0});
    lesson_must(sampler_run(&euler, x, scratch));
    return 1 - (double)x.data[0] / s;
}

/* With sigma = s tan(angle) a step keeps cos(angle - next angle); pure noise is at 90 degrees. */
static double loss_by_angles(sigmas walk, double s)
{
    double kept = cos(PI / 2 - atan(walk.at[0] / s));
    for (int i = 0; i < walk.n; i++) kept *= cos(atan(walk.at[i] / s) - atan(walk.at[i + 1] / s));
    return 1 - kept;
}

/* c: which list is best depends on what there is to see. */
static void part_c(lesson *l, const sigmas *walk)
{
    static double width[WIDTHS], lost[LISTS][WIDTHS];
    plot chart = {.title = "Ten Euler steps, six lists",
                  .x = {.label = "width s of the data", .log = true},
                  .y = {.label = "spread lost", .log = true}};
    for (int i = 0; i < WIDTHS; i++) width[i] = 0.02 * pow(500, i / (WIDTHS - 1.0));
    printf("\nspread lost, s =");
    for (int i = 0; i < SHOWN; i++) printf(" %7g%s", shown[i], i == SHOWN - 1 ? "\n" : "");
    for (int k = 0; k < LISTS; k++) {
        double loss[SHOWN];
        printf("%-16s", lists[k]);
        for (int i = 0; i < SHOWN; i++) printf(" %7.4f", loss[i] = loss_of(l, walk[k], shown[i]));
        printf("\n");
        for (int i = 0; i < SHOWN; i++)
            lesson_expect(l, "cosines", loss[i], loss_by_angles(walk[k], shown[i]), 1e-6);
        for (int i = 0; i < WIDTHS; i++) lost[k][i] = loss_by_angles(walk[k], width[i]);
        plot_line(&chart, lists[k], WIDTHS, width, lost[k])->marker = PLOT_NO_MARKERS;
    }
    plot_horizontal(&chart, 1 - pow(cos(PI / 2 / (STEPS + 1)), STEPS + 1), "the least possible");
    lesson_plot(l, "11_loss", 1, 1, &chart);
}

/* d: the same lists without their last number, the 0. */
static void part_d(lesson *l, const sigmas *walk)
{
    image picture[2 * LISTS];
    const char *caption[2 * LISTS] = {NULL}, *row[] = {"0 forgotten", "0 at the end"};
    denoiser d = exact_denoiser(&(exact_mixture){.centre = icons_draw(&l->memory, SIDE)});
    printf("\nthe 0 at the end forgotten:\n");
    for (int k = 0; k < LISTS; k++) {
        tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, 3);
        answer out = denoiser_room(d, &l->memory, x);
        rng r = rng_torch(SEED);
        rng_normal(&r, x, l->memory);
        tensor_scale(x, walk[k].at[0], x);
        sampler euler = sampler_make(&sampler_euler, d, walk[k], (noise){0});
        euler.walk.n--; /* all steps but the one to 0 */
        lesson_must(sampler_run(&euler, x, l->memory));
        denoiser_ask(d, out, x, euler.sigma, l->memory);
        double grain = tensor_distance(x, out.x0);
        printf("%-12s grain of size %.3f: %4.1f of 255 greys\n", lists[k], grain, 127.5 * grain);
        lesson_expect(l, "the grain's size", grain / euler.sigma, 1, 4 / sqrt(2.0 * 3072));
        picture[k] = image_from_tensor(&l->memory, x, 0);
        picture[LISTS + k] = image_from_tensor(&l->memory, out.x0, 0);
        caption[k] = lesson_words(l, "σ = %.3f", euler.sigma);
    }
    strip all = {NULL, 2, LISTS, picture, caption, lists, row, 3};
    lesson_strip(l, "11_last", &all);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    sigmas walk[LISTS];
    schedule sd;
    lesson_must(schedule_make("scaled_linear", (schedule_options){0}, &l.memory, &sd));
    for (int k = 0; k < LISTS; k++)
        lesson_must(sigmas_make(lists[k], STEPS, &sd, usual, &l.memory, &walk[k]));
    part_a(&l, walk);
    part_b(&l, &sd);
    part_c(&l, walk);
    part_d(&l, walk);
    return lesson_end(&l);
}
