/* Is what is drawn as large, as clear and as well written as it should be? */
#include "svg_check.h"
#include <sys/stat.h>

static const canvas_pen BLACK_INSIDE = {.fill = {0, 0, 0, 255}};

/* How much black is on the sheet, in square pixels of a page. */
static double ink(const canvas *c)
{
    double sum = 0;
    for (int i = 0; i < c->picture.w * c->picture.h; i++) sum += 255 - c->picture.pixels[3 * i];
    return sum / 255 / (CANVAS_SCALE * CANVAS_SCALE);
}

static void polygons_cover_their_area(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    canvas_point p[] = {{10.3, 12.9}, {77.7, 20.1}, {50.2, 61.7}, {31.1, 58.3}};
    double area = 0;
    for (int i = 0; i < 4; i++) area += (p[i].x * p[(i + 1) % 4].y - p[(i + 1) % 4].x * p[i].y) / 2;
    canvas c = canvas_make("x.png", 100, 80, &memory);
    canvas_path(&c, 4, p, true, BLACK_INSIDE);
    /* about 350 pixels lie on the rim, each rounded by up to 1/510: 0.01 is what is seen */
    assert_true(fabs(ink(&c) - area) < 0.02);
    canvas_point turned[] = {p[3], p[2], p[1], p[0]};
    canvas d = canvas_make("x.png", 100, 80, &memory);
    canvas_path(&d, 4, turned, true, BLACK_INSIDE);
    assert_memory_equal(c.picture.pixels, d.picture.pixels, 200 * 160 * 3);
    arena_free(memory);
}

/* A slope of 1 in 4 in pixels of the PNG: (0.5, 0), (4.5, 0), (0.5, 1), area by area. */
static void pixels_on_an_edge_are_covered_exactly(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    canvas c = canvas_make("x.png", 4, 4, &memory);
    canvas_path(&c, 3, (canvas_point[]){{0.25, 0}, {2.25, 0}, {0.25, 0.5}}, true, BLACK_INSIDE);
    static const double cover[] = {0.46875, 0.75, 0.5, 0.25, 0.03125, 0};
    for (int x = 0; x < 6; x++)
        assert_int_equal(*image_at(c.picture, x, 0), lround(255 - 255 * cover[x]));
    arena_free(memory);
}

static void what_lies_outside_is_cut(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    canvas c = canvas_make("x.png", 60, 40, &memory);
    canvas_point p[] = {{-1000, -1000}, {1000, -1000}, {1000, 20}, {-1000, 20}};
    canvas_clip(&c, (canvas_box){10, 10, 30, 20});
    canvas_path(&c, 4, p, true, BLACK_INSIDE);
    assert_near(ink(&c), 30 * 10, 1e-9);
    canvas_line(&c, (canvas_point){-1e5, 25}, (canvas_point){1e5, 25},
                (canvas_pen){.line = {0, 0, 0, 255}, .width = 2});
    assert_near(ink(&c), 30 * 10 + 30 * 2, 1e-9);
    arena_free(memory);
}

static void lines_and_dots_are_as_wide_as_told(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    canvas_pen pen = {.line = {0, 0, 0, 255}, .width = 8};
    canvas c = canvas_make("x.png", 100, 80, &memory);
    canvas_path(&c, 1, (canvas_point[]){{30.2, 40.7}}, false, pen);
    double dot = acos(-1) * 16;
    assert_true(fabs(ink(&c) - dot) < 0.002 * dot);
    canvas d = canvas_make("x.png", 100, 80, &memory); /* 3-4-5: 50 long, two half dots as ends */
    canvas_point p[] = {{20, 20}, {35, 40}, CANVAS_GAP, {35, 40}, {50, 60}};
    canvas_path(&d, 5, p, false, pen);
    assert_true(fabs(ink(&d) - (50 * 8 + dot)) < 0.002 * (50 * 8 + dot));
    canvas e = canvas_make("x.png", 100, 80, &memory); /* a gap of no length changes nothing */
    canvas_line(&e, p[0], p[4], pen);
    assert_memory_equal(d.picture.pixels, e.picture.pixels, 200 * 160 * 3);
    arena_free(memory);
}

