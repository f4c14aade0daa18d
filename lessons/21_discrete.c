/* Lesson 21. Noise that replaces symbols.
 *
 * Words, pixels of four greys, entries of a codebook: such things cannot be moved by a little.
 * Noise for them replaces a symbol, by MASK (a blot of ink) or by another (a misprint). The way in
 * is a table of chances, the way back is Bayes' rule on that table, place by place. All else is as
 * before: a model guesses x0, a sampler makes a small step towards it and looks again.
 *
 *     make run L=21       prints three tables, writes out/21_matrices.svg and out/21_glyphs.png
 *
 * Look for: from which t on can you read the heart among blots, from which among misprints? What
 * does it cost to draw 64 places in few steps, and which noise forgives it?
 * Needs: 07. Runs in under two seconds. Try: HEAT = 0. Which glyphs come then, and which never?
 */
#include "glyphs.h"

enum { K = GLYPHS_CODES, MASK = K, T = 20, SEED = 8, GAMES = 100000, WORDS = 5000, DRAWS = 100 };
enum { SHOWN = 6, NOISES = 3, ROWS = 6, COUNTS = 5, HEART = 2 };
static const int shown[SHOWN] = {0, 4, 8, 12, 16, 20}, steps[COUNTS] = {1, 2, 4, 10, 20};
static const char *const noises[NOISES] = {"mask", "uniform", "mask_uniform"};
static const double HEAT = 2; /* of the sampler `masked` */

/* a: the tables as matrices. A row says what becomes of a symbol, so it sums to 1; two steps one
 * after the other are the product of their matrices. */
static void part_a(lesson *l)
{
    plot panels[3 * NOISES];
    printf("what becomes of code 2              0      1      2      3   MASK\n");
    for (int p = 0; p < 3 * NOISES; p++) {
        discrete d = glyphs_tables(l, noises[p / 3], T);
        int t = p % 3 == 0 ? 1 : p % 3 * T / 2;
        printf("%-12s to time %2d       ", noises[p / 3], t);
        for (int v = 0; v <= MASK; v++)
            printf(" %6.3f%s", discrete_chance(&d, 0, t, 2, v), v == MASK ? "\n" : "");
        for (int j = 0; j <= MASK; j++) {
            double sum = 0, product = 0;
            for (int v = 0, half = t / 2; v <= MASK; v++) {
                sum += discrete_chance(&d, 0, t, j, v);
                product += discrete_chance(&d, 0, half, j, v) * discrete_chance(&d, half, t, v, 2);
            }
            lesson_expect(l, "a row's sum", sum, 1, 1e-15);
            lesson_expect(l, "two steps", product, discrete_chance(&d, 0, t, j, 2), 1e-15);
        }
        panels[p] = glyphs_matrix(l, noises[p / 3], &d, 0, t);
    }
    lesson_plot(l, "21_matrices", NOISES, 3, panels);
}

/* Where was a place at time s, if v stands there at t and p is believed of the clean code?
 *
 *     law(j) ~ Q_s,t(j, v) sum_k Q_0,s(k, j) p_k / Q_0,t(k, v) */
static void way_back(const discrete *d, double *law, const double *p, int s, int t, int v)
{
    double sum = 0;
    for (int j = 0; j <= MASK; j++) {
        law[j] = 0;
        for (int k = 0; k < K; k++)
            law[j] += discrete_chance(d, 0, s, k, j) * p[k] / discrete_chance(d, 0, t, k, v);
        sum += law[j] *= discrete_chance(d, s, t, j, v);
    }
    for (int j = 0; j <= MASK; j++) law[j] /= sum;
}

/* b: the same by counting. Of 20 clean codes 10, 6, 3 and 1 are 0, 1, 2 and 3; they are noised to
 * time 5 and on to 10. Of the games that end with v, where were they at 5? The standard error of a
 * share q of N games is sqrt(q (1 - q) / N); the check allows four. */
