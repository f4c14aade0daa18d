/* Lesson 07. Many small steps back.
 *
 * One big step from noise lands on the mean of everything (lesson 05). So do not jump: go a little
 * way towards the guess, put a little fresh noise back, look again. With less noise fewer pictures
 * are possible, and the guess gets sharper. How far to go, and how much noise to put back, is
 * Bayes' rule once more. This is DDPM.
 *
 *     make run L=07       prints three tables, writes a plot, a strip and an animation to out/
 *
 * Look for: where are the points after one step? From how many steps on do they lie like data?
 * Needs: 06. Runs in about a second.
 * Try: `fresh = SAMPLER_FIXED_LARGE`. Who notices the other variance, 20 steps or 1000?
 */
#include "film.h"
#include "icons.h"
#include "spiral.h"
#include "vp.h"

enum { SEED = 7, POINTS = 120, WALKS = 5, SHOWN = 7, FRAMES = 40, SIDE = 32 };
static const int steps[WALKS] = {1, 5, 20, 100, 1000};
static const int shown[SHOWN] = {0, 150, 250, 350, 500, 800, 1000};
static const sampler_variance fresh = SAMPLER_FIXED_SMALL; /* beta~_t; LARGE: beta_t */

/* One step from x_t to x_{t-1}, were x0 known: a bell. Ho 2020, arXiv:2006.11239, eq. 6 and 7:
 *
 *   mean      sqrt(abar_{t-1}) beta_t / (1 - abar_t) x0
 *               + sqrt(alpha_t) (1 - abar_{t-1}) / (1 - abar_t) x_t
 *   variance  beta~_t = (1 - abar_{t-1}) / (1 - abar_t) beta_t;   the other choice: beta_t */
typedef struct {
    double of_x0, of_x, variance[2];
} back;

static back step_back(double abar, double abar_prev)
{
    double alpha = abar / abar_prev, beta = 1 - alpha; /* of all the times in the step */
    return (back){.of_x0 = sqrt(abar_prev) * beta / (1 - abar),
                  .of_x = sqrt(alpha) * (1 - abar_prev) / (1 - abar),
                  .variance = {(1 - abar_prev) / (1 - abar) * beta, beta}};
}

/* a: the pixel of lesson 02, of value 2, noised twice and now at x_2 = 1. Where was x_1? Two bells
 * say something about it. Their product is a bell: precisions, one over variance, add. */
static void part_a(lesson *l)
{
    const double x0 = 2, x2 = 1, abar1 = 0.9, alpha2 = 0.8;
    const char *const row[] = {"seen from x0 = 2", "seen from x_2 = 1", "from both", "eq. 6, 7"};
    double m0 = sqrt(abar1) * x0, p0 = 1 / (1 - abar1); /* a mean and a precision */
    double m2 = x2 / sqrt(alpha2), p2 = alpha2 / (1 - alpha2);
    back s = step_back(alpha2 * abar1, abar1);
    double mean[] = {m0, m2, (p0 * m0 + p2 * m2) / (p0 + p2), s.of_x0 * x0 + s.of_x * x2};
    double variance[] = {1 / p0, 1 / p2, 1 / (p0 + p2), s.variance[0]};
    printf("where was x_1?         mean  variance\n");
    for (int k = 0; k < 4; k++) printf("%-18s %8.4f %9.4f\n", row[k], mean[k], variance[k]);
    lesson_expect(l, "eq. 7, mean", mean[3], mean[2], 1e-15);
    lesson_expect(l, "eq. 7, variance", variance[3], variance[2], 1e-15);
}

/* b: how wide x is before the last step, over how wide it should be. The data are a bell around 0
 * of variance `data`; noisy ones have abar data + 1 - abar, and D = sqrt(abar) data / right x. */
static double too_wide(sigmas walk, double data, sampler_variance choice)
{
    double variance = 1; /* of pure noise */
    for (int i = 0;; i++) {
        double abar = vp_abar(walk, i), right = abar * data + 1 - abar;
        if (i == walk.n - 1) return sqrt(variance / right);
        back s = step_back(abar, vp_abar(walk, i + 1));
        double keep = s.of_x + s.of_x0 * sqrt(abar) * data / right;
        variance = keep * keep * variance + s.variance[choice];
    }
}

