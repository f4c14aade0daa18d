#include "diffusion/sigmas_inside.h"
#include <math.h>
#include <string.h>

static const double SMALLEST = 1e-30, LARGEST = 1e30;

/* The range in sigma and in t: the wish, else the schedule's own. */
static error choose_range(const sigmas_rule *r, sigmas_plan *p)
{
    sigmas_options *o = &p->o;
    if (!p->s && (r->in == SIGMAS_TIME || o->sigma_min == 0 || o->sigma_max == 0))
        return error_make("needs a schedule%s",
                          r->in == SIGMAS_TIME ? "" : ", or sigma_min and sigma_max");
    double lowest = r->in == SIGMAS_RANGE ? SMALLEST : 0, highest = 1e6;
    if (p->s) {
        p->t_max = o->sigma_max != 0 ? schedule_t(p->s, o->sigma_max) : p->s->t_max;
        p->t_min = o->sigma_min != 0 ? schedule_t(p->s, o->sigma_min) : p->s->t_min;
        if (o->sigma_max == 0) o->sigma_max = schedule_sigma(p->s, p->s->t_max);
        if (o->sigma_min == 0) o->sigma_min = schedule_sigma(p->s, p->s->t_min);
    }
    if (r->in == SIGMAS_TIME) { /* a little room, for sizes that were printed and read again */
        lowest = schedule_sigma(p->s, p->s->t_min) * (1 - 1e-6);
        highest = schedule_sigma(p->s, p->s->t_max) * (1 + 1e-6);
    }
    if (!(lowest <= o->sigma_min && o->sigma_min <= o->sigma_max && o->sigma_max <= highest))
        return error_make("needs %g <= sigma_min < sigma_max <= %g, but has %g and %g", lowest,
                          highest, o->sigma_min, o->sigma_max);
    if (!(o->rho == 0 || (o->rho >= 0.02 && o->rho <= 1000))) /* 1e6^(1/0.02) is still a double */
        return error_make("rho must be from 0.02 to 1000, but is %g", o->rho);
    return NULL;
}

/* Size i of 0 .. n. Where the rule speaks of times, *t becomes the time. */
static double size_at(const sigmas_rule *r, const sigmas_plan *p, int i, double *t)
{
    bool last = i == p->n, own = p->o.end_at_min && r->in != SIGMAS_TRAINED;
    if (last && !own) return p->o.end_at_min ? schedule_sigma(p->s, p->s->t_min) : 0;
    double x = r->at(p, i);
    if (r->in == SIGMAS_TIME || r->in == SIGMAS_TRAINED) return schedule_sigma(p->s, *t = x);
    if (r->in == SIGMAS_RANGE && i == 0) return p->o.sigma_max;
    return r->in == SIGMAS_RANGE && i == p->nodes - 1 ? p->o.sigma_min : x;
}

/* How many steps, fewer than p.n, the list can make: by halving, 0 where it finds none. */
static int possible(const sigmas_rule *r, sigmas_plan p)
{
    int ends = p.nodes - p.n, most = 0, more = p.n;
    while (more - most > 1) {
        p.n = most + (more - most) / 2, p.nodes = p.n + ends;
        double t, now, before = HUGE_VAL;
        int i = 0;
        while (i <= p.n && (now = size_at(r, &p, i, &t)) < before &&
               (now >= SMALLEST || (now == 0 && i == p.n)))
            before = now, i++;
        *(i > p.n ? &most : &more) = p.n;
    }
    return most;
}

/* The last size above 0. */
static int last_place(const sigmas_plan *p)
{
    return p->o.end_at_min ? p->n : p->n - 1;
}

/* Lugmayr, Danelljan, Romero, Yu, Timofte, Van Gool 2022, arXiv:2201.09865, appendix B: jumps of j
 * steps back, until each stretch of j steps has been walked r times. */
static error begin_jump(sigmas_plan *p)
{
    int j = p->o.jump, r = p->o.visits = p->o.visits != 0 ? p->o.visits : 10;
    double steps = j > 0 && r > 0 ? p->n + 2.0 * j * (last_place(p) / j) * (r - 1) : HUGE_VAL;
    if (steps > SIGMAS_MOST)
        return error_make("jumps of %d steps, %d visits: not 1 to %d steps in all", j, r,
                          SIGMAS_MOST);
    p->steps = (int)steps;
    return NULL;
}

