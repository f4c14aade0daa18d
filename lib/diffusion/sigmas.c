#include "diffusion/sigmas.h"
#include <math.h>
#include <string.h>

/* What a rule may look at. There are n + 1 sizes in all, and `nodes` of them are the rule's own: n
 * where a 0 (or, after trained times, the smallest size) is put at the end, n + 1 where the rule
 * goes all the way. */
typedef struct {
    const schedule *s;   /* may be NULL for rules in SIGMA */
    sigmas_options o;    /* sigma_min and sigma_max are filled in after `begin` */
    int n, nodes;        /* nodes >= 1 */
    double t_max, t_min; /* rules in TIME: the times of sigma_max and sigma_min */
    schedule own;        /* for a rule that brings its schedule along */
} plan;

/* What a rule's numbers are: a size, a time, or one of the trained times 0 .. T-1. */
typedef enum { SIGMA, TIME, TRAINED } space;

typedef struct {
    const char *name;
    space in;
    error (*begin)(plan *p); /* NULL, or: refuse the wish or set the rule's own range */
    double (*at)(const plan *p, int i);
} rule;

/* Number i of `nodes` from high down to low, both ends exact. */
static double down(const plan *p, int i, double high, double low)
{
    if (i == 0) return high;
    return low + (p->nodes - 1 - i) * ((high - low) / (p->nodes - 1));
}

/* ---- Adding a list: its rule here, its name in the list below ---- */

/* Karras, Aittala, Aila, Laine 2022, arXiv:2206.00364, eq. 5: even steps in sigma^(1/rho). */
static double karras(const plan *p, int i)
{
    double rho = p->o.rho != 0 ? p->o.rho : 7;
    return pow(down(p, i, pow(p->o.sigma_max, 1 / rho), pow(p->o.sigma_min, 1 / rho)), rho);
}

/* The same paper's own range, table 1. */
static error edm_begin(plan *p)
{
    if (p->o.sigma_min == 0) p->o.sigma_min = 0.002;
    if (p->o.sigma_max == 0) p->o.sigma_max = 80;
    return NULL;
}

/* Crowson's k-diffusion: log sigma falls from its highest to its lowest as r^rho, r from 1 to 0. */
static double polyexponential(const plan *p, int i)
{
    double low = log(p->o.sigma_min), r = down(p, i, 1, 0);
    return exp(low + pow(r, p->o.rho != 0 ? p->o.rho : 1) * (log(p->o.sigma_max) - low));
}

/* The same with rho = 1: each size is the same part of the one before. */
static double exponential(const plan *p, int i)
{
    return exp(down(p, i, log(p->o.sigma_max), log(p->o.sigma_min)));
}

/* Even steps in t, fractional: diffusers' "linspace" of the classes that work in sigma, and what
 * web UIs call "normal". diffusers rounds these times to float32; its list of one time is t = 0,
 * from where there is nothing to sample: ours is t_max. */
static double linspace(const plan *p, int i)
{
    double t = down(p, i, p->t_max, p->t_min);
    return p->s->manner == SCHEDULE_DIFFUSERS ? (double)(float)t : t;
}

/* Song et al. 2021, arXiv:2011.13456, on their continuous schedule, whatever the network's own. */
static error vp_begin(plan *p)
{
    if (p->s && p->s->kind == SCHEDULE_VP) return NULL;
    p->s = &p->own;
    return schedule_make("vp", (schedule_options){0}, NULL, &p->own);
}

/* Stability AI's generative-models: n + 1 even steps in t without the last. */
static double sgm_uniform(const plan *p, int i)
{
    plan one_more = *p;
    one_more.nodes = p->n + 1;
    return linspace(&one_more, i);
}

/* Rectified flow (Liu 2022, arXiv:2209.03003), as the references walk it: down to t = 1/1000. The
 * schedule's shift bends it (diffusers bends the last one twice). */
static error flow_begin(plan *p)
{
    if (!p->s || p->s->kind != SCHEDULE_FLOW) return error_make("flow: needs a flow schedule");
    if (p->o.sigma_min == 0) p->o.sigma_min = schedule_sigma(p->s, 1e-3);
    return NULL;
}

/* Lin, Liu, Li, Yang 2023, arXiv:2305.08891, table 2: every (T / n)-th time from the start. */
static double leading(const plan *p, int i)
{
    return (p->n - 1 - i) * (p->s->T / p->n) + p->o.offset;
}

