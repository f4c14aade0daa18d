/* Lesson 24. Straight lines, and the mean of their directions.
 *
 * Mix a clean number and a noise, (1 - s) x0 + s eps: from s = 0, data, to s = 1, noise, it walks
 * straight and evenly, with the velocity eps - x0. (Half of the papers turn s round.) Many lines
 * pass through one place. A flow network says their mean velocity there: to walk so is enough.
 *
 *     make run L=24       prints four tables, writes three plots to out/
 *
 * Look for: lines that cross, and trails that do not. Which samplers notice the coordinate?
 * Needs: 11. Runs in under two seconds. Try: RADIUS = 0.5. Is a small ring the better source?
 */
#include "bells.h"
#include "diffusion/network.h"
#include "pairs.h"
#include "spiral.h"
#include "sure.h"
#include "vp.h"

enum { PATHS = 20, WALK = 200, RULES = 3, STEPS = 12, CROWD = 1000, WALKS = 4, RING = 30 };
enum { POINTS = 200, SIDES = 3, CURVE = 41, DRAWS = 64, SEED = 2 };
static const sampler_kind *const rules[] = {&sampler_euler, &sampler_dpmpp_2m, &sampler_heun};
static const double RADIUS = 1.4, off[2 * WALKS] = {.214, .135, .158, .086, .214, .161, .161, .070};
static schedule flow, vp; /* when a flow network is asked, and when one that says eps in VP */

/* The idea: the mean of eps - x0 over all pairs whose line passes through y. Each of them has
 * y = x0 + s (eps - x0), so the mean is (y - D) / s, with D the mean of their x0. */
static void velocity(void *self, tensor u, tensor y, double s, arena scratch)
{
    const denoiser *d = self;
    answer out = denoiser_room(*d, &scratch, y);
    denoiser_ask(*d, out, y, s, scratch);
    tensor_mix(u, 1 / s, y, -1 / s, out.x0);
}

/* The same network for a program that asks for the eps in a VP picture at a time t. */
static void as_eps(void *self, tensor eps, tensor x_vp, double t, arena scratch)
{
    double sigma = schedule_sigma(&vp, t), s = sigma / (1 + sigma);
    tensor y = tensor_like(&scratch, x_vp), u = tensor_like(&scratch, x_vp);
    tensor_scale(y, sqrt(1 + sigma * sigma) / (1 + sigma), x_vp);
    velocity(self, u, y, s, scratch);
    tensor_mix(eps, 1, y, 1 - s, u);
}

/* a: twenty pairs, each on its line; and the mean way from the same twenty noises. */
static void part_a(lesson *l, denoiser d, const exact_mixture *bells)
{
    static double s[WALK + 1], way[2][PATHS][WALK + 1];
    plot panels[2] = {{.title = "Each pair on its line"}, {.title = "The mean way"}};
    tensor y = tensor_new(&l->memory, PATHS, 1, 1, 1), u = tensor_like(&l->memory, y);
    tensor x0 = tensor_like(&l->memory, y);
    rng r = vp_noise(l, y, SEED);
    exact_draw(bells, x0, &r, l->memory);
    pairs_lines(x0, y, WALK + 1, s, way[0][0]);
    for (int i = 0; i <= WALK; i++) {
        for (int k = 0; k < PATHS; k++) way[1][k][i] = (double)y.data[k];
        if (i < WALK) velocity(&d, u, y, s[i], l->memory);
        if (i < WALK) tensor_add_scaled(y, s[i + 1] - s[i], u);
    }
    printf("%-22s %9s %15s\n", "", "crossings", "change of rank");
    for (int j = 0; j < 2; j++) {
        int crossings = pairs_crossings(PATHS, WALK + 1, way[j][0]);
        double change = bells_change(PATHS, WALK + 1, way[j][0]);
        printf("%-22s %9d %15.4f\n", panels[j].title, crossings, change);
        lesson_expect(l, "change", change, j ? 0.0021 : 0.7803, 5e-5);
        bells_show_flow(&panels[j], PATHS, WALK + 1, s, way[j][0], &l->memory);
    }
    lesson_plot(l, "24_paths", 1, 2, panels);
}

