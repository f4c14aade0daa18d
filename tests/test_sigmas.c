/* test_sigmas.c: lists of noise sizes against their definitions, diffusers and k-diffusion. */
#include "sigmas_fixture.h"

#include "golden/schedule.h"

/* ---- Golden ---- */

static void assert_prints(const double *x, int count, const char *expected)
{
    char line[512] = "";
    for (int i = 0; i < count; i++) {
        size_t used = strlen(line);
        snprintf(line + used, sizeof line - used, "%s%.4f", i ? " " : "", x[i]);
    }
    assert_string_equal(line, expected);
}

/* LMSDiscreteScheduler(0.00085, 0.012, "scaled_linear", 1000).set_timesteps(15) */
static void test_fifteen_steps(void **state)
{
    (void)state;
    sigmas d = make("linspace", 15, &diffusers, (sigmas_options){0});
    assert_prints(d.t, 15,
                  "999.0000 927.6429 856.2857 784.9286 713.5714 642.2143 570.8571 499.5000 "
                  "428.1429 356.7857 285.4286 214.0714 142.7143 71.3571 0.0000");
    assert_prints(d.at, 16,
                  "14.6146 9.6826 6.6780 4.7746 3.5221 2.6666 2.0606 1.6156 1.2768 1.0097 0.7913 "
                  "0.6056 0.4397 0.2780 0.0292 0.0000");
    sigmas e = make("linspace", 15, &exact, (sigmas_options){0});
    assert_prints(e.at, 16,
                  "14.6146 9.6825 6.6780 4.7746 3.5221 2.6666 2.0606 1.6156 1.2768 1.0097 0.7913 "
                  "0.6055 0.4397 0.2780 0.0292 0.0000");
}

static void test_karras_ten(void **state)
{
    (void)state;
    sigmas k = make("karras", 10, &exact, (sigmas_options){0});
    assert_prints(k.at, 11,
                  "14.6146 9.1029 5.4784 3.1686 1.7494 0.9141 0.4469 0.2014 0.0819 0.0292 0.0000");
    sigmas ends = make("karras", 9, &exact, (sigmas_options){.end_at_min = true});
    assert_memory_equal(k.at, ends.at, 10 * sizeof(double));
}

/* ---- Definition ---- */

static void test_sigma_rules(void **state)
{
    (void)state;
    enum { N = 24 };
    sigmas_options o = {.sigma_min = 0.1, .sigma_max = 20};
    sigmas karras = make("karras", N, NULL, o), exponential = make("exponential", N, NULL, o);
    sigmas_options bent = o;
    bent.rho = 3;
    sigmas poly = make("polyexponential", N, NULL, bent),
           edm = make("edm", N, NULL, (sigmas_options){0});
    for (int i = 0; i < N; i++) {
        double u = i / (N - 1.0), r = 1 / 7.0;
        assert_near(karras.at[i], pow(pow(20, r) + u * (pow(0.1, r) - pow(20, r)), 7), 1e-14);
        assert_near(edm.at[i], pow(pow(80, r) + u * (pow(0.002, r) - pow(80, r)), 7), 1e-14);
        assert_near(exponential.at[i], 20 * pow(0.1 / 20, u), 1e-14);
        assert_near(poly.at[i], 0.1 * pow(20 / 0.1, pow(1 - u, 3)), 1e-14);
    }
    assert_true(karras.at[0] == 20 && karras.at[N - 1] == 0.1 && karras.at[N] == 0);
    assert_true(edm.at[0] == 80 && edm.at[N - 1] == 0.002 && edm.t == NULL);
}

/* ComfyUI's lists as their makers define them, by looking through the table. */
static void test_trained_rules(void **state)
{
    (void)state;
    static const int counts[] = {1, 2, 3, 7, 10, 25, 30, 999, 1000};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        int n = counts[k];
        sigmas simple = make("simple", n, &exact, (sigmas_options){0});
        sigmas sgm = make("sgm_uniform", n, &exact, (sigmas_options){0});
        sigmas normal = make("normal", n, &exact, (sigmas_options){0});
        for (int i = 0; i < n; i++) {
            int t = 999;
            while ((long)(999 - t + 1) * n <= (long)i * 1000) t--; /* floor(1000 i / n) below 999 */
            assert_true(simple.t[i] == t && simple.at[i] == exact.sigma[t]);
            assert_near(sgm.at[i], schedule_sigma(&exact, 999 - 999.0 * i / n), 1e-11);
            double even = n > 1 ? 999 - 999.0 * i / (n - 1) : 999;
            assert_near(normal.at[i], schedule_sigma(&exact, even), 1e-11);
        }
    }
}

