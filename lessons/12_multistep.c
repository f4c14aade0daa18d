/* Lesson 12. Ask once, and remember.
 *
 * Heun gains an order by asking twice a step. But the walk has asked before, one step ago and two
 * steps ago, and each answer was a slope. Draw a curve through the last slopes, continue it over
 * the next step, and walk the area under it: LMS, the linear multistep method. Memory is free.
 *
 *     make run L=12       prints three tables, writes a plot and a strip to out/
 *
 * Look for: what do four looks gain at equal calls? Where does the strip stop being a fish?
 * Needs: 11. Runs in under two seconds. Try: ROUGH = 0. Would a faultless model have warned you?
 */
#include "bell.h"
#include "diffusion/exact.h"
#include "diffusion/sampler.h"
#include "icons.h"
#include "lesson.h"
#include "rough.h"

enum { LOOKS = 4, COUNTS = 6, MOST = 320, LINE = 60, ROWS = 5, SIDE = 32, SEED = 3 };
static const double ROUGH = 0.01; /* share of the noise that a model gets wrong */
static const int counts[COUNTS] = {10, 20, 40, 80, 160, MOST}, steps[ROWS] = {20, 50, 80, 100, 150};
static const sigmas_options range = {.sigma_max = 10, .sigma_min = 0.01, .end_at_min = true};
static const sigmas_options web_2022 = {.sigma_max = 10, .sigma_min = 0.1};

/* 1 at look j, 0 at the others. at[0] is the newest look's size, at[-1] the one's before it.
 *     l_j(sigma) = prod_{m != j} (sigma - sigma_m) / (sigma_j - sigma_m) */
static double basis(const double *at, int looks, int j, double sigma)
{
    double product = 1;
    for (int m = 0; m < looks; m++)
        if (m != j) product *= (sigma - at[-m]) / (at[-j] - at[-m]);
    return product;
}

/* w_j, the mean of l_j over the step from at[0] to at[1], by Simpson's rule: exact up to the third
 * power. Returns sum_j |w_j|: so many times larger may a mistake in the slopes be in the step. */
static double weigh(const double *at, int looks, double *w)
{
    double sum = 0;
    for (int j = 0; j < looks; j++) {
        double middle = basis(at, looks, j, (at[0] + at[1]) / 2);
        w[j] = (basis(at, looks, j, at[0]) + 4 * middle + basis(at, looks, j, at[1])) / 6;
        sum += fabs(w[j]);
    }
    return sum;
}

/* x' = x + (next - sigma) sum_j w_j d_j from x = 11 down; `helped` puts the start on the curve. */
static double walk_down(sigmas walk, int looks, bool helped)
{
    double d[MOST], w[LOOKS], x = 11;
    for (int i = 0; i < walk.n; i++) {
        int known = i + 1 < looks ? i + 1 : looks;
        if (helped && i < looks) x = bell_curve(11, walk.at[0], walk.at[i]);
        d[i] = bell_slope(x, walk.at[i]);
        weigh(&walk.at[i], known, w);
        for (int j = 0; j < known; j++) x += (walk.at[i + 1] - walk.at[i]) * w[j] * d[i - j];
    }
    return x;
}

/* What 1 to 4 looks say about the step to come, and how it weighs the four. */
static void panel(lesson *l, plot *p, const double *at, const double *d, double *w)
{
    for (int n = 1; n <= LOOKS; n++) {
        double *x = arena_take(&l->memory, 2 * LINE * sizeof *x), *y = x + LINE;
        for (int i = 0; i < LINE; i++) {
            x[i] = at[1] + (at[1 - n] - at[1]) * i / (LINE - 1), y[i] = 0;
            for (int j = 0; j < n; j++) y[i] += basis(at, n, j, x[i]) * d[-j];
        }
        plot_line(p, lesson_words(l, n > 1 ? "from %d" : "from %d look", n), LINE, x, y);
    }
    plot_points(p, "the looks", LOOKS, at + 1 - LOOKS, d + 1 - LOOKS)->ink = colour_ink;
    p->x.label = "σ", p->y.label = "slope";
    double sum = weigh(at, LOOKS, w);
    printf("%-20s %9.4f %9.4f %8.4f %9.4f %10.2f\n", p->title, w[0], w[1], w[2], w[3], sum);
}

