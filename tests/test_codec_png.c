/* Tests of draw/codec_png.c with files made here: 16 bits, palettes, interlacing, absurd sizes. */
#include "pictures.h"
#include <math.h>
#include <stdlib.h>

#include <png.h>
#include <zlib.h>

/* A PNG of another kind than image_save() makes. */
typedef struct {
    int w, h, bits, type, interlace;
    const png_color *palette;
    const png_byte *alpha;     /* of the first two colours of a palette */
    const png_color_16 *clear; /* the colour that is none */
    const png_byte *rows;
} exotic;

static void save_exotic(const char *path, exotic e)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    png_struct *png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_info *info = png_create_info_struct(png);
    if (setjmp(png_jmpbuf(png))) abort();
    png_init_io(png, f);
    png_set_IHDR(png, info, (png_uint_32)e.w, (png_uint_32)e.h, e.bits, e.type, e.interlace, 0, 0);
    if (e.palette) png_set_PLTE(png, info, e.palette, 4);
    if (e.alpha) png_set_tRNS(png, info, e.alpha, 2, NULL);
    if (e.clear) png_set_tRNS(png, info, NULL, 1, e.clear);
    png_write_info(png, info);
    size_t row = png_get_rowbytes(png, info);
    for (int pass = png_set_interlace_handling(png); pass > 0; pass--)
        for (int y = 0; y < e.h; y++) png_write_row(png, e.rows + (size_t)y * row);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(f);
}

static void reads_16_bits(void **state)
{
    (void)state;
    arena keep = memory;
    const png_byte rows[] = {0x00, 0x00, 0x80, 0x7f, 0xff, 0xff,
                             0x12, 0x00, 0x12, 0xff, 0x00, 0x81};
    save_exotic(FOLDER "/16.png", (exotic){2, 1, 16, PNG_COLOR_TYPE_RGB, .rows = rows});
    image x = load(FOLDER "/16.png", &keep);
    for (int i = 0; i < 6; i++) { /* 65535 is 257 times 255 */
        double exact = (256 * rows[2 * i] + rows[2 * i + 1]) / 257.0;
        assert_int_equal(x.pixels[i], lrint(exact));
    }
}

static void reads_palette_with_clear_colours(void **state)
{
    (void)state;
    arena keep = memory;
    const png_color palette[] = {{200, 0, 0}, {0, 200, 0}, {0, 0, 200}, {9, 9, 9}};
    const png_byte alpha[] = {0, 255}, rows[] = {0x1b}; /* four pixels of two bits: 0 1 2 3 */
    const unsigned char expected[] = {255, 255, 255, 0, 200, 0, 0, 0, 200, 9, 9, 9};
    save_exotic(FOLDER "/palette.png", (exotic){4, 1, 2, PNG_COLOR_TYPE_PALETTE, .palette = palette,
                                                .alpha = alpha, .rows = rows});
    image x = load(FOLDER "/palette.png", &keep);
    assert_int_equal(x.c, 3);
    assert_memory_equal(x.pixels, expected, sizeof expected);
}

static void reads_a_clear_colour(void **state)
{
    (void)state;
    arena keep = memory;
    const png_color_16 clear = {.red = 1, .green = 2, .blue = 3};
    const png_byte rows[] = {1, 2, 3, 1, 2, 4}, expected[] = {255, 255, 255, 1, 2, 4};
    save_exotic(FOLDER "/clear_colour.png",
                (exotic){2, 1, 8, PNG_COLOR_TYPE_RGB, .clear = &clear, .rows = rows});
    image x = load(FOLDER "/clear_colour.png", &keep);
    assert_memory_equal(x.pixels, expected, sizeof expected);
}

static void reads_one_bit_grey(void **state)
{
    (void)state;
    arena keep = memory;
    const png_byte rows[] = {0xa0, 0x40}; /* 1 0 1 / 0 1 0 */
    save_exotic(FOLDER "/1.png", (exotic){3, 2, 1, PNG_COLOR_TYPE_GRAY, .rows = rows});
    image x = load(FOLDER "/1.png", &keep);
    for (int i = 0; i < 6; i++) assert_int_equal(x.pixels[3 * i], i % 2 ? 0 : 255);
}