static void test_ddim_uniform(void **state)
{
    (void)state;
    for (int n = 1; n <= 1000; n++) {
        int taken = 0, at[1000];
        for (int t = 1; t < 1000; t += 1000 / n) at[taken++] = t;
        sigmas walk = {0};
        arena before = shelf;
        error wrong = sigmas_make("ddim_uniform", n, &exact, (sigmas_options){0}, &shelf, &walk);
        assert_true((wrong == NULL) == (taken == n));
        for (int i = 0; !wrong && i < n; i++) assert_true(walk.t[i] == at[n - 1 - i]);
        shelf = before;
        int made, asked, fewer, more;
        const char *tail = wrong ? strstr(wrong, "makes ") : NULL;
        if (!wrong) continue;
        assert_non_null(tail);
        assert_int_equal(sscanf(tail, "makes %d steps, not %d; possible: %d or %d", &made, &asked,
                                &fewer, &more),
                         4);
        assert_true(made == taken && asked == n && fewer < n);
        assert_null(sigmas_make("ddim_uniform", fewer, &exact, (sigmas_options){0}, &shelf, &walk));
        assert_null(sigmas_make("ddim_uniform", more, &exact, (sigmas_options){0}, &shelf, &walk));
        shelf = before;
    }
    sigmas ten = make("ddim_uniform", 10, &exact, (sigmas_options){0});
    assert_true(fabs(ten.at[0] - 8.39) < 0.005);
}

static void test_vp_and_flow(void **state)
{
    (void)state;
    sigmas vp = make("vp", 8, NULL, (sigmas_options){0});
    sigmas flow = make("flow", 8, &flow3, (sigmas_options){0});
    sigmas flux = make("sgm_uniform", 8, &flow3, (sigmas_options){0});
    for (int i = 0; i < 8; i++) {
        double t = 1 - i / 7.0 * (1 - 1e-3), even = 1 - i / 8.0;
        assert_near(vp.at[i], sqrt(exp(19.9 * t * t / 2 + 0.1 * t) - 1), 1e-11);
        assert_near(flow.at[i], 3 * t / (1 + 2 * t), 1e-13);
        assert_near(flux.at[i], 3 * even / (1 + 2 * even), 1e-13);
    }
    sigmas on_table = make("vp", 8, &exact, (sigmas_options){0});
    assert_memory_equal(vp.at, on_table.at, 9 * sizeof(double));
    for (int i = 0; i < 8; i++)
        assert_true(on_table.t[i] == schedule_t(&exact, on_table.at[i]) && !vp.t);
    schedule own;
    assert_null(schedule_make("vp", (schedule_options){.beta_max = 10}, NULL, &own));
    sigmas its = make("vp", 8, &own, (sigmas_options){0});
    assert_near(its.at[0], schedule_sigma(&own, 1), 0);
    assert_near(its.t[7], 1e-3, 1e-12);
}

static void test_chosen_range(void **state)
{
    (void)state;
    sigmas_options o = {.sigma_min = 0.5, .sigma_max = 3, .end_at_min = true};
    static const char *const names[] = {"karras", "exponential", "linspace", "sgm_uniform", "vp"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        sigmas w = make(names[k], 6, &exact, o);
        assert_near(w.at[0], 3, 1e-12);
        assert_near(w.at[6], 0.5, 1e-12);
    }
    sigmas w = make("trailing", 6, &exact, (sigmas_options){.end_at_min = true});
    assert_true(w.at[6] == exact.sigma[0]);
    w = make("leading", 7, &exact, (sigmas_options){.end_at_min = true, .offset = 147});
    assert_true(w.at[7] == exact.sigma[0]);
    w = make("leading", 4, &exact, (sigmas_options){.offset = 1});
    assert_prints(w.t, 4, "751.0000 501.0000 251.0000 1.0000");
}

