/* Does a text grow as it should, and say when it could not? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"
#include "base/file.h"
#include "base/writer.h"
#include "says.h"
#include <stdio.h>
#include <string.h>

enum { LINES = 5000 };
static arena memory;

static void test_it_grows(void **state)
{
    (void)state;
    arena keep = memory;
    writer w = {.memory = &keep};
    static char right[LINES * 20];
    size_t used = 0;
    for (int i = 0; i < LINES; i++) {
        writer_put(&w, "%d %g\n", i, i / 4.0);
        used += (size_t)sprintf(right + used, "%d %g\n", i, i / 4.0);
        if (i % 100 == 0) arena_take(&keep, 1); /* others take from the same place */
    }
    assert_false(w.full);
    assert_int_equal(w.used, used);
    assert_string_equal(w.text, right);
    assert_null(writer_save(&w, "out/test_writer.txt"));
    file f;
    assert_null(file_map("out/test_writer.txt", &f));
    assert_int_equal(f.bytes, used);
    assert_memory_equal(f.data, right, used);
    file_unmap(f);
}

static void test_a_text_that_does_not_fit_is_not_saved(void **state)
{
    (void)state;
    arena small = memory;
    small.end = small.begin + (1 << 14);
    writer w = {.memory = &small};
    for (int i = 0; i < LINES; i++) writer_put(&w, "%d\n", i);
    assert_true(w.full);
    assert_null(writer_room(&w, 1)); /* nothing more, even where it would fit: a hole is worse */
    remove("out/test_writer.txt");
    assert_says(writer_save(&w, "out/test_writer.txt"), "needs more memory than is left");
    assert_null(fopen("out/test_writer.txt", "r"));
}

static writer longest;

static void put_longest(void)
{
    writer_put(&longest, "%999d", 1);
}

static void put_too_long(void)
{
    writer_put(&longest, "%1000d", 1);
}

static void test_longest_of_a_call(void **state)
{
    (void)state;
    arena keep = memory;
    longest = (writer){.memory = &keep};
    assert_false(aborts(put_longest));
    assert_true(aborts(put_too_long));
}

/* RFC 4648, section 10 */
static void test_base64(void **state)
{
    (void)state;
    static const char *const right[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t n = 0; n < sizeof right / sizeof *right; n++) {
        arena keep = memory;
        writer w = {.memory = &keep};
        writer_put_base64(&w, (const unsigned char *)"foobar", n);
        assert_int_equal(w.used, strlen(right[n]));
        assert_memory_equal(w.text, right[n], w.used);
    }
}

static void test_points_are_points_everywhere(void **state)
{
    (void)state;
    char german[] = "M56,5 13,5h-1,25e-05, a,b 7, ,5", persian[] = "0٫5 12٫25",
         english[] = "0.5,1.5";
    writer_mend_points(german, ",");
    assert_string_equal(german, "M56.5 13.5h-1.25e-05, a,b 7, ,5");
    writer_mend_points(persian, "٫");
    assert_string_equal(persian, "0.5 12.25");
    writer_mend_points(english, ".");
    assert_string_equal(english, "0.5,1.5");
}

int main(void)
{
    memory = arena_make((size_t)1 << 24);
    if (file_make_folder("out")) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_grows),
        cmocka_unit_test(test_a_text_that_does_not_fit_is_not_saved),
        cmocka_unit_test(test_longest_of_a_call),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_points_are_points_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
