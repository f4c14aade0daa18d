/* Weights files: what is in good ones, and that no bad one gets through. */
#define _DEFAULT_SOURCE
#include "model_fixture.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <utime.h>

static box one; /* large: never on the stack */

static error parse(const char *head, size_t bytes, safetensors *out)
{
    static const unsigned char zeros[4096];
    file f = joined(head, zeros, bytes);
    arena room = memory;
    error wrong = safetensors_parse(f, "a.safetensors", &room, out);
    if (wrong) assert_ptr_equal(room.begin, memory.begin);
    forget(f); /* its shapes stay: they live in the arena */
    return wrong;
}

static void test_a_good_file(void **state)
{
    (void)state;
    safetensors s;
    box_begin(&one);
    box_add(&one, "b.weight", "F16", (int[4]){2, 3});
    box_add(&one, "a", "F32", (int[4]){4});
    box_add(&one, "b.bias", "BF16", (int[4]){2, 1, 3, 1});
    one.used += (size_t)sprintf(one.head + one.used, ", \"__metadata__\": {\"format\": \"pt\"}");
    box_save(&one, ROOM "/good.safetensors", spaces_for(&one, 0));
    assert_null(safetensors_open(ROOM "/good.safetensors", &memory, &s));
    assert_string_equal(s.path, ROOM "/good.safetensors");
    assert_int_equal(s.count, 3);
    assert_string_equal(s.tensor[0].name, "a");
    assert_string_equal(s.tensor[1].name, "b.bias");
    assert_string_equal(s.tensor[2].name, "b.weight");
    assert_string_equal(config_text(s.metadata, "format", ""), "pt");
    const safetensor *t = safetensors_find(&s, "b.weight");
    assert_ptr_equal(t, &s.tensor[2]);
    assert_int_equal(t->dims, 2);
    assert_true(t->shape[0] == 2 && t->shape[1] == 3 && t->count == 6 && t->bytes == 12);
    assert_true(t->usable && t->type == DTYPE_F16);
    for (size_t i = 0; i < 6; i++)
        assert_true(weight_at((weight){t->data, t->type}, i) == (float)i);
    assert_true(((const float *)(const void *)s.tensor[0].data)[3] == 3);
    assert_null(safetensors_find(&s, "b"));
    assert_null(safetensors_find(&s, "c"));
    assert_int_equal(safetensors_begin(&s, "b."), 1);
    assert_int_equal(safetensors_begin(&s, ""), 0);
    assert_int_equal(safetensors_begin(&s, "b.x"), 3);
    assert_int_equal(safetensors_begin(&s, "aa"), 3);
    safetensors_rest(&s);
    assert_true(((const float *)(const void *)s.tensor[0].data)[3] == 3);
    safetensors_close(s);
}

