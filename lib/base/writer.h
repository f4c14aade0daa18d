/* A text that grows: SVG and CSV files, notebooks, JSON, tables. */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H
/** @cond not in the manual */
#include "base/arena.h"
#include "base/error.h"
#include <stdbool.h>

/* Starts as {.memory = &some_arena}. */
typedef struct {
    arena *memory;     /* where its room comes from */
    char *text;        /* what was written, 0 at the end */
    size_t used, room; /* bytes written, and bytes that fit */
    bool full;         /* it is not whole: writer_save() says so, others must ask */
} writer;

/* As printf in the C locale, at the end; up to 999 bytes at a time, or it aborts. Two numbers, or a
 * number and words, must not be parted by a comma only: in other locales that is taken for a
 * decimal one. */
__attribute__((format(printf, 2, 3))) void writer_put(writer *w, const char *format, ...);

/* Bytes as letters, for files inside files: RFC 4648, section 4. */
void writer_put_base64(writer *w, const unsigned char *data, size_t bytes);

/* Room to write into by hand; add what was written to `used`. NULL when there is none. */
char *writer_room(writer *w, size_t bytes);

/* Between digits of a text that printf wrote, make the locale's decimal point ours. */
void writer_mend_points(char *text, const char *point);

error writer_save(const writer *w, const char *path);

/** @endcond */
#endif
