/* A text that grows as it is written, for the SVG and CSV files that lib/draw makes. */
#ifndef DRAW_WRITER_H
#define DRAW_WRITER_H
/** @cond for lib/draw only, not in the manual */
#include "base/arena.h"

/* Starts as {.memory = &some_arena}. */
typedef struct {
    arena *memory;     /* where its room comes from */
    char *text;        /* what was written, 0 at the end */
    size_t used, room; /* bytes written, and bytes that fit */
} writer;

/* As printf, at the end; up to 999 bytes at a time. */
__attribute__((format(printf, 2, 3))) void writer_put(writer *w, const char *format, ...);

/* Room to write into by hand; add what was written to `used`. */
char *writer_room(writer *w, size_t bytes);

/** @endcond */
#endif
