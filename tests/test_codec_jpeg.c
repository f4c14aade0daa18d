/* Tests of draw/codec_jpeg.c with files made here: EXIF, CMYK, stray bytes, absurd sizes. */
#include "pictures.h"
#include <stdio.h>

#include <jpeglib.h>

/* A JPEG with a note of how the camera was held, or in another space. */
static const jpeg_scan_info *separate; /* three scans, one for each channel */

static void save_jpeg(const char *path, image x, J_COLOR_SPACE space, const void *exif,
                      size_t bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    struct jpeg_error_mgr manager;
    struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&manager)};
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, f);
    jpeg.image_width = (JDIMENSION)x.w, jpeg.image_height = (JDIMENSION)x.h;
    jpeg.input_components = x.c, jpeg.in_color_space = space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    if (exif) jpeg_simple_progression(&jpeg);
    if (separate) jpeg.scan_info = separate, jpeg.num_scans = 3;
    jpeg_start_compress(&jpeg, TRUE);
    if (exif) jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif, (unsigned)bytes);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = image_at(x, 0, (int)jpeg.next_scanline);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(f);
}

static void grey_becomes_rgb(void **state)
{
    (void)state;
    arena keep = memory;
    image grey = image_new(&keep, 16, 8, 1);
    memset(grey.pixels, 77, 128); /* one colour survives JPEG as it is */
    save_jpeg(FOLDER "/grey.jpg", grey, JCS_GRAYSCALE, NULL, 0);
    image rgb = load(FOLDER "/grey.jpg", &keep);
    assert_int_equal(rgb.c, 3);
    for (int i = 0; i < 16 * 8 * 3; i++) assert_int_equal(rgb.pixels[i], 77);
}

/* Measured on the photograph: 1.68 of 255 in the root mean square. */
static void jpeg_is_close(void **state)
{
    (void)state;
    arena keep = memory;
    image cat = load("assets/cat.png", &keep);
    save_jpeg(FOLDER "/cat.JPG", cat, JCS_RGB, NULL, 0);
    image again = load(FOLDER "/cat.JPG", &keep);
    tensor x = image_to_tensor(&keep, cat), y = image_to_tensor(&keep, again);
    double apart = 127.5 * tensor_distance(x, y);
    assert_true(apart > 1 && apart < 1.8);
}

/* EXIF 2.32 words each value as where row 0 and column 0 of the file are in the scene. */
static void turns_photos_upright(void **state)
{
    (void)state;
    unsigned char little[] = {'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0,  2,
                              0,   1,   1,   3,   0, 1, 0,   0,   0,  9, 9, 0, 0, 18, 1,
                              3,   0,   1,   0,   0, 0, 0,   0,   0,  0, 0, 0, 0, 0};
    unsigned char big[] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                           1,   18,  0,   3,   0, 0, 0,   1,   0, 0,  0, 0, 0, 0, 0, 0};
    /* Corner of the scene where the file's first pixel is: 0 top left, 1 top right, 2 bottom left,
     * 3 bottom right; and the corner of its last pixel in the first row. */
    const int first[] = {0, 1, 3, 2, 0, 1, 3, 2}, second[] = {1, 0, 2, 3, 2, 3, 1, 0};
    for (int way = 0; way <= 9; way++) {
        arena keep = memory;
        image x = image_new(&keep, 32, 16, 3); /* red corner first, green corner second */
        for (int i = 0; i < 64; i++) {
            image_at(x, i % 8, i / 8)[0] = 255;
            image_at(x, 24 + i % 8, i / 8)[1] = 255;
        }
        little[36] = big[25] = (unsigned char)way;
        if (way % 2)
            save_jpeg(FOLDER "/way.jpg", x, JCS_RGB, little, sizeof little);
        else
            save_jpeg(FOLDER "/way.jpg", x, JCS_RGB, big, sizeof big);
        image y = load(FOLDER "/way.jpg", &keep);
        bool turned = way >= 5 && way <= 8;
        assert_int_equal(y.w, turned ? 16 : 32);
        assert_int_equal(y.h, turned ? 32 : 16);
        int a = way < 1 || way > 8 ? first[0] : first[way - 1];
        int b = way < 1 || way > 8 ? second[0] : second[way - 1];
        assert_true(image_at(y, a % 2 ? y.w - 1 : 0, a / 2 ? y.h - 1 : 0)[0] > 200);
        assert_true(image_at(y, b % 2 ? y.w - 1 : 0, b / 2 ? y.h - 1 : 0)[1] > 200);
    }
}

static void broken_exif_is_ignored(void **state)
{
    (void)state;
    arena keep = memory;
    image x = busy(&keep, 24, 8, 3, 1);
    const char *notes[] = {"Exif\0\0II*\0\xff\xff\xff\xff", "Exif\0\0II*\0\x08\0\0\0\xff\xff",
                           "Exif\0\0II*\0\x06\0\0\0\x01\0", "Exif"};
    const size_t bytes[] = {14, 16, 16, 4};
    for (int i = 0; i < 4; i++) {
        save_jpeg(FOLDER "/exif.jpg", x, JCS_RGB, notes[i], bytes[i]);
        assert_int_equal(load(FOLDER "/exif.jpg", &keep).w, 24);
    }
}

