/* What makes each list of sigmas: number i of those that are the rule's own. */
#include "base/quantile.h"
#include "diffusion/sigmas_inside.h"
#include <math.h>

/* Number i of `nodes` from high down to low, both ends exact. */
static double down(const sigmas_plan *p, int i, double high, double low)
{
    if (i == 0) return high;
    return low + (p->nodes - 1 - i) * ((high - low) / (p->nodes - 1));
}

/* ---- Adding a list: its rule here, its name in the list at the end ---- */

/* Karras, Aittala, Aila, Laine 2022, arXiv:2206.00364, eq. 5: even steps in sigma^(1/rho). */
static double karras(const sigmas_plan *p, int i)
{
    double rho = p->o.rho != 0 ? p->o.rho : 7;
    return pow(down(p, i, pow(p->o.sigma_max, 1 / rho), pow(p->o.sigma_min, 1 / rho)), rho);
}

/* The same paper's own range, table 1. */
static error edm_begin(sigmas_plan *p)
{
    if (p->o.sigma_min == 0) p->o.sigma_min = 0.002;
    if (p->o.sigma_max == 0) p->o.sigma_max = 80;
    return NULL;
}

/* Xu, Deng, Cheng, Tian, Liu, Jaakkola 2023, arXiv:2306.14878, Algorithm 1, with A1111's numbers:
 * o.visits ways back down, of o.jump steps each, are taken out of n. */
static error restart_begin(sigmas_plan *p)
{
    p->o.visits = p->n >= 36 ? 2 : p->n >= 20, p->o.jump = p->n >= 36 ? p->n / 4 : 9;
    p->steps += p->o.visits;
    p->n -= p->o.visits * p->o.jump, p->nodes -= p->o.visits * p->o.jump;
    return NULL;
}

/* On reaching the size nearest to 0.1, up to the one nearest to 2 and down again, evenly in
 * sigma^(1/rho). */
static void restart(const sigmas_plan *p, const double *falling, double *at)
{
    int low = 1, high = 0;
    for (int i = low; i <= p->n; i++)
        if (fabs(falling[i] - 0.1) < fabs(falling[low] - 0.1)) low = i;
    for (int i = high; i < low; i++)
        if (fabs(falling[i] - 2) < fabs(falling[high] - 2)) high = i;
    sigmas_plan back = *p;
    back.nodes = p->o.jump + 1, back.o.sigma_max = falling[high], back.o.sigma_min = falling[low];
    for (int i = 0; i <= p->n; i++) {
        *at++ = falling[i];
        for (int k = 0; i == low && k < p->o.visits * back.nodes; k++)
            *at++ = karras(&back, k % back.nodes);
    }
}

/* Crowson's k-diffusion: log sigma falls from its highest to its lowest as r^rho, r from 1 to 0. */
static double polyexponential(const sigmas_plan *p, int i)
{
    double low = log(p->o.sigma_min), r = down(p, i, 1, 0);
    return exp(low + pow(r, p->o.rho != 0 ? p->o.rho : 1) * (log(p->o.sigma_max) - low));
}

/* The same with rho = 1: each size is the same part of the one before. */
static double exponential(const sigmas_plan *p, int i)
{
    return exp(down(p, i, log(p->o.sigma_max), log(p->o.sigma_min)));
}

/* Lu et al. 2022, arXiv:2206.00927, "DPM-Solver-fast": blocks of three calls at most,
 * all equally long in log sigma, and even steps in each. The last block has the one or two calls
 * that are left over; where none is, the last three are a block of two and one of one (unless a 0
 * follows, which is a block of its own). */
static double dpm_fast(const sigmas_plan *p, int i)
{
    int calls = p->nodes - 1, left = calls - i, in_block = calls - i / 3 * 3;
    bool split = calls % 3 == 0 && p->o.end_at_min;
    double blocks = calls / 3 + (split || calls % 3 != 0);
    double u = i / 3 + (double)(i % 3) / (in_block == 1 || in_block == 2 ? in_block : 3);
    if (split && left < 3) u = blocks - (left == 2 ? 1.5 : left);
    return p->o.sigma_max * pow(p->o.sigma_min / p->o.sigma_max, u / blocks);
}

/* Lee, Lee, Gye, Kim 2024, arXiv:2407.12173: where the Beta distribution has its share p below it.
 * With the usual a = b = 0.6 the steps are small at both ends. */
static double beta_below(const sigmas_plan *p, double share)
{
    return quantile_beta(share, p->o.a != 0 ? p->o.a : 0.6, p->o.b != 0 ? p->o.b : 0.6);
}