static error begin(const sigmas_rule *r, sigmas_plan *p)
{
    bool trained = r->in == SIGMAS_TRAINED, ranged = !trained && r->in != SIGMAS_TABLE;
    if (p->n < 1 || p->n > SIGMAS_MOST)
        return error_make("%d steps cannot be walked: choose 1 to %d", p->n, SIGMAS_MOST);
    p->nodes = p->n + (r->more || (p->o.end_at_min && !trained));
    if (trained && (!p->s || p->s->kind != SCHEDULE_TABLE))
        return error_make("picks trained times, so it needs a schedule with a table");
    if (!ranged && (p->o.sigma_min != 0 || p->o.sigma_max != 0))
        return error_make("picks %s: sigma_min and sigma_max cannot be chosen",
                          trained ? "trained times" : "sizes from a table");
    error wrong = r->begin ? r->begin(p) : NULL;
    if (!wrong && trained && p->n > p->s->T)
        return error_make("picks from %d trained times: ask for at most %d steps, not %d", p->s->T,
                          possible(r, *p), p->n);
    if (!wrong && !r->rise && p->o.jump != 0) wrong = begin_jump(p);
    return wrong || !ranged ? wrong : choose_range(r, p);
}

/* From every j-th place, counted from the last: up j places and down again, r - 1 times. The list
 * that falls stands at the end of `at`: what is written never overtakes what is yet to be read. */
static void jump(const sigmas_plan *p, const double *falling, double *at)
{
    int j = p->o.jump, again = 2 * j * (p->o.visits - 1), last = last_place(p);
    for (int i = 0; i <= p->n; i++)
        for (int m = 0; m <= (i >= j && i <= last && (last - i) % j == 0 ? again : 0); m++)
            *at++ = falling[i - (m % (2 * j) < j ? m % (2 * j) : 2 * j - m % (2 * j))];
}

error sigmas_make(const char *name, int n, const schedule *s, sigmas_options options, arena *keep,
                  sigmas *out)
{
    const sigmas_rule *r = sigmas_rules;
    for (int k = 0; strcmp(r->name, name) != 0; r++)
        if (!sigmas_names[++k]) return error_unknown("list of sigmas", name, sigmas_names);
    sigmas_plan p = {.s = s, .o = options, .steps = n, .n = n, .row = r->row};
    error wrong = begin(r, &p);
    if (wrong) return error_make("%s: %s", name, wrong);

    size_t bytes = ((size_t)p.steps + 1) * sizeof(double);
    arena a = *keep;
    if (arena_left(a) < 2 * bytes + 512) return error_make("no memory for %d steps", p.steps);
    sigmas walk = {p.steps, arena_take(&a, bytes), s ? arena_take(&a, bytes) : NULL};
    sigmas falls = {p.n, walk.at + (p.steps - p.n), s ? walk.t + (p.steps - p.n) : NULL};
    for (int i = 0; i <= p.n; i++) {
        double t = nan("");
        falls.at[i] = size_at(r, &p, i, &t);
        if (s && i < p.n) falls.t[i] = isnan(t) || s != p.s ? schedule_t(s, falls.at[i]) : t;
    }
    wrong = sigmas_check(falls);
    for (int i = 0; !wrong && i < p.n; i++) /* rounding turns a narrow range around */
        if (!(falls.at[i] > falls.at[i + 1]))
            wrong = error_make("sizes %d and %d, %.9g and %.9g, do not fall: take fewer steps or "
                               "a wider range",
                               i, i + 1, falls.at[i], falls.at[i + 1]);
    if (wrong) return error_make("%s: %s; steps possible here: %d", name, wrong, possible(r, p));
    if (p.steps > p.n) (r->rise ? r->rise : jump)(&p, falls.at, walk.at);
    for (int i = 0; s && p.steps > p.n && i < p.steps; i++) walk.t[i] = schedule_t(s, walk.at[i]);
    *keep = a, *out = walk;
    return NULL;
}

error sigmas_check(sigmas walk)
{
    if (walk.n < 1) return error_make("a walk of %d steps: it needs at least 1", walk.n);
    for (int i = 0; i <= walk.n; i++) {
        double size = walk.at[i];
        if (!(size == 0 || (size >= SMALLEST && size <= LARGEST)))
            return error_make("size %d of %d is %g: sizes are 0 or from %g to %g", i, walk.n, size,
                              SMALLEST, LARGEST);
        if (i > 0 && size == walk.at[i - 1])
            return error_make("sizes %d and %d are both %g: take fewer steps or a wider range",
                              i - 1, i, size);
    }
    return NULL;
}
