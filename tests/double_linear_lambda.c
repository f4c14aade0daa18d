/* RES, DEIS and UniPC, which follow a curve through guesses in lambda, against their papers' own
 * forms in the papers' letters. */
#include "written.h"

/* ---- RES ---- */

typedef struct {
    double share;    /* of D that is the other guess */
    bool heun_of_2m; /* k-diffusion's 2M SDE in its place */
} res_form;

static double ancestral_down(const double *list, double eta, double from, double to, double *up)
{
    double r = to / alpha_of(list, to) * alpha_of(list, from) / from;
    *up = fmin(eta * to * sqrt(fmax(1 - r * r, 0)), to);
    return sqrt(to * to - *up * *up);
}

/* Zhang 2023, in ComfyUI's letters where there is noise. */
static double res(res_form f, sampler_options o, const double *sigma, double x, const double *z)
{
    double old = 0, old_down = 0;
    for (int i = 0; i < STEPS; i++) {
        double s = sigma[i], next = sigma[i + 1], up,
               down = ancestral_down(sigma, o.eta, s, next, &up);
        double x0 = D(x, s), away = f.share * x0, a = alpha_of(sigma, s), b = alpha_of(sigma, next);
        double h = log(b / down) - log(a / s), exchange = b;
        if (i == 0 || down == 0 || a == 0 || old_down == 0 ||
            (i == 1 && alpha_of(sigma, sigma[0]) == 0))
            x = b * away + down * (x - a * away) / s;
        else {
            double a_old = alpha_of(sigma, sigma[i - 1]);
            double c2 = (log(a_old / sigma[i - 1]) - log(a / old_down)) / h;
            double phi_1 = expm1(-h) / -h, phi_2 = (phi_1 - 1) / -h;
            double b1 = phi_1 - phi_2 / c2, b2 = phi_2 / c2;
            x = exp(-h) * b / a * x + b * h * (b1 * away + b2 * old);
            if (o.as_published) exchange = exp(-h) * b / a;
        }
        x += exchange * (x0 - away) + up * z[i];
        old = away, old_down = down;
    }
    return x;
}

static double res_of_the_paper(sampler_options o, const double *sigma, double x, const double *z)
{
    return res((res_form){.share = 1}, o, sigma, x, z);
}

static double res_away(sampler_options o, const double *sigma, double x, const double *z)
{
    return res((res_form){.share = 0.8}, o, sigma, x, z);
}

/* k-diffusion's sample_dpmpp_2m_sde with solver_type heun. */
static double heun_of_2m_sde(sampler_options o, const double *sigma, double x, const double *z)
{
    double old = 0, h_last = 0;
    for (int i = 0; i < STEPS; i++) {
        double x0 = D(x, sigma[i]), next = sigma[i + 1];
        if (next == 0) return x0;
        double h = log(sigma[i] / next), eta_h = o.eta * h, H = h + eta_h;
        x = next / sigma[i] * exp(-eta_h) * x - expm1(-H) * x0;
        if (i > 0) x += (expm1(-H) / -H * -1 + 1) / (h_last / h) * (x0 - old);
        x += z[i] * next * sqrt(-expm1(-2 * eta_h));
        old = x0, h_last = h;
    }
    return x;
}

static void res_is_its_paper(void **state)
{
    (void)state;
    const double *lists[] = {karras, above, flowing}, etas[] = {0, 0.6, 1, 2};
    for (int k = 0; k < 3; k++)
        for (int e = 0; e < 4; e++) {
            sampler_options o = {.eta = etas[e]}, p = {.eta = etas[e], .as_published = true};
            assert_same(walk("res_multistep", lists[k], o),
                        written_out(res_of_the_paper, lists[k], o));
            assert_same(walk_of(toy_leaning, "res_multistep", lists[k], o),
                        written_out(res_away, lists[k], o));
            assert_same(walk_of(toy_leaning, "res_multistep", lists[k], p),
                        written_out(res_away, lists[k], p));
            if (k == 2 || e > 2) continue;
            tensor heun = written_out(heun_of_2m_sde, lists[k], o);
            if (e == 1)
                assert_true(tensor_distance(walk("res_multistep", lists[k], o), heun) > 1e-3);
            else
                assert_same(walk("res_multistep", lists[k], o), heun);
        }
}

/* ---- DEIS ---- */

