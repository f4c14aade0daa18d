/* Are pictures enlarged to sharp squares, and can the words around them be read? */
#include "svg_check.h"

#include "draw/strip.h"
#include <sys/stat.h>

static image numbered(arena *keep, int w, int h, int first)
{
    image p = image_new(keep, w, h, 3);
    for (int i = 0; i < w * h * 3; i++) p.pixels[i] = (unsigned char)(first + i * 7);
    return p;
}

static void pixels_become_squares(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    image p[] = {numbered(&memory, 40, 30, 1), numbered(&memory, 40, 30, 2)}, back;
    for (int scale = 1; scale <= 4; scale++) {
        strip s = {.rows = 1, .columns = 2, .pictures = p, .scale = scale};
        assert_null(strip_save(&s, "build/test_strip.png", memory));
        assert_null(image_load("build/test_strip.png", &memory, &back));
        for (int k = 0; k < 2; k++) {
            int left = 16 + k * (40 * scale + 12), top = 16; /* the edge, the gap */
            for (int y = 0; y < 30 * scale; y++)
                for (int x = 0; x < 40 * scale; x++)
                    assert_memory_equal(image_at(back, left + x, top + y),
                                        image_at(p[k], x / scale, y / scale), 3);
        }
        image again = strip_image(&memory, &s);
        assert_true(again.w == back.w && again.h == back.h);
        assert_memory_equal(again.pixels, back.pixels, (size_t)(back.w * back.h * 3));
    }
    arena_free(memory);
}

static void words_fit_and_are_all_there(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    const char *captions[] = {"σ = 14.61",
                              "a caption that is much too long for a picture of 16 pixels",
                              "indivisiblewordofmanyletters",
                              NULL,
                              "",
                              "x_0 < y & z"};
    const char *columns[] = {"step 0", "step 10", NULL}, *rows[] = {"variance preserving", "VE"};
    image p[6];
    for (int side = 4; side <= 256; side *= 4) {
        for (int i = 0; i < 6; i++) p[i] = numbered(&memory, side, side / 2, i);
        p[4].pixels = NULL;
        strip s = {.title = "Noise added at steps of a long walk",
                   .rows = 2,
                   .columns = 3,
                   .pictures = p,
                   .captions = captions,
                   .column_names = columns,
                   .row_names = rows};
        assert_null(strip_save(&s, "build/test_strip.svg", memory));
        char *text = svg_read("build/test_strip.svg", &memory);
        assert_true(svg_well_formed(text));
        svg_assert_texts_fit(text);
        assert_non_null(strstr(text, captions[0]));
        assert_non_null(strstr(text, captions[2]));
        assert_non_null(strstr(text, "&lt; y &amp; z"));
        static svg_text t[SVG_TEXTS];
        char all[1024] = "";
        for (int i = 0, n = svg_texts(text, t); i < n; i++) {
            assert_string_not_equal(t[i].words, captions[1]); /* it goes on in the next line */
            strcat(strcat(all, t[i].words), " ");
        }
        assert_non_null(strstr(all, captions[1]));
        int pictures = 0;
        for (const char *at = text; (at = strstr(at, "<image")); at++) {
            pictures++;
            assert_true(svg_number(at, " x=\"") >= 0 && svg_number(at, " y=\"") >= 0);
            assert_near(svg_number(at, " width=\""), side / 2.0, 1e-9);
        }
        assert_int_equal(pictures, 5);
    }
    arena_free(memory);
}

/* Text of more bytes than a caption has room for: whole letters, and a sign that more was there. */
static void long_captions_are_cut_between_letters(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    for (int first = 0; first < 2; first++)
        for (int word = 2; word <= 1500; word *= 5) {
            char words[4000] = "";
            if (first) words[0] = 'a';
            for (int i = 0; i < 1500; i++) strcat(words, i % word == word - 1 ? " " : "σ");
            strip s = {.rows = 1, .columns = 1, .captions = (const char *[]){words}};
            assert_null(strip_save(&s, "build/test_strip.svg", memory));
            char *text = svg_read("build/test_strip.svg", &memory);
            assert_null(strstr(text, "&#xFFFD;"));
            assert_non_null(strstr(text, "…</text>"));
            words[40] = 0;
            assert_null(strip_save(&s, "build/test_strip.svg", memory));
            assert_null(strstr(svg_read("build/test_strip.svg", &memory), "…"));
        }
    arena_free(memory);
}

static void more_than_memory_holds_is_refused(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 22), tight = arena_make(1 << 16);
    image p = numbered(&memory, 16, 16, 1);
    strip s = {.rows = 1, .columns = 1, .pictures = &p, .scale = 1000000};
    assert_non_null(strstr(strip_save(&s, "build/test_strip.png", memory), "are left"));
    assert_null(strip_save(&s, "build/test_strip.svg", memory));
    s.scale = 8;
    assert_non_null(strstr(strip_save(&s, "build/test_strip.png", tight), "are left"));
    assert_null(strip_save(&s, "build/test_strip.svg", tight));
    p = image_new(&memory, 200, 200, 3);
    assert_non_null(strstr(strip_save(&s, "build/test_strip.svg", tight), "memory"));
    arena_free(memory);
    arena_free(tight);
}

/* Whatever the memory: never a strip without its picture. */
static void all_is_there_or_an_error(void **state)
{
    (void)state;
    const char *path = "build/test_strip.svg";
    arena memory = arena_make(1 << 17), tight = arena_make(1 << 16);
    image p = numbered(&memory, 30, 20, 1);
    strip s = {.rows = 1, .columns = 1, .pictures = &p};
    int saved = 0;
    for (; arena_left(tight) > 256; tight.begin += 256) {
        arena_forget(tight);
        arena scratch = memory;
        error wrong = strip_save(&s, path, tight);
        if (wrong) assert_non_null(strstr(wrong, "memory"));
        if (wrong) continue;
        saved++;
        assert_non_null(strstr(svg_read(path, &scratch), "<image"));
    }
    assert_in_range(saved, 10, 250);
    arena_free(memory);
    arena_free(tight);
}

static void trouble_is_one_line_and_leaves_nothing(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 24);
    struct stat info;
    strip s = {.rows = 1, .columns = 1};
    const char *paths[] = {"build/none/x.png", "build/none/x.svg", "build/x.gif", NULL};
    for (int i = 0; paths[i]; i++) {
        error wrong = strip_save(&s, paths[i], memory);
        assert_non_null(wrong);
        assert_null(strchr(wrong, '\n'));
        assert_int_not_equal(stat(paths[i], &info), 0);
    }
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_become_squares),
        cmocka_unit_test(words_fit_and_are_all_there),
        cmocka_unit_test(long_captions_are_cut_between_letters),
        cmocka_unit_test(more_than_memory_holds_is_refused),
        cmocka_unit_test(all_is_there_or_an_error),
        cmocka_unit_test(trouble_is_one_line_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
