/* Tests of draw/image.h: in and out of files, to and from tensors, other sizes. What libpng and
 * libjpeg are asked for is in test_codec_png.c and test_codec_jpeg.c. */
#include "pictures.h"
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

static bool contains(file f, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= f.bytes; i++)
        if (memcmp(f.data + i, text, length) == 0) return true;
    return false;
}

static void png_keeps_every_bit(void **state)
{
    (void)state;
    const int sizes[][3] = {{1, 1, 3}, {1, 9, 3}, {7, 1, 3}, {33, 21, 3}, {200, 150, 3}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        arena keep = memory;
        image x = busy(&keep, sizes[k][0], sizes[k][1], sizes[k][2], 1);
        assert_null(image_save(FOLDER "/x.png", x, NULL, spare));
        assert_same(load(FOLDER "/x.png", &keep), x);
    }
}

static void grey_becomes_rgb(void **state)
{
    (void)state;
    arena keep = memory;
    image grey = busy(&keep, 16, 8, 1, 1);
    assert_null(image_save(FOLDER "/grey.png", grey, NULL, spare));
    image rgb = load(FOLDER "/grey.png", &keep);
    assert_int_equal(rgb.c, 3);
    for (int i = 0; i < 16 * 8 * 3; i++) assert_int_equal(rgb.pixels[i], grey.pixels[i / 3]);
}

static void clear_becomes_white(void **state)
{
    (void)state;
    arena keep = memory;
    image x = image_new(&keep, 3, 1, 4);
    const unsigned char pixels[] = {10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 51};
    const unsigned char expected[] = {10, 20, 30, 255, 255, 255, 204, 224, 255};
    memcpy(x.pixels, pixels, sizeof pixels);
    assert_null(image_save(FOLDER "/clear.png", x, NULL, spare));
    image flat = load(FOLDER "/clear.png", &keep);
    assert_memory_equal(flat.pixels, expected, sizeof expected);
}

static void credit_is_in_the_file(void **state)
{
    (void)state;
    arena keep = memory;
    image x = busy(&keep, 5, 4, 3, 1);
    const char *path = FOLDER "/credit.png";
    const char *credits[] = {"Ann Other, CC BY 4.0", "St\xc3\xa9"
                                                     "fan, CC0"};
    for (int i = 0; i < 2; i++) {
        assert_null(image_save(path, x, credits[i], spare));
        file f;
        assert_null(file_map(path, &f));
        assert_true(contains(f, credits[i]));
        assert_true(contains(f, i ? "iTXtCopyright" : "tEXtCopyright"));
        file_unmap(f);
        (void)load(path, &keep);
    }
    char *novel = arena_take(&keep, 70000);
    memset(novel, 'a', 69999), novel[69999] = 0;
    assert_null(image_save(path, x, novel, spare));
    assert_same(load(path, &keep), x);
}

static void png_in_memory_is_the_file(void **state)
{
    (void)state;
    arena keep = memory;
    image x = busy(&keep, 64, 64, 3, 1), y;
    file made, read;
    assert_null(image_png(x, "credit", &keep, &made));
    assert_null(image_decode(made, "memory", &keep, &y));
    assert_same(x, y);
    assert_null(image_save(FOLDER "/y.png", x, "credit", spare));
    assert_null(file_map(FOLDER "/y.png", &read));
    assert_int_equal(read.bytes, made.bytes);
    assert_memory_equal(read.data, made.data, made.bytes);
    file_unmap(read);
}

/* Noise does not get smaller: the room for it must be enough, at every size. */
static void noise_fits(void **state)
{
    (void)state;
    for (int side = 1; side < 2000; side = side * 3 / 2 + 1) {
        arena keep = memory;
        image x = busy(&keep, side, side, 4, 1);
        file made;
        assert_null(image_png(x, NULL, &keep, &made));
    }
}

/* From too little memory for the smallest part to enough: an error, then all is well. */
static void little_memory_is_an_error(void **state)
{
    (void)state;
    arena keep = memory;
    image x = busy(&keep, 40, 32, 4, 1);
    char *novel = arena_take(&keep, 65534);
    memset(novel, 'a', 65533), novel[65533] = 0;
    arena whole = arena_make(1 << 18);
    for (int i = 0; i < 2; i++) {
        bool good = false;
        for (size_t bytes = 64; bytes < 1 << 18; bytes += bytes < 16000 ? 64 : 1024) {
            arena tight = whole;
            tight.begin = tight.end - bytes;
            arena_forget(tight);
            error wrong = image_save(FOLDER "/little.png", x, i ? novel : NULL, tight);
            if (wrong) assert_non_null(strstr(wrong, "no memory"));
            assert_true(!wrong || !good);
            good = !wrong;
        }
        assert_true(good);
    }
    arena_free(whole);
}

static void refuses_what_is_no_picture(void **state)
{
    (void)state;
    refused(FOLDER "/none.png", "No such file");
    refused(FOLDER, "not a file");
    write_bytes(FOLDER "/empty.png", "", 0);
    refused(FOLDER "/empty.png", "it is empty");
    write_bytes(FOLDER "/text.png", "I am a text.\n", 13);
    refused(FOLDER "/text.png", "neither PNG nor JPEG");
    write_bytes(FOLDER "/short.png", "\x89P", 2);
    refused(FOLDER "/short.png", "neither PNG nor JPEG");
    write_bytes(FOLDER "/gif.png", "GIF89a\1\0\1\0\0\0\0", 13); /* stb_image would read these */
    refused(FOLDER "/gif.png", "neither PNG nor JPEG");
}

