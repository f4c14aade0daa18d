/* What the tests of lib/nn need of cmocka, for machines that have none: tools/cross.sh. */
#ifndef TESTS_CROSS_CMOCKA_H
#define TESTS_CROSS_CMOCKA_H
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    int (*setup_func)(void **state);
    int (*teardown_func)(void **state);
    void *initial_state;
};

static jmp_buf cross_out; /**< of the test that runs; 1: failed, 2: skipped */

#define fail_msg(...)                          \
    do {                                       \
        printf("%s:%d: ", __FILE__, __LINE__); \
        printf(__VA_ARGS__), puts("");         \
        longjmp(cross_out, 1);                 \
    } while (0)
#define assert_true(x)                              \
    do {                                            \
        if (!(x)) fail_msg("%s does not hold", #x); \
    } while (0)
#define assert_false(x)                  assert_true(!(x))
#define assert_null(x)                   assert_true(!(x))
#define assert_non_null(x)               assert_true(x)
#define assert_int_equal(a, b)           assert_true((a) == (b))
#define assert_memory_equal(a, b, n)     assert_true(memcmp(a, b, n) == 0)
#define assert_memory_not_equal(a, b, n) assert_true(memcmp(a, b, n) != 0)
#define assert_string_equal(a, b)        assert_true(strcmp(a, b) == 0)
#define print_message(...)               printf(__VA_ARGS__)
#define skip()                           longjmp(cross_out, 2)

static inline int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests,
                                          size_t n, int (*setup)(void **), int (*teardown)(void **))
{
    static volatile int failed;
    (void)group;
    if (setup) setup(NULL);
    for (volatile size_t i = 0; i < n; i++) {
        void *state = tests[i].initial_state;
        int how = setjmp(cross_out);
        if (how == 0) tests[i].test_func(&state);
        if (how == 1) failed++;
        printf("%s %s\n", how == 0 ? "  good" : how == 1 ? "FAILED" : "  skip", tests[i].name);
        fflush(stdout);
    }
    if (teardown) teardown(NULL);
    return failed;
}

#define cmocka_unit_test(f)        \
    {                              \
        .name = #f, .test_func = f \
    }
#define cmocka_run_group_tests(tests, up, down) \
    _cmocka_run_group_tests(#tests, tests, sizeof(tests) / sizeof *(tests), up, down)

#endif