static void test_shapes_of_all_kinds(void **state)
{
    (void)state;
    safetensors s;
    assert_null(parse("{}", 0, &s));
    assert_int_equal(s.count, 0);
    assert_null(s.metadata);
    assert_null(safetensors_find(&s, "x"));
    assert_null(parse("{\"x\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, &s));
    assert_true(s.tensor[0].dims == 0 && s.tensor[0].count == 1);
    assert_null(parse("{\"x\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_offsets\":[0,0]}}", 0, &s));
    assert_true(s.tensor[0].count == 0);
    assert_null(parse("{\"x\":{\"dtype\":\"F16\",\"shape\":[1,1,1,1,1,1,1,2],"
                      "\"data_offsets\":[0,4]},\"y\":{\"dtype\":\"U8\",\"shape\":[0],"
                      "\"data_offsets\":[4,4]}}   \n",
                      4, &s));
    assert_int_equal(s.tensor[0].dims, 8);
    assert_null(parse("{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[4,6]},"
                      "\"y\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
                      6, &s)); /* in another order than the data */
    assert_ptr_equal(s.tensor[0].data, s.tensor[1].data + 4);
}

/* Those that cannot be used are listed all the same. */
static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int bytes; /* of 8 numbers */
    } types[] = {{"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},    {"I64", 64},
                 {"I32", 32},    {"I16", 16},    {"I8", 8},      {"U64", 64},    {"U32", 32},
                 {"U16", 16},    {"U8", 8},      {"BOOL", 8},    {"F8_E4M3", 8}, {"F8_E5M2", 8},
                 {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},      {"C64", 64}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char head[200];
        safetensors s;
        snprintf(head, sizeof head,
                 "{\"x\":{\"dtype\":\"%s\",\"shape\":[8],\"data_offsets\":[0,%d]}}", types[i].name,
                 types[i].bytes);
        assert_null(parse(head, (size_t)types[i].bytes, &s));
        assert_string_equal(s.tensor[0].dtype, types[i].name);
        assert_int_equal(s.tensor[0].usable, i < 3);
        if (i < 3) assert_int_equal(dtype_size(s.tensor[0].type) * 8, types[i].bytes);
    }
}

#define F32(shape, offsets) \
    "{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"

/* Heads, each with 16 bytes of data behind it. */
static const struct {
    const char *head, *says;
} refused[] = {
    {"[]", "it is not a .safetensors file"},
    {"{\"x\":", "is not JSON"},
    {"{\"x\":" F32("4", "0,16") ",\"x\":" F32("4", "0,16") "}", "duplicate object key"},
    {"{\"x\":3}", "tensor x needs a shape"},
    {"{\"x\":{}}", "tensor x needs a shape"},
    {"{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,16]}}", "tensor x needs a shape"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,16]}}", "tensor x needs a shape"},
    {"{\"x\":{\"shape\":[4],\"data_offsets\":[0,16]}}", "tensor x has no dtype"},
    {"{\"x\":{\"dtype\":4,\"shape\":[4],\"data_offsets\":[0,16]}}", "tensor x has no dtype"},
    {"{\"x\":{\"dtype\":\"F33\",\"shape\":[4],\"data_offsets\":[0,16]}}",
     "a.safetensors: tensor x has the dtype \"F33\", which nobody knows"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4]}}", "tensor x needs two data_offsets"},
    {"{\"x\":" F32("4", "0") "}", "tensor x needs two data_offsets"},
    {"{\"x\":" F32("4", "0,8,16") "}", "tensor x needs two data_offsets"},
    {"{\"x\":" F32("4", "-16,0") "}", "tensor x needs two data_offsets"},
    {"{\"x\":" F32("4", "0.5,16.5") "}", "tensor x needs two data_offsets"},
    {"{\"x\":" F32("4", "\"0\",16") "}", "tensor x needs two data_offsets"},
    {"{\"x\":" F32("4", "0,9223372036854775807") "}", "tensor x needs two data_offsets"},
    {"{\"x\":" F32("1,1,1,1,1,1,1,1,4", "0,16") "}", "a shape of at most 8 numbers"},
    {"{\"x\":" F32("-4", "0,16") "}", "tensor x: number 0 of its shape is not a size"},
    {"{\"x\":" F32("1,2.5", "0,16") "}", "tensor x: number 1 of its shape is not a size"},
    {"{\"x\":" F32("true", "0,16") "}", "tensor x: number 0 of its shape is not a size"},
    {"{\"x\":" F32("9223372036854775807", "0,16") "}", "number 0 of its shape is not a size"},
    {"{\"x\":" F32("4294967296,4294967296,4", "0,16") "}", "too large for any memory"},
    {"{\"x\":" F32("4503599627370496,4503599627370496", "0,0") "}", "too large for any memory"},
    {"{\"x\":" F32("2305843009213693952,4", "0,16") "}", "is not a size"},
    {"{\"x\":" F32("1125899906842624,1024,4", "0,16") "}", "too large for any memory"},
    {"{\"x\":" F32("4", "0,20") "}",
     "tensor x is said to take bytes 0 to 20 of the data, which has 16; is the file whole?"},
    {"{\"x\":" F32("4", "16,0") "}", "bytes 16 to 0"},
    {"{\"x\":" F32("4", "4503599627370496,4503599627370512") "}", "of the data, which has 16"},
    {"{\"x\":" F32("2,3", "0,16") "}", "tensor x [2, 3] of F32 takes 24 bytes, but has 16"},
    {"{\"x\":" F32("3", "0,16") "}", "tensor x [3] of F32 takes 12 bytes, but has 16"},
    {"{\"x\":" F32("4", "0,16") ",\"y\":" F32("2", "8,16") "}", "tensor y overlaps another one"},
    {"{\"x\":" F32("3", "0,12") ",\"y\":" F32("2", "8,16") "}", "tensor y overlaps another one"},
    {"{\"x\":" F32("4", "0,16") ",\"y\":" F32("4", "0,16") "}", "overlaps another one"},
    {"{\"x\":" F32("1", "0,4") ",\"y\":" F32("2", "8,16") "}", "tensor y leaves a hole before it"},
    {"{\"x\":" F32("3", "4,16") "}", "tensor x leaves a hole before it"},
    {"{\"x\":" F32("3", "0,12") "}", "4 bytes at its end belong to no tensor"},
    {"{}", "16 bytes at its end belong to no tensor"},
};