static void reads_interlaced(void **state)
{
    (void)state;
    for (int alpha = 0; alpha < 2; alpha++) {
        arena keep = memory;
        image x = busy(&keep, 13, 11, alpha ? 4 : 3, 1);
        if (alpha)
            for (int i = 0; i < 13 * 11; i++) x.pixels[4 * i + 3] = 255;
        int type = alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB;
        save_exotic(FOLDER "/i.png",
                    (exotic){13, 11, 8, type, PNG_INTERLACE_ADAM7, .rows = x.pixels});
        image y = load(FOLDER "/i.png", &keep);
        for (int i = 0; i < 13 * 11; i++)
            assert_memory_equal(y.pixels + 3 * i, x.pixels + x.c * i, 3);
    }
}

static void refuses_what_is_cut_short(void **state)
{
    (void)state;
    assert_null(image_save(FOLDER "/cut.png", busy(&memory, 12, 10, 3, 1), "somebody", spare));
    only_the_whole_is_read(FOLDER "/cut.png");
    write_bytes(FOLDER "/half.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHD", 15);
    refused(FOLDER "/half.png", "cut short");
}

static unsigned char *put_chunk(unsigned char *to, const char *letters, const void *data, size_t n)
{
    for (int i = 0; i < 4; i++) to[i] = (unsigned char)(n >> (24 - 8 * i));
    memcpy(to + 4, letters, 4);
    memcpy(to + 8, data, n);
    uLong sum = crc32(0, to + 4, (uInt)(4 + n));
    for (int i = 0; i < 4; i++) to[8 + n + (size_t)i] = (unsigned char)(sum >> (24 - 8 * i));
    return to + 12 + n;
}

/* A PNG whose header says w x h and whose pixels unpack to so many bytes of zeros. */
static file bomb(arena *keep, uint32_t w, uint32_t h, size_t unpacked)
{
    uLongf bytes = compressBound(unpacked);
    unsigned char *zeros = calloc(unpacked, 1), *packed = malloc(bytes);
    assert_int_equal(compress2(packed, &bytes, zeros, unpacked, 9), Z_OK);
    unsigned char *data = arena_take(keep, bytes + 100), *at = data + 8;
    unsigned char head[13] = {0, 0, 0, 0, 0, 0, 0, 0, 8, PNG_COLOR_TYPE_RGB, 0, 0, 0};
    for (int i = 0; i < 4; i++) {
        head[i] = (unsigned char)(w >> (24 - 8 * i));
        head[4 + i] = (unsigned char)(h >> (24 - 8 * i));
    }
    memcpy(data, "\x89PNG\r\n\x1a\n", 8);
    at = put_chunk(at, "IHDR", head, 13);
    at = put_chunk(at, "IDAT", packed, bytes);
    at = put_chunk(at, "IEND", "", 0);
    free(zeros), free(packed);
    return (file){data, (size_t)(at - data)};
}

static void expect(file f, arena keep, const char *words)
{
    image out;
    error wrong = image_decode(f, "bomb.png", &keep, &out);
    if (!wrong) fail_msg("expected an error: %s", words);
    if (!strstr(wrong, words)) fail_msg("got: %s", wrong);
}

static void absurd_sizes_are_refused_from_the_header(void **state)
{
    (void)state;
    arena keep = memory, small = arena_make((size_t)1 << 20);
    expect(bomb(&keep, 40000, 1, 100), keep,
           "40000 x 1 pixels are above the limit of 32768 a side");
    expect(bomb(&keep, 2000000000, 2000000000, 100), keep, "above the limit of 32768");
    expect(bomb(&keep, 32768, 32768, 100), keep,
           "32768 x 32768 pixels are above the limit of 67108864");
    expect(bomb(&keep, 1000, 1000, 100), small, "1000 x 1000 pixels need 7004096 bytes");
    expect(bomb(&keep, 0, 1, 100), keep, "damaged");
    expect(bomb(&keep, 100, 100, 100), keep, "damaged"); /* too little */
    arena_free(small);
}

/* 64 MB of zeros behind a picture of one pixel: read, and libpng throws the rest away. */
static void a_bomb_does_not_go_off(void **state)
{
    (void)state;
    arena keep = memory;
    image out;
    assert_null(image_decode(bomb(&keep, 1, 1, (size_t)64 << 20), "bomb.png", &keep, &out));
    assert_memory_equal(out.pixels, "\0\0\0", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_16_bits),
        cmocka_unit_test(reads_palette_with_clear_colours),
        cmocka_unit_test(reads_a_clear_colour),
        cmocka_unit_test(reads_one_bit_grey),
        cmocka_unit_test(reads_interlaced),
        cmocka_unit_test(refuses_what_is_cut_short),
        cmocka_unit_test(absurd_sizes_are_refused_from_the_header),
        cmocka_unit_test(a_bomb_does_not_go_off),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