/* a: steps of one length; and the last of 50, where a model was wrong by 1 %, up and down. */
static void part_a(lesson *l)
{
    static double at[LOOKS + 1] = {1.7, 1.4, 1.1, 0.8, 0.5}, d[LOOKS + 1], w[LOOKS];
    static double wrong[LOOKS] = {1 + ROUGH, 1 - ROUGH, 1 + ROUGH, 1 - ROUGH};
    plot panels[2] = {{.title = "A step in the middle"}, {.title = "The last of 50 steps"}};
    sigmas walk;
    printf("four looks, newest first:           weights             magnified\n");
    for (int i = 0; i <= LOOKS; i++) d[i] = bell_slope(bell_curve(2, 1, at[i]), at[i]);
    panel(l, &panels[0], at + LOOKS - 1, d + LOOKS - 1, w);
    plot_points(&panels[0], "the truth", 1, at + LOOKS, d + LOOKS)->ink = colour_ink;
    lesson_expect(l, "Adams and Bashforth", w[0], 55. / 24, 1e-12);
    lesson_must(sigmas_make("karras", 50, NULL, web_2022, &l->memory, &walk));
    panel(l, &panels[1], &walk.at[49], wrong + LOOKS - 1, w);
    lesson_plot(l, "12_looks", 1, 2, panels);
}

/* b: the error left after some calls, which are as many steps. */
static void part_b(lesson *l)
{
    double left[COUNTS], order;
    printf("\nlooks  calls: 10       20       40       80      160      320  order\n");
    for (int k = 1; k <= LOOKS + 1; k++) {
        int looks = k > LOOKS ? LOOKS : k;
        printf("%d%-8s", looks, k > LOOKS ? ", helped" : "");
        for (int b = 0; b < COUNTS; b++) {
            sigmas walk;
            lesson_must(sigmas_make("karras", counts[b], NULL, range, &l->memory, &walk));
            left[b] = fabs(walk_down(walk, looks, k > LOOKS) - bell_curve(11, 10, 0.01));
            printf(" %8.2e", left[b]);
        }
        printf(" %6.2f\n", order = log2(left[COUNTS - 2] / left[COUNTS - 1]));
        if (k != LOOKS) lesson_expect(l, "order", order, looks, 0.1); /* the error's next term */
    }
}

/* c: the last step, to 0, from four looks, as programs of 2022 made it. */
static void part_c(lesson *l)
{
    static const double simulated[ROWS] = {1.99, 16.95, 58.6, 108.1, 338.1};
    const char *column[ROWS], *row[] = {"x before it", "its guess D", "x after it"};
    exact_mixture icons = {.centre = icons_draw(&l->memory, SIDE)};
    rough model = {.inner = exact_denoiser(&icons), .part = ROUGH};
    image picture[3 * ROWS];
    printf("\nsteps  magnified  grain, in greys of 255\n");
    for (int k = 0; k < ROWS; k++) {
        sigmas walk;
        double w[LOOKS];
        rng r = rng_torch(SEED);
        tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, 3);
        lesson_must(sigmas_make("karras", steps[k], NULL, web_2022, &l->memory, &walk));
        rng_normal(&r, x, l->memory), tensor_scale(x, walk.at[0], x);
        sampler s = sampler_make(&sampler_lms, rough_denoiser(&model), walk, (noise){0});
        s.options.as_published = true;
        lesson_must(sampler_begin(&s, x, &l->memory));
        while (s.i < s.walk.n) lesson_must(sampler_step(&s, x, l->memory));
        tensor from = s.past[1].x, guess = s.past[1].guess.x0, t[] = {from, guess, x};
        double grain = 127.5 * tensor_distance(x, guess);
        printf("%5d %10.1f %11.1f\n", steps[k], weigh(&walk.at[walk.n - 1], LOOKS, w), grain);
        lesson_expect(l, "grain", grain / simulated[k], 1, 4 / sqrt(2 * 3072));
        column[k] = lesson_words(l, "%d steps", steps[k]);
        for (int j = 0; j < 3; j++) picture[j * ROWS + k] = image_from_tensor(&l->memory, t[j], 0);
    }
    lesson_strip(l, "12_last", &(strip){"The last step", 3, ROWS, picture, NULL, column, row, 3});
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l), part_b(&l), part_c(&l);
    return lesson_end(&l);
}