static error beta_begin(sigmas_plan *p)
{
    double a = p->o.a, b = p->o.b;
    if ((a == 0 || (a >= 0.01 && a <= 50)) && (b == 0 || (b >= 0.01 && b <= 50))) return NULL;
    return error_make("a and b must be from 0.01 to 50, but are %g and %g", a, b);
}

/* As diffusers and A1111 read that paper: the distribution of the sizes. */
static double beta_sigmas(const sigmas_plan *p, int i)
{
    return p->o.sigma_min + (p->o.sigma_max - p->o.sigma_min) * beta_below(p, down(p, i, 1, 0));
}

/* Sabour, Fidler, Kreis 2024, arXiv:2404.14507, Theorem 3.1: even steps in atan sigma. */
static double kl_optimal(const sigmas_plan *p, int i)
{
    return tan(down(p, i, atan(p->o.sigma_max), atan(p->o.sigma_min)));
}

/* Hang, Gu 2024, arXiv:2407.03297, as ComfyUI walks it: ln sigma has a Laplace distribution with
 * mean 0 and width 1/2; only its first and last size give way to the range. */
static double laplace(const sigmas_plan *p, int i)
{
    double x = down(p, i, 0, 1), side = (x < 0.5) - (x > 0.5);
    return exp(-0.5 * side * log(1 - 2 * fabs(0.5 - x) + 1e-5));
}

/* Genmo 2024, Mochi, in their code: sigma falls by 1/40 of its way on a straight line in the first
 * L = n / 2 steps, the rest on a parabola that takes over its slope. */
static double linear_quadratic(const sigmas_plan *p, int i)
{
    int n = p->n, L = n / 2;
    double high = p->o.sigma_max, low = p->o.end_at_min ? p->o.sigma_min : 0;
    if (i == 0 || i == n) return i ? low : high;
    double bend = fmax(i - L, 0) / (n - L);
    return low + (high - low) * (1 - 0.025 * i / L - (1 - 0.025 * n / L) * bend * bend);
}

/* Number i of n + 1 that go evenly along row[0 .. last], log sigma on straight lines between. */
static double along(const double *row, int last, const sigmas_plan *p, int i)
{
    double u = (double)last * i / p->n;
    int k = u < last ? (int)u : last - 1;
    return row[k] * pow(row[k + 1] / row[k], u - k);
}

/* Sabour, Fidler, Kreis 2024, arXiv:2404.14507: found by search, for each network its own. The
 * numbers are NVIDIA's; those of SD 1.5 and SDXL are the sizes of trained times. */
static const double ays_sd15[] = {14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520,
                                  1.8841921177,  1.3943805092, 0.9642583904, 0.6523686016,
                                  0.3977456272,  0.1515232662, 0.0291671582};
static const double ays_sdxl[] = {14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769,
                                  1.3405244945,  0.8620721141, 0.5550693289, 0.3798540708,
                                  0.2332364134,  0.1114188177, 0.0291671582};
static const double ays_svd[] = {700,   54.5,  15.886, 7.977, 4.248, 1.789,
                                 0.981, 0.403, 0.173,  0.034, 0.002};

static double align_your_steps(const sigmas_plan *p, int i)
{
    return along(p->row, 10, p, i);
}

/* Chen, Zhou, Wang, Shen, Lyu 2024, arXiv:2405.11326: found by dynamic programming on how the
 * network's paths bend; ComfyUI's numbers for its usual coefficient of 1.20. A word for each n from
 * 2 to 20, whose letters, A to Z and a to z, are the sizes between the first and the last. More
 * than 20 steps go along the word of 20. */
