/* Which instruction sets there are, and how one is chosen. */
#include "nn_fixture.h"

#include "aborts.h"

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
    assert_true(isa_here("plain") && isa_here("base"));
    assert_false(isa_here("avx1024"));
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
        cmocka_unit_test(test_an_unknown_name_is_refused_with_the_nearest),
        cmocka_unit_test(test_unasked_the_best_that_rounds_nothing),
        cmocka_unit_test(test_the_environment_chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