static error leading_begin(plan *p)
{
    int last = p->s->T - 1, room = last - (p->n - 1) * (p->s->T / p->n);
    if (p->o.offset >= 0 && p->o.offset <= room) return NULL;
    return error_make("leading: offset %d takes %d steps out of the times 0 to %d: choose 0 to %d",
                      p->o.offset, p->n, last, room);
}

/* The same table: from the last time down, round(T - i T / n) - 1. The step is numpy's, the
 * distance of its first two numbers, so that exact halves fall to the side where they fall in
 * diffusers. (There 62 of the n up to 1000 get one time too many, -1.) */
static double trailing(const plan *p, int i)
{
    double T = p->s->T, step = T - (T - T / p->n);
    return rint(T - i * step) - 1;
}

/* ComfyUI: the same, rounded the other way: T - 1 - floor(i T / n). */
static double simple(const plan *p, int i)
{
    return p->s->T - 1 - (int)((long long)i * p->s->T / p->n);
}

/* CompVis and ComfyUI: every (T / n)-th time from t = 1, as many as there are. */
static double ddim_uniform(const plan *p, int i)
{
    return 1 + (p->n - 1 - i) * (p->s->T / p->n);
}

static int ddim_count(int T, int n)
{
    return (T - 2) / (T / n) + 1;
}

static error ddim_uniform_begin(plan *p)
{
    int T = p->s->T;
    if (T < 2 || ddim_count(T, p->n) == p->n) return NULL;
    int fewer = p->n, more = p->n < T ? p->n : T - 1;
    while (fewer > 1 && ddim_count(T, fewer) != fewer) fewer--;
    while (more < T - 1 && ddim_count(T, more) != more) more++; /* may be `fewer` again */
    return error_make("ddim_uniform: a stride of %d through %d times makes %d steps, not %d; "
                      "possible: %d or %d",
                      T / p->n, T, ddim_count(T, p->n), p->n, fewer, more);
}

/* name, what its numbers are, begin, rule */
#define RULES(X)                                       \
    X("karras", SIGMA, NULL, karras)                   \
    X("exponential", SIGMA, NULL, exponential)         \
    X("polyexponential", SIGMA, NULL, polyexponential) \
    X("vp", TIME, vp_begin, linspace)                  \
    X("edm", SIGMA, edm_begin, karras)                 \
    X("linspace", TIME, NULL, linspace)                \
    X("normal", TIME, NULL, linspace)                  \
    X("sgm_uniform", TIME, NULL, sgm_uniform)          \
    X("flow", TIME, flow_begin, linspace)              \
    X("leading", TRAINED, leading_begin, leading)      \
    X("trailing", TRAINED, NULL, trailing)             \
    X("simple", TRAINED, NULL, simple)                 \
    X("ddim_uniform", TRAINED, ddim_uniform_begin, ddim_uniform)

#define RULE(...)       {__VA_ARGS__},
#define NAME(name, ...) name,
static const rule rules[] = {RULES(RULE)};
const char *const sigmas_names[] = {RULES(NAME) NULL};

/* ---- Making one ---- */

static error begin_trained(const rule *r, const plan *p)
{
    if (!p->s || p->s->kind != SCHEDULE_TABLE)
        return error_make("%s: picks trained times, so it needs a schedule with a table", r->name);
    if (p->o.sigma_min != 0 || p->o.sigma_max != 0)
        return error_make("%s: picks trained times: sigma_min and sigma_max cannot be chosen",
                          r->name);
    if (p->n > p->s->T)
        return error_make("%s: picks from %d trained times: ask for at most %d steps, not %d",
                          r->name, p->s->T, p->s->T, p->n);
    return NULL;
}

