/* Definition: the lines a person gets to read. */
#include "aborts.h"
#include "base/error.h"
#include <string.h>

static const char *const rooms[] = {"kitchen", "cellar", "attic", NULL};

static void test_words_as_printf_does(void **state)
{
    (void)state;
    assert_string_equal(error_make("%s has %d pages, not %.1f", "a book", 3, 4.5),
                        "a book has 3 pages, not 4.5");
}

static void test_an_error_may_quote_the_one_before(void **state)
{
    (void)state;
    error first = error_make("it is too dark");
    error second = error_make("cannot read: %s", first);
    assert_string_equal(error_make("%s (%s)", second, second),
                        "cannot read: it is too dark (cannot read: it is too dark)");
}

static void test_long_text_is_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    error wrong = error_make("%s", text);
    assert_int_equal(strlen(wrong), 1023);
    assert_int_equal(strspn(wrong, "x"), 1023);
    const char *const many[] = {text, text, NULL};
    assert_int_equal(strlen(error_unknown("room", text, many)), 1023);
}

static void test_it_stays_one_line(void **state)
{
    (void)state;
    assert_string_equal(error_make("no %s", "a\nb\033[2Jc\177"), "no a?b?[2Jc?");
    assert_string_equal(error_make("M\303\274nchen"),
                        "M\303\274nchen"); /* letters beyond ASCII stay */
}

static void assert_nearest(const char *given, const char *nearest)
{
    char want[200];
    snprintf(want, sizeof want,
             "there is no room \"%s\"; nearest is %s. Known: kitchen, cellar, attic", given,
             nearest);
    assert_string_equal(error_unknown("room", given, rooms), want);
}

static void test_an_unknown_name_gets_the_nearest(void **state)
{
    (void)state;
    assert_nearest("kitchn", "kitchen"); /* a letter lost */
    assert_nearest("cellarr", "cellar"); /* a letter too many */
    assert_nearest("attac", "attic");    /* a letter exchanged */
    assert_nearest("cella", "cellar");
    assert_nearest("", "attic");      /* the shortest */
    assert_nearest("hen", "kitchen"); /* 4 edits; attic is 5 away */
    assert_nearest("aken", "attic");  /* 4 edits; kitchen is 5: an a to lose, 4 letters to insert */
    char endless[200];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = 0;
    char cut[100];
    snprintf(cut, sizeof cut, "\"%.48s\"; nearest", endless);
    assert_non_null(strstr(error_unknown("room", endless, rooms), cut));
}

static void keep_a_promise(void)
{
    PROMISE(true, "test: this is not meant to happen");
}

static void break_a_promise(void)
{
    PROMISE(false, "test: this was meant to happen");
}

static void test_a_broken_promise_aborts(void **state)
{
    (void)state;
    assert_int_equal(fate(keep_a_promise), 0);
    assert_true(aborts(break_a_promise));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_as_printf_does),
        cmocka_unit_test(test_an_error_may_quote_the_one_before),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_it_stays_one_line),
        cmocka_unit_test(test_an_unknown_name_gets_the_nearest),
        cmocka_unit_test(test_a_broken_promise_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
