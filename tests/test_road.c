/* Are the first lines of the lessons' pages read as they stand, and refused when they are wrong? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tools/road.h"

/* Pages with these numbers, the k-th with this text, "" at the end. */
static error add_all(road *r, const char *const pages[][2])
{
    error wrong = NULL;
    *r = (road){0};
    for (int i = 0; !wrong && pages[i][0]; i++) wrong = road_add(r, pages[i][0], pages[i][1]);
    return wrong ? wrong : road_link(r);
}

#define ROOT \
    "# 00 Zero: noise\n\n8 minutes to read. Before it: nothing but a little C.\n\n## Idea\n"
#define ONE  "# 01 One, and: a second\n\n10 minutes to read. Before it: [00 Zero](00_zero.md).\n"
#define MORE "# 02b More: x\n\n1 minutes to read. Before it: [02 Two](02_two.md).\n"
#define TWO                                                                                    \
    "# 02 Two: a third: of all\n\n120 minutes to read. Before it: [00 Zero](00_zero.md) and\n" \
    "[01 One, and](01_one.md).\n\nText with [a link](03_x.md).\n"

static void reads_what_stands_there(void **state)
{
    (void)state;
    static road r;
    static const char *const pages[][2] = {{"02_two.md", TWO},
                                           {"02b_more.md", MORE},
                                           {"00_zero.md", ROOT},
                                           {"01_one.md", ONE},
                                           {NULL, NULL}};
    static const char *const numbers[] = {"00", "01", "02", "02b"};
    for (int i = 0; pages[i][0]; i++) assert_true(road_is_page(pages[i][0]));
    assert_false(road_is_page("2_two.md") || road_is_page("02B_two.md") || road_is_page("02_two"));
    assert_null(add_all(&r, pages));
    assert_int_equal(r.n, 4);
    for (int i = 0; i < 4; i++) assert_string_equal(r.lesson[i].number, numbers[i]);
    assert_true(r.needs[3][2] && r.needs[3][0]);
    assert_string_equal(r.lesson[1].title, "One, and");
    assert_string_equal(r.lesson[2].idea, "a third: of all");
    assert_int_equal(r.lesson[2].minutes, 120);
    assert_int_equal(r.lesson[0].parents, 0);
    assert_int_equal(r.lesson[2].parents, 2);
    assert_int_equal(r.lesson[2].parent[0], 0);
    assert_int_equal(r.lesson[2].parent[1], 1);
    assert_true(r.needs[2][0] && r.needs[2][1] && r.needs[1][0]);
    assert_false(r.needs[0][1] || r.needs[1][2] || r.needs[2][2]);
}

static void refuses_a_page_without_the_form(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "00 Zero: noise\n\n8 minutes to read. Before it: nothing.\n",
        "# 01 Zero: noise\n\n8 minutes to read. Before it: nothing.\n",
        "- 00 Zero: noise\n\n8 minutes to read. Before it: nothing.\n",
        "# 00 Zero\n\nBefore it: nothing.\n\n8 minutes to read. Before it: nothing.\n",
        "# 00 Zero: noise\n8 minutes to read. Before it: nothing.\n",
        "# 00 Zero: noise\n\nMinutes to read. Before it: nothing.\n",
        "# 00 Zero: noise\n\n0 minutes to read. Before it: nothing.\n",
        "# 00 Zero: noise\n\n8 minutes to read.\n",
        "# 00 Zero: noise\n\n8 minutes to read. Before it: lesson 3.\n",
        "# 00 Zero: noise\n\n8 minutes to read. Before it: [01 One(01_one.md).\n",
        "# 00 Zero: noise\n\n8 minutes to read. Before it: [01 One](01_one.md.\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        road_lesson l;
        error wrong = road_read_page("00_zero.md", texts[i], &l);
        if (!wrong) fail_msg("accepted: %s", texts[i]);
        assert_non_null(strstr(wrong, "00_zero.md"));
    }
}

static void refuses_what_does_not_fit_together(void **state)
{
    (void)state;
    static road r;
    static const struct {
        const char *const pages[4][2];
        const char *says;
    } cases[] = {
        {{{"01_one.md", ONE}}, "00_zero.md, which is not there"},
        {{{"00_nil.md", ROOT}, {"01_one.md", ONE}}, "00_zero.md, which is not there"},
        {{{"00_zero.md", "# 00 Nil: x\n\n1 minutes to read. Before it: nothing.\n"},
          {"01_one.md", ONE}},
         "calls itself \"00 Nil\""},
        {{{"00_zero.md", ROOT}, {"00_also.md", ROOT}}, "have one number"},
        {{{"00_zero.md", "# 00 Zero: x\n\n1 minutes to read. Before it: [00 Zero](00_zero.md).\n"}},
         "00_zero.md needs itself"},
        {{{"00_zero.md", "# 00 Zero: x\n\n1 minutes to read. Before it: [02 Two](02_two.md).\n"},
          {"01_one.md", ONE},
          {"02_two.md",
           "# 02 Two: x\n\n1 minutes to read. Before it: [01 One, and](01_one.md).\n"}},
         "needs itself, by way of"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        error wrong = add_all(&r, cases[i].pages);
        assert_non_null(wrong);
        if (!strstr(wrong, cases[i].says)) fail_msg("says: %s", wrong);
    }
}

static void the_pages_of_this_course_are_in_order(void **state)
{
    (void)state;
    static road r;
    error wrong = road_read("docs", &r);
    if (wrong) fail_msg("%s", wrong);
    assert_true(r.n > 0);
    assert_non_null(road_read("no such folder", &r));
    assert_non_null(road_read("tools", &r)); /* none of them in there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_stands_there),
        cmocka_unit_test(refuses_a_page_without_the_form),
        cmocka_unit_test(refuses_what_does_not_fit_together),
        cmocka_unit_test(the_pages_of_this_course_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
