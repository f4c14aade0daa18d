#include "diffusion/schedule.h"
#include "base/pi.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { T_USUAL = 1000, T_MOST = 1000000 };

/* diffusers holds each number between two operations in float32. One +, -, *, / or square root of
 * floats, done in double and rounded, gives the float's own bits. */
static double in_step(const schedule *s, double x)
{
    return s->manner == SCHEDULE_DIFFUSERS ? (double)(float)x : x;
}

/* CompVis computes in double, but keeps alpha_bar in float32 and works out sigma from that. */
static double in_table(const schedule *s, double x)
{
    return s->manner == SCHEDULE_EXACT ? x : (double)(float)x;
}

/* ---- Adding a schedule: its formula here, its name in the list below ---- */

/* Number t of T from low to high, counted from the nearer end as torch.linspace does. */
static double ramp(const schedule *s, double low, double high, int t)
{
    if (s->T == 1) return in_step(s, low);
    double a = in_step(s, low), b = in_step(s, high);
    double step = in_step(s, in_step(s, b - a) / (s->T - 1));
    return in_step(s, t < s->T / 2 ? a + step * t : b - step * (s->T - 1 - t));
}

/* Ho, Jain, Abbeel 2020, arXiv:2006.11239, section 4: beta rises in a straight line. */
static double linear(const schedule *s, int t)
{
    return ramp(s, s->low, s->high, t);
}

/* Rombach et al. 2022, arXiv:2112.10752, in their code: sqrt(beta) rises in a straight line.
 * A trap: that code calls this one "linear", and "sqrt_linear" what everybody else calls linear. */
static double scaled_linear(const schedule *s, int t)
{
    double root = ramp(s, sqrt(s->low), sqrt(s->high), t);
    return root * root;
}

/* Xu et al. 2022, arXiv:2203.02923, in their code: beta rises along a sigmoid from -6 to 6. */
static double sigmoid(const schedule *s, int t)
{
    double rise = in_step(s, 1 / (1 + exp(-ramp(s, -6, 6, t))));
    double span = in_step(s, s->high - s->low);
    return in_step(s, rise * span) + in_step(s, s->low);
}

/* Three that say alpha_bar(u) with u = t / T, only up to a factor, and beta follows from them:
 * Nichol, Dhariwal 2021, arXiv:2102.09672, eq. 17, with s = 0.008. */
static double cosine(double u)
{
    double root = cos((u + 0.008) / 1.008 * PI / 2);
    return root * root;
}

/* Hang, Gu 2024, arXiv:2407.03297: the log-SNR has a Laplace distribution, here with mean 0 and
 * width 1/2. In diffusers' code, which this is, the root of their alpha_bar takes its place. */
static double laplace(double u)
{
    double snr = exp(-0.5 * copysign(1, 0.5 - u) * log(1 - 2 * fabs(0.5 - u) + 1e-6));
    return sqrt(snr / (1 + snr));
}

/* diffusers: the same part is lost at each time, so all betas are equal. */
static double falls_evenly(double u)
{
    return exp(-12 * u);
}

/* name, another name for it, beta or alpha_bar (the continuous ones have neither: see
 * schedule_sigma), kind, usual low and high end: of beta, of sigma, or 0 and the shift */
#define SCHEDULES(X)                                                            \
    X("linear", "sqrt_linear", linear, NULL, SCHEDULE_TABLE, 1e-4, 0.02)        \
    X("scaled_linear", "", scaled_linear, NULL, SCHEDULE_TABLE, 0.00085, 0.012) \
    X("cosine", "squaredcos_cap_v2", NULL, cosine, SCHEDULE_TABLE, 0, 0)        \
    X("sigmoid", "", sigmoid, NULL, SCHEDULE_TABLE, 1e-4, 0.02)                 \
    X("laplace", "", NULL, laplace, SCHEDULE_TABLE, 0, 0)                       \
    X("exp", "", NULL, falls_evenly, SCHEDULE_TABLE, 0, 0)                      \
    X("vp", "", NULL, NULL, SCHEDULE_VP, 0.1, 20)                               \
    X("ve", "", NULL, NULL, SCHEDULE_VE, 0.01, 50)                              \
    X("flow", "rectified_flow", NULL, NULL, SCHEDULE_FLOW, 0, 1)

