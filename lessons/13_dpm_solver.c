/* Lesson 13. DPM-Solver: compute what is known, ask for the rest.
 *
 * A cup of coffee cools towards the room. While the room stays as it is, the cup an hour from now
 * is a formula: no steps are needed. Noise leaves x in the same way. The room is the guess D, the
 * clock is lambda = ln(1 / sigma), and all that has to be watched is the room.
 *
 *     make run L=13       prints three tables, writes two plots and a strip to out/
 *
 * Look for: which line of the second plot has not the slope that it is sold for?
 * Needs: 12. Runs in under two seconds. Try: SEED = 3. From how many steps on is it a picture?
 */
#include "bell.h"
#include "diffusion/sampler.h"
#include "icons.h"

enum { LINE = 61, STEPS = 8, RULES = 5, COUNTS = 6, MOST = 320, ROWS = 4, SIDE = 32, SEED = 2 };
static const int counts[COUNTS] = {10, 20, 40, 80, 160, MOST}, few[COUNTS] = {3, 4, 5, 6, 8, 12};
static const double hours[COUNTS] = {0.1, 0.5, 1, 1.5, 2, 3};
static const sigmas_options high = {.sigma_max = 80, .sigma_min = 0.1, .end_at_min = true};

/* Through how many looks the room is continued, and how, as the library has it. */
static const char *const names[RULES] = {"1 look (DDIM)", "2 (DPM++ 2M)", "2, whole area",
                                         "3, as published", "3, whole area"};
static const sampler_options rules[RULES] = {
    {.order = 1},
    {.order = 2},
    {.order = 2, .form = SAMPLER_HEUN},
    {.order = 3, .form = SAMPLER_HEUN, .as_published = true},
    {.order = 3, .form = SAMPLER_HEUN}};

/* A_k = int_0^1 h e^(-h (1-v)) v^k dv = 1 - k A_(k-1) / h,   A_0 = 1 - e^(-h) */
static double area(int k, double h)
{
    return k == 0 ? -expm1(-h) : 1 - k * area(k - 1, h) / h;
}

/* x' = e^(-h) x + A_0 room + A_1 lean + A_2 bend, the room being room + lean v + bend v^2 at the
 * share v of the step. room[0] is the look made now, at time[0]; [-1] and [-2] lie before. */
static double cool(sampler_options o, double x, const double *room, const double *time)
{
    double h = time[1] - time[0], one = (time[-1] - time[0]) / h, two = (time[-2] - time[0]) / h;
    double lean = o.order > 1 ? (room[-1] - room[0]) / one : 0;
    double bend = o.order > 2 ? ((room[-2] - room[0]) / two - lean) / (two - one) : 0;
    double a_1 = o.form == SAMPLER_HEUN ? area(1, h) : area(0, h) / 2; /* 2M: the line halfway */
    double a_2 = o.as_published ? area(2, h) / 2 : area(2, h);
    return exp(-h) * x + area(0, h) * room[0] + a_1 * (lean - bend * one) + a_2 * bend;
}

/* Down the bell from x = 11. The first looks are put on the true curve: no start (lesson 12). */
static double walk_down(sampler_options o, sigmas walk)
{
    double room[MOST + 2] = {0}, time[MOST + 3] = {0}, x = 11;
    const int looks = o.order;
    for (int i = 0; i <= walk.n; i++) time[i + 2] = -log(walk.at[i]);
    for (int i = 0; i < walk.n; i++) {
        if (i < looks) x = bell_curve(11, walk.at[0], walk.at[i]);
        o.order = i + 1 < looks ? i + 1 : looks;
        room[i + 2] = bell_guess(x, walk.at[i]);
        x = cool(o, x, &room[i + 2], &time[i + 2]);
    }
    return x;
}

/* a: a cup of 80 degrees in a room of 20, in one step; and the room on the bell's true curve, with
 * what 1 and 2 looks take it for during a step. */