/* Zhang 2023: the area of each Lagrange polynomial of ln rho over rho, by Simpson's rule;
 * each answer's own epsilon. */
static double deis_of_the_paper(sampler_options o, const double *sigma, double x, const double *z)
{
    (void)z;
    double e[STEPS], rho[STEPS + 1];
    for (int i = 0; i <= STEPS; i++) rho[i] = sigma[i] / alpha_of(sigma, sigma[i]);
    for (int i = 0; i < STEPS; i++) {
        int first = isfinite(rho[0]) ? 0 : 1, order = i - first + 1, parts = 2000;
        if (order > o.order) order = o.order;
        if (!o.keep_order && order > STEPS - i) order = STEPS - i;
        double a = alpha_of(sigma, sigma[i]), x0 = D(x, sigma[i]);
        e[i] = (x - a * x0) / sigma[i];
        if (sigma[i + 1] == 0 || order < 2) {
            x = alpha_of(sigma, sigma[i + 1]) * x0 + sigma[i + 1] * e[i];
            continue;
        }
        double moved = x / a, h = (rho[i + 1] - rho[i]) / parts;
        for (int j = 0; j < order; j++)
            for (int p = 0; p <= parts; p++) {
                double l = h / 3 * (p == 0 || p == parts ? 1 : p % 2 ? 4 : 2), tau = rho[i] + h * p;
                for (int m = 0; m < order; m++)
                    if (m != j) l *= log(tau / rho[i - m]) / log(rho[i - j] / rho[i - m]);
                moved += l * e[i - j];
            }
        x = alpha_of(sigma, sigma[i + 1]) * moved;
    }
    return x;
}

/* Simpson's own error is 1e-9 where the first steps are long. */
static void deis_is_its_paper(void **state)
{
    (void)state;
    const double *lists[] = {karras, above, flowing};
    for (int k = 0; k < 3; k++)
        for (int order = 1; order <= 3; order++)
            for (int keep = 0; keep < 2; keep++) {
                sampler_options o = {.order = order, .keep_order = keep};
                tensor ours = walk("deis", lists[k], o);
                double off = tensor_distance(ours, written_out(deis_of_the_paper, lists[k], o));
                if (!(off < 1e-9)) fail_msg("order %d, list %d: apart by %g", order, k, off);
                if (order == 1) assert_same(ours, walk("ddim", lists[k], (sampler_options){0}));
            }
}

/* ---- UniPC ---- */

/* Gauss: a x = b in place, for n up to 3. */
static void solve(double a[3][3], double *b, int n)
{
    for (int c = 0; c < n; c++) {
        int p = c;
        for (int r = c; r < n; r++)
            if (fabs(a[r][c]) > fabs(a[p][c])) p = r;
        for (int k = 0; k < n; k++) {
            double swap = a[c][k];
            a[c][k] = a[p][k], a[p][k] = swap;
        }
        double swap = b[c];
        b[c] = b[p], b[p] = swap;
        for (int r = 0; r < n; r++) {
            if (r == c) continue;
            double f = a[r][c] / a[c][c];
            for (int k = 0; k < n; k++) a[r][k] -= f * a[c][k];
            b[r] -= f * b[c];
        }
    }
    for (int c = 0; c < n; c++) b[c] /= a[c][c];
}

/* phi_k(h) = sum_n h^n / (n + k)! */
static double phi_k(int k, double h)
{
    double term = 1, sum = 0;
    for (int n = 1; n <= k; n++) term /= n;
    for (int n = 0; n < 80; n++) {
        sum += term;
        term *= h / (n + k + 1);
    }
    return sum;
}

typedef struct {
    double alpha[STEPS + 1], sigma[STEPS + 1], lambda[STEPS + 1], m[STEPS + 1];
    bool noise, bh1;
} unified;

/* Zhao 2023, Algorithms 1 and 2: from i - 1 to i with p answers before, and the new one in m[i] if
 * `corrects`. R_p(h) a_p B(h) = phi_p(h), then x = first order + B(h) sum a_m D_m / r_m. */
