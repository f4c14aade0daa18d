/* PNDM, iPNDM and gradient estimation, which walk along mixtures of slopes, against their papers'
 * own forms in the papers' letters, and against the samplers they must equal. */
#include "written.h"

static double timed[STEPS + 1], t_of[STEPS + 1]; /* equal steps in t */
static double jumping[] = {10, 9, 5, 4.5, 2, 1.8, 0.7, 0.6, 0.25, 0.2, 0.1, 0.08, 0.03};

/* ---- PNDM ---- */

static double abar(double t)
{
    double sigma = t < 0 ? 0 : schedule_sigma(&trained, t);
    return 1 / (1 + sigma * sigma);
}

/* Liu 2022: phi(x_t, eps, t, t'). */
static double phi(double x, double e, double t, double to)
{
    double a = abar(t), b = abar(to);
    return sqrt(b / a) * x - (b - a) / (sqrt(a) * (sqrt((1 - b) * a) + sqrt((1 - a) * b))) * e;
}

static double eps(double x_t, double t)
{
    return slope(x_t / sqrt(abar(t)), schedule_sigma(&trained, t));
}

/* Algorithm 2; with options.form the start of PLMS. */
static double pndm_of_the_paper(sampler_options o, const double *sigma, double x, const double *z)
{
    (void)z;
    double e[STEPS], x_t = x * sqrt(abar(t_of[0]));
    bool plms = o.form == SAMPLER_PLMS;
    for (int i = 0; i < STEPS; i++) {
        double t = t_of[i], to = sigma[i + 1] == 0 ? -1 : t_of[i + 1], mid = (t + to) / 2, e_ = 0;
        e[i] = eps(x_t, t);
        if (to < 0 && !o.as_published)
            e_ = e[i];
        else if (plms && i == 0)
            e_ = (e[0] + eps(phi(x_t, e[0], t, to), to)) / 2;
        else if (!plms && i < 3) {
            double e2 = eps(phi(x_t, e[i], t, mid), mid), e3 = eps(phi(x_t, e2, t, mid), mid);
            double e4 = eps(phi(x_t, e3, t, to), to);
            e_ = (e[i] + 2 * e2 + 2 * e3 + e4) / 6;
        } else if (i == 1)
            e_ = (3 * e[1] - e[0]) / 2;
        else if (i == 2)
            e_ = (23 * e[2] - 16 * e[1] + 5 * e[0]) / 12;
        else
            e_ = (55 * e[i] - 59 * e[i - 1] + 37 * e[i - 2] - 9 * e[i - 3]) / 24;
        x_t = phi(x_t, e_, t, to);
    }
    return x_t / sqrt(abar(sigma[STEPS] == 0 ? -1 : t_of[STEPS]));
}

static void pndm_is_its_paper(void **state)
{
    (void)state;
    double to_zero[STEPS + 1];
    memcpy(to_zero, timed, sizeof timed);
    to_zero[STEPS] = 0;
    for (int k = 0; k < 8; k++) {
        sampler_options o = {.form = k & 1 ? SAMPLER_PLMS : SAMPLER_FORM_USUAL,
                             .as_published = k & 2};
        const double *list = k & 4 ? to_zero : timed;
        assert_same(walk("pndm", list, o), written_out(pndm_of_the_paper, list, o));
    }
    assert_true(tensor_distance(walk("pndm", to_zero, (sampler_options){.as_published = true}),
                                walk("pndm", to_zero, (sampler_options){0})) > 1e-4);
}

/* In a flow, and below the sizes that were trained, it is Kutta's rule of 1901 in sigma. */
static double kutta_three_times(sampler_options o, const double *sigma, double x, const double *z)
{
    (void)o, (void)z;
    double d[STEPS];
    for (int i = 0; i < STEPS; i++) {
        double s = sigma[i], h = sigma[i + 1] - s, k[4];
        k[0] = d[i] = slope(x, s);
        if (i < 3) {
            k[1] = slope(x + h / 2 * k[0], s + h / 2), k[2] = slope(x + h / 2 * k[1], s + h / 2);
            k[3] = slope(x + h * k[2], s + h);
            x += h / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3]);
        } else
            x += h / 24 * (55 * d[i] - 59 * d[i - 1] + 37 * d[i - 2] - 9 * d[i - 3]);
    }
    return x;
}

