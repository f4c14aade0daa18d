/* test_sigmas_foreign.c: lists of noise sizes against diffusers, k-diffusion and ComfyUI. */
#include "sigmas_fixture.h"

#include "golden/schedule.h"

static bool begins(const char *source, const char *with)
{
    return strncmp(source, with, strlen(with)) == 0;
}

/* Worst relative distance of a list from the foreign one; its times must agree to the bit. */
static double worst(const char *source, const char *name, const golden_node *node, size_t count)
{
    bool crowson = begins(source, "crowson"), comfy = begins(source, "comfy");
    bool a1111 = begins(source, "a1111"), flow = begins(source, "flow");
    const schedule *s = flow                      ? &flow3
                        : begins(source, "twice") ? &twice3
                        : crowson                 ? &compvis
                        : comfy || a1111          ? &exact
                                                  : &diffusers;
    sigmas_options o = {.end_at_min = a1111};
    if (strcmp(source, "crowson_polyexponential") == 0) o.rho = 2;
    if (crowson && strcmp(name, "vp") != 0 && strcmp(name, "normal") != 0)
        o.sigma_min = 0.0291675, o.sigma_max = 14.6146421;
    /* diffusers' linspace of one number is t = 0, the smallest noise; ours begins at the top. */
    bool from_smallest =
        begins(source, "lms") || begins(source, "euler_linspace") || begins(source, "ddim");
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
        const char *source = seen[k].source;
        double limit = 1.4e-7; /* one or two units in the last place of a float32 */
        if (begins(source, "crowson")) limit = 5e-7;            /* pow and exp in float32 */
        if (strcmp(source, "crowson_vp") == 0) limit = 3e-4;    /* exp(1e-4) - 1 in float32 */
        if (strstr(source, "kl_optimal")) limit = 2e-6;         /* tan near pi / 2 in float32 */
        if (strcmp(source, "comfy_laplace") == 0) limit = 7e-6; /* 1 - 2 |1/2 - x| in float32 */
        if (begins(source, "comfy_ays") || begins(source, "comfy_gits"))
            limit = 5e-9; /* as printed */
        if (!(seen[k].apart <= limit)) fail_msg("%s: %g", source, seen[k].apart);
    }
}

/* Every n up to 1000: DDIM's times; for some n of "trailing" diffusers makes one too many. */
static void test_foreign_times(void **state)
{
    (void)state;
    uint64_t leading = hash_of_nothing, trailing = leading;
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

/* The long figures of Align Your Steps are the sizes of diffusers' trained times, in double. */
static void test_align_your_steps(void **state)
{
    (void)state;
    sigmas sd15 = make("align_your_steps", 10, &exact, (sigmas_options){0});
    sigmas sdxl = make("align_your_steps_sdxl", 10, &exact, (sigmas_options){0});
    sigmas svd = make("align_your_steps_svd", 10, &exact, (sigmas_options){0});
    for (int i = 0; i < 10; i++) {
        assert_near(sd15.at[i], exact.sigma[ays_sd15_times[i]], 3e-10);
        assert_near(sdxl.at[i], exact.sigma[ays_sdxl_times[i]], 3e-10);
        assert_true(svd.at[i] == ays_svd_sizes[i]);
        assert_near(sd15.at[i], ays_sd15_sizes[i], 4e-3); /* these were rounded, not always well */
        assert_near(sdxl.at[i], ays_sdxl_sizes[i], 2e-2);
    }
}

/* ComfyUI's beta, all n until two times fall together, and what is said of the next. */
static void test_beta_of_all_lengths(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof comfy_beta_all / sizeof *comfy_beta_all; k++) {
        sigmas_options o = {.a = comfy_beta_all[k].a, .b = comfy_beta_all[k].b};
        uint64_t times = hash_of_nothing;
        arena before = shelf;
        sigmas walk;
        for (int n = 1; n <= comfy_beta_all[k].fine; n++, shelf = before) {
            walk = make("beta", n, &exact, o);
            for (int i = 0; i < n; i++) times = hash_word(times, (uint32_t)walk.t[i]);
        }
        assert_true(times == comfy_beta_all[k].times);
        error wrong = sigmas_make("beta", comfy_beta_all[k].fine + 1, &exact, o, &shelf, &walk);
        assert_non_null(wrong);
        assert_possible("beta", comfy_beta_all[k].fine, wrong, &exact, o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_walks),
        cmocka_unit_test(test_foreign_times),
        cmocka_unit_test(test_align_your_steps),
        cmocka_unit_test(test_beta_of_all_lengths),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