static double uni(const unified *u, double x, int i, int p, bool corrects)
{
    double h = u->lambda[i] - u->lambda[i - 1], hh = u->noise ? h : -h, r[3], d[3], a[3], R[3][3];
    double B = u->bh1 ? hh : expm1(hh), sum = 0, m0 = u->m[i - 1];
    int count = 0;
    for (int q = 1; q < p; q++, count++) {
        r[count] = (u->lambda[i - 1 - q] - u->lambda[i - 1]) / h;
        d[count] = (u->m[i - 1 - q] - m0) / r[count];
    }
    if (corrects) r[count] = 1, d[count] = u->m[i] - m0, count++;
    for (int j = 0; j < count; j++) {
        double factorial = 1;
        for (int n = 2; n <= j + 1; n++) factorial *= n;
        for (int q = 0; q < count; q++) R[j][q] = pow(r[q], j);
        a[j] = hh * phi_k(j + 2, hh) * factorial / B;
    }
    if (count == 1)
        a[0] = 0.5;
    else
        solve(R, a, count);
    for (int q = 0; q < count; q++) sum += a[q] * d[q];
    double keep = u->noise ? u->alpha[i] / u->alpha[i - 1] : u->sigma[i] / u->sigma[i - 1];
    return keep * x - (u->noise ? u->sigma[i] : u->alpha[i]) * (expm1(hh) * m0 + B * sum);
}

static double uni_pc_of_the_paper(sampler_options o, const double *sigma, double x, const double *z)
{
    (void)z;
    unified u = {.noise = o.noise_prediction, .bh1 = o.form == SAMPLER_BH1};
    double corrected = x, predicted = x;
    int p = 0, first = alpha_of(sigma, sigma[0]) == 0 ? 1 : 0;
    for (int i = 0; i <= STEPS; i++) {
        u.alpha[i] = alpha_of(sigma, sigma[i]), u.sigma[i] = sigma[i];
        u.lambda[i] = log(u.alpha[i] / sigma[i]);
    }
    for (int i = 0; i < STEPS; i++) {
        double x0 = D(predicted, sigma[i]);
        u.m[i] = u.noise ? (predicted - u.alpha[i] * x0) / sigma[i] : x0;
        if (i > first) corrected = uni(&u, corrected, i, p, true);
        if (i == first && i > 0) corrected = predicted;
        if (sigma[i + 1] == 0) return x0;
        if (i < first) { /* lambda is infinite */
            double r = sigma[1] / sigma[0];
            predicted = r * x + (1 - r) * x0;
            continue;
        }
        p = i - first + 1 < o.order ? i - first + 1 : o.order;
        if (!o.keep_order && p > STEPS - i) p = STEPS - i;
        predicted = uni(&u, corrected, i + 1, p, false);
    }
    return predicted;
}

static void uni_pc_is_its_paper(void **state)
{
    (void)state;
    const double *lists[] = {karras, above, flowing};
    for (int k = 0; k < 3; k++)
        for (int order = 1; order <= 3; order++)
            for (int how = 0; how < 8; how++) {
                sampler_options o = {
                    .order = order, .keep_order = how & 1, .noise_prediction = how & 2};
                o.form = how & 4 ? SAMPLER_BH1 : SAMPLER_BH2;
                assert_same(walk("uni_pc", lists[k], o),
                            written_out(uni_pc_of_the_paper, lists[k], o));
            }
    assert_same(walk("uni_pc", karras, (sampler_options){0}),
                walk("uni_pc", karras, (sampler_options){.order = 3, .form = SAMPLER_BH2}));
}

/* ---- Samplers that are the same rule ---- */

static void same_as_the_dpm_solvers(void **state)
{
    (void)state;
    const double *lists[] = {karras, above, flowing};
    for (int k = 0; k < 3; k++) {
        for (int eta = 0; eta < 2; eta++) {
            sampler_options o = {.eta = eta}, heun = {.eta = eta, .form = SAMPLER_HEUN};
            assert_same(walk("res_multistep", lists[k], o), walk("dpmpp_2m_sde", lists[k], heun));
        }
        for (int order = 1; order <= 3; order++) {
            sampler_options o = {.order = order}, eps = o;
            eps.noise_prediction = true, eps.form = SAMPLER_HEUN;
            assert_same(walk("deis", lists[k], o), walk("dpm_solver_multistep", lists[k], eps));
        }
    }
}

int main(void)
{
    begin_written();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(res_is_its_paper),
        cmocka_unit_test(deis_is_its_paper),
        cmocka_unit_test(uni_pc_is_its_paper),
        cmocka_unit_test(same_as_the_dpm_solvers),
    };
    return end_written(cmocka_run_group_tests(tests, NULL, NULL));
}
