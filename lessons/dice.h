/* dice.h: what samplers with dice do to a crowd on the bell of lesson 10 (bell.h), for lessons
 * after it: how wide it comes out, exactly and without a throw, and whether more steps settle.
 *
 *     exact_mixture m = bell_mixture(&l.memory);
 *     sampler s = dice_sampler(&sampler_euler_ancestral, &m);
 *     dice_spread(&l, s, 20, 10);          0.4228; 0.5 would be right
 */
#ifndef DICE_H
#define DICE_H
#include "bell.h"
#include "diffusion/sampler.h"

/* A sampler for the bell m, before it gets a list and dice. */
static inline sampler dice_sampler(const sampler_kind *kind, const exact_mixture *m)
{
    return sampler_make(kind, exact_denoiser(m), (sigmas){0}, (noise){0});
}

/* Dice for dice_spread(): the sizes between which a sampler draws, and one piece of its noise. */
enum { DICE_SIZES = 2048 };
typedef struct {
    bool path; /* pieces of one Brownian path; else each draw on its own */
    int n;
    double at[DICE_SIZES];
} dice_notes;

static inline void dice_listen(void *self, tensor z, int draw, double from, double to)
{
    dice_notes *dice = self;
    tensor_fill(z, 0);
    if (2 * draw + 2 > DICE_SIZES || 2 * draw + 4 > z.n)
        lesson_must("dice_spread: more than three draws in a step, or too many steps");
    dice->n = 2 * draw + 2, dice->at[2 * draw] = from, dice->at[2 * draw + 1] = to;
}

/* Picture 2 + i gets piece i alone, the others nothing. A draw over several pieces of the path is
 * their sum, as if each had been drawn on its own. */
static inline void dice_pluck(void *self, tensor z, int draw, double from, double to)
{
    const dice_notes *dice = self;
    tensor_fill(z, 0);
    if (!dice->path) z.data[2 + draw] = 1;
    for (int i = 0; dice->path && i + 1 < dice->n; i++) {
        double low = dice->at[i], high = dice->at[i + 1];
        if (low >= to && high <= from) z.data[2 + i] = (real)sqrt((high - low) / (from - to));
    }
}

static inline int dice_rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The standard deviation of what comes out of a walk down bell_walk() that begins with
 * noise of size `begin` around 1, exactly. On one bell a rule only adds and scales. So an end is
 * A start + sum_i B_i z_i, and its variance A^2 begin^2 + sum_i B_i^2. Picture 0 begins at 1 and
 * has no noise; picture 1 begins at 1 + begin and ends A begin beside picture 0; each other picture
 * has one piece of noise alone, and ends B_i beside it: a string that is plucked alone. */
static inline double dice_spread(lesson *l, sampler s, int steps, double begin)
{
    static dice_notes dice;
    s.walk = bell_walk(l, steps);
    arena scratch = l->memory;
    double variance = 0;
    tensor x = tensor_new(&scratch, 2 + 6 * steps, 1, 1, 1);
    dice.n = 0, dice.path = s.kind->stochastic;
    for (int j = 0; j < 2; j++) {
        sampler walker = s;
        walker.noise = noise_given(j ? dice_pluck : dice_listen, &dice);
        tensor_fill(x, 1), x.data[1] += (real)begin;
        lesson_must(sampler_run(&walker, x, scratch));
        qsort(dice.at, (size_t)dice.n, sizeof *dice.at, dice_rising);
    }
    for (int k = 1; k < x.n; k++) variance += pow((double)(x.data[k] - x.data[0]), 2);
    return sqrt(variance);
}

/* What NumPy found for it, with dice, in 5, 10, 20 and 40 steps of two samplers: right to 0.005.
 * And rules of higher order, with dice from one path, are nearly there in 40. */
static inline void dice_check(lesson *l, const sampler *s, double begin, const double *spread)
{
    static const double known[2][4] = {{0.359, 0.421, 0.457, 0.478}, {0.293, 0.368, 0.425, 0.454}};
    bool euler = s->kind == &sampler_euler, ancestral = s->kind == &sampler_euler_ancestral;
    if (s->kind->stochastic && s->kind->order > 1) /* the largest seen is 0.0046 */
        lesson_expect(l, "higher order, 40 steps", spread[3], 0.5, 0.006);
    if (begin != 10 || s->options.churn > 0 || s->options.correct) return;
    for (int k = 0; (euler || ancestral) && k < 4; k++)
        lesson_expect(l, "as NumPy", spread[k], known[ancestral][k], 0.005);
}

/* For such spreads against calls. */
static inline plot dice_chart(const char *title)
{
    plot chart = {.title = title, .x = {.label = "calls of the denoiser", .log = true}};
    chart.y = (plot_axis){.label = "spread at the end", .low = 0.15, .high = 0.75};
    plot_horizontal(&chart, 0.5, "right");
    return chart;
}

enum { DICE_PEOPLE = 8 };

/* How far people, who begin in noise of size 10, end from where they end in half the steps; ends:
 * [DICE_PEOPLE, 1, 1, 1], filled with where they do. */
static inline double dice_moved(lesson *l, sampler s, noise dice, int steps, tensor ends)
{
    tensor half = tensor_like(&l->memory, ends), x[2] = {half, ends};
    for (int j = 0; j < 2; j++) {
        rng r = rng_torch(1);
        rng_normal(&r, x[j], l->memory), tensor_scale(x[j], 10, x[j]);
        s.walk = bell_walk(l, steps / (2 - j)), s.noise = dice;
        sampler walker = s;
        lesson_must(sampler_run(&walker, x[j], l->memory));
    }
    return tensor_distance(half, ends);
}

/* Ends a row of a table: of a stochastic kind that began in noise of size 10, prints that for new
 * dice and for one Brownian path, and how far from Euler a's ends on this path they end. */
static inline void dice_settles(lesson *l, sampler s, double begin, uint64_t seed, int steps)
{
    bool shown = s.kind->stochastic && begin == 10;
    tensor x = tensor_new(&l->memory, DICE_PEOPLE, 1, 1, 1), other = tensor_like(&l->memory, x);
    sampler a = sampler_make(&sampler_euler_ancestral, s.model, s.walk, s.noise);
    double anew = shown ? dice_moved(l, s, noise_fresh(rng_torch(seed)), steps, x) : 1;
    double path = shown ? dice_moved(l, s, noise_brownian(seed, 10), steps, x) : 0;
    if (shown) dice_moved(l, a, noise_brownian(seed, 10), steps, other);
    if (shown) printf(" %7.3f %7.3f %7.3f", anew, path, tensor_distance(x, other));
    printf("\n");
    if (shown) lesson_expect(l, "moved, on one path of on new dice", path / anew, 0, 0.2);
}

#endif
