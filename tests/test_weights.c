/* Numbers by name and shape: where they come from, and what is said when they are not there. */
#include "model_fixture.h"
#include "models/weights.h"

static box one;

/* All there is to ask for, with the data on a multiple of 64 and so many bytes. */
static weights open_some(int off)
{
    box_begin(&one);
    box_add(&one, "b.3.w", "F32", (int[4]){2, 3});
    box_add(&one, "b.3.w4", "F32", (int[4]){2, 3, 1, 1});
    box_add(&one, "b.3.f", "F16", (int[4]){2, 3, 3, 3});
    box_add(&one, "b.3.bias", "F16", (int[4]){4});
    box_add(&one, "b.3.norm", "BF16", (int[4]){4});
    box_add(&one, "b.3.wide", "F32", (int[4]){4});
    box_add(&one, "scalar", "F32", (int[4]){0});
    box_add(&one, "ids", "I64", (int[4]){1, 77});
    box_save(&one, ROOM "/w.safetensors", spaces_for(&one, off));
    const char *path = ROOM "/w.safetensors";
    weights w;
    error wrong = weights_open(&path, 1, &memory, &w);
    if (wrong) fail_msg("%s", wrong);
    return w;
}

static void assert_counts(weight w, size_t n)
{
    assert_non_null(w.data);
    assert_int_equal((size_t)w.data % dtype_size(w.type), 0);
    for (size_t i = 0; i < n; i++) assert_true(weight_at(w, i) == (float)i);
}

static bool in_file(weights w, const void *p)
{
    int count;
    file f = weights_files(w, &count)->map;
    return (const unsigned char *)p >= f.data && (const unsigned char *)p < f.data + f.bytes;
}

static void test_what_is_there(void **state)
{
    (void)state;
    weights w = open_some(0), block = weights_in(weights_in(w, "b"), "%d", 3);
    assert_string_equal(block.path, "b.3.");
    assert_string_equal(w.path, "");
    assert_counts(weights_matrix(block, "w", 2, 3), 6);
    assert_counts(weights_matrix(block, "w4", 2, 3), 6);
    assert_counts(weights_filter(block, "f", 2, 3), 54);
    assert_true(weights_filter(block, "f", 2, 3).type == DTYPE_F16);
    assert_true(in_file(w, weights_matrix(block, "w", 2, 3).data));
    const char *const rows[] = {"bias", "norm", "wide"};
    for (int k = 0; k < 3; k++) {
        const float *row = weights_floats(block, rows[k], 4);
        for (int i = 0; i < 4; i++) assert_true(row[i] == (float)i);
        assert_int_equal(in_file(w, row), k == 2); /* what is float already stays */
    }
    assert_true(weights_has(block, "w") && weights_has(w, "ids"));
    assert_false(weights_has(block, "v"));
    assert_int_equal(weights_side(block, "f", 0), 2);
    assert_int_equal(weights_side(block, "f", 3), 3);
    assert_int_equal(weights_side(block, "f", 4), 0);
    assert_int_equal(weights_side(block, "v", 0), 0);
    assert_null(weights_trouble(w));
    weights_close(w);
}

/* A head of odd length puts numbers where no processor likes them: they are copied. */
static void test_not_aligned(void **state)
{
    (void)state;
    for (int off = 0; off < 4; off++) {
        weights w = open_some(off), block = weights_in(w, "b.3");
        weight matrix = weights_matrix(block, "w", 2, 3), filter = weights_filter(block, "f", 2, 3);
        assert_counts(matrix, 6);
        assert_counts(filter, 54);
        assert_int_equal(in_file(w, matrix.data), off == 0);
        assert_int_equal(in_file(w, filter.data), off % 2 == 0);
        assert_true(weights_floats(block, "wide", 4)[3] == 3);
        assert_true(weights_floats(block, "bias", 4)[3] == 3);
        assert_null(weights_trouble(w));
        weights_close(w);
    }
}

typedef void asking(weights w);
static void matrix_wide(weights w)
{
    assert_null(weights_matrix(w, "b.3.w", 2, 4).data);
}
static void matrix_of_row(weights w)
{
    assert_null(weights_matrix(w, "b.3.bias", 2, 2).data);
}
static void matrix_of_filter(weights w)
{
    assert_null(weights_matrix(w, "b.3.f", 2, 3).data);
}
static void matrix_missing(weights w)
{
    assert_null(weights_matrix(w, "b.4.w", 2, 3).data);
}
static void filter_turned(weights w)
{
    assert_null(weights_filter(w, "b.3.f", 3, 2).data);
}
static void filter_of_matrix(weights w)
{
    assert_null(weights_filter(w, "b.3.w", 2, 3).data);
}
static void row_of_ids(weights w)
{
    assert_true(weights_floats(w, "ids", 77)[76] == 0);
}
static void matrix_of_ids(weights w)
{
    assert_null(weights_matrix(w, "ids", 1, 77).data);
}

static void row_of_one(weights w)
{
    assert_true(weights_floats(w, "scalar", 1)[0] == 0);
}
static void row_short(weights w)
{
    assert_true(weights_floats(w, "b.3.wide", 3)[2] == 0);
}
static void row_endless(weights w)
{
    assert_null(weights_floats(w, "b.3.wide", 2000000));
}
static void row_negative(weights w)
{
    assert_non_null(weights_floats(w, "b.3.wide", -4));
}

