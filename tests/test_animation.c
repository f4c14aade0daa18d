/* Tests of draw/animation.h. Frames are put together again from the file by the rules of the PNG
 * specification (third edition, 4.9 and 11.3.6) and libpng; chunks are checked one by one. */
#include "draw/animation.h"
#include "pictures.h"
#include <math.h>

#include <zlib.h>

static const animation_pace pace = {0.25, 1.5};

static uint32_t number(const unsigned char *p, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | p[i];
    return value;
}

/* What a player keeps while it goes through the file. */
typedef struct {
    arena *keep;
    image canvas;
    const unsigned char *header; /* IHDR's data */
    unsigned char *png;          /* the frame being gathered as a PNG of its own */
    size_t bytes;
    uint32_t x, y;
} player;

static void gather(player *p, const char *letters, const unsigned char *data, size_t bytes)
{
    unsigned char *at = p->png + p->bytes;
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(bytes >> (24 - 8 * i));
    memcpy(at + 4, letters, 4);
    memcpy(at + 8, data, bytes);
    uLong sum = crc32(0, at + 4, (uInt)(4 + bytes));
    for (int i = 0; i < 4; i++) at[8 + bytes + (size_t)i] = (unsigned char)(sum >> (24 - 8 * i));
    p->bytes += 12 + bytes;
}

static void begin_frame(player *p, const unsigned char *head)
{
    unsigned char own[13];
    memcpy(own, p->header, 13);
    memcpy(own, head + 4, 8); /* width and height */
    memcpy(p->png, "\x89PNG\r\n\x1a\n", 8);
    p->bytes = 8;
    p->x = number(head + 12, 4);
    p->y = number(head + 16, 4);
    gather(p, "IHDR", own, 13);
}

static void end_frame(player *p, image expected)
{
    image part;
    gather(p, "IEND", p->png, 0);
    error wrong = image_decode((file){p->png, p->bytes}, "frame", p->keep, &part);
    if (wrong) fail_msg("%s", wrong);
    for (int v = 0; v < part.h; v++)
        memcpy(image_at(p->canvas, (int)p->x, (int)p->y + v), image_at(part, 0, v),
               3 * (size_t)part.w);
    size_t bytes = 3 * (size_t)expected.w * (size_t)expected.h;
    assert_memory_equal(p->canvas.pixels, expected.pixels, bytes);
}

/* Play the file: every frame must look as expected, and every chunk must follow the rules. */
static void play(const char *path, const image *frames, int n)
{
    arena keep = memory;
    player p = {.keep = &keep, .canvas = image_new(&keep, frames[0].w, frames[0].h, 3)};
    file f;
    assert_null(file_map(path, &f));
    p.png = arena_take(&keep, f.bytes + 1000);
    uint32_t next = 0;
    int shown = 0, controls = 0;
    for (size_t at = 8; at < f.bytes;) {
        const unsigned char *c = f.data + at, *data = c + 8;
        size_t bytes = number(c, 4);
        char letters[5] = "";
        memcpy(letters, c + 4, 4);
        at += 12 + bytes;
        assert_true(at <= f.bytes);
        assert_int_equal(crc32(0, c + 4, (uInt)(4 + bytes)), number(data + bytes, 4));
        if (strcmp(letters, "IHDR") == 0) p.header = data;
        if (strcmp(letters, "acTL") == 0) {
            controls++;
            assert_int_equal(number(data, 4), n);
            assert_int_equal(number(data + 4, 4), 0); /* for ever */
        }
        if (strcmp(letters, "fcTL") == 0) {
            assert_int_equal(bytes, 26);
            assert_int_equal(number(data, 4), next++);
            if (shown > 0) end_frame(&p, frames[shown - 1]);
            double seconds = number(data + 20, 2) / (double)number(data + 22, 2);
            assert_true(fabs(seconds - (shown == n - 1 ? 1.75 : 0.25)) < 1e-9);
            assert_int_equal(number(data + 24, 2), 0); /* keep what is there, replace the box */
            begin_frame(&p, data);
            shown++;
        }
        if (strcmp(letters, "IDAT") == 0) {
            assert_int_equal(shown, 1);
            gather(&p, "IDAT", data, bytes);
        }
        if (strcmp(letters, "fdAT") == 0) {
            assert_int_equal(number(data, 4), next++);
            gather(&p, "IDAT", data + 4, bytes - 4);
        }
        if (strcmp(letters, "IEND") == 0) assert_int_equal(at, f.bytes);
    }
    end_frame(&p, frames[shown - 1]);
    assert_int_equal(shown, n);
    assert_int_equal(controls, 1);
    file_unmap(f);
}

static size_t file_bytes(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (size_t)info.st_size;
}

static void plays_all_frames(void **state)
{
    (void)state;
    arena keep = memory;
    image frames[4];
    for (unsigned i = 0; i < 4; i++) frames[i] = busy(&keep, 37, 23, 3, i);
    arena outer = memory;
    memory = keep; /* play() builds its frames behind ours */
    assert_null(animation_save(FOLDER "/all.png", frames, 4, pace, "somebody", spare));
    play(FOLDER "/all.png", frames, 4);
    memory = outer;
}