static void says_where_it_cannot_write(void **state)
{
    (void)state;
    arena keep = memory;
    image x = busy(&keep, 4, 4, 3, 1);
    write_bytes(FOLDER "/text.png", "I am a text.\n", 13);
    const char *cases[][2] = {{FOLDER "/x.bmp", "must end in .png"},
                              {FOLDER "/png", "must end in .png"},
                              {FOLDER "/none/x.png", "No such file"},
                              {FOLDER "/text.png/x.png", "Not a directory"},
                              {"/proc/x.png", "/proc/x.png"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        error wrong = image_save(cases[i][0], x, NULL, spare);
        assert_non_null(wrong);
        assert_non_null(strstr(wrong, cases[i][0]));
        assert_non_null(strstr(wrong, cases[i][1]));
    }
}

static void tensor_and_back_is_exact(void **state)
{
    (void)state;
    arena keep = memory;
    image grey = image_new(&keep, 256, 1, 1);
    for (int v = 0; v < 256; v++) grey.pixels[v] = (unsigned char)v;
    tensor x = image_to_tensor(&keep, grey);
    assert_true(x.n == 1 && x.h == 1 && x.w == 256 && x.c == 1);
    for (int v = 0; v < 256; v++) {
        real unit = (real)v / 255; /* diffusers: to 0..1 first, then 2 x - 1 */
        assert_true(x.data[v] == 2 * unit - 1);
    }
    assert_true(x.data[0] == -1 && x.data[255] == 1);
    assert_same(image_from_tensor(&keep, x, 0), grey);

    image rgb = busy(&keep, 9, 7, 3, 1);
    assert_same(image_from_tensor(&keep, image_to_tensor(&keep, rgb), 0), rgb);
}

static void tensor_is_cut_and_rounded(void **state)
{
    (void)state;
    arena keep = memory;
    tensor x = tensor_new(&keep, 2, 1, 2, 3);
    const double in[] = {
        0, 0, 0, 0, 0, 0, -7, 7, (double)NAN, 0.001, -1 + 0.9 / 255, -1 + 1.1 / 255};
    for (int i = 0; i < 12; i++) x.data[i] = (real)in[i];
    const unsigned char expected[] = {0, 255, 0, 128, 0, 1};
    image second = image_from_tensor(&keep, x, 1);
    assert_memory_equal(second.pixels, expected, 6);
}

static void reduce_is_the_mean_of_the_area(void **state)
{
    (void)state;
    arena keep = memory;
    image x = image_new(&keep, 3, 2, 1);
    memcpy(x.pixels, "\x00\x3c\x78\x1e\x5a\x96", 6); /* 0 60 120 / 30 90 150 */
    image same = image_reduce(&keep, x, 30, 20), half = image_reduce(&keep, x, 2, 2);
    assert_same(same, x);
    assert_int_equal(half.w, 2);
    assert_int_equal(half.h, 1);
    assert_int_equal(half.pixels[0], 35);  /* ((0 + 30) + (60 + 90) / 2) / 3 */
    assert_int_equal(half.pixels[1], 115); /* ((120 + 150) + (60 + 90) / 2) / 3 */
    image dot = image_reduce(&keep, x, 1, 1);
    assert_int_equal(dot.w * dot.h, 1);
    assert_int_equal(dot.pixels[0], 75);

    image big = busy(&keep, 301, 97, 3, 1), small = image_reduce(&keep, big, 50, 50);
    assert_int_equal(small.w, 50);
    assert_int_equal(small.h, 16);
}

static void reduce_undoes_squares_and_crop_cuts(void **state)
{
    (void)state;
    arena keep = memory;
    image x = busy(&keep, 5, 4, 3, 1), big = image_new(&keep, 15, 12, 3);
    for (int y = 0; y < 12; y++)
        for (int u = 0; u < 15; u++) memcpy(image_at(big, u, y), image_at(x, u / 3, y / 3), 3);
    assert_same(image_reduce(&keep, big, 5, 4), x);

    image part = image_crop(&keep, x, 2, 1, 3, 2);
    for (int y = 0; y < 2; y++)
        for (int u = 0; u < 3; u++)
            assert_memory_equal(image_at(part, u, y), image_at(x, u + 2, y + 1), 3);
    assert_same(image_crop(&keep, x, 0, 0, 5, 4), x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_keeps_every_bit),
        cmocka_unit_test(grey_becomes_rgb),
        cmocka_unit_test(clear_becomes_white),
        cmocka_unit_test(credit_is_in_the_file),
        cmocka_unit_test(png_in_memory_is_the_file),
        cmocka_unit_test(noise_fits),
        cmocka_unit_test(little_memory_is_an_error),
        cmocka_unit_test(refuses_what_is_no_picture),
        cmocka_unit_test(says_where_it_cannot_write),
        cmocka_unit_test(tensor_and_back_is_exact),
        cmocka_unit_test(tensor_is_cut_and_rounded),
        cmocka_unit_test(reduce_is_the_mean_of_the_area),
        cmocka_unit_test(reduce_undoes_squares_and_crop_cuts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