static void dashes_leave_gaps(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    canvas_pen pen = {.line = {0, 0, 0, 255}, .width = 2};
    double before = 1e9;
    for (int dash = 0; dash < 3; dash++) {
        pen.dash = dash;
        canvas c = canvas_make("x.png", 220, 20, &memory);
        canvas_line(&c, (canvas_point){10, 10}, (canvas_point){210, 10}, pen);
        assert_true(ink(&c) < 0.95 * before);
        before = ink(&c);
    }
    arena_free(memory);
}

static void pictures_stay_sharp(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    unsigned char pixels[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7};
    canvas c = canvas_make("x.png", 20, 20, &memory);
    canvas_picture(&c, (image){pixels, 2, 2, 3}, (canvas_box){4, 4, 10, 10});
    for (int y = 0; y < 20; y++)
        for (int x = 0; x < 20; x++)
            assert_memory_equal(image_at(c.picture, 8 + x, 8 + y),
                                pixels + 3 * (x / 10 + y / 10 * 2), 3);
    assert_int_equal(*image_at(c.picture, 7, 8), 255);
    assert_int_equal(*image_at(c.picture, 28, 8), 255);
    arena_free(memory);
}

static void pictures_may_have_more_pixels_than_the_sheet(void **state)
{
    (void)state;
    enum { WIDE = 70000 };
    arena memory = arena_make(1 << 24);
    image p = image_new(&memory, WIDE, 1, 1);
    for (int i = 0; i < WIDE; i++) p.pixels[i] = (unsigned char)(i * 41 >> 4);
    canvas c = canvas_make("x.png", IMAGE_SIDE, 1, &memory);
    canvas_picture(&c, p, (canvas_box){0, 0, c.w, c.h});
    for (int64_t x = 0; x < c.picture.w; x++)
        assert_int_equal(*image_at(c.picture, (int)x, 0), p.pixels[x * WIDE / c.picture.w]);
    arena_free(memory);
}

static void svg_carries_pictures_and_words(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    unsigned char pixels[2 * 2 * 3] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7};
    const char *path = "build/test_canvas.svg";
    canvas c = canvas_make(path, 200, 50, &memory);
    canvas_clip(&c, (canvas_box){10, 10, 30, 30});
    canvas_picture(&c, (image){pixels, 2, 2, 3}, (canvas_box){4, 4, 10, 10});
    canvas_clip(&c, canvas_whole(&c));
    canvas_text(&c, "a<b & \"c\" > σ_max^2 \x01\xff", (canvas_point){5, 45},
                (canvas_font){10, {0, 0, 0, 255}, 0, 0});
    assert_null(canvas_save(&c, path));
    char *s = svg_read(path, &memory);
    assert_true(svg_well_formed(s));
    assert_non_null(strstr(s, "<metadata>diffusion.c, CC BY 4.0</metadata>"));
    assert_non_null(strstr(s, "a&lt;b &amp; \"c\" &gt; σ<tspan"));
    assert_non_null(strstr(s, ">max</tspan>"));
    assert_non_null(strstr(s, "&#xFFFD;"));
    assert_null(strchr(s, '\x01'));
    /* iVBORw0KGgo is how every PNG begins in base64 */
    assert_non_null(strstr(s, "data:image/png;base64,iVBORw0KGgo"));
    arena_free(memory);
}

