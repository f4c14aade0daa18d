/** @file text_fixture.h
 *  Tokenizers as models have them, written to build/test_text and opened from there.
 */
#ifndef TESTS_TEXT_FIXTURE_H
#define TESTS_TEXT_FIXTURE_H
#include "base/file.h"
#include "models/tokenizer.h"
#include "says.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/** Bytes of what must take no more than time in proportion: a megabyte, but where each arena_take()
 *  marks all that was ever taken. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { LONG_TEXT = 1 << 15 };
#else
enum { LONG_TEXT = 1 << 20 };
#endif

#define FOLDER "build/test_text"

static arena memory, scratch, answers; /* answers: what is looked at and forgotten */

static inline int make_room(void **state)
{
    (void)state;
    memory = arena_make((size_t)1 << 30), scratch = arena_make((size_t)1 << 32);
    answers = arena_make((size_t)1 << 28);
    return !memory.begin || !scratch.begin || !answers.begin || file_make_folder("build") ||
           file_make_folder(FOLDER);
}

/** A file of the folder; without text it is not there. */
static inline void put(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, FOLDER "/%s", name);
    if (text)
        assert_null(file_write(path, text, strlen(text)));
    else
        unlink(path);
}

/** All files of the folder, each may be NULL. */
static inline void put_all(const char *vocab, const char *merges, const char *options,
                           const char *map, const char *whole)
{
    put("vocab.json", vocab), put("merges.txt", merges), put("tokenizer.json", whole);
    put("tokenizer_config.json", options), put("special_tokens_map.json", map);
}

/** CLIP's vocabulary as JSON, from the pieces that stand in the library. */
static inline char *clip_vocab(arena *keep)
{
    tokenizer t;
    assert_null(tokenizer_open(NULL, keep, scratch, &t));
    char *text = arena_take(keep, (size_t)1 << 22), *at = text;
    for (int i = t.pieces.count - 1; i >= 0; i--) { /* in another order than that of the ids */
        at += sprintf(at, "%s\"", i == t.pieces.count - 1 ? "{" : ",");
        for (const char *c = t.pieces.names[i]; *c; *at++ = *c++)
            if (*c == '"' || *c == '\\') *at++ = '\\';
        at += sprintf(at, "\":%d", i);
    }
    memcpy(at, "}", 2);
    return text;
}

/** CLIP's merges with a version on top, as merges.txt has them.
 *  @param end of lines */
static inline char *clip_merges_text(const char *end, arena *keep)
{
    file f;
    assert_null(file_map("assets/clip/merges.txt", &f));
    char *text = arena_take(keep, 2 * f.bytes + 100), *at = text;
    at += sprintf(at, "#version: 0.2%s", end);
    for (size_t i = 0; i < f.bytes; i++)
        if (f.data[i] == '\n')
            at += sprintf(at, "%s", end);
        else
            *at++ = (char)f.data[i];
    *at = 0;
    file_unmap(f);
    return text;
}

#endif