static double gits(const sigmas_plan *p, int i)
{
    static const char words[] =
        "c Rj JZp HUhu CMYmx CIUgsz CITcmuz CHQYhpwz CHPXdkrwz CGOUbhntxz CFNTYfkpuxz BEJRXchmquxz "
        "BEIQWagkosvxz ADFLSXbgkosvxz ADFLSXbgknruwyz ADFLSXbgknqtvxyz ADFKQVZeimpsuwxyz "
        "ADFKQUYdhlortvwxyz ADFKQUYdhknqsuvwxyz";
    static const double letters[] = {
        7.49001646, 6.77309084, 5.85520077, 4.65472794, 3.46139455, 3.07277966, 2.95596409,
        2.84484982, 2.45070267, 2.36326075, 2.19988537, 2.12350607, 2.05039096, 1.98035145,
        1.84880662, 1.67050016, 1.61558151, 1.56271636, 1.51179266, 1.36964464, 1.24153244,
        1.20157266, 1.162866,   1.08895338, 0.95350921, 0.92192322, 0.86115354, 0.83188516,
        0.803307,   0.74807048, 0.72133851, 0.69515091, 0.64427125, 0.59516323, 0.57119018,
        0.52423614, 0.50118381, 0.4783645,  0.45573691, 0.41087446, 0.38853383, 0.36617002,
        0.34370604, 0.32104823, 0.29807833, 0.27464288, 0.25053367, 0.22545385, 0.19894916,
        0.17026083, 0.13792117, 0.09824532};
    int n = p->n < 20 ? p->n : 20;
    const char *word = words + n * (n - 1) / 2;
    double row[21] = {14.61464119};
    for (int k = 1; k < n; k++)
        row[k] = letters[word[k - 2] - (word[k - 2] < 'a' ? 'A' : 'a' - 26)];
    row[n] = 0.02916753;
    return along(row, n, p, i);
}

/* Even steps in t, fractional: diffusers' "linspace" of the classes that work in sigma, and what
 * web UIs call "normal". diffusers rounds these times to float32; its list of one time is t = 0,
 * from where there is nothing to sample: ours is t_max. */
static double linspace(const sigmas_plan *p, int i)
{
    double t = down(p, i, p->t_max, p->t_min);
    return p->s->manner == SCHEDULE_DIFFUSERS ? (double)(float)t : t;
}

/* Song et al. 2021, arXiv:2011.13456, on their continuous schedule, whatever the network's own. */
static error vp_begin(sigmas_plan *p)
{
    if (p->s && p->s->kind == SCHEDULE_VP) return NULL;
    p->s = &p->own;
    return schedule_make("vp", (schedule_options){0}, NULL, &p->own);
}

/* Rectified flow (Liu 2022, arXiv:2209.03003), as the references walk it: down to t = 1/1000. The
 * schedule's shift bends it; diffusers bends the last one twice. */
static error flow_begin(sigmas_plan *p)
{
    if (!p->s || p->s->kind != SCHEDULE_FLOW) return error_make("needs a flow schedule");
    double last = schedule_sigma(p->s, 1e-3);
    if (p->s->manner == SCHEDULE_DIFFUSERS) last = schedule_sigma(p->s, last);
    if (p->o.sigma_min == 0) p->o.sigma_min = last;
    return NULL;
}

/* diffusers in DDPM, DDIM and PNDM: the same, at trained times. */
static double linspace_rounded(const sigmas_plan *p, int i)
{
    double last = p->s->T - 1;
    return rint(p->nodes > 1 ? (p->nodes - 1 - i) * (last / (p->nodes - 1)) : last);
}

/* Lin, Liu, Li, Yang 2023, arXiv:2305.08891, table 2: every (T / n)-th time from the start. */
static double leading(const sigmas_plan *p, int i)
{
    return (p->nodes - 1 - i) * (p->s->T / p->nodes) + p->o.offset;
}

static error leading_begin(sigmas_plan *p)
{
    int T = p->s->T, offset = p->o.offset, room = T - 1 - (p->nodes - 1) * (T / p->nodes);
    if (offset < 0 || offset > room)
        return error_make("offset %d takes %d steps out of the times 0 to %d: choose 0 to %d",
                          offset, p->n, T - 1, room);
    if (p->nodes > T && offset > 0) /* from 0, sigmas.c finds the number by trying */
        return error_make("picks from %d trained times with offset %d: ask for at most %d steps, "
                          "not %d",
                          T, offset, T - offset - (p->nodes - p->n), p->n);
    return NULL;
}

/* Lugmayr et al. 2022, arXiv:2201.09865: the same times, with jumps (sigmas.c). */
static error repaint_begin(sigmas_plan *p)
{
    if (p->o.jump == 0) p->o.jump = 10;
    return leading_begin(p);
}

/* The same table: from the last time down, round(T - i T / n) - 1. The step is numpy's, the
 * distance of its first two numbers, so that exact halves fall to the side where they fall in
 * diffusers. (There 62 of the n up to 1000 get one time too many, -1.) */
static double trailing(const sigmas_plan *p, int i)
{
    double T = p->s->T, step = T - (T - T / p->n);
    return rint(T - i * step) - 1;
}

/* ComfyUI: the same, rounded the other way: T - 1 - floor(i T / n). */
static double simple(const sigmas_plan *p, int i)
{
    return p->s->T - 1 - (int)((long long)i * p->s->T / p->n);
}

