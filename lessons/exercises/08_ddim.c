/* Exercise 08. One step with as many dice as you like.
 *
 * Write DDIM's step in the letters of its paper (Song, Meng, Ermon 2021, arXiv:2010.02502). Its
 * alpha_t is what the course calls alpha_bar_t. With eps_t = (x_t - sqrt(alpha_t) x0) /
 * sqrt(1 - alpha_t), equations 12 and 16 say
 *
 *     x_prev  = sqrt(alpha_prev) x0 + sqrt(1 - alpha_prev - sigma_t^2) eps_t + sigma_t z
 *     sigma_t = eta sqrt((1 - alpha_prev) / (1 - alpha_t)) sqrt(1 - alpha_t / alpha_prev)
 *
 * First 200,000 numbers take one step, from alpha_t = 0.72 to 0.9, with x0 = 2 known. Whatever eta
 * is, they must have the mean and the variance of that time; what eta changes is how closely they
 * follow x_t. Then points walk to a spiral, beside the library's.
 *
 *     make exercises
 *     build/lessons/exercises/08_ddim            two tables
 *     build/lessons/exercises/08_ddim --check    ends with 0 once your lines are right
 *
 * As it stands the line grows the picture and leaves the noise. The answer is in
 * lessons/answers/08_ddim.c. Look at it after you have tried.
 */
#include "../spiral.h"
#include "../vp.h"

enum { GAMES = 200000, STEPS = 20, POINTS = 60, ETAS = 3 };
static const double etas[ETAS] = {0, 0.5, 1};

/* x is x_t before and x_prev after. tensor_mix(out, a, y, b, z) computes out = a y + b z, and out
 * may be y or z; tensor_add_scaled(out, a, z) adds a z. */
static void ddim_step(tensor x, tensor x0, tensor z, double alpha_t, double alpha_prev, double eta)
{
    (void)z, (void)eta;
    tensor_mix(x, sqrt(alpha_prev / alpha_t), x, 0, x0); /* YOUR LINES HERE */
}

static void count(lesson *l, double eta)
{
    const double alpha_t = 0.72, alpha_prev = 0.9, m = sqrt(alpha_prev) * 2, v = 1 - alpha_prev;
    arena scratch = l->memory;
    tensor x0 = tensor_new(&scratch, GAMES, 1, 1, 1), x = tensor_like(&scratch, x0);
    tensor before = tensor_like(&scratch, x0), z = tensor_like(&scratch, x0);
    rng r = rng_torch(8);
    rng_normal(&r, x, scratch);
    rng_normal(&r, z, scratch);
    tensor_fill(x0, 2);
    tensor_mix(x, sqrt(alpha_t), x0, sqrt(1 - alpha_t), x);
    tensor_copy(before, x);
    ddim_step(x, x0, z, alpha_t, alpha_prev, eta);
    double mean = 0, square = 0, square_before = 0, both = 0;
    for (int i = 0; i < GAMES; i++) {
        double after = (double)x.data[i] - m, had = (double)before.data[i] - sqrt(alpha_t) * 2;
        mean += (double)x.data[i] / GAMES;
        square += after * after / GAMES;
        square_before += had * had / GAMES;
        both += after * had / GAMES;
    }
    double variance = square - (mean - m) * (mean - m),
           follows = both / sqrt(square * square_before);
    printf("%4g %8.4f %9.4f %12.4f\n", eta, mean, variance, follows);
    /* Four standard errors. */
    lesson_expect(l, "mean", mean, m, 4 * sqrt(v / GAMES));
    lesson_expect(l, "variance", variance, v, 4 * v * sqrt(2.0 / GAMES));
}

static void walk(lesson *l, denoiser d, double eta)
{
    tensor x = tensor_new(&l->memory, POINTS, 1, 1, 2), y = tensor_like(&l->memory, x);
    tensor z = tensor_like(&l->memory, x);
    answer guess = denoiser_room(d, &l->memory, x);
    sigmas way = vp_walk(l, STEPS);
    sampler s = vp_sampler(l, &sampler_ddim, d, STEPS, y, 8);
    s.options.eta = eta;
    lesson_must(sampler_run(&s, y, l->memory));
    rng r = vp_noise(l, x, 8);
    for (int i = 0; i < STEPS; i++) {
        vp_guess(d, guess, x, vp_abar(way, i), l->memory);
        rng_normal(&r, z, l->memory);
        ddim_step(x, guess.x0, z, vp_abar(way, i), vp_abar(way, i + 1), eta);
    }
    printf("%4g %10.1e\n", eta, tensor_distance(x, y));
    lesson_expect(l, "as the library", tensor_distance(x, y), 0, 1e-6);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    exact_mixture data = spiral_make(&l.memory);
    printf("%4s %8s %9s %12s\n", "eta", "mean", "variance", "follows x_t");
    for (int e = 0; e < ETAS; e++) count(&l, etas[e]);
    printf("\n%4s %10s\n", "eta", "apart");
    for (int e = 0; e < ETAS; e++) walk(&l, exact_denoiser(&data), etas[e]);
    return lesson_end(&l);
}
