/* Text that grows, and what happens at the end of its room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/page.h"
#include <string.h>

static void test_text_grows(void **state)
{
    (void)state;
    page p = {0};
    page_put(&p, "%d and", 3);
    page_put(&p, " %s", "four");
    assert_string_equal(p.text, "3 and four");
    assert_int_equal(p.used, 10);
}

static void test_what_does_not_fit_is_cut(void **state)
{
    (void)state;
    static page p;
    for (size_t i = 0; i < sizeof p.text / 4; i++) page_put(&p, "12345");
    assert_int_equal(p.used, sizeof p.text - 1);
    assert_int_equal(strlen(p.text), p.used);
    page_put(&p, "more");
    assert_int_equal(p.used, sizeof p.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_grows),
        cmocka_unit_test(test_what_does_not_fit_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
