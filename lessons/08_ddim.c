/* Lesson 08. Same model, no dice, fewer steps.
 *
 * Training shows the network single noisy pictures, never a chain of them. So any way back will do
 * that has the right crowd of noisy pictures at each time. There are many. They differ in how much
 * of the noise is drawn afresh in a step: as much as in DDPM (eta = 1), some, or none (eta = 0).
 * Without dice the same noise leads to the same picture, up and down, and fewer steps will do.
 *
 *     make run L=08       prints four tables, writes two plots and two strips to out/
 *
 * Look for: which column of pictures stays what it is when there are more steps?
 * Needs: 07. Runs in about a second.
 * Try: eta = 0.5 in both lines of part b. Is the broken one still broken?
 */
#include "film.h"
#include "icons.h"
#include "spiral.h"
#include "vp.h"

enum { SEED = 23, POINTS = 120, STEPS = 50, ETAS = 3, WALKS = 4, TURNS = 7, SHOWN = 7, SIDE = 32 };
static const double etas[ETAS] = {0, 0.5, 1};
static const int steps[WALKS] = {10, 20, 50, 100}, shown[SHOWN] = {0, 4, 6, 8, 10, 14, 20};

/* Song, Meng, Ermon 2021, arXiv:2010.02502, eq. 12, with abar for the paper's alpha. With
 * eps = (x - sqrt(abar) x0) / sqrt(1 - abar) put in, it has factors of x0 and x, as in lesson 07:
 *   x' = sqrt(abar') x0 + sqrt(1 - abar' - s^2) eps + s z */
static vp_step with_fresh(double s, double abar, double abar_prev)
{
    double of_x = sqrt(fmax(1 - abar_prev - s * s, 0)) / sqrt(1 - abar);
    return (vp_step){.of_x0 = sqrt(abar_prev) - of_x * sqrt(abar), .of_x = of_x, .fresh = s};
}

/* eq. 16:   s = eta sqrt((1 - abar') / (1 - abar)) sqrt(1 - abar / abar') */
static vp_step right(double abar, double abar_prev, double eta)
{
    double s = eta * sqrt((1 - abar_prev) / (1 - abar)) * sqrt(1 - abar / abar_prev);
    return with_fresh(s, abar, abar_prev);
}

/* What stood in a course. The number below the root was negative, and cut to 0 as above. */
static vp_step broken(double abar, double abar_prev, double eta)
{
    return with_fresh(eta * sqrt(1 - abar), abar, abar_prev);
}

/* a: all steps of all walks of 1 to 1000 steps. In how many has s^2 room in 1 - abar'? And is
 * eta = 1 DDPM, whose factor of x is sqrt(abar / abar') (1 - abar') / (1 - abar)? */
static void part_a(lesson *l)
{
    int all = 0, fits = 0, broken_fits = 0;
    double apart = 0;
    for (int n = 1; n <= 1000; n++) {
        lesson now = *l;
        sigmas walk = vp_walk(&now, n);
        for (int i = 0; i < n; i++, all++) {
            double abar = vp_abar(walk, i), abar_prev = vp_abar(walk, i + 1), room = 1 - abar_prev;
            vp_step s = right(abar, abar_prev, 1), b = broken(abar, abar_prev, 1);
            fits += s.fresh * s.fresh <= room;
            broken_fits += b.fresh * b.fresh <= room;
            apart = fmax(apart, fabs(s.of_x - sqrt(abar / abar_prev) * room / (1 - abar)));
        }
    }
    printf("steps     s^2 has room   broken has room\n%d %14d %17d\n", all, fits, broken_fits);
    lesson_expect(l, "s^2 has room", fits, all, 0);
    lesson_expect(l, "broken has none", broken_fits, 0, 0);
    lesson_expect(l, "eta = 1 is DDPM", apart, 0, 1e-12);
}