static void where_t_says_nothing_pndm_starts_with_kutta(void **state)
{
    (void)state;
    sampler_options o = {.as_published = true};
    double small[STEPS + 1];
    for (int i = 0; i <= STEPS; i++) small[i] = 0.028 - 0.002 * i; /* trained: from 0.0292 */
    assert_same(walk("pndm", flowing, o), written_out(kutta_three_times, flowing, o));
    assert_same(walk("pndm", small, o), written_out(kutta_three_times, small, o));
}

/* ---- iPNDM ---- */

/* Liu 2022, with as many slopes as there are; as_published goes on to 0. */
static double ipndm_of_the_paper(sampler_options o, const double *sigma, double x, const double *z)
{
    (void)z;
    double d[STEPS];
    for (int i = 0; i < STEPS; i++) {
        double h = sigma[i + 1] - sigma[i];
        int order = i + 1 < o.order ? i + 1 : o.order;
        if (sigma[i + 1] == 0 && !o.as_published) order = 1;
        d[i] = slope(x, sigma[i]);
        if (order == 1) x += h * d[i];
        if (order == 2) x += h * (3 * d[i] - d[i - 1]) / 2;
        if (order == 3) x += h * (23 * d[i] - 16 * d[i - 1] + 5 * d[i - 2]) / 12;
        if (order == 4) x += h * (55 * d[i] - 59 * d[i - 1] + 37 * d[i - 2] - 9 * d[i - 3]) / 24;
    }
    return x;
}

/* "ipndm_v" as diff-sampler prints it, with or without its three slips. */
static double ipndm_v_as_printed(sampler_options o, const double *sigma, double x, const double *z)
{
    (void)z;
    double d[STEPS];
    bool slips = o.as_published;
    for (int i = 0; i < STEPS; i++) {
        int order = i + 1 < o.order ? i + 1 : o.order;
        if (sigma[i + 1] == 0) order = 1;
        d[i] = slope(x, sigma[i]);
        double w[4] = {1, 0, 0, 0}, h[4] = {sigma[i + 1] - sigma[i]};
        for (int j = 1; j < order; j++) h[j] = sigma[i - j + 1] - sigma[i - j];
        if (order >= 2) w[0] = (2 + h[0] / h[1]) / 2, w[1] = -(h[0] / h[1]) / 2;
        double less = h[0] / (3 * (h[0] + h[1]));
        if (order >= 3) {
            double share = h[0] * (h[0] + h[1]) / (h[1] * (h[1] + h[2]));
            double u = slips ? (1 - less * share) / 2 : (1 - less) * share / 2;
            w[0] += u, w[1] -= (1 + h[1] / h[2]) * u, w[2] += h[1] / h[2] * u;
        }
        if (order >= 4) {
            double more = (1 - h[0] / (2 * (h[0] + h[1]))) * h[0] / (6 * (h[0] + h[1] + h[2]));
            double v = (1 - less) / 2 + (slips ? more : -more);
            v *= h[0] * (h[0] + h[1]) * (h[0] + h[1] + h[2]);
            v /= h[1] * (h[1] + h[2]) * (h[1] + h[2] + h[3]);
            double f = h[1] * (h[1] + h[2]) / (h[2] * (h[2] + h[3]));
            w[0] += v, w[1] -= (1 + h[1] / h[2] + f) * v;
            w[2] += (h[1] / h[2] + f * (1 + h[2] / h[3])) * v;
            w[3] -= f * (slips ? h[1] / h[2] : h[2] / h[3]) * v;
        }
        for (int j = 0; j < order; j++) x += h[0] * w[j] * d[i - j];
    }
    return x;
}

static void ipndm_is_its_paper(void **state)
{
    (void)state;
    const double *lists[] = {karras, above, flowing, jumping};
    for (int k = 0; k < 4; k++)
        for (int order = 1; order <= 4; order++) {
            sampler_options o = {.order = order}, p = {.order = order, .as_published = true};
            assert_same(walk("ipndm", lists[k], o), written_out(ipndm_of_the_paper, lists[k], o));
            assert_same(walk("ipndm", lists[k], p), written_out(ipndm_of_the_paper, lists[k], p));
            sampler_options v = {.order = order, .form = SAMPLER_IPNDM_V}, w = v;
            w.as_published = true;
            tensor exact = walk("lms", lists[k], o), printed = walk("ipndm", lists[k], w);
            assert_same(walk("ipndm", lists[k], v), exact);
            assert_same(written_out(ipndm_v_as_printed, lists[k], v), exact);
            assert_same(printed, written_out(ipndm_v_as_printed, lists[k], w));
            bool differ = order == 4 || (order == 3 && lists[k] != flowing); /* equal steps */
            assert_true((tensor_distance(printed, exact) > 1e-5) == differ);
        }
}