static void test_lies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        safetensors s = {.count = 77};
        assert_says(parse(refused[i].head, 16, &s), refused[i].says);
        assert_says(parse(refused[i].head, 16, &s), "a.safetensors: ");
        assert_int_equal(s.count, 77); /* not set */
    }
}

static error parse_raw(file f)
{
    safetensors s;
    arena room = memory;
    return safetensors_parse(f, "a.safetensors", &room, &s);
}

/* The first eight bytes say what follows; what they say is tried with too little behind them. */
static void test_lengths(void **state)
{
    (void)state;
    unsigned char bytes[12] = {0, 0, 0, 0, 0, 0, 0, 0, '{', '}', ' ', ' '};
    static const uint64_t lengths[] = {
        5, 100000000, 100000001, UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - 7, UINT64_C(1) << 32};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int k = 0; k < 8; k++) bytes[k] = (unsigned char)(lengths[i] >> (8 * k));
        bool believed = lengths[i] <= 100000000;
        assert_says(parse_raw((file){bytes, 12}), believed ? "should have" : "it is not a");
    }
    bytes[0] = 0;
    assert_says(parse_raw((file){bytes, 9}), "9 bytes are too few");
    assert_says(parse_raw((file){NULL, 0}), "0 bytes are too few");
    memset(bytes, 0, 8);
    assert_says(parse_raw((file){bytes, 12}), "is not JSON"); /* a head of no bytes */
}

/* Cut anywhere, and any byte exchanged: an error, or tensors whose bytes are all in the file. */
static void test_damage(void **state)
{
    (void)state;
    box_begin(&one);
    box_add(&one, "a", "F16", (int[4]){2, 3});
    box_add(&one, "b", "F32", (int[4]){4});
    strcat(one.head, "}");
    file whole = joined(one.head, one.data, one.bytes);
    assert_null(parse_raw(whole));
    for (size_t n = 0; n < whole.bytes; n++) {
        unsigned char *cut = malloc(n + 1); /* its end is watched: one byte must not be touched */
        if (n) memcpy(cut + 1, whole.data, n);
        assert_non_null(parse_raw((file){cut + 1, n}));
        free(cut);
    }
    unsigned char *changed = (unsigned char *)(size_t)whole.data;
    unsigned sum = 0;
    for (size_t at = 0; at < whole.bytes - one.bytes; at++)
        for (int value = 0; value < 256; value++) {
            unsigned char was = changed[at];
            changed[at] = (unsigned char)value;
            safetensors s = {0};
            arena room = memory;
            if (!safetensors_parse(whole, "x", &room, &s))
                for (int i = 0; i < s.count; i++)
                    for (size_t k = 0; k < s.tensor[i].bytes; k++) sum += s.tensor[i].data[k];
            changed[at] = was;
        }
    assert_true(sum > 0); /* some changes, of a name say, do no harm */
    forget(whole);
}