/* The range in sigma and in t: the wish, else the schedule's own. */
static error choose_range(const rule *r, plan *p)
{
    sigmas_options *o = &p->o;
    if (!p->s && (r->in == TIME || o->sigma_min == 0 || o->sigma_max == 0))
        return error_make("%s: needs a schedule%s", r->name,
                          r->in == TIME ? "" : ", or sigma_min and sigma_max");
    double lowest = 0, highest = 1e6;
    if (p->s) {
        p->t_max = o->sigma_max != 0 ? schedule_t(p->s, o->sigma_max) : p->s->t_max;
        p->t_min = o->sigma_min != 0 ? schedule_t(p->s, o->sigma_min) : p->s->t_min;
        if (o->sigma_max == 0) o->sigma_max = schedule_sigma(p->s, p->s->t_max);
        if (o->sigma_min == 0) o->sigma_min = schedule_sigma(p->s, p->s->t_min);
    }
    if (r->in == TIME) { /* a little room, for sizes that were printed and read again */
        lowest = schedule_sigma(p->s, p->s->t_min) * (1 - 1e-6);
        highest = schedule_sigma(p->s, p->s->t_max) * (1 + 1e-6);
    }
    bool above = o->sigma_min > 0 || r->in == TIME;
    if (!(above && lowest <= o->sigma_min && o->sigma_min <= o->sigma_max &&
          o->sigma_max <= highest))
        return error_make("%s: needs %g %s sigma_min < sigma_max <= %g, but has %g and %g", r->name,
                          lowest, r->in == TIME ? "<=" : "<", highest, o->sigma_min, o->sigma_max);
    if (!(o->rho >= 0 && o->rho <= 1000))
        return error_make("%s: rho must be above 0 and at most 1000, but is %g", r->name, o->rho);
    return NULL;
}

static error begin(const rule *r, plan *p)
{
    if (p->n < 1 || p->n > SIGMAS_MOST)
        return error_make("%d steps cannot be walked: choose 1 to %d", p->n, SIGMAS_MOST);
    error wrong = r->in == TRAINED ? begin_trained(r, p) : NULL;
    if (!wrong && r->begin) wrong = r->begin(p);
    if (!wrong && r->in != TRAINED) wrong = choose_range(r, p);
    return wrong;
}

/* Fill in size i and, where there is room for it, its time on the caller's schedule s. */
static void fill(const rule *r, const plan *p, const schedule *s, sigmas *walk, int i)
{
    double x = r->at(p, i);
    if (r->in == SIGMA) x = i == 0 ? p->o.sigma_max : i == p->nodes - 1 ? p->o.sigma_min : x;
    walk->at[i] = r->in == SIGMA ? x : schedule_sigma(p->s, x);
    if (!s || i == walk->n) return;
    walk->t[i] = r->in == SIGMA || s != p->s ? schedule_t(s, walk->at[i]) : x;
}

error sigmas_make(const char *name, int n, const schedule *s, sigmas_options options, arena *keep,
                  sigmas *out)
{
    const rule *r = rules;
    while (strcmp(r->name, name) != 0)
        if (++r == rules + sizeof rules / sizeof *rules)
            return error_unknown("list of sigmas", name, sigmas_names);
    plan p = {.s = s, .o = options, .n = n};
    p.nodes = n + (options.end_at_min && r->in != TRAINED);
    error wrong = begin(r, &p);
    if (wrong) return wrong;

    size_t bytes = ((size_t)n + 1) * sizeof(double);
    arena a = *keep;
    if (arena_left(a) < 2 * bytes + 512) return error_make("no memory for %d steps", n);
    sigmas walk = {n, arena_take(&a, bytes), s ? arena_take(&a, bytes) : NULL};
    for (int i = 0; i < p.nodes; i++) fill(r, &p, s, &walk, i);
    if (p.nodes == n) walk.at[n] = options.end_at_min ? schedule_sigma(s, s->t_min) : 0;
    wrong = sigmas_check(walk);
    if (wrong) return error_make("%s: %s", name, wrong);
    for (int i = 0; i < n; i++) /* rounding turns a narrow range around */
        if (!(walk.at[i] > walk.at[i + 1]))
            return error_make(
                "%s: sizes %d and %d, %.9g and %.9g, do not fall: take fewer steps or "
                "a wider range",
                name, i, i + 1, walk.at[i], walk.at[i + 1]);
    *keep = a, *out = walk;
    return NULL;
}

error sigmas_check(sigmas walk)
{
    if (walk.n < 1) return error_make("a walk of %d steps: it needs at least 1", walk.n);
    for (int i = 0; i <= walk.n; i++) {
        double size = walk.at[i];
        if (!(size == 0 || (size >= 1e-30 && size <= 1e30)))
            return error_make("size %d of %d is %g: sizes are 0 or from 1e-30 to 1e30", i, walk.n,
                              size);
        if (size == 0 && i < walk.n)
            return error_make("size %d of %d is 0, but only the last may be: end higher up", i,
                              walk.n);
        if (i > 0 && size == walk.at[i - 1])
            return error_make("sizes %d and %d are both %g: take fewer steps or a wider range",
                              i - 1, i, size);
    }
    return NULL;
}