/* b: from one noise through the same sizes: as a flow, and in VE as if it were an eps network. */
static void part_b(lesson *l, denoiser d)
{
    const network net[] = {{.run = velocity, .self = &d, .says = NETWORK_FLOW, .schedule = &flow},
                           {.run = as_eps, .self = &d, .says = NETWORK_EPS, .schedule = &vp}};
    tensor z = tensor_new(&l->memory, CROWD, 1, 1, 1), end = tensor_like(&l->memory, z);
    tensor x[] = {tensor_like(&l->memory, z), tensor_like(&l->memory, z)};
    sigmas walk[2];
    vp_noise(l, z, SEED);
    for (int j = 0; j < 2; j++)
        lesson_must(sigmas_make("karras", STEPS, &vp, (sigmas_options){0}, &l->memory, &walk[j]));
    for (int i = 0; i < STEPS; i++) walk[0].at[i] /= 1 + walk[0].at[i];
    bells_ends(end, z, walk[1].at[0]);
    printf("\noff the true end  as a flow  in VE as eps     apart\n");
    for (int k = 0; k < RULES; k++) {
        for (int j = 0; j < 2; j++) {
            tensor_scale(x[j], walk[j].at[0], z);
            sampler s = sampler_make(rules[k], network_denoiser(&net[j]), walk[j], (noise){0});
            lesson_must(sampler_run(&s, x[j], l->memory));
        }
        printf("%-16s %10.4f %13.4f %9.4f\n", rules[k]->label, bells_off(x[0], end),
               bells_off(x[1], end), tensor_distance(x[0], x[1]));
        if (k < 2) lesson_expect(l, "apart", tensor_distance(x[0], x[1]), 0, 1e-6); /* floats */
    }
}

/* c: few steps to a spiral, from a bell and from a ring. */
static void part_c(lesson *l)
{
    plot panels[2 * WALKS];
    exact_mixture data = spiral_make(&l->memory), bell = pairs_ring(&l->memory, 1, 0, 1);
    exact_mixture ring = pairs_ring(&l->memory, RING, RADIUS, 0.15);
    tensor y = tensor_new(&l->memory, POINTS, 1, 1, 2);
    printf("\n%-22s %10s %10s\n", "on the spiral, steps", "off", "gaps");
    for (int k = 0, n = 1; k < 2 * WALKS; k++, n = 1 << k % WALKS) {
        pairs crowd = {&data, k < WALKS ? &bell : &ring};
        rng r = rng_torch(SEED);
        sigmas walk;
        lesson_must(sigmas_make("sgm_uniform", n, &flow, (sigmas_options){0}, &l->memory, &walk));
        exact_draw(crowd.source, y, &r, l->memory);
        sampler s = sampler_make(&sampler_euler, pairs_denoiser(&crowd), walk, (noise){0});
        lesson_must(sampler_run(&s, y, l->memory));
        const char *title = lesson_words(l, k < WALKS ? "from a bell, %d" : "from a ring, %d", n);
        lesson_expect(l, "off", spiral_show(l, &panels[k], title, y).off, off[k], 5e-4);
    }
    lesson_plot(l, "24_few_steps", 2, WALKS, panels);
}

/* d: one size of noise hides less of a large picture than of a small one. */
static void part_d(lesson *l)
{
    static double t[CURVE], s[SIDES][CURVE], at[SIDES], half[SIDES];
    plot chart = {.title = "A list bent by a shift", .x.label = "t, in even steps", .y.label = "s"};
    printf("\nside  half sure at s   sigma   ratio\n");
    for (int k = 0, shift = 1; k < SIDES; k++, shift *= 2) {
        half[k] = sure_half(l->memory, shift, DRAWS, SEED);
        double sigma = half[k] / (1 - half[k]), ratio = sigma * (1 - half[0]) / half[0];
        printf("%4d %15.4f %7.3f %7.3f\n", shift * SURE_SIDE, half[k], sigma, ratio);
        lesson_expect(l, "ratio", ratio, shift, 1e-3);
        at[k] = half[k] / (shift - (shift - 1) * half[k]);
        for (int i = 0; i < CURVE; i++)
            t[i] = i / (CURVE - 1.0), s[k][i] = shift * t[i] / (1 + (shift - 1) * t[i]);
        plot_line(&chart, lesson_words(l, "shift %d", shift), CURVE, t, s[k]);
    }
    plot_points(&chart, "half sure", SIDES, at, half)->ink = colour_ink;
    lesson_plot(l, "24_shift", 1, 1, &chart);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    exact_mixture bells = bells_mixture_flow(&l.memory);
    lesson_must(schedule_make("scaled_linear", (schedule_options){0}, &l.memory, &vp));
    lesson_must(schedule_make("flow", (schedule_options){.shift = 1}, NULL, &flow));
    part_a(&l, exact_denoiser(&bells), &bells);
    part_b(&l, exact_denoiser(&bells));
    part_c(&l);
    part_d(&l);
    return lesson_end(&l);
}