/* Noise of 600 x 600 pixels takes more than one chunk of pixels. */
static void plays_large_frames(void **state)
{
    (void)state;
    arena keep = memory, outer = memory;
    image frames[2] = {busy(&keep, 600, 600, 3, 1), busy(&keep, 600, 600, 3, 2)};
    memory = keep;
    assert_null(animation_save(FOLDER "/large.png", frames, 2, pace, NULL, spare));
    play(FOLDER "/large.png", frames, 2);
    memory = outer;
}

/* One pixel changes, then none, then two far apart. */
static void only_what_changes_is_stored(void **state)
{
    (void)state;
    arena keep = memory, outer = memory;
    image frames[4];
    for (int i = 0; i < 4; i++) frames[i] = busy(&keep, 64, 48, 3, 5);
    for (int i = 1; i < 4; i++) image_at(frames[i], 20, 30)[1] ^= 1;
    image_at(frames[3], 63, 40)[0] ^= 1;
    image_at(frames[3], 50, 47)[2] ^= 1;
    memory = keep;
    assert_null(animation_save(FOLDER "/few.png", frames, 4, pace, NULL, spare));
    play(FOLDER "/few.png", frames, 4);
    assert_null(animation_save(FOLDER "/one.png", frames, 1, pace, NULL, spare));
    /* a box of 14 x 8 pixels of noise and about 250 bytes of chunks */
    assert_true(file_bytes(FOLDER "/few.png") < file_bytes(FOLDER "/one.png") + 14 * 8 * 3 + 300);
    memory = outer;
}

static void one_frame_is_a_plain_png(void **state)
{
    (void)state;
    arena keep = memory;
    image x = busy(&keep, 12, 9, 3, 3), y;
    assert_null(animation_save(FOLDER "/single.png", &x, 1, pace, "credit", spare));
    assert_null(image_save(FOLDER "/plain.png", x, "credit", spare));
    file a, b;
    assert_null(file_map(FOLDER "/single.png", &a));
    assert_null(file_map(FOLDER "/plain.png", &b));
    assert_int_equal(a.bytes, b.bytes);
    assert_memory_equal(a.data, b.data, a.bytes);
    file_unmap(a), file_unmap(b);
    assert_null(image_load(FOLDER "/single.png", &keep, &y));
}

static void a_still_reader_sees_the_first_frame(void **state)
{
    (void)state;
    arena keep = memory;
    image frames[2] = {busy(&keep, 10, 10, 3, 1), busy(&keep, 10, 10, 3, 2)}, seen;
    assert_null(animation_save(FOLDER "/still.apng", frames, 2, pace, NULL, spare));
    assert_null(image_load(FOLDER "/still.apng", &keep, &seen));
    assert_memory_equal(seen.pixels, frames[0].pixels, 300);
}

static void expect(error wrong, const char *words)
{
    assert_non_null(wrong);
    if (!strstr(wrong, words)) fail_msg("got: %s", wrong);
}

static void refuses_what_makes_no_sense(void **state)
{
    (void)state;
    arena keep = memory;
    image frames[2] = {busy(&keep, 8, 8, 3, 1), busy(&keep, 8, 9, 3, 1)};
    expect(animation_save(FOLDER "/no.png", frames, 2, pace, NULL, spare),
           "frame 1 is 8 x 9 x 3, frame 0 8 x 8 x 3");
    frames[1] = busy(&keep, 8, 8, 1, 1);
    expect(animation_save(FOLDER "/no.png", frames, 2, pace, NULL, spare), "frame 1 is 8 x 8 x 1");
    frames[1] = frames[0];
    const animation_pace bad[] = {{0, 0},  {-1, 0},          {61, 0},         {1, -1},
                                  {1, 60}, {(double)NAN, 0}, {1, (double)NAN}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(animation_save(FOLDER "/no.png", frames, 2, bad[i], NULL, spare), "at most 60");
    expect(animation_save(FOLDER "/no.gif", frames, 2, pace, NULL, spare), ".png or .apng");
    expect(animation_save(FOLDER "/nopng", frames, 2, pace, NULL, spare), ".png or .apng");
    expect(animation_save(FOLDER "/none/no.png", frames, 2, pace, NULL, spare), "No such file");
    arena tight = arena_make((size_t)64 << 10);
    frames[0] = frames[1] = busy(&keep, 300, 300, 3, 1);
    expect(animation_save(FOLDER "/no.png", frames, 2, pace, NULL, tight), "no memory");
    frames[0] = frames[1] = busy(&keep, 30, 30, 3, 1);
    for (; arena_left(tight) > 256; tight.begin += 128) {
        arena_forget(tight);
        error wrong = animation_save(FOLDER "/little.png", frames, 2, pace, NULL, tight);
        if (wrong) assert_non_null(strstr(wrong, "no memory"));
    }
    arena_free(tight);
    struct stat info;
    assert_int_equal(stat(FOLDER "/no.png", &info), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_all_frames),
        cmocka_unit_test(plays_large_frames),
        cmocka_unit_test(only_what_changes_is_stored),
        cmocka_unit_test(one_frame_is_a_plain_png),
        cmocka_unit_test(a_still_reader_sees_the_first_frame),
        cmocka_unit_test(refuses_what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