static void base64_gives_the_picture_back(void **state)
{
    (void)state;
    static const char sign[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    arena memory = arena_make(1 << 24);
    const char *path = "build/test_canvas.svg";
    for (int w = 1; w <= 20000; w = w < 4 ? w + 1 : 5 * w) {
        image p = image_new(&memory, w, 3, 3), back;
        for (int i = 0; i < w * 9; i++)
            p.pixels[i] = (unsigned char)((unsigned)i * (unsigned)i * 37u >> 7);
        canvas c = canvas_make(path, 20, 20, &memory);
        canvas_picture(&c, p, (canvas_box){0, 0, 10, 10});
        assert_null(canvas_save(&c, path));
        const char *at = strstr(svg_read(path, &memory), "base64,") + 7;
        unsigned char *data = arena_take(&memory, strlen(at));
        size_t bytes = 0;
        for (; *at != '"' && *at != '='; bytes++) {
            unsigned a = (unsigned)(strchr(sign, at[0]) - sign);
            if (!strchr(sign, at[1]) || at[1] == '"') break;
            unsigned b = (unsigned)(strchr(sign, at[1]) - sign);
            data[bytes] = (unsigned char)(bytes % 3 == 0   ? a << 2 | b >> 4
                                          : bytes % 3 == 1 ? a << 4 | b >> 2
                                                           : a << 6 | b);
            at += bytes % 3 == 2 ? 2 : 1;
        }
        assert_null(image_decode((file){data, bytes}, "base64", &memory, &back));
        assert_memory_equal(back.pixels, p.pixels, (size_t)w * 9);
    }
    arena_free(memory);
}

/* Levels as letters: 0 on the line, + raised, - lowered. */
static const char *levels(const char *text)
{
    static char out[64];
    int n = 0;
    for (text_reader r = {.at = text}; text_next(&r); n++)
        out[n] = r.level > 0 ? '+' : r.level < 0 ? '-' : '0';
    out[n] = 0;
    return out;
}

static void markup_raises_and_lowers(void **state)
{
    (void)state;
    assert_string_equal(levels("x_0"), "0-");
    assert_string_equal(levels("scaled_linear"), "0000000000000");
    assert_string_equal(levels("dpmpp_2m"), "00000000");
    assert_string_equal(levels("σ_max = 3"), "0---0000");
    assert_string_equal(levels("σ_{t+1}^2"), "0---+");
    assert_string_equal(levels("10^-3x"), "00++0");
    assert_string_equal(levels("10^{-3}x"), "00++0");
    assert_string_equal(levels("x^2y"), "0+0");
    assert_string_equal(levels("ᾱ_t"), "0-");
    assert_string_equal(levels("x\xCC\x84_t"), "00-"); /* an accent of its own */
    assert_string_equal(levels("a\\_b\\^c"), "00000");
    assert_string_equal(levels("a_"), "00");
    assert_string_equal(levels("a^"), "00");
    assert_string_equal(levels("a_{b"), "0-");
    assert_string_equal(levels("\\"), "0");
    assert_string_equal(levels(""), "");
}

static void bad_utf8_is_shown_as_such(void **state)
{
    (void)state;
    const char *bad[] = {"\xff",         "\xc0\x80",         "\xe0\x80\x80", "\xe2\x82",
                         "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80",         NULL};
    for (int i = 0; bad[i]; i++) {
        text_reader r = {.at = bad[i]};
        assert_true(text_next(&r));
        assert_int_equal(r.letter, 0xFFFD);
        while (text_next(&r)) assert_int_equal(r.letter, 0xFFFD);
    }
    text_reader r = {.at = "σ√𝑥"};
    assert_true(text_next(&r) && r.letter == 0x3C3);
    assert_true(text_next(&r) && r.letter == 0x221A);
    assert_true(text_next(&r) && r.letter == 0x1D465);
    assert_false(text_next(&r));
}

/* An unknown letter has the advance of the empty box; those we promise are known. */
static void the_font_has_our_letters(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 20);
    canvas_point *box, *p;
    int of_box = text_outline(0xE000, &memory, &box);
    text_reader r = {.at = "σβεαᾱλΣ√∞≤≥≈·×−±→∂∫∑‖′₀₁₂²³⁻ₜℓ∝∇∈…éñß"};
    while (text_next(&r)) {
        int n = text_outline(r.letter, &memory, &p);
        assert_true(n > 0);
        assert_false(n == of_box && memcmp(p, box, (size_t)n * sizeof *p) == 0);
    }
    arena_free(memory);
}

static void every_letter_has_room(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 20);
    for (unsigned letter = 0; letter < 0x20000; letter++) {
        arena keep = memory;
        canvas_point *p;
        text_outline(letter, &keep, &p);
        assert_in_range(keep.begin - memory.begin, 0, TEXT_OUTLINE);
    }
    arena_free(memory);
}