static void test_no_file(void **state)
{
    (void)state;
    safetensors s;
    assert_says(safetensors_open(ROOM "/none", &memory, &s), "cannot open " ROOM "/none");
    assert_says(safetensors_open(ROOM, &memory, &s), "cannot read " ROOM ": it is not a file");
    write_text(ROOM "/empty", "");
    assert_says(safetensors_open(ROOM "/empty", &memory, &s), ROOM "/empty: 0 bytes are too few");
    write_text(ROOM "/empty", "a note that is no such file");
    assert_says(safetensors_open(ROOM "/empty", &memory, &s), "it is not a .safetensors file");
}

static void test_a_file_that_changes(void **state)
{
    (void)state;
    safetensors s;
    box_begin(&one);
    box_add(&one, "a", "F32", (int[4]){4});
    box_save(&one, ROOM "/old", 0);
    box_save(&one, ROOM "/new", 0);
    assert_null(safetensors_open(ROOM "/old", &memory, &s));
    assert_null(safetensors_check(&s));
    assert_int_equal(utime(ROOM "/new", &(struct utimbuf){1, 1}), 0);
    assert_int_equal(rename(ROOM "/new", ROOM "/old"), 0); /* another one in its place: no harm */
    assert_null(safetensors_check(&s));
    safetensors_close(s);
    assert_null(safetensors_open(ROOM "/old", &memory, &s));
    assert_int_equal(utime(ROOM "/old", &(struct utimbuf){2, 2}), 0);
    assert_says(safetensors_check(&s), ROOM "/old was written to while it was in use");
    safetensors_close(s);
    assert_null(safetensors_open(ROOM "/old", &memory, &s));
    struct stat info;
    assert_int_equal(stat(ROOM "/old", &info), 0);
    const struct timespec same = {info.st_mtime, 0}, later = {info.st_mtime, 1000000};
    assert_int_equal(utimensat(AT_FDCWD, ROOM "/old", (struct timespec[]){same, same}, 0), 0);
    safetensors_close(s);
    assert_null(safetensors_open(ROOM "/old", &memory, &s));
    assert_int_equal(utimensat(AT_FDCWD, ROOM "/old", (struct timespec[]){later, later}, 0), 0);
    assert_says(safetensors_check(&s), ROOM "/old was written to while it was in use");
    assert_int_equal(utimensat(AT_FDCWD, ROOM "/old", (struct timespec[]){same, same}, 0), 0);
    assert_null(safetensors_check(&s));
    assert_int_equal(truncate(ROOM "/old", 40), 0); /* the dangerous one */
    assert_int_equal(utime(ROOM "/old", &(struct utimbuf){info.st_mtime, info.st_mtime}), 0);
    assert_says(safetensors_check(&s), ROOM "/old was written to while it was in use");
    assert_int_equal(remove(ROOM "/old"), 0);
    assert_null(safetensors_check(&s));
    safetensors_close(s);
}

/* Whatever the room: an error, or all of it. */
static void test_too_many_for_memory(void **state)
{
    (void)state;
    box_begin(&one);
    for (int i = 0; i < 400; i++) {
        char name[20];
        snprintf(name, sizeof name, "t%d", i);
        box_add(&one, name, "F32", (int[4]){1});
    }
    strcat(one.head, "}");
    file f = joined(one.head, one.data, one.bytes);
    int refusals = 0;
    for (size_t bytes = 1 << 16; bytes < 1 << 20; bytes += 8192) {
        arena small = arena_make(bytes), room = small;
        safetensors s;
        error wrong = safetensors_parse(f, "x", &room, &s);
        if (wrong) assert_says(wrong, "too many for memory"), refusals++;
        if (wrong)
            assert_ptr_equal(room.begin, small.begin);
        else
            assert_int_equal(s.count, 400);
        arena_free(small);
    }
    assert_in_range(refusals, 10, 100);
    forget(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_file),
        cmocka_unit_test(test_shapes_of_all_kinds),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_a_file_that_changes),
        cmocka_unit_test(test_too_many_for_memory),
        cmocka_unit_test(test_nothing_stays_mapped),
    };
    return cmocka_run_group_tests(tests, make_room, NULL);
}