typedef struct {
    const char *name, *alias;
    double (*beta)(const schedule *s, int t);
    double (*alpha_bar)(double u);
    schedule_kind kind;
    double low, high;
} formula;

#define FORMULA(...)    {__VA_ARGS__},
#define NAME(name, ...) name,
static const formula formulas[] = {SCHEDULES(FORMULA)};
const char *const schedule_names[] = {SCHEDULES(NAME) NULL};

static const formula *find(const char *name)
{
    for (const formula *f = formulas; schedule_names[f - formulas]; f++)
        if (strcmp(f->name, name) == 0 || (*name && strcmp(f->alias, name) == 0)) return f;
    return NULL;
}

/* ---- Making one ---- */

/*     beta_t  =  min(1 - alpha_bar((t + 1) / T) / alpha_bar(t / T), 0.999) */
static double beta_at(const formula *f, const schedule *s, int t)
{
    if (f->beta) return f->beta(s, t);
    double now = f->alpha_bar((double)t / s->T), next = f->alpha_bar((double)(t + 1) / s->T);
    return fmin(1 - next / now, 0.999);
}

/* From betas to alpha_bar and sigma; where all is well a goes to *keep and s to *out. The product
 * runs in double in every manner. A last alpha_bar of 0 would make sigma infinite. diffusers puts
 * 2^-24 in its place, also where that is more than the one before; there we halve the amplitude
 * once more, so that sigma rises. */
static error fill_tables(schedule *s, double *beta, arena a, arena *keep, schedule *out)
{
    double *alpha_bar = arena_take(&a, (size_t)s->T * sizeof *alpha_bar);
    double *sigma = arena_take(&a, (size_t)s->T * sizeof *sigma), product = 1;
    for (int t = 0; t < s->T; t++) {
        bool ends = beta[t] == 1 && t == s->T - 1;
        double before = t ? alpha_bar[t - 1] : 1, least = before > 0x1p-24 ? 0x1p-24 : before / 4;
        if (!(beta[t] > 0 && (beta[t] < 1 || ends)))
            return error_make("beta at t = %d is %g, but must be above 0 and below 1", t, beta[t]);
        beta[t] = in_step(s, beta[t]);
        product *= in_step(s, 1 - beta[t]);
        alpha_bar[t] = ends ? least : in_table(s, product);
        double noise = in_table(s, 1 - alpha_bar[t]);
        sigma[t] = in_table(s, sqrt(in_table(s, noise / alpha_bar[t])));
        if (!isfinite(sigma[t]))
            return error_make("nothing of the picture is left at t = %d: choose smaller betas or "
                              "a smaller T than %d",
                              t, s->T);
        if (!(sigma[t] > (t ? sigma[t - 1] : 0)))
            return error_make("the noise does not grow at t = %d: beta %g is too small%s", t,
                              beta[t], s->manner ? " for float32, use SCHEDULE_EXACT" : "");
    }
    s->beta = beta, s->alpha_bar = alpha_bar, s->sigma = sigma;
    *keep = a, *out = *s;
    return NULL;
}

/* Room for the three tables of T numbers; s becomes a table without numbers. */
static error begin_tables(schedule *s, int T, arena *a, double **beta)
{
    if (T < 1 || T > T_MOST)
        return error_make("a schedule cannot have %d training times: choose 1 to %d", T, T_MOST);
    if (arena_left(*a) < 3 * ((size_t)T * sizeof **beta + 256))
        return error_make("no memory for a schedule of %d training times", T);
    s->kind = SCHEDULE_TABLE, s->T = T;
    s->t_min = 0, s->t_max = T - 1;
    *beta = arena_take(a, (size_t)T * sizeof **beta);
    return NULL;
}

/* low and high from the options of this kind, the usual ones where those are zero. A wish that this
 * schedule would not listen to is refused. */
