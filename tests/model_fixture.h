/** @file model_fixture.h
 *  Small weights files, made in the test: good ones, and ones that lie. All in build/test_models.
 */
#ifndef TESTS_MODEL_FIXTURE_H
#define TESTS_MODEL_FIXTURE_H
#include "base/file.h"
#include "models/safetensors.h"
#include "says.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROOM "build/test_models"

enum { HEAD = 1 << 19, DATA = 1 << 21 };
static arena memory;

static inline int make_room(void **state)
{
    (void)state;
    if (!memory.begin) memory = arena_make((size_t)1 << 28);
    return !memory.begin || file_make_folder("build") || file_make_folder(ROOM);
}

/* A weights file that grows tensor by tensor; number i of each tensor is i. */
typedef struct {
    char head[HEAD];
    unsigned char data[DATA];
    size_t used, bytes;
} box;

/* The bits of a small whole number, and how many bytes they take. */
static inline size_t small_number(const char *type, int i, unsigned char *to)
{
    float wide = (float)i;
    uint32_t bits;
    memcpy(&bits, &wide, sizeof bits);
    if (strcmp(type, "F32") == 0) return memcpy(to, &bits, 4), (size_t)4;
    if (strcmp(type, "I64") == 0) return memset(to, 0, 8), to[0] = (unsigned char)i, (size_t)8;
    uint16_t half = (uint16_t)(bits >> 16);
    if (strcmp(type, "F16") == 0) half = i ? (uint16_t)((bits >> 13) - (112 << 10)) : 0;
    return memcpy(to, &half, 2), (size_t)2;
}

static inline void box_begin(box *b)
{
    b->used = (size_t)snprintf(b->head, HEAD, "{"), b->bytes = 0;
}

/* Sides up to the first 0. */
static inline void box_add(box *b, const char *name, const char *type, const int shape[4])
{
    int n = 1, dims = 0;
    size_t from = b->bytes;
    b->used += (size_t)snprintf(b->head + b->used, HEAD - b->used,
                                "%s\"%s\": {\"dtype\": \"%s\", \"shape\": [",
                                b->used > 1 ? ", " : "", name, type);
    for (; dims < 4 && shape[dims]; n *= shape[dims++])
        b->used += (size_t)snprintf(b->head + b->used, HEAD - b->used, "%s%d", dims ? ", " : "",
                                    shape[dims]);
    for (int i = 0; i < n; i++) b->bytes += small_number(type, i, b->data + b->bytes);
    b->used += (size_t)snprintf(b->head + b->used, HEAD - b->used,
                                "], \"data_offsets\": [%zu, %zu]}", from, b->bytes);
    assert_true(b->used < HEAD && b->bytes < DATA);
}

/* A head and data as the bytes of a file, in memory that ends where the file ends. */
static inline file joined(const char *head, const void *data, size_t bytes)
{
    size_t length = strlen(head);
    unsigned char *all = malloc(8 + length + bytes);
    assert_non_null(all);
    for (int i = 0; i < 8; i++) all[i] = (unsigned char)(length >> (8 * i));
    memcpy(all + 8, head, length);
    if (bytes) memcpy(all + 8 + length, data, bytes);
    return (file){all, 8 + length + bytes};
}

static inline void forget(file f)
{
    free((void *)(size_t)f.data);
}

/* `spaces` behind the head move the data off their alignment. */
static inline void box_save(box *b, const char *path, int spaces)
{
    snprintf(b->head + b->used, HEAD - b->used, "}%*s", spaces, "");
    file f = joined(b->head, b->data, b->bytes);
    error wrong = file_write(path, f.data, f.bytes);
    if (wrong) fail_msg("%s", wrong);
    forget(f);
}

/* The next number of spaces that leaves the data at `rest` of a multiple of 64. */
static inline int spaces_for(const box *b, int rest)
{
    return (int)((128 + (size_t)rest - (8 + b->used + 1) % 64) % 64);
}

static inline void write_text(const char *path, const char *text)
{
    error wrong = file_write(path, text, strlen(text));
    if (wrong) fail_msg("%s", wrong);
}

#endif