static void steady_guess(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)self, (void)scratch;
    tensor_fill(out.x0, -sigma);
    tensor_add_scaled(out.x0, 1, x);
}

/* Where the slope is 1 everywhere, weights that add up to 1 arrive. */
static void printed_weights_do_not_add_up(void **state)
{
    (void)state;
    const denoiser steady = {.guess = steady_guess};
    const double way = jumping[STEPS] - jumping[0];
    for (int printed = 0; printed < 2; printed++) {
        sampler_options o = {.form = SAMPLER_IPNDM_V, .as_published = printed};
        double first = (double)toy_start(&memory, 2, jumping[0]).data[0];
        double moved = (double)walk_of(steady, "ipndm", jumping, o).data[0] - first;
        assert_true((fabs(moved - way) > 1) == printed);
    }
}

/* ---- Gradient estimation ---- */

/* Permenter 2024, Algorithm 2; `share` of D is the other guess (CFG++). */
static double estimation(double gamma, double share, const double *sigma, double x)
{
    double before = 0;
    for (int i = 0; i < STEPS; i++) {
        double x0 = D(x, sigma[i]), away = share * x0, d = (x - away) / sigma[i];
        double next = sigma[i + 1], h = next - sigma[i];
        double lean = i > 0 && next > 0 ? (gamma - 1) * (d - before) * h : 0;
        double there = alpha_of(sigma, next) * x0 - alpha_of(sigma, next) * away;
        x = x + d * h + lean + there; /* alpha 1: x0 + next d + lean */
        before = d;
    }
    return x;
}

static double estimation_of_the_paper(sampler_options o, const double *sigma, double x,
                                      const double *z)
{
    (void)z;
    return estimation(o.gamma > 0 ? o.gamma : 2, 1, sigma, x);
}

static double estimation_away(sampler_options o, const double *sigma, double x, const double *z)
{
    (void)z;
    return estimation(o.gamma > 0 ? o.gamma : 2, 0.8, sigma, x);
}

static void gradient_estimation_is_its_paper(void **state)
{
    (void)state;
    const double *lists[] = {karras, above, flowing}, gammas[] = {0, 1, 1.5, 3};
    for (int k = 0; k < 3; k++) {
        for (int g = 0; g < 4; g++) {
            sampler_options o = {.gamma = gammas[g]};
            assert_same(walk("gradient_estimation", lists[k], o),
                        written_out(estimation_of_the_paper, lists[k], o));
            assert_same(walk_of(toy_leaning, "gradient_estimation", lists[k], o),
                        written_out(estimation_away, lists[k], o));
        }
        sampler_options one = {.gamma = 1}, half = {.gamma = 1.5}, two = {.order = 2};
        assert_same(walk("gradient_estimation", lists[k], one),
                    walk("euler", lists[k], (sampler_options){0}));
        assert_same(walk("gradient_estimation", lists[k], half), walk("ipndm", lists[k], two));
        assert_same(walk_of(toy_leaning, "gradient_estimation", lists[k], one),
                    walk_of(toy_leaning, "ddim", lists[k], (sampler_options){0}));
    }
}

int main(void)
{
    begin_written();
    for (int i = 0; i <= STEPS; i++) {
        t_of[i] = 980 - 80 * i;
        timed[i] = schedule_sigma(&trained, t_of[i]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pndm_is_its_paper),
        cmocka_unit_test(where_t_says_nothing_pndm_starts_with_kutta),
        cmocka_unit_test(ipndm_is_its_paper),
        cmocka_unit_test(printed_weights_do_not_add_up),
        cmocka_unit_test(gradient_estimation_is_its_paper),
    };
    return end_written(cmocka_run_group_tests(tests, NULL, NULL));
}