static error choose_range(const formula *f, schedule_options o, schedule *s)
{
    const struct {
        double low, high;
        const char *names;
    } wish[] = {
        [SCHEDULE_TABLE] = {o.beta_start, o.beta_end, "beta_start and beta_end"},
        [SCHEDULE_VP] = {o.beta_min, o.beta_max, "beta_min and beta_max"},
        [SCHEDULE_VE] = {o.sigma_min, o.sigma_max, "sigma_min and sigma_max"},
        [SCHEDULE_FLOW] = {0, o.shift, "shift"},
    };
    for (int kind = SCHEDULE_TABLE; kind <= SCHEDULE_FLOW; kind++)
        if ((kind != (int)f->kind || f->high == 0) && (wish[kind].low != 0 || wish[kind].high != 0))
            return error_make("%s: takes no %s", f->name, wish[kind].names);
    if (f->kind != SCHEDULE_TABLE && o.T != 0)
        return error_make("%s: has no T, its time is continuous", f->name);
    s->low = wish[f->kind].low != 0 ? wish[f->kind].low : f->low;
    s->high = wish[f->kind].high != 0 ? wish[f->kind].high : f->high;
    if (s->low >= 0 && s->low <= s->high && s->high < 1e6) return NULL;
    return error_make("%s: needs %s above 0, rising and below 1e6, but has %g and %g", f->name,
                      wish[f->kind].names, s->low, s->high);
}

error schedule_make(const char *name, schedule_options options, arena *keep, schedule *out)
{
    const formula *f = find(name);
    if (!f) return error_unknown("schedule", name, schedule_names);
    schedule s = {.kind = f->kind, .manner = options.manner};
    error wrong = choose_range(f, options, &s);
    if (wrong) return wrong;
    if (f->kind == SCHEDULE_TABLE) {
        arena a = *keep;
        double *beta = NULL;
        wrong = begin_tables(&s, options.T ? options.T : T_USUAL, &a, &beta);
        if (wrong) return wrong;
        for (int t = 0; t < s.T; t++) beta[t] = beta_at(f, &s, t);
        wrong = fill_tables(&s, beta, a, keep, out);
        return wrong ? error_make("%s: %s", name, wrong) : NULL;
    }
    s.t_min = f->kind == SCHEDULE_VP ? 1e-3 : 0, s.t_max = 1;
    double first = schedule_sigma(&s, s.t_min), last = schedule_sigma(&s, s.t_max);
    if (!(first < last && isfinite(last)))
        return error_make("%s: the noise does not grow from %g to %g: choose other ends", name,
                          first, last);
    *out = s;
    return NULL;
}

error schedule_from_betas(const double *beta, int T, schedule_manner manner, arena *keep,
                          schedule *out)
{
    arena a = *keep;
    schedule s = {.manner = manner};
    double *own = NULL;
    error wrong = begin_tables(&s, T, &a, &own);
    if (wrong) return wrong;
    memcpy(own, beta, (size_t)T * sizeof *beta);
    return fill_tables(&s, own, a, keep, out);
}

/* With r_t = sqrt(alpha_bar_t):   r' = (r - r_{T-1}) r_0 / (r_0 - r_{T-1}),   alpha_bar' = r'^2,
 * beta'_t = 1 - alpha_bar'_t / alpha_bar'_{t-1}. */
error schedule_zero_snr(const schedule *s, arena *keep, schedule *out)
{
    if (s->kind != SCHEDULE_TABLE || s->T < 2)
        return error_make("zero-terminal-SNR needs a schedule with a table of 2 times or more");
    arena a = *keep;
    schedule z = *s;
    double *beta = NULL;
    error wrong = begin_tables(&z, s->T, &a, &beta);
    if (wrong) return wrong;
    double first = in_step(s, sqrt(s->alpha_bar[0]));
    double last = in_step(s, sqrt(s->alpha_bar[s->T - 1]));
    double scale = in_step(s, first / in_step(s, first - last)), before = 1;
    for (int t = 0; t < s->T; t++) {
        double root = in_step(s, in_step(s, sqrt(s->alpha_bar[t])) - last);
        root = in_step(s, root * scale);
        double now = in_step(s, root * root);
        beta[t] = in_step(s, 1 - in_step(s, now / before));
        before = now;
    }
    wrong = fill_tables(&z, beta, a, keep, out);
    return wrong ? error_make("zero-terminal-SNR: %s", wrong) : NULL;
}

