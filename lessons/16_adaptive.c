/* Lesson 16. Let the error choose the step.
 *
 * A list of sizes is written before anybody has seen the road. Here every step is made twice, by a
 * hasty rule and a careful one: Euler and DPM2 of lesson 10. Where both land at one place the step
 * was short enough, and the next may be longer. Where they do not, go back and try a shorter one.
 *
 *     make run L=16       prints four tables, writes three plots to out/
 *
 * Look for: where are the steps short, and for whom? Who can say beforehand how many there will be?
 * Needs: 15. Runs in under two seconds. Try: START = -4.8, on the other side of the watershed.
 */
#include "bells.h"
#include "diffusion/guidance.h"
#include "lesson.h"

enum { CELLS = 100, MOST = 200, STARTS = 161, CROWD = 40, LOOSE = 5, RULES = 4, WEIGHTS = 6 };
static const sigmas_options range = {.sigma_max = 10, .sigma_min = 0.02, .end_at_min = true};
static const double START = -5, RTOL = 0.05, ATOL = 0.0078, FIRST = 0.05, SAFETY = 0.81;
static const double loose[LOOSE] = {4, 1, 1 / 4.0, 1 / 16.0, 1 / 64.0}; /* times RTOL and ATOL */
static const double weights[WEIGHTS] = {1, 2, 4, 7.5, 15, 30};

/* A sampler of the library, about to walk a list. (An adaptive one looks at its ends only.) */
static sampler ready(lesson *l, const sampler_kind *rule, denoiser d, int steps, int order)
{
    sigmas walk;
    lesson_must(sigmas_make("karras", steps, NULL, range, &l->memory, &walk));
    sampler s = sampler_make(rule, d, walk, noise_fresh(rng_torch(1)));
    s.options.order = order;
    return s;
}

/* a: every attempt of one walk, by hand. A step's length h is counted in ln sigma; d is a slope.
 *     hasty = x + (next - sigma) d          careful = x + (next - sigma) d_mid         lesson 10 */
static void part_a(lesson *l, denoiser d)
{
    static double at[2][MOST], length[2][MOST], way[MOST], heat[CELLS * CELLS];
    double x = START, sigma = range.sigma_max, low = range.sigma_min, before = x, h = FIRST;
    double rank = bells_left(x, sigma), library = x;
    int n[2] = {0}; /* rejected, accepted */
    const plot_axis of_sigma = {.label = "σ", .log = true, .low = low, .high = sigma};
    plot p[] = {{.x = of_sigma, .y = {.label = "x / √(1 + σ^2)", .low = -2.3, .high = 1.9}},
                {.x = of_sigma, .y = {.label = "length of a step", .log = true}}};
    p[0].width = p[1].width = 560;
    bells_map(&p[0], true, CELLS, CELLS, heat);
    bells_curve(&p[0], &l->memory, rank, low)->width = 2.5;
    printf("   from      to    hasty  careful   off  factor\n");
    while (sigma > low && n[0] + n[1] < MOST) {
        double next = fmax(sigma * exp(-h), low), mid = sqrt(sigma * next);
        double slope = bells_slope(x, sigma), hasty = x + (next - sigma) * slope;
        double careful = x + (next - sigma) * bells_slope(x + (mid - sigma) * slope, mid);
        double allowed = fmax(ATOL, RTOL * fmax(fabs(hasty), fabs(before)));
        double off = fabs(hasty - careful) / allowed, factor = 1 + atan(1 / sqrt(off) - 1);
        bool good = factor >= SAFETY;
        printf("%7.4f %7.4f %8.4f %8.4f %5.2f %7.2f%s\n", sigma, next, hasty, careful, off, factor,
               good ? "" : "  rejected");
        at[good][n[good]] = sigma, length[good][n[good]] = log(sigma / next);
        h *= factor, way[n[1]] = x / hypot(1, sigma), n[good]++;
        if (good) before = hasty, x = careful, sigma = next;
    }
    printf("ends at %.4f; the truth is %.4f\n", x, bells_who(rank, low));
    int calls = bells_walk(ready(l, &sampler_dpm_adaptive, d, 1, 2), &library, l->memory);
    lesson_expect(l, "calls of the library", calls, 2 * n[1] + n[0], 0);
    lesson_expect(l, "where it ends", library, x, 2e-5);
    plot_series *dots = plot_points(&p[0], NULL, n[1], at[1], way);
    dots->ink = colour_paper, dots->marker = 0, dots->width = 9;
    plot_line(&p[1], "accepted", n[1], at[1], length[1]);
    plot_points(&p[1], "rejected", n[0], at[0], length[0])->marker = 3;
    lesson_plot(l, "16_steps", 2, 1, p);
}