static const struct {
    asking *ask;
    const char *says;
} troubles[] = {
    {matrix_wide, "tensor b.3.w must be [2, 4], and is [2, 3]"},
    {matrix_of_row, "tensor b.3.bias must be [2, 2], and is [4]"},
    {matrix_of_filter, "tensor b.3.f must be [2, 3], and is [2, 3, 3, 3]"},
    {matrix_missing, "tensor b.4.w must be [2, 3], and is missing"},
    {filter_turned, "tensor b.3.f must be [3, 2, 3, 3], and is [2, 3, 3, 3]"},
    {filter_of_matrix, "tensor b.3.w must be [2, 3, 3, 3], and is [2, 3]"},
    {row_of_ids, "tensor ids must be [77], and is stored as I64; known are F32, F16 and BF16"},
    {matrix_of_ids,
     "tensor ids must be [1, 77], and is stored as I64; known are F32, F16 and BF16"},
    {row_of_one, "tensor scalar must be [1], and is []"},
    {row_short, "tensor b.3.wide must be [3], and is [4]"},
    {row_endless, "tensor b.3.wide must be [2000000], and is [4]"},
    {row_negative, "tensor b.3.wide must be [-4], and is [4]"},
};

static void test_trouble(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        weights w = open_some(0);
        char line[400];
        snprintf(line, sizeof line, ROOM "/w.safetensors: %s", troubles[i].says);
        troubles[i].ask(w);
        assert_string_equal(weights_trouble(w), line);
        matrix_missing(w); /* the first counts */
        assert_string_equal(weights_trouble(weights_in(w, "b")), line);
        assert_counts(weights_matrix(w, "b.3.w", 2, 3), 6); /* what is there is still handed out */
        weights_close(w);
    }
}

static void save_one(const char *path, const char *name)
{
    box_begin(&one);
    box_add(&one, name, "F32", (int[4]){4});
    box_save(&one, path, 0);
}

static void test_several_files(void **state)
{
    (void)state;
    const char *const paths[] = {ROOM "/1", ROOM "/2", ROOM "/3"};
    weights w;
    save_one(paths[0], "a");
    save_one(paths[1], "b");
    save_one(paths[2], "c");
    assert_null(weights_open(paths, 3, &memory, &w));
    assert_true(weights_floats(w, "a", 4)[3] == 3 && weights_floats(w, "c", 4)[3] == 3);
    assert_null(weights_trouble(w));
    weights_floats(w, "d", 4);
    assert_string_equal(weights_trouble(w),
                        ROOM "/1 and others: tensor d must be [4], and is missing");
    weights_close(w);
    save_one(paths[2], "a");
    assert_string_equal(weights_open(paths, 3, &memory, &w),
                        ROOM "/1 and " ROOM "/3 both have the tensor a");
    write_text(paths[2], "nonsense");
    assert_says(weights_open(paths, 3, &memory, &w), ROOM "/3: 8 bytes are too few");
    assert_null(weights_open(NULL, 0, &memory, &w)); /* nothing is in nothing */
    weights_floats(w, "d", 4);
    assert_says(weights_trouble(w), "no file: tensor d");
    weights_close(w);
}

/* What a configuration asks for and a file does not have must not fill the memory. */
static void test_zeros_have_an_end(void **state)
{
    (void)state;
    arena keep = memory;
    weights w;
    assert_null(weights_open(NULL, 0, &keep, &w));
    const float *first = weights_floats(w, "d", 1 << 16), *last = first;
    assert_true(first[0] == 0 && first[(1 << 16) - 1] == 0);
    for (int i = 0; i < 100; i++) last = weights_floats(w, "d", 1 << 16);
    assert_null(last);
    assert_true(arena_left(memory) - arena_left(keep) < (5 << 20));
    weights_close(w);
}

/* "new" is the second name that is tried, "q" to "v" the thirds of a tensor. */
static bool other_names(const void *self, const char *asked, int attempt, weights_alias *out)
{
    const char *const names[] = {"b.3.none", "b.3.wide"};
    bool third = strchr("qkv", *asked);
    assert_string_equal(self, "self");
    if (third && attempt == 0) {
        snprintf(out->name, sizeof out->name, "%s", asked + 1);
        out->part = *asked == 'q' ? 0 : *asked == 'k' ? 1 : 2, out->parts = 3;
        return true;
    }
    if (third || attempt > 1) return false;
    snprintf(out->name, sizeof out->name, "%s", names[attempt]);
    return true;
}

static void test_other_names(void **state)
{
    (void)state;
    box_begin(&one);
    box_add(&one, "b.3.wide", "F32", (int[4]){4});
    box_add(&one, "w", "F16", (int[4]){6, 5});
    box_add(&one, "b", "F32", (int[4]){6});
    box_save(&one, ROOM "/w.safetensors", spaces_for(&one, 0));
    const char *path = ROOM "/w.safetensors";
    weights w;
    assert_null(weights_open(&path, 1, &memory, &w));
    weights_rename(w, other_names, "self");
    assert_true(weights_floats(w, "new", 4)[3] == 3);
    weight k = weights_matrix(w, "kw", 2, 5), v = weights_matrix(w, "vw", 2, 5);
    assert_true(weight_at(k, 0) == 10 && weight_at(v, 9) == 29);
    assert_true(weights_floats(w, "qb", 2)[1] == 1 && weights_floats(w, "vb", 2)[0] == 4);
    assert_int_equal(weights_side(w, "qw", 0), 2);
    assert_null(weights_trouble(w));
    assert_false(weights_has(w, "qb.3.wide")); /* 4 has no thirds */
    weights_matrix(w, "kw", 6, 5);
    assert_says(weights_trouble(w), "tensor kw must be [6, 5], and is [2, 5]");
    weights_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_there),
        cmocka_unit_test(test_not_aligned),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_several_files),
        cmocka_unit_test(test_other_names),
        cmocka_unit_test(test_zeros_have_an_end),
        cmocka_unit_test(test_nothing_stays_mapped),
    };
    return cmocka_run_group_tests(tests, make_room, NULL);
}
