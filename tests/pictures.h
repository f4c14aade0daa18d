/* What the tests of pictures share: two shelves, a folder, pictures in which neighbours differ. */
#ifndef TESTS_PICTURES_H
#define TESTS_PICTURES_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "draw/image.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "build/test_pictures"

static arena memory, spare; /* for what is kept, and scratch */

static inline int set_up(void **state)
{
    (void)state;
    memory = arena_make((size_t)1 << 30);
    spare = arena_make((size_t)1 << 30);
    mkdir("build", 0777);
    mkdir(FOLDER, 0777);
    return memory.begin && spare.begin ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    arena_free(memory);
    arena_free(spare);
    return 0;
}

/* A shifted or turned copy of this is noticed. */
static inline image busy(arena *keep, int w, int h, int c, unsigned seed)
{
    image picture = image_new(keep, w, h, c);
    for (int i = 0; i < w * h * c; i++) {
        seed = seed * 1664525U + 1013904223U;
        picture.pixels[i] = (unsigned char)(seed >> 24);
    }
    return picture;
}

static inline void assert_same(image a, image b)
{
    assert_int_equal(a.w, b.w);
    assert_int_equal(a.h, b.h);
    assert_int_equal(a.c, b.c);
    assert_memory_equal(a.pixels, b.pixels, (size_t)a.w * (size_t)a.h * (size_t)a.c);
}

static inline image load(const char *path, arena *keep)
{
    image out = {0};
    error wrong = image_load(path, keep, &out);
    if (wrong) fail_msg("%s", wrong);
    return out;
}

/* The error must be one line, name the file and say these words. */
static inline void refused(const char *path, const char *words)
{
    image out = {NULL, -1, -1, -1};
    arena keep = memory;
    error wrong = image_load(path, &keep, &out);
    if (!wrong)
        fail_msg("%s was read", path);
    else if (!strstr(wrong, path) || !strstr(wrong, words))
        fail_msg("got: %s", wrong);
    assert_null(strchr(wrong, '\n'));
    assert_ptr_equal(keep.begin, memory.begin);
    assert_true(!out.pixels && out.w == -1 && out.h == -1 && out.c == -1);
}

static inline void write_bytes(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

/* Every beginning of a file is refused, the whole file is not. */
static inline void only_the_whole_is_read(const char *path)
{
    arena keep = memory;
    file whole;
    image x = {0};
    assert_null(file_map(path, &whole));
    for (size_t cut = 0; cut < whole.bytes; cut++) {
        error wrong = image_decode((file){whole.data, cut}, "cut", &keep, &x);
        if (!wrong) fail_msg("%s was read from %zu of %zu bytes", path, cut, whole.bytes);
        assert_ptr_equal(keep.begin, memory.begin);
        assert_true(!x.pixels && x.w == 0 && x.h == 0 && x.c == 0);
    }
    assert_null(image_decode(whole, "whole", &keep, &x));
    file_unmap(whole);
}

#endif
