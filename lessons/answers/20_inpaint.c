/* Answer to exercise 20. One of the two is misprinted: Algorithm 1, line 5.
 *
 * RePaint in the letters of its paper (Lugmayr et al. 2022, arXiv:2201.09865; abar is alpha_bar).
 * For the known part, one step down to a time whose alpha_bar is abar, it says
 *
 *     equation 8a             x ~ N(sqrt(abar) x0, (1 - abar) I)        mean, and variance
 *     Algorithm 1, line 5     x = sqrt(abar) x0 + (1 - abar) z
 *
 * and for everything, one step up with a beta (line 10),    x ~ N(sqrt(1 - beta) x, beta I).
 *
 * First 200,000 numbers are made by your lines. The known ones must have the mean and the variance
 * of their time, and after a step up those of the time where they came. Then the pairs of lesson 20
 * walk beside the library's. Last, how many calls do n steps with jumps of j and r visits make?
 *
 *     build/lessons/answers/20_inpaint            three tables
 *     build/lessons/answers/20_inpaint --check    ends with 0
 */
#include "../hole.h"
#include "../vp.h"

enum { GAMES = 200000, PAIRS = 500, STEPS = 20, JUMP = 4, VISITS = 3, COUNTS = 4 };

/* tensor_mix(out, a, y, b, z) computes out = a y + b z, and out may be y or z. */
static void known_part(tensor out, tensor x0, tensor z, double abar)
{
    tensor_mix(out, sqrt(abar), x0, sqrt(1 - abar), z);
}

static void go_up(tensor x, tensor z, double beta)
{
    tensor_mix(x, sqrt(1 - beta), x, sqrt(beta), z);
}

/* Jumps start from the last place of the list above 0, number n - 1, and from every j-th before it
 * that has j places above it. */
static int calls(int n, int j, int r)
{
    return n + (n - 1) / j * (r - 1) * j;
}

static void count(lesson *l, const char *what, tensor x, double abar)
{
    double mean = 0, variance = 0, m = 2 * sqrt(abar), v = 1 - abar;
    for (int i = 0; i < GAMES; i++) mean += (double)x.data[i] / GAMES;
    for (int i = 0; i < GAMES; i++) variance += pow((double)x.data[i] - mean, 2) / GAMES;
    printf("%-10s %8.4f %9.4f   should be %.4f %.4f\n", what, mean, variance, m, v);
    /* Four standard errors. */
    lesson_expect(l, "mean", mean, m, 4 * sqrt(v / GAMES));
    lesson_expect(l, "variance", variance, v, 4 * v * sqrt(2.0 / GAMES));
}

static void numbers(lesson *l)
{
    arena scratch = l->memory;
    tensor x0 = tensor_new(&scratch, GAMES, 1, 1, 1), x = tensor_like(&scratch, x0);
    tensor z = tensor_like(&scratch, x0);
    rng r = rng_torch(20);
    tensor_fill(x0, 2);
    rng_normal(&r, z, scratch);
    known_part(x, x0, z, 0.9);
    printf("%-10s %8s %9s\n", "", "mean", "variance");
    count(l, "known", x, 0.9);
    rng_normal(&r, z, scratch);
    go_up(x, z, 0.2); /* 1 - 0.72 / 0.9 */
    count(l, "and up", x, 0.72);
}

/* DDPM's step for all, from abar to next, but what is known is put in. */
static void go_down(lesson *l, denoiser d, tensor x, tensor z, double abar, double next)
{
    arena scratch = l->memory;
    tensor known = tensor_like(&scratch, x), said = tensor_like(&scratch, x);
    answer guess = denoiser_room(d, &scratch, x);
    double beta = 1 - abar / next, room = 1 - next;
    vp_guess(d, guess, x, abar, scratch);
    tensor_mix(x, sqrt(next) * beta / (1 - abar), guess.x0, sqrt(abar / next) * room / (1 - abar),
               x);
    tensor_add_scaled(x, sqrt(room / (1 - abar) * beta), z);
    tensor_fill(said, 0.6);
    known_part(known, said, z, next);
    for (size_t i = 0; i < tensor_count(x); i += 2) x.data[i] = known.data[i];
}

static void walk(lesson *l)
{
    real centres[] = {-1, -1, 1, 1};
    exact_mixture pairs = {.centre = {centres, 2, 1, 1, 2}, .width = (double[]){0.3, 0.3}};
    schedule trained;
    sigmas way;
    sigmas_options o = {.jump = JUMP, .visits = VISITS};
    lesson_must(schedule_make("linear", (schedule_options){0}, &l->memory, &trained));
    lesson_must(sigmas_make("repaint", STEPS, &trained, o, &l->memory, &way));
    tensor x = tensor_new(&l->memory, PAIRS, 1, 1, 2), y = tensor_like(&l->memory, x);
    tensor z = tensor_like(&l->memory, x), known = tensor_like(&l->memory, x);
    tensor_fill(known, 0.6);
    hole_fill(l, &pairs, way, known, y, 20);
    rng r = hole_noise(l, x, way, 20);
    tensor_scale(x, sqrt(vp_abar(way, 0)), x);
    for (int i = 0; i < way.n; i++) {
        double abar = vp_abar(way, i), next = vp_abar(way, i + 1);
        if (next < 1) rng_normal(&r, z, l->memory);
        if (next > abar)
            go_down(l, exact_denoiser(&pairs), x, z, abar, next);
        else
            go_up(x, z, 1 - next / abar);
    }
    printf("\n%d pairs, %d steps, jumps of %d, %d visits: %.1e from the library's\n", PAIRS, STEPS,
           JUMP, VISITS, tensor_distance(x, y));
    lesson_expect(l, "as the library", tensor_distance(x, y), 0, 1e-5);
}

static void counts(lesson *l)
{
    static const int n[COUNTS] = {25, 250, 20, 100}, j[COUNTS] = {10, 10, 5, 1};
    static const int r[COUNTS] = {10, 10, 2, 5};
    printf("\n%6s %6s %6s %8s\n", "steps", "jump", "visits", "calls");
    for (int k = 0; k < COUNTS; k++) {
        lesson now = *l;
        sigmas way = hole_list(&now, n[k], j[k], r[k], 10, 0.1);
        int down = 0;
        for (int i = 0; i < way.n; i++) down += way.at[i + 1] < way.at[i];
        printf("%6d %6d %6d %8d\n", n[k], j[k], r[k], calls(n[k], j[k], r[k]));
        lesson_expect(l, "calls", calls(n[k], j[k], r[k]), down, 0);
    }
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    numbers(&l);
    walk(&l);
    counts(&l);
    return lesson_end(&l);
}