/* b: what a walk costs depends on where it begins. */
static void part_b(lesson *l, denoiser d)
{
    static double start[STARTS], calls[2][STARTS];
    plot p = {.x = {.label = "x at σ = 10"}, .y = {.label = "calls", .low = 0, .high = 50}};
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < STARTS; i++) {
            double x = start[i] = -16 + 32.0 * i / (STARTS - 1);
            sampler s = ready(l, &sampler_dpm_adaptive, d, 1, k + 2);
            calls[k][i] = bells_walk(s, &x, l->memory);
        }
        plot_points(&p, k ? "order 3" : "order 2", STARTS, start, calls[k]);
        printf("order %d, calls: from -4.6 %g, from 4 %g\n", k + 2, calls[k][57], calls[k][100]);
    }
    lesson_expect(l, "calls near the watershed", calls[0][57] / calls[0][100], 2, 0.1);
    plot_vertical(&p, bells_who(bells_share[0], range.sigma_max), "watershed");
    lesson_plot(l, "16_starts", 1, 1, &p);
}

/* c: mean calls and error over a crowd; a list has as many steps as 8, 16, ... calls pay for. */
static void part_c(lesson *l, denoiser d)
{
    static const char *name[] = {"adaptive, order 2", "adaptive, order 3", "DPM2", "DPM++ 2M"};
    static const sampler_kind *const rule[] = {&sampler_dpm_adaptive, &sampler_dpm_adaptive,
                                               &sampler_dpm_2, &sampler_dpmpp_2m};
    static double calls[RULES][LOOSE], off[RULES][LOOSE];
    plot p = {.x = {.label = "calls of the denoiser", .log = true},
              .y = {.label = "distance from the true end", .log = true}};
    for (int k = 0; k < RULES; k++) {
        printf("%s%-18s", k ? "" : "calls and distance from the true end:\n", name[k]);
        for (int b = 0; b < LOOSE; b++) {
            sampler s = ready(l, rule[k], d, (8 << b) / rule[k]->evals, k < 2 ? k + 2 : 0);
            if (k < 2) s.options.control.rtol = loose[b] * RTOL;
            if (k < 2) s.options.control.atol = loose[b] * ATOL;
            for (int i = 0; i < CROWD; i++) {
                double rank = (i + 0.5) / CROWD, x = bells_who(rank, range.sigma_max);
                calls[k][b] += bells_walk(s, &x, l->memory) / (double)CROWD;
                off[k][b] += fabs(x - bells_who(rank, range.sigma_min)) / CROWD;
            }
            printf("  %5.1f %.4f%s", calls[k][b], off[k][b], b == LOOSE - 1 ? "\n" : "");
        }
        plot_line(&p, name[k], LOOSE, calls[k], off[k]);
    }
    lesson_expect(l, "off with the usual tolerance", off[1][1], 0.0234, 2e-4);
    lesson_expect(l, "DPM++ 2M with 32 calls is better", off[3][2] / off[0][2], 0.29, 0.02);
    lesson_plot(l, "16_price", 1, 1, &p);
}

/* d: calls where wishes steer:   D = D_0 + sum_j w (D_j - D_0),   D_j the bell j alone */
static void part_d(lesson *l, const exact_mixture *m)
{
    static const double known[4] = {30.4, 60.9, 751, 2834.8}; /* for the largest weight */
    exact_mixture one[BELLS];
    denoiser each[1 + BELLS] = {exact_denoiser(m)};
    for (int j = 0; j < BELLS; j++) one[j] = bells_one(m, j), each[j + 1] = exact_denoiser(&one[j]);
    printf("wishes, eta, calls for w =  1      2      4    7.5     15     30\n");
    for (int row = 0; row < 4; row++) {
        printf("%d wish%-2s eta %d     ", 1 + row / 2, row / 2 ? "es" : "", row % 2);
        for (int b = 0; b < WEIGHTS; b++) {
            double calls = 0, weight[] = {weights[b], weights[b]};
            stack answers = {each, 2 + row / 2};
            guidance g = {.model = stack_denoiser(&answers), .weight = weight};
            sampler s = ready(l, &sampler_dpm_adaptive, guidance_denoiser(&g), 1, 3);
            s.options.eta = row % 2;
            for (double x = -14, at = x; at < 16; x = at += 4)
                calls += bells_walk(s, &x, l->memory) / 8.0;
            printf(" %6.1f%s", calls, b == WEIGHTS - 1 ? "\n" : "");
            if (b == WEIGHTS - 1) lesson_expect(l, "calls", calls, known[row], 0.1 * known[row]);
        }
    }
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    exact_mixture m = bells_mixture(&l.memory);
    part_a(&l, exact_denoiser(&m)), part_b(&l, exact_denoiser(&m));
    part_c(&l, exact_denoiser(&m)), part_d(&l, &m);
    return lesson_end(&l);
}
