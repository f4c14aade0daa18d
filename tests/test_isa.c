/* Which instruction sets there are, and how one is chosen. */
#include "nn_fixture.h"

#include "aborts.h"
#ifdef __x86_64__
#include <cpuid.h>
#endif

static void says(const char *expected, error wrong)
{
    assert_non_null(wrong);
    assert_string_equal(wrong, expected);
}

static void test_names_begin_with_plain_and_the_best_is_last(void **state)
{
    (void)state;
    assert_string_equal(isa_names[0], "plain");
    int n = 0;
    for (; isa_names[n]; n++)
        for (int i = 0; i < n; i++) assert_string_not_equal(isa_names[i], isa_names[n]);
    assert_true(n == 1 || strcmp(isa_names[1], "base") == 0);
    assert_true(isa_here("plain") && isa_here("base") == (n > 1));
}

static void test_each_set_can_be_taken_or_is_refused(void **state)
{
    (void)state;
    for (int i = 0; isa_names[i]; i++) {
        char refusal[100];
        snprintf(refusal, sizeof refusal, "this processor has no %s", isa_names[i]);
        assert_null(isa_choose("plain"));
        error wrong = isa_choose(isa_names[i]);
        if (isa_here(isa_names[i]))
            assert_null(wrong);
        else
            says(refusal, wrong), print_message("not run here: %s\n", isa_names[i]);
        assert_string_equal(isa_name(),
                            wrong ? "plain" : isa_names[i]); /* a refusal changes nothing */
    }
}

/* Nobody has a set without what its kernels are compiled for. To see a processor that lacks a part:
 * `qemu-x86_64 -cpu max,-f16c build/tests/test_isa`, and so with fma and avx2. */
static void test_sets_ask_for_all_they_use(void **state)
{
    (void)state;
#ifdef __x86_64__
    unsigned a, b, c = 0, d, more = 0;
    assert_true(__get_cpuid(1, &a, &b, &c, &d));
    __get_cpuid_count(7, 0, &a, &more, &b, &d);
    bool avx2 = c & bit_FMA && c & bit_F16C && more & bit_AVX2;
    bool avx512 = avx2 && more & bit_AVX512F && more & bit_AVX512BW && more & bit_AVX512DQ &&
                  more & bit_AVX512VL;
    for (int i = 0; isa_names[i]; i++)
        if (strncmp(isa_names[i], "avx", 3) == 0 && isa_here(isa_names[i]))
            assert_true(strncmp(isa_names[i], "avx512", 6) == 0 ? avx512 : avx2);
#endif
}

static void test_a_name_that_is_nearly_one_is_unknown_in_a_line_that_lists_all(void **state)
{
    (void)state;
    static const char *const names[] = {"avx", "avx2xyz", "avx512x", "AVX2", "base ", "plai", "x"};
    assert_null(isa_choose("plain"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(isa_here(names[i]));
        assert_int_equal(setenv("DIFFUSION_ISA", names[i], 1), 0);
        error wrong = isa_choose(NULL);
        assert_non_null(wrong);
        assert_null(strchr(wrong, '\n'));
        const char *known = strstr(wrong, "Known: ");
        assert_non_null(known);
        for (int k = 0; isa_names[k]; k++) assert_non_null(strstr(known, isa_names[k]));
        assert_string_equal(isa_name(), "plain");
    }
    assert_int_equal(unsetenv("DIFFUSION_ISA"), 0);
}

static void test_an_unknown_name_is_refused_with_the_nearest(void **state)
{
    (void)state;
    assert_null(isa_choose("plain"));
    error wrong = isa_choose("plane");
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "no instruction set \"plane\"; nearest is plain. Known: plain"));
    assert_null(strchr(wrong, '\n'));
    assert_string_equal(isa_name(), "plain");
}

static void test_unasked_the_best_that_rounds_nothing(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("DIFFUSION_ISA"), 0);
    assert_null(isa_choose(NULL));
    static const char *const usual[] = {"avx512", "avx2", "base", "plain"};
    int i = 0;
    for (;; i++) { /* the first of these that was built and is here */
        int k = 0;
        while (isa_names[k] && strcmp(isa_names[k], usual[i]) != 0) k++;
        if (isa_names[k] && isa_here(usual[i])) break;
    }
    assert_string_equal(isa_name(), usual[i]);
}

static void test_the_environment_chooses(void **state)
{
    (void)state;
    assert_int_equal(setenv("DIFFUSION_ISA", "plain", 1), 0);
    assert_null(isa_choose(NULL));
    assert_string_equal(isa_name(), "plain");
    assert_int_equal(setenv("DIFFUSION_ISA", "sse9", 1), 0);
    error wrong = isa_choose(NULL);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "\"sse9\""));
    assert_int_equal(setenv("DIFFUSION_ISA", "", 1), 0); /* as if it were not there */
    assert_null(isa_choose(NULL));
    assert_int_equal(unsetenv("DIFFUSION_ISA"), 0);
}

static void a_kernel_with_a_wrong_environment(void)
{
    setenv("DIFFUSION_ISA", "sse9", 1);
    isa_name();
}

static void test_a_wrong_environment_is_noticed_by_kernels(void **state)
{
    (void)state;
    assert_true(aborts(a_kernel_with_a_wrong_environment));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First, while nothing is chosen: the child is as this process is. */
        cmocka_unit_test(test_a_wrong_environment_is_noticed_by_kernels),
        cmocka_unit_test(test_names_begin_with_plain_and_the_best_is_last),
        cmocka_unit_test(test_each_set_can_be_taken_or_is_refused),
        cmocka_unit_test(test_sets_ask_for_all_they_use),
        cmocka_unit_test(test_a_name_that_is_nearly_one_is_unknown_in_a_line_that_lists_all),
        cmocka_unit_test(test_an_unknown_name_is_refused_with_the_nearest),
        cmocka_unit_test(test_unasked_the_best_that_rounds_nothing),
        cmocka_unit_test(test_the_environment_chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
