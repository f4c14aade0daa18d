/** @file order.h
 *  Measuring an order of convergence: two models whose solution is known, walks, and the error
 *  where a walk ends. For the tests and for the page of samplers.
 */
#ifndef TESTS_ORDER_H
#define TESTS_ORDER_H
#include "base/error.h"
#include "diffusion/exact.h"
#include "toy.h"

/** Where the walks begin and end. */
static const double HIGH = 10, LOW = 0.01;

/** A rule that looks at earlier slopes has to begin without them, with Euler's step: its error
 * h^2 is made once and stays. So that what follows can be measured, the first steps are shorter
 * here: h^2 and h^(4/3) in place of h, which leaves h^4 of each rule on the way to order 4. */
static inline sigmas gentle_walk(arena *keep, int n)
{
    sigmas walk = toy_walk(keep, n, HIGH, LOW, false);
    double a = pow(HIGH, 1 / 7.0), b = pow(LOW, 1 / 7.0), h = 1.0 / n;
    for (int i = 1; i < n; i++) {
        double first = h * h, second = first + pow(h, 4 / 3.0);
        double u = i == 1 ? first : second + (1 - second) * (i - 2) / (n - 2);
        walk.at[i] = pow(a + (b - a) * u, 7);
    }
    return walk;
}

/** Where flows begin: at 1 lambda = ln(alpha / sigma) is minus infinite, and rules that take it for
 * their clock have steps there that do not get small (double_dpm.c measures what that costs). */
static const double FLOW_HIGH = 0.9, FLOW_LOW = 0.05;

/** The same list between these. */
static inline sigmas flow_walk(arena *keep, int n)
{
    sigmas walk = gentle_walk(keep, n);
    double a = pow(HIGH, 1 / 7.0), b = pow(LOW, 1 / 7.0);
    for (int i = 0; i <= n; i++)
        walk.at[i] = FLOW_HIGH - (FLOW_HIGH - FLOW_LOW) * (a - pow(walk.at[i], 1 / 7.0)) / (a - b);
    return walk;
}

/* ---- The two models ---- */

static const double bell_width[] = {0.5}, bump_width[] = {0.3, 0.5}, bump_weight[] = {0.3, 0.7};
static real bell_centre[] = {1}, bump_centre[] = {-2, 1.5};
static const exact_mixture bell = {.centre = {bell_centre, 1, 1, 1, 1}, .width = bell_width};
static const exact_mixture bell_in_flow = {
    .centre = {bell_centre, 1, 1, 1, 1}, .width = bell_width, .flow = true};
static const exact_mixture bumps = {
    .centre = {bump_centre, 2, 1, 1, 1}, .width = bump_width, .weight = bump_weight};

/** Starting points at both sides of the ridge between the two bumps. */
static inline tensor starts(arena *keep, double high)
{
    tensor x = tensor_new(keep, 8, 1, 1, 1);
    for (int i = 0; i < 8; i++) x.data[i] = (real)((i - 3.5) * high / 2.5 + 1);
    return x;
}

/** Kutta 1901: dx / d ln sigma = x - D, in many small steps. */
static inline void kutta(const exact_mixture *m, tensor x, int steps, arena scratch)
{
    denoiser d = exact_denoiser(m);
    tensor k[4], y = tensor_like(&scratch, x);
    answer guess = denoiser_room(d, &scratch, x);
    for (int j = 0; j < 4; j++) k[j] = tensor_like(&scratch, x);
    const double h = log(LOW / HIGH) / steps, at[] = {0, 0.5, 0.5, 1}, share[] = {1, 2, 2, 1};
    for (int i = 0; i < steps; i++) {
        for (int j = 0; j < 4; j++) {
            tensor_copy(y, x);
            if (j > 0) tensor_add_scaled(y, at[j] * h, k[j - 1]);
            denoiser_ask(d, guess, y, HIGH * exp((i + at[j]) * h), scratch);
            tensor_mix(k[j], 1, y, -1, guess.x0);
        }
        for (int j = 0; j < 4; j++) tensor_add_scaled(x, h * share[j] / 6, k[j]);
    }
}

/* ---- Measuring ---- */

/** A model, the list to walk, from where, and where the ODE takes that. */
typedef struct {
    const exact_mixture *model;
    sigmas (*walk)(arena *keep, int n);
    tensor start, truth;
    schedule trained; /**< for the kinds that ask for t or beta */
} course;

/** A course; the truth is a formula where the model is one bell, else Kutta's. */
static inline course course_make(const exact_mixture *m, arena *keep)
{
    double high = m->flow ? FLOW_HIGH : HIGH;
    course c = {.model = m, .walk = m->flow ? flow_walk : gentle_walk};
    c.start = starts(keep, high), c.truth = starts(keep, high);
    if (m->centre.n == 1)
        toy_follow(m, c.truth, high, m->flow ? FLOW_LOW : LOW);
    else
        kutta(m, c.truth, 20000, *keep);
    PROMISE(!schedule_make("scaled_linear", (schedule_options){0}, keep, &c.trained), "a schedule");
    return c;
}

/** How far a walk of n steps ends from the truth, without fresh noise; options as the kind has
 * them, but for its order (0: the usual), kept to the end. NaN when it cannot be walked. */
static inline double error_of(const course *c, const sampler_kind *kind, int order, int n, arena a)
{
    tensor x = tensor_like(&a, c->start);
    tensor_copy(x, c->start);
    sampler s =
        sampler_make(kind, exact_denoiser(c->model), c->walk(&a, n), noise_fresh(rng_torch(1)));
    s.options.order = order;
    if (kind->takes & SAMPLER_ETA) s.options.eta = 0;
    s.options.keep_order = kind->takes & SAMPLER_KEEP_ORDER;
    s.schedule = &c->trained;
    return sampler_run(&s, x, a) ? (double)NAN : tensor_distance(x, c->truth);
}

/** The order measured with n steps and half as many. Twice the steps, half the error: 1; a quarter:
 * 2. Within 0.053 of the truth was seen with 1280 or 2560: what is left of the next order. */
static inline double measured_order(const course *c, const sampler_kind *kind, int order, int n,
                                    arena scratch)
{
    n -= n % 12; /* blocks of two and of three steps fill both walks */
    return log2(error_of(c, kind, order, n / 2, scratch) / error_of(c, kind, order, n, scratch));
}

#endif