/* b: what the broken one does. The right one is what the library calls ddim, and ddpm. */
static void part_b(lesson *l)
{
    plot panels[3];
    exact_mixture data = spiral_make(&l->memory);
    denoiser d = exact_denoiser(&data);
    tensor x = tensor_new(&l->memory, POINTS, 1, 1, 2), y = tensor_like(&l->memory, x);
    printf("\n%-22s %10s %10s\n", "on the spiral", "off", "gaps");
    vp_down(l, (vp_rule){right, 1}, d, STEPS, x, SEED);
    spiral_show(l, &panels[0], "right", x);
    for (int k = 0; k < 2; k++) {
        sampler s = vp_sampler(l, k ? &sampler_ddim : &sampler_ddpm, d, STEPS, y, SEED);
        s.options.eta = 1; /* of ddpm it is 1 always */
        lesson_must(sampler_run(&s, y, l->memory));
        lesson_expect(l, "the library's x", tensor_distance(x, y), 0, 1e-6);
    }
    vp_down(l, (vp_rule){broken, 1}, d, STEPS, x, SEED);
    spiral_fit fit = spiral_show(l, &panels[1], "broken", x);
    lesson_expect(l, "broken is off", fit.off, 0.0754, 1e-4);
    spiral_show_data(l, &panels[2], &data, x, SEED);
    lesson_plot(l, "08_broken", 1, 3, panels);
}

/* c: pictures from one noise; and how wide samples are where the data are N(0, 1). */
static void part_c(lesson *l)
{
    static const double expect[WALKS] = {0.8146, 0.9082, 0.9634, 0.9817};
    exact_mixture icons = {.centre = icons_draw(&l->memory, SIDE)};
    tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, 3), sun = tensor_pictures(icons.centre, 0, 1);
    film films[WALKS * ETAS], *f = films;
    printf("\nsteps   width: eta 0   eta 0.5     eta 1\n");
    for (int k = 0; k < WALKS; k++) {
        double width[ETAS];
        for (int e = 0; e < ETAS; e++, f++) {
            sampler s = vp_sampler(l, &sampler_ddim, exact_denoiser(&icons), steps[k], x, SEED);
            s.options.eta = etas[e];
            *f = film_run(l, s, x);
            f->label = lesson_words(l, "η = %g", etas[e]);
            width[e] = vp_width(s.walk, (vp_rule){right, etas[e]});
            if (e == 0) lesson_expect(l, "it stays the sun", tensor_distance(x, sun), 0, 1e-6);
        }
        printf("%5d %14.4f %9.4f %9.4f\n", steps[k], width[0], width[1], width[2]);
        lesson_expect(l, "width, eta = 0", width[0], expect[k], 5e-5);
    }
    film_ends(l, "08_eta", films, WALKS, ETAS);
    film_strip(l, "08_way", films + ETAS, ETAS, shown, SHOWN);
    while (f > films) film_free(--f);
}

/* d: from points up to their noise, and down again. */
static void part_d(lesson *l)
{
    static double n[TURNS], left[TURNS];
    exact_mixture data = spiral_make(&l->memory);
    tensor x0 = tensor_new(&l->memory, (POINTS + 2) / 3, 1, 1, 2), x = tensor_like(&l->memory, x0);
    rng r = rng_torch(SEED);
    exact_draw(&data, x0, &r, l->memory);
    printf("\nsteps up, and down   home, but for\n");
    for (int k = 0; k < TURNS; k++) {
        sigmas walk = vp_up_and_down(l, 10 << k);
        sampler s = sampler_make(&sampler_ddim, exact_denoiser(&data), walk, (noise){0});
        s.options.climb = true;
        tensor_copy(x, x0);
        lesson_must(sampler_run(&s, x, l->memory));
        n[k] = walk.n / 2, left[k] = tensor_distance(x, x0);
        printf("%18g %15.4f\n", n[k], left[k]);
    }
    plot chart = {.x = {.label = "steps up, and as many down", .log = true},
                  .y = {.label = "how far from where it began", .log = true}};
    plot_line(&chart, NULL, TURNS, n, left);
    lesson_plot(l, "08_there_and_back", 1, 1, &chart);
    lesson_expect(l, "order", log2(left[TURNS - 2] / left[TURNS - 1]), 1, 0.1);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l);
    part_b(&l);
    part_c(&l);
    part_d(&l);
    return lesson_end(&l);
}
