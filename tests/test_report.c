/* profile.h and report.h: every second belongs to one part, and layers to the part they ran in. */
#include "base/file.h"
#include "nn/profile.h"
#include "pipeline/report.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void wait(double seconds)
{
    for (double end = profile_clock() + seconds; profile_clock() < end;) continue;
}

static void layer(double seconds, const char *name)
{
    double enter = profile_enter();
    wait(seconds);
    profile_leave(enter, 1e6, "%s", name);
}

static double all_parts(const profile *p)
{
    double sum = 0;
    for (int i = 0; i < p->parts; i++) sum += p->part[i].seconds;
    return sum;
}

/* a (2 layers of one kind), b (a third of it), a again. */
static profile work(double *seconds)
{
    static profile p;
    memset(&p, 0, sizeof p);
    profile_start(&p, "a");
    double begin = p.since;
    layer(0.002, "conv");
    layer(0.002, "conv");
    profile_part("b");
    layer(0.004, "conv");
    wait(0.001);
    profile_part("a");
    layer(0.003, "linear");
    profile_stop();
    *seconds = p.since - begin;
    layer(0.001, "nobody asks");
    profile_part("nobody asks");
    return p;
}

static void test_parts_add_up(void **state)
{
    (void)state;
    double seconds;
    profile p = work(&seconds);
    assert_int_equal(p.parts, 2);
    assert_int_equal(p.rows, 3);
    assert_true(fabs(all_parts(&p) - seconds) < 1e-9);
    assert_true(p.part[0].seconds >= 0.007 && p.part[1].seconds >= 0.005);
    const struct {
        const char *name;
        int part, calls;
    } rows[] = {{"conv", 0, 2}, {"conv", 1, 1}, {"linear", 0, 1}};
    for (int i = 0; i < 3; i++) {
        assert_string_equal(p.row[i].name, rows[i].name);
        assert_int_equal(p.row[i].part, rows[i].part);
        assert_int_equal(p.row[i].calls, rows[i].calls);
        assert_true(fabs(p.row[i].flop - 1e6 * rows[i].calls) < 1);
    }
}

/* Numbers of the table's column of seconds. */
static double column(const char *line)
{
    double seconds = -1;
    char cut[16] = "";
    if (strlen(line) > 63) memcpy(cut, line + 55, 9);
    return sscanf(cut, "%lf", &seconds) == 1 ? seconds : -1;
}

static void test_table_adds_up(void **state)
{
    (void)state;
    double seconds, parts = 0, layers = 0, whole = -1;
    profile p = work(&seconds);
    arena memory = arena_make((size_t)1 << 24);
    char *table = (char *)(size_t)report_table(&p, &memory);
    assert_non_null(strstr(table, "\n  conv "));
    for (char *line = strtok(table, "\n"); line; line = strtok(NULL, "\n")) {
        double x = column(line);
        if (x < 0) continue;
        if (strncmp(line, "whole", 5) == 0)
            whole = x;
        else if (line[0] == ' ')
            layers += x;
        else
            parts += x;
    }
    assert_true(fabs(whole - all_parts(&p)) < 0.00051);
    assert_true(fabs(parts - whole) < 0.0021 && fabs(layers - whole) < 0.0041);
    arena_free(memory);
}

static void test_many_kinds_and_none(void **state)
{
    (void)state;
    static profile p;
    arena memory = arena_make((size_t)1 << 26);
    assert_null(file_make_folder("out"));
    profile_start(&p, "0");
    profile_stop();
    assert_null(report_picture(&p, "out/test_report.svg", memory));
    profile_start(&p, "0");
    static const char *const names[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    for (int i = 0; i < 9; i++) profile_part(names[i]);
    char name[200];
    for (int i = 0; i < PROFILE_ROWS + 10; i++) {
        snprintf(name, sizeof name, "%d %0150d", i, i);
        profile_leave(profile_enter(), 1, "%s", name);
    }
    profile_stop();
    assert_int_equal(p.parts, PROFILE_PARTS);
    assert_int_equal(p.rows, PROFILE_ROWS);
    assert_int_equal(p.row[PROFILE_ROWS - 1].calls, 11);
    assert_non_null(strstr(report_table(&p, &memory), "others"));
    assert_null(report_picture(&p, "out/test_report.png", memory));
    assert_non_null(report_picture(&p, "out/no/such/folder.png", memory));
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_add_up),
        cmocka_unit_test(test_table_adds_up),
        cmocka_unit_test(test_many_kinds_and_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