/* As that paper has it, and ComfyUI: the distribution of the times. (Where two fall together
 * ComfyUI drops one, and makes fewer steps.) The share is numpy's, which steps by 1 / n. */
static double beta(const sigmas_plan *p, int i)
{
    return rint((p->s->T - 1) * beta_below(p, 1 - i * (1.0 / p->n)));
}

/* CompVis and ComfyUI: every (T / n)-th time from t = 1, as many as there are. */
static double ddim_uniform(const sigmas_plan *p, int i)
{
    return 1 + (p->n - 1 - i) * (p->s->T / p->n);
}

static int ddim_count(int T, int n)
{
    return (T - 2) / (T / n) + 1;
}

static error ddim_uniform_begin(sigmas_plan *p)
{
    int T = p->s->T;
    if (T < 2)
        return error_make("needs a schedule of 2 trained times or more: it begins at the second");
    if (p->n > T || ddim_count(T, p->n) == p->n) return NULL;
    int fewer = p->n, more = p->n < T ? p->n : T - 1;
    while (fewer > 1 && ddim_count(T, fewer) != fewer) fewer--;
    while (more < T - 1 && ddim_count(T, more) != more) more++; /* may be `fewer` again */
    return error_make("a stride of %d through %d times makes %d steps, not %d; possible: %d or %d",
                      T / p->n, T, ddim_count(T, p->n), p->n, fewer, more);
}

/* name, what its numbers are, rule, and what else it has */
#define RULES(X)                                                                             \
    X("karras", SIGMAS_RANGE, .at = karras)                                                  \
    X("exponential", SIGMAS_RANGE, .at = exponential)                                        \
    X("polyexponential", SIGMAS_RANGE, .at = polyexponential)                                \
    X("edm", SIGMAS_RANGE, .at = karras, .begin = edm_begin)                                 \
    X("dpm_fast", SIGMAS_RANGE, .at = dpm_fast)                                              \
    X("restart", SIGMAS_RANGE, .at = karras, .begin = restart_begin, .rise = restart)        \
    X("beta_sigmas", SIGMAS_RANGE, .at = beta_sigmas, .begin = beta_begin)                   \
    X("kl_optimal", SIGMAS_RANGE, .at = kl_optimal)                                          \
    X("laplace", SIGMAS_RANGE, .at = laplace)                                                \
    X("linear_quadratic", SIGMAS_SHAPE, .at = linear_quadratic)                              \
    X("align_your_steps", SIGMAS_TABLE, .at = align_your_steps, .row = ays_sd15)             \
    X("align_your_steps_sdxl", SIGMAS_TABLE, .at = align_your_steps, .row = ays_sdxl)        \
    X("align_your_steps_svd", SIGMAS_TABLE, .at = align_your_steps, .row = ays_svd)          \
    X("gits", SIGMAS_TABLE, .at = gits)                                                      \
    X("linspace", SIGMAS_TIME, .at = linspace)                                               \
    X("normal", SIGMAS_TIME, .at = linspace)                                                 \
    X("sgm_uniform", SIGMAS_TIME, .at = linspace, .more = 1)                                 \
    X("vp", SIGMAS_TIME, .at = linspace, .begin = vp_begin)                                  \
    X("flow", SIGMAS_TIME, .at = linspace, .begin = flow_begin)                              \
    X("linspace_rounded", SIGMAS_TRAINED, .at = linspace_rounded)                            \
    X("linspace_multistep", SIGMAS_TRAINED, .at = linspace_rounded, .more = 1)               \
    X("leading", SIGMAS_TRAINED, .at = leading, .begin = leading_begin)                      \
    X("leading_multistep", SIGMAS_TRAINED, .at = leading, .begin = leading_begin, .more = 1) \
    X("repaint", SIGMAS_TRAINED, .at = leading, .begin = repaint_begin)                      \
    X("trailing", SIGMAS_TRAINED, .at = trailing)                                            \
    X("simple", SIGMAS_TRAINED, .at = simple)                                                \
    X("beta", SIGMAS_TRAINED, .at = beta, .begin = beta_begin)                               \
    X("ddim_uniform", SIGMAS_TRAINED, .at = ddim_uniform, .begin = ddim_uniform_begin)

#define RULE(...)       {__VA_ARGS__},
#define NAME(name, ...) name,
const sigmas_rule sigmas_rules[] = {RULES(RULE)};
const char *const sigmas_names[] = {RULES(NAME) NULL};