/* ---- Foreign ---- */

/* Worst relative distance of a list from the foreign one; its times must agree to the bit. */
static double worst(const char *source, const char *name, const golden_node *node, size_t count)
{
    bool ours = strncmp(source, "crowson", 7) != 0;
    const schedule *s = strncmp(source, "flow", 4) == 0 ? &flow3 : ours ? &diffusers : &compvis;
    sigmas_options o = {0};
    if (strcmp(source, "crowson_polyexponential") == 0) o.rho = 2;
    if (!ours && strcmp(name, "vp") != 0 && strcmp(name, "normal") != 0)
        o.sigma_min = 0.0291675, o.sigma_max = 14.6146421;
    /* diffusers' linspace of one number is t = 0, the smallest noise; ours begins at the top. */
    bool from_smallest = strncmp(source, "lms", 3) == 0 || strcmp(source, "euler_linspace") == 0;
    double apart = 0;
    sigmas walk = {0};
    for (size_t k = 0; k < count; k++) {
        if (walk.n != node[k].n) walk = make(name, node[k].n, s, o);
        int i = node[k].i;
        if (walk.n == 1 && from_smallest) continue;
        double expected = node[k].sigma;
        if (expected == 0)
            assert_true(walk.at[i] == 0);
        else
            apart = fmax(apart, fabs(walk.at[i] - expected) / expected);
        if (node[k].t >= 0) assert_true((float)walk.t[i] == (float)node[k].t);
    }
    return apart;
}

static void test_foreign_walks(void **state)
{
    (void)state;
#define CHECK(array, name) {#array, worst(#array, name, array, sizeof array / sizeof *array)},
    const struct {
        const char *source;
        double apart;
    } seen[] = {GOLDEN_WALKS(CHECK)};
    for (size_t k = 0; k < sizeof seen / sizeof *seen; k++) {
        double limit = 1.4e-7; /* one or two units in the last place of a float32 */
        if (strncmp(seen[k].source, "crowson", 7) == 0) limit = 5e-7; /* pow and exp in float32 */
        if (strcmp(seen[k].source, "crowson_vp") == 0) limit = 3e-4;  /* exp(1e-4) - 1 in float32 */
        if (!(seen[k].apart <= limit)) fail_msg("%s: %g", seen[k].source, seen[k].apart);
    }
}

static uint64_t hash_word(uint64_t h, uint32_t word)
{
    for (int byte = 0; byte < 4; byte++)
        h = (h ^ (word >> 8 * byte & 0xff)) * UINT64_C(0x100000001b3);
    return h;
}

/* Every n up to 1000: DDIM's times; for some n of "trailing" diffusers makes one too many. */
static void test_foreign_times(void **state)
{
    (void)state;
    uint64_t leading = UINT64_C(0xcbf29ce484222325), trailing = leading;
    size_t wrong = 0;
    for (int n = 1; n <= 1000; n++) {
        arena before = shelf;
        sigmas l = make("leading", n, &exact, (sigmas_options){0});
        sigmas t = make("trailing", n, &exact, (sigmas_options){0});
        bool skip = wrong < sizeof ddim_trailing_wrong / sizeof *ddim_trailing_wrong &&
                    ddim_trailing_wrong[wrong] == n;
        wrong += skip;
        for (int i = 0; i < n; i++) {
            leading = hash_word(leading, (uint32_t)l.t[i]);
            if (!skip) trailing = hash_word(trailing, (uint32_t)t.t[i]);
        }
        shelf = before;
    }
    assert_true(leading == ddim_leading);
    assert_true(trailing == ddim_trailing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fifteen_steps), cmocka_unit_test(test_karras_ten),
        cmocka_unit_test(test_sigma_rules),   cmocka_unit_test(test_trained_rules),
        cmocka_unit_test(test_ddim_uniform),  cmocka_unit_test(test_vp_and_flow),
        cmocka_unit_test(test_chosen_range),  cmocka_unit_test(test_foreign_walks),
        cmocka_unit_test(test_foreign_times),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