static void text_is_as_wide_as_measured(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    const char *words = "HσH_{max}H";
    for (int align = 0; align <= 2; align++) {
        canvas c = canvas_make("x.png", 300, 60, &memory);
        canvas_text(&c, words, (canvas_point){150, 30},
                    (canvas_font){20, {0, 0, 0, 255}, align / 2.0, 0});
        double w = text_width(words, 20), left = 150 - align / 2.0 * w;
        int first = c.picture.w, last = 0;
        for (int i = 0; i < c.picture.w * c.picture.h; i++)
            if (c.picture.pixels[3 * i] < 128) {
                int x = i % c.picture.w;
                first = x < first ? x : first, last = x > last ? x : last;
            }
        /* an H has a twelfth of its size of air on both sides */
        assert_true(fabs(first / 2.0 - left - 20 / 10.0) < 1);
        assert_true(fabs(left + w - last / 2.0 - 20 / 10.0) < 1);
    }
    arena_free(memory);
}

/* CIE lightness, monotone in the luminance of Rec. 709. */
static double luminance(colour c)
{
    double v[] = {c.r / 255.0, c.g / 255.0, c.b / 255.0}, y = 0;
    static const double weight[] = {0.2126, 0.7152, 0.0722};
    for (int k = 0; k < 3; k++)
        y += weight[k] * (v[k] <= 0.04045 ? v[k] / 12.92 : pow((v[k] + 0.055) / 1.055, 2.4));
    return y;
}

static void the_colour_map_rises_evenly(void **state)
{
    (void)state;
    double before = -100;
    for (int i = 0; i <= 64; i++) {
        double lightness = 116 * cbrt(luminance(colour_map(i / 64.0))) - 16;
        if (i) assert_in_range((int)(100 * (lightness - before)), 60, 180); /* 1.2 on average */
        before = lightness;
    }
    for (int i = 0; i < 1000; i++)
        assert_true(luminance(colour_map(i / 1000.0)) <=
                    luminance(colour_map((i + 1) / 1000.0)) + 1e-3);
    assert_int_equal(colour_map((double)NAN).a, 0);
    assert_int_equal(colour_map(-5).r, colour_map(0).r);
    assert_int_equal(colour_map(5).r, colour_map(1).r);
}

static void endings_may_be_in_capitals(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    image back;
    const char *paths[] = {"build/test_canvas.PNG", "build/test_canvas.Svg"};
    for (int i = 0; i < 2; i++) {
        canvas c = canvas_make(paths[i], 10, 10, &memory);
        assert_null(canvas_save(&c, paths[i]));
    }
    assert_null(image_load(paths[0], &memory, &back));
    assert_int_equal(strncmp(svg_read(paths[1], &memory), "<svg", 4), 0);
    arena_free(memory);
}

static void trouble_is_one_line_and_leaves_nothing(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    const char *paths[] = {"build/no/such/folder/x.png",
                           "build/no/such/folder/x.svg",
                           "build/x.gif",
                           "build/x",
                           "build/xpng",
                           "",
                           NULL};
    struct stat info;
    for (int i = 0; paths[i]; i++) {
        canvas c = canvas_make(paths[i], 10, 10, &memory);
        error wrong = canvas_save(&c, paths[i]);
        assert_non_null(wrong);
        assert_null(strchr(wrong, '\n'));
        assert_int_not_equal(stat(paths[i], &info), 0);
    }
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polygons_cover_their_area),
        cmocka_unit_test(pixels_on_an_edge_are_covered_exactly),
        cmocka_unit_test(what_lies_outside_is_cut),
        cmocka_unit_test(lines_and_dots_are_as_wide_as_told),
        cmocka_unit_test(dashes_leave_gaps),
        cmocka_unit_test(pictures_stay_sharp),
        cmocka_unit_test(pictures_may_have_more_pixels_than_the_sheet),
        cmocka_unit_test(svg_carries_pictures_and_words),
        cmocka_unit_test(base64_gives_the_picture_back),
        cmocka_unit_test(markup_raises_and_lowers),
        cmocka_unit_test(bad_utf8_is_shown_as_such),
        cmocka_unit_test(the_font_has_our_letters),
        cmocka_unit_test(every_letter_has_room),
        cmocka_unit_test(text_is_as_wide_as_measured),
        cmocka_unit_test(the_colour_map_rises_evenly),
        cmocka_unit_test(endings_may_be_in_capitals),
        cmocka_unit_test(trouble_is_one_line_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