static void part_a(lesson *l)
{
    static double time[LINE], room[LINE], when[2 * STEPS], held[2][2 * STEPS];
    plot chart = {.x.label = "λ = ln(1 / σ)", .y.label = "the room: the guess D", .height = 320};
    sigmas walk = bell_walk(l, STEPS);
    printf("hours  the cup  straight on\n");
    for (int k = 0; k < COUNTS; k++)
        printf("%5.1f %8.2f %12.2f\n", hours[k], 20 + 60 * exp(-hours[k]), 80 - 60 * hours[k]);
    for (int i = 0; i < LINE; i++) {
        double sigma = 10 * pow(0.001, i / (LINE - 1.0));
        time[i] = -log(sigma), room[i] = bell_guess(bell_curve(11, 10, sigma), sigma);
    }
    for (int i = 0; i < STEPS; i++) {
        double sigma = walk.at[i], now = bell_guess(bell_curve(11, 10, sigma), sigma), lean = 0;
        double h = log(sigma / walk.at[i + 1]), before = i > 0 ? log(walk.at[i - 1] / sigma) : h;
        if (i > 0) lean = (now - held[0][2 * i - 1]) * h / before;
        for (int j = 2 * i; j < 2 * i + 2; j++)
            when[j] = -log(walk.at[j - i]), held[0][j] = now, held[1][j] = now + lean / 2;
    }
    plot_line(&chart, "the room", LINE, time, room);
    for (int k = 0; k < 2; k++)
        plot_line(&chart, k ? "2 looks" : "1 look", 2 * STEPS, when, held[k])->marker = -1;
    lesson_plot(l, "13_room", 1, 1, &chart);
}

/* b: what each rule leaves of the error on the bell. */
static void part_b(lesson *l)
{
    static double calls[COUNTS], left[RULES][COUNTS];
    plot chart = {.x = {.label = "calls of the denoiser", .log = true},
                  .y = {.label = "distance from the true end", .log = true}};
    printf("\nlooks    calls: 10       20       40       80      160      320  order\n");
    for (int k = 0; k < RULES; k++) {
        printf("%-15s", names[k]);
        for (int b = 0; b < COUNTS; b++) {
            double end = walk_down(rules[k], bell_walk(l, counts[b]));
            left[k][b] = fabs(end - bell_curve(11, 10, 0.01)), calls[b] = counts[b];
            printf(" %8.2e", left[k][b]);
        }
        double order = log2(left[k][COUNTS - 2] / left[k][COUNTS - 1]);
        printf(" %6.2f\n", order);
        lesson_expect(l, "order", order, rules[k].as_published ? 2 : rules[k].order, 0.06);
        for (int b = 0; k == 0 && b < COUNTS; b++) bell_check(l, "euler", b, left[k][b], 0);
        plot_line(&chart, names[k], COUNTS, calls, left[k]);
    }
    lesson_plot(l, "13_order", 1, 1, &chart);
}

/* c: few steps, and the grain in the picture where they end, at sigma 0.1: 12.75 are right. */
static void part_c(lesson *l)
{
    static const char *const row[] = {"1 look", "2 looks", "3 looks", "3, fewer at the end"};
    const char *column[COUNTS];
    image picture[ROWS * COUNTS];
    sigmas walk;
    denoiser d = exact_denoiser(&(exact_mixture){.centre = icons_draw(&l->memory, SIDE)});
    printf("\nsteps                    3      4      5      6      8     12\n");
    for (int k = 0; k < ROWS * COUNTS; k++) {
        int j = k / COUNTS, b = k % COUNTS;
        rng r = rng_torch(SEED);
        tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, 3);
        answer out = denoiser_room(d, &l->memory, x);
        lesson_must(sigmas_make("karras", few[b], NULL, high, &l->memory, &walk));
        rng_normal(&r, x, l->memory), tensor_scale(x, walk.at[0], x);
        sampler s = sampler_make(&sampler_dpm_solver_multistep, d, walk, (noise){0});
        s.options.order = j < 3 ? j + 1 : 3, s.options.keep_order = j < 3;
        lesson_must(sampler_run(&s, x, l->memory));
        denoiser_ask(d, out, x, walk.at[walk.n], l->memory);
        double grain = 127.5 * tensor_distance(x, out.x0);
        if (b == 0) printf("%-19s", row[j]);
        printf(" %6.1f%s", grain, b + 1 < COUNTS ? "" : "\n");
        if (b + 1 == COUNTS) lesson_expect(l, "grain", grain / 12.75, 1, 4 / sqrt(2 * 3072));
        column[b] = lesson_words(l, "%d steps", few[b]);
        picture[k] = image_from_tensor(&l->memory, x, 0);
    }
    lesson_strip(l, "13_few", &(strip){NULL, ROWS, COUNTS, picture, NULL, column, row, 3});
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l), part_b(&l), part_c(&l);
    return lesson_end(&l);
}