static void refuses_cmyk(void **state)
{
    (void)state;
    arena keep = memory;
    save_jpeg(FOLDER "/cmyk.jpg", busy(&keep, 8, 8, 4, 1), JCS_CMYK, NULL, 0);
    refused(FOLDER "/cmyk.jpg", "CMYK");
}

static void refuses_what_is_cut_short(void **state)
{
    (void)state;
    save_jpeg(FOLDER "/cut.jpg", busy(&memory, 12, 10, 3, 1), JCS_RGB, NULL, 0);
    only_the_whole_is_read(FOLDER "/cut.jpg");
    write_bytes(FOLDER "/half.jpg", "\xff\xd8\xff\xe0", 4);
    refused(FOLDER "/half.jpg", "the JPEG is damaged");
}

/* The first place in a JPEG where a part of this kind begins. */
static size_t find_part(const unsigned char *data, size_t from, unsigned kind)
{
    while (data[from] != 0xff || data[from + 1] != kind) from++;
    return from;
}

/* A saved JPEG in memory that may be changed, with room behind it. */
static file changeable(const char *path, arena *keep, unsigned char **data)
{
    file f;
    assert_null(file_map(path, &f));
    *data = memcpy(arena_take(keep, 1 << 20), f.data, f.bytes);
    file copy = {*data, f.bytes};
    file_unmap(f);
    return copy;
}

/* Some cameras leave bytes between two parts. */
static void stray_bytes_are_passed_over(void **state)
{
    (void)state;
    arena keep = memory;
    image x = busy(&keep, 16, 16, 3, 1), y;
    unsigned char *data;
    save_jpeg(FOLDER "/stray.jpg", x, JCS_RGB, NULL, 0);
    file f = changeable(FOLDER "/stray.jpg", &keep, &data);
    size_t at = find_part(data, 0, 0xdb);
    memmove(data + at + 3, data + at, f.bytes - at);
    memset(data + at, 0x55, 3);
    f.bytes += 3;
    assert_null(image_decode(f, "stray", &keep, &y));
    assert_int_equal(y.w, 16);
}

static void absurd_sizes_are_refused_from_the_header(void **state)
{
    (void)state;
    arena keep = memory;
    image x = busy(&keep, 16, 16, 3, 1);
    unsigned char *data;
    save_jpeg(FOLDER "/size.jpg", x, JCS_RGB, NULL, 0);
    file f = changeable(FOLDER "/size.jpg", &keep, &data);
    size_t at = find_part(data, 0, 0xc0); /* length 2, bits 1, rows 2, columns 2 */
    memset(data + at + 5, 0x70, 4);
    error wrong = image_decode(f, "size.jpg", &keep, &x);
    if (!strstr(wrong, "size.jpg: its 28784 x 28784 pixels are above the limit of 67108864"))
        fail_msg("got: %s", wrong);
    memset(data + at + 5, 0xf0, 4);
    wrong = image_decode(f, "size.jpg", &keep, &x);
    if (!strstr(wrong, "61680 x 61680 pixels are above the limit of 32768 a side"))
        fail_msg("got: %s", wrong);
}

/* The same scan 600 times: each costs as much time as the whole picture. */
static void endless_scans_are_refused(void **state)
{
    (void)state;
    arena keep = memory;
    const jpeg_scan_info scans[] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    image x = image_new(&keep, 16, 16, 3);
    unsigned char *data;
    separate = scans;
    save_jpeg(FOLDER "/scans.jpg", x, JCS_RGB, NULL, 0);
    separate = NULL;
    file f = changeable(FOLDER "/scans.jpg", &keep, &data);
    assert_null(image_decode(f, "scans.jpg", &keep, &x));
    size_t first = find_part(data, 0, 0xda), bytes = find_part(data, first + 2, 0xda) - first;
    for (int i = 0; i < 600; i++) {
        memmove(data + first + bytes, data + first, f.bytes - first);
        f.bytes += bytes;
    }
    error wrong = image_decode(f, "scans.jpg", &keep, &x);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "damaged (more than 500 scans)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grey_becomes_rgb),
        cmocka_unit_test(jpeg_is_close),
        cmocka_unit_test(turns_photos_upright),
        cmocka_unit_test(broken_exif_is_ignored),
        cmocka_unit_test(stray_bytes_are_passed_over),
        cmocka_unit_test(refuses_cmyk),
        cmocka_unit_test(refuses_what_is_cut_short),
        cmocka_unit_test(absurd_sizes_are_refused_from_the_header),
        cmocka_unit_test(endless_scans_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
