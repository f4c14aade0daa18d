/* Configurations: what is asked for, what is missing, and what is no JSON. */
#define _DEFAULT_SOURCE
#include "model_fixture.h"
#include "models/config.h"

static const config *parsed(const char *text)
{
    const config *c = NULL;
    error wrong = config_parse(text, strlen(text), "a.json", &memory, &c);
    if (wrong) fail_msg("%s", wrong);
    return c;
}

static void test_values(void **state)
{
    (void)state;
    const config *c =
        parsed("{\"n\": 3, \"x\": 0.18215, \"t\": true, \"f\": false, \"s\": \"silu\","
               " \"z\": null, \"l\": [320, 640], \"w\": [\"A\", \"B\"], \"m\": {\"k\": -1}}");
    assert_int_equal(config_int(c, "n", 7), 3);
    assert_true(config_number(c, "x", 7) == 0.18215);
    assert_true(config_number(c, "n", 7) == 3);
    assert_true(config_bool(c, "t", false));
    assert_false(config_bool(c, "f", true));
    assert_string_equal(config_text(c, "s", "gelu"), "silu");
    assert_int_equal(config_count(c, "l"), 2);
    assert_int_equal(config_int_at(c, "l", 0, 7), 320);
    assert_int_equal(config_int_at(c, "l", 1, 7), 640);
    assert_string_equal(config_text_at(c, "w", 1, "C"), "B");
    assert_int_equal(config_int(config_find(c, "m"), "k", 7), -1);
    assert_string_equal(config_name(c), "a.json");
    assert_null(config_trouble(c));
}

static void test_what_is_missing(void **state)
{
    (void)state;
    const config *c = parsed("{\"z\": null}");
    const char *const keys[] = {"none", "z"};
    for (int i = 0; i < 2; i++) {
        assert_null(config_find(c, keys[i]));
        assert_int_equal(config_int(c, keys[i], 7), 7);
        assert_true(config_number(c, keys[i], 0.5) == 0.5);
        assert_true(config_bool(c, keys[i], true));
        assert_string_equal(config_text(c, keys[i], "gelu"), "gelu");
        assert_int_equal(config_count(c, keys[i]), 0);
        assert_int_equal(config_int_at(c, keys[i], 3, 7), 7);
        assert_string_equal(config_text_at(c, keys[i], 3, "C"), "C");
    }
    assert_null(config_trouble(c));
}

static void test_one_number_stands_for_a_list(void **state)
{
    (void)state;
    const config *c = parsed("{\"heads\": 8}");
    assert_int_equal(config_count(c, "heads"), 1);
    assert_int_equal(config_int_at(c, "heads", 3, 7), 8);
    assert_null(config_trouble(c));
}

static const struct {
    const char *text, *says;
} wrong_kinds[] = {
    {"{\"k\": \"3\"}", "a.json: \"k\" must be a number, and is a text"},
    {"{\"k\": [3]}", "a.json: \"k\" must be a number, and is a list"},
    {"{\"k\": {}}", "a.json: \"k\" must be a number, and is a table"},
    {"{\"k\": true}", "a.json: \"k\" must be a number, and is true or false"},
    {"{\"k\": 2.5}", "a.json: \"k\" must be a whole number, and is 2.5"},
    {"{\"k\": 1e300}", "a.json: \"k\" must be a whole number, and is 1e+300"},
    {"{\"k\": 3000000000}", "a.json: \"k\" must be a whole number, and is 3e+09"},
};

static void test_the_wrong_kind_is_noted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_kinds / sizeof *wrong_kinds; i++) {
        const config *c = parsed(wrong_kinds[i].text);
        assert_int_equal(config_int(c, "k", 7), 7);
        assert_null(config_text(c, "j", NULL));
        assert_string_equal(config_trouble(c), wrong_kinds[i].says);
    }
    const config *c = parsed("{\"k\": [1, \"x\"], \"s\": 1}");
    assert_int_equal(config_int_at(c, "k", 0, 7), 1);
    assert_null(config_trouble(c));
    assert_int_equal(config_int_at(c, "k", 2, 7), 7);
    assert_string_equal(config_trouble(c), "a.json: \"k\" has 2 values, too few");
    assert_int_equal(config_int_at(c, "k", 1, 7), 7);
    assert_string_equal(config_text(c, "s", "y"), "y");
    assert_string_equal(config_trouble(c), "a.json: \"k\" has 2 values, too few"); /* the first */
}