static void part_b(lesson *l)
{
    printf("\nwhere was it at time 5?             0      1      2      3   MASK\n");
    for (int k = 0; k < NOISES; k++) {
        discrete d = glyphs_tables(l, noises[k], T);
        arena room = l->memory;
        int v = d.masked ? MASK : 3;
        double seen[K + 1] = {0}, p[K] = {0.5, 0.3, 0.15, 0.05}, law[K + 1], games = 0;
        tensor x = tensor_new(&room, GAMES, 1, 1, d.masked ? K + 1 : K), y = tensor_like(&room, x);
        rng r = rng_torch(SEED);
        for (int i = 0; i < GAMES; i++)
            glyphs_put(x, i, (i % 20 + 1) / 11 + i % 20 / 16 + i % 20 / 19);
        glyphs_noise(&d, x, 0, 5, &r, room);
        tensor_copy(y, x);
        glyphs_noise(&d, x, 5, 10, &r, room);
        for (int i = 0; i < GAMES; i++) seen[discrete_set_at(y, i)] += discrete_set_at(x, i) == v;
        for (int j = 0; j <= MASK; j++) games += seen[j];
        for (int j = 0; j < K; j++) p[j] *= discrete_chance(&d, 0, 10, j, v); /* Bayes, lesson 05 */
        way_back(&d, law, p, 5, 10, v);
        printf("%-12s now %-4s  counted", noises[k], v == MASK ? "MASK" : "3");
        for (int j = 0; j <= MASK; j++) printf(" %6.3f", seen[j] / games);
        printf("\n%30s", "formula");
        for (int j = 0; j <= MASK; j++) printf(" %6.3f%s", law[j], j == MASK ? "\n" : "");
        for (int j = 0; j <= MASK; j++)
            lesson_expect(l, "games", seen[j] / games, law[j],
                          4 * sqrt(law[j] * (1 - law[j]) / games));
    }
}

/* c: a glyph into noise and back, and what the model believes on the way back, as mean greys. */
static void part_c(lesson *l)
{
    static const char *const rows[] = {"mask: in", "back", "guess", "uniform: in", "back", "guess"};
    image picture[6 * SHOWN] = {{0}};
    for (int k = 0; k < 2; k++) {
        discrete d = glyphs_tables(l, noises[k], T);
        discrete_set data = {&d, glyphs_make(l, d.masked ? K + 1 : K), NULL};
        tensor x0 = tensor_pictures(data.data, HEART, 1), x = tensor_like(&l->memory, x0);
        sampler s = glyphs_sampler(l, &sampler_vq_diffusion, &data, T, x, SEED);
        glyphs_film(l, s, x, x0, shown, SHOWN, picture + 3 * SHOWN * k);
        lesson_expect(l, "one of the eight", glyphs_which(x, 0, data.data) >= 0, 1, 0);
    }
    glyphs_strip(l, "21_glyphs", picture, rows, 6, shown, SHOWN);
}

/* d: what is drawn in one step is drawn place by place. Of words 00 and 11, equally common, two
 * blots lifted in one step make a broken one half of the time: one in 2 N of N steps. */
static void part_d(lesson *l)
{
    static const char *const tables[ROWS] = {"mask",         "mask", "uniform",
                                             "mask_uniform", "mask", "mask_cosine"};
    printf("\nshare broken, by steps      1    2    4   10   20   sun  moon heart  star  tree "
           "house  fish  face\n");
    for (int k = 0; k < ROWS; k++) {
        discrete d = glyphs_tables(l, tables[k], T);
        const sampler_kind *kind = k < 4 ? &sampler_vq_diffusion : &sampler_masked;
        int c = d.masked ? K + 1 : K, n = k ? DRAWS : WORDS;
        double broken[COUNTS];
        tensor data = k ? glyphs_make(l, c) : glyphs_words(l, c);
        tensor x = tensor_new(&l->memory, n, data.h, data.w, c);
        printf("%-12s %-12s", tables[k], k ? kind->name : "(words)");
        for (int j = 0; j < COUNTS; j++) {
            sampler s = glyphs_sampler(l, kind, &(discrete_set){&d, data, NULL}, steps[j], x, SEED);
            if (kind == &sampler_masked) s.options.temperature = HEAT;
            lesson_must(sampler_run(&s, x, l->memory));
            int seen[ICONS + 1] = {0};
            for (int i = 0; i < n; i++) seen[1 + glyphs_which(x, i, data)]++;
            broken[j] = seen[0] / (double)n;
            printf(" %4.2f", broken[j]);
            for (int g = 0; k && j == COUNTS - 1 && g < ICONS; g++) printf(" %5d", seen[g + 1]);
        }
        printf("\n");
        for (int j = 0; k == 0 && j < COUNTS; j++)
            lesson_expect(l, "broken", broken[j], 0.5 / steps[j], 4 * sqrt(0.5 / steps[j] / n));
    }
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l), part_b(&l);
    part_c(&l);
    part_d(&l);
    return lesson_end(&l);
}