/* ---- Asking one ---- */

static double between(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x; /* NaN stays NaN */
}

/* Between two trained times diffusers draws a line through sigma, the others through log sigma. */
static double table_sigma(const schedule *s, double t)
{
    if (isnan(t)) return t;
    int k = (int)t;
    double part = t - k, sigma = s->sigma[k];
    if (part == 0) return sigma;
    if (s->manner == SCHEDULE_DIFFUSERS) return sigma + part * (s->sigma[k + 1] - sigma);
    return sigma * pow(s->sigma[k + 1] / sigma, part);
}

/* The inverse of table_sigma(), in every manner. diffusers itself goes back through log sigma even
 * where it came through sigma, so its way there and back does not end where it began. */
static double table_t(const schedule *s, double sigma)
{
    if (s->T == 1) return 0;
    int k = 0, above = s->T - 1;
    while (above - k > 1) {
        int middle = (k + above) / 2;
        *(s->sigma[middle] <= sigma ? &k : &above) = middle;
    }
    double a = s->sigma[k], b = s->sigma[k + 1];
    if (s->manner == SCHEDULE_DIFFUSERS) return k + (sigma - a) / (b - a);
    return k + log(sigma / a) / log(b / a);
}

/* VP: Song et al. 2021, arXiv:2011.13456, eq. 33:  -ln alpha_bar = t^2 (high - low) / 2 + t low
 * VE: eq. 30:                                      sigma = low (high / low)^t
 * flow: Esser et al. 2024, arXiv:2403.03206, eq. 23, high being the shift. */
double schedule_sigma(const schedule *s, double t)
{
    t = between(t, s->t_min, s->t_max);
    if (s->kind == SCHEDULE_TABLE) return table_sigma(s, t);
    if (s->kind == SCHEDULE_VP) return sqrt(expm1(t * t * (s->high - s->low) / 2 + t * s->low));
    if (s->kind == SCHEDULE_VE) return s->low * pow(s->high / s->low, t);
    return s->high * t / (s->high * t + (1 - t));
}

/* VP: the positive root of t^2 (high - low) / 2 + t low = ln(1 + sigma^2), in the form that does
 * not subtract near equals. */
double schedule_t(const schedule *s, double sigma)
{
    sigma = between(sigma, schedule_sigma(s, s->t_min), schedule_sigma(s, s->t_max));
    double t = sigma / (sigma + s->high * (1 - sigma)), area = log1p(sigma * sigma);
    double root = sqrt(s->low * s->low + 2 * (s->high - s->low) * area);
    if (s->kind == SCHEDULE_TABLE) t = table_t(s, sigma);
    if (s->kind == SCHEDULE_VP) t = 2 * area / (s->low + root);
    if (s->kind == SCHEDULE_VE) t = log(sigma / s->low) / log(s->high / s->low);
    return between(t, s->t_min, s->t_max); /* the last bit may have fallen outside */
}

double schedule_alpha_bar(const schedule *s, double t)
{
    double sigma = schedule_sigma(s, t);
    if (s->kind == SCHEDULE_VE) return 1;
    if (s->kind == SCHEDULE_FLOW) return (1 - sigma) * (1 - sigma);
    return 1 / (1 + sigma * sigma);
}

double schedule_beta(const schedule *s, double t)
{
    t = between(t, s->t_min, s->t_max);
    if (s->kind == SCHEDULE_VP) return s->low + t * (s->high - s->low);
    if (s->kind != SCHEDULE_TABLE || isnan(t)) return nan("");
    return s->beta[(int)(t + 0.5)];
}

double schedule_log_snr(const schedule *s, double t)
{
    double sigma = schedule_sigma(s, t);
    return 2 * log((s->kind == SCHEDULE_FLOW ? 1 - sigma : 1) / sigma);
}