static void part_b(lesson *l)
{
    printf("\nx too wide by    data: one point         data: N(0, 1)\n");
    printf("steps               beta~       beta      beta~       beta\n");
    for (int n = 10; n <= 1000; n *= 10) {
        double wide[4];
        for (int j = 0; j < 4; j++)
            wide[j] = too_wide(vp_walk(l, n), j / 2, (sampler_variance)(j % 2));
        printf("%5d %19.4f %10.4f %10.4f %10.4f\n", n, wide[0], wide[1], wide[2], wide[3]);
        lesson_expect(l, "beta~ for one point", wide[0], 1, 1e-12);
        lesson_expect(l, "beta for noise", wide[3], 1, 1e-12);
    }
}

/* The whole way: x is sqrt(abar) x0 + sqrt(1 - abar) eps, and at first nothing but noise. */
static void walk_back(denoiser d, sigmas walk, tensor x, rng *r, arena scratch)
{
    tensor z = tensor_like(&scratch, x);
    answer guess = denoiser_room(d, &scratch, x);
    for (int i = 0; i < walk.n; i++) {
        double abar = vp_abar(walk, i), abar_prev = vp_abar(walk, i + 1);
        back s = step_back(abar, abar_prev);
        vp_guess(d, guess, x, abar, scratch);
        tensor_mix(x, s.of_x0, guess.x0, s.of_x, x);
        if (abar_prev == 1) break; /* no noise in the last step */
        rng_normal(r, z, scratch);
        tensor_add_scaled(x, sqrt(s.variance[fresh]), z);
    }
}

/* c: points walk from noise to a spiral; up to 100 steps the library's walk beside them. */
static void part_c(lesson *l)
{
    static const double off[WALKS] = {0.2139, 0.1154, 0.0854, 0.0162, 0.0214};
    static const double gaps[WALKS] = {0.6911, 0.3099, 0.0588, 0.0371, 0.0342};
    plot panels[WALKS + 1];
    exact_mixture data = spiral_make(&l->memory);
    tensor x = tensor_new(&l->memory, POINTS, 1, 1, 2), y = tensor_like(&l->memory, x);
    printf("\n%-22s %10s %10s\n", "on the spiral", "off", "gaps");
    for (int k = 0; k < WALKS; k++) {
        sigmas walk = vp_walk(l, steps[k]);
        rng r = vp_noise(l, x, SEED);
        walk_back(exact_denoiser(&data), walk, x, &r, l->memory); /* the idea */
        const char *title = lesson_words(l, steps[k] == 1 ? "%d step" : "%d steps", steps[k]);
        spiral_fit fit = spiral_show(l, &panels[k], title, x);
        lesson_expect(l, "off the spiral", fit.off, off[k], 1e-4);
        lesson_expect(l, "gaps in it", fit.gap, gaps[k], 1e-4);
        if (walk.n > 100) continue;
        sampler s = vp_sampler(l, &sampler_ddpm, exact_denoiser(&data), steps[k], y, SEED);
        s.options.variance = fresh;
        lesson_must(sampler_run(&s, y, l->memory));
        lesson_expect(l, "the library's x", tensor_distance(x, y), 0, 1e-6);
    }
    spiral_show_data(l, &panels[WALKS], &data, x, SEED);
    lesson_plot(l, "07_spiral", 2, 3, panels);
}

/* d: a picture, and what is believed of it on the way. */
static void part_d(lesson *l)
{
    denoiser d = exact_denoiser(&(exact_mixture){.centre = icons_draw(&l->memory, SIDE)});
    tensor x = tensor_new(&l->memory, 1, SIDE, SIDE, 3);
    film f = film_run_some(l, vp_sampler(l, &sampler_ddpm, d, 1000, x, SEED), x, FRAMES);
    film_strip(l, "07_pictures", &f, 1, shown, SHOWN);
    film_play(l, "07_animation", &f, 1);
    film_free(&f);
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