static void test_errors_name_the_file_once(void **state)
{
    (void)state;
    const config *c = parsed("{}");
    assert_null(config_blame(c, NULL));
    assert_string_equal(config_blame(c, "too wide"), "a.json: too wide");
    assert_string_equal(config_blame(c, config_blame(c, "too wide")), "a.json: too wide");
}

static const struct {
    const char *text, *says;
} refused[] = {
    {"", "a.json: line 1 is not JSON"},
    {"{", "a.json: line 1 is not JSON"},
    {"{\"a\": 1}\n}", "a.json: line 2 is not JSON"},
    {"{\"a\": 1,\n\"a\": 2}", "a.json: line 2 is not JSON: duplicate object key"},
    {"{\"a\": 1, \"\\u0061\": 2}", "duplicate object key"},
    {"{\"a\": \"\xff\"}", "is not JSON"},
    {"{\"a\": \"\\u0000\"}", "is not JSON"},
    {"{\"\\u0000\": 1}", "is not JSON"},
    {"{\"a\": 99999999999999999999}", "is not JSON: too big integer"},
    {"{\"a\": 1e999}", "is not JSON: real number overflow"},
    {"{\"a\": NaN}", "is not JSON"},
    {"[1, 2]", "a.json: it is a list, not a table"},
    {"3", "is not JSON"},
};

static void assert_refused(const char *text, size_t bytes, arena room, const char *says)
{
    arena before = room;
    const config *c = NULL;
    assert_says(config_parse(text, bytes, "a.json", &room, &c), says);
    assert_null(c);
    assert_ptr_equal(room.begin, before.begin);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_refused(refused[i].text, strlen(refused[i].text), memory, refused[i].says);
    static char deep[10000];
    memset(deep, '[', sizeof deep);
    memcpy(deep, "{\"a\":", 5);
    assert_refused(deep, sizeof deep, memory, "is not JSON: maximum parsing depth reached");
}

/* Depth 2,000 is legal, and must not take what the stack has. */
static void test_deep_is_allowed(void **state)
{
    (void)state;
    enum { DEPTH = 2000 };
    static char text[5 + 2 * DEPTH + 2];
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', DEPTH);
    memset(text + 5 + DEPTH, ']', DEPTH);
    text[5 + 2 * DEPTH] = '}';
    const config *c = config_find(parsed(text), "a");
    int depth = 1;
    for (; c->count; c = c->inside) depth++;
    assert_int_equal(depth, DEPTH);
}

static void test_too_little_memory(void **state)
{
    (void)state;
    arena small = arena_make(1 << 16), room = small;
    static char text[120000] = "{\"a\": [0";
    size_t used = strlen(text);
    while (used < sizeof text - 4) memcpy(text + used, ",0", 2), used += 2;
    memcpy(text + used, "]}", 2);
    assert_refused(text, used + 2, room, "bytes of JSON are too many for memory");
    assert_refused(text + 60000, 0, room, "not JSON");
    static char fewer[40000] = "{\"a\": [0"; /* the text fits, its values do not */
    for (used = strlen(fewer); used < 20000; used += 2) memcpy(fewer + used, ",0", 2);
    memcpy(fewer + used, "]}", 2);
    assert_refused(fewer, used + 2, room, "bytes of JSON are too many for memory");
    arena_free(small);
}

static void test_files(void **state)
{
    (void)state;
    const config *c = NULL;
    write_text(ROOM "/c.json", "{\"n\": 3}\n");
    assert_null(config_read(ROOM "/c.json", &memory, &c));
    assert_int_equal(config_int(c, "n", 7), 3);
    assert_string_equal(config_name(c), ROOM "/c.json");
    write_text(ROOM "/c.json", "");
    assert_says(config_read(ROOM "/c.json", &memory, &c), ROOM "/c.json: line 1 is not JSON");
    assert_says(config_read(ROOM "/none", &memory, &c), "cannot open " ROOM "/none");
    assert_says(config_read(ROOM, &memory, &c), "it is not a file");
    assert_int_equal(truncate(ROOM "/c.json", (17 << 20)), 0);
    assert_says(config_read(ROOM "/c.json", &memory, &c), "more than a configuration has");
    remove(ROOM "/c.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_what_is_missing),
        cmocka_unit_test(test_one_number_stands_for_a_list),
        cmocka_unit_test(test_the_wrong_kind_is_noted),
        cmocka_unit_test(test_errors_name_the_file_once),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_deep_is_allowed),
        cmocka_unit_test(test_too_little_memory),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, make_room, NULL);
}
