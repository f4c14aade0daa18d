#include "draw/writer.h"
#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char *writer_room(writer *w, size_t bytes)
{
    if (w->used + bytes + 1 > w->room) { /* move to a place twice as large */
        w->room = 2 * (w->used + bytes) + 4096;
        char *larger = arena_take(w->memory, w->room);
        if (w->used) memcpy(larger, w->text, w->used);
        w->text = larger;
    }
    return w->text + w->used;
}

void writer_put(writer *w, const char *format, ...)
{
    enum { MOST = 1000 };
    va_list arguments;
    va_start(arguments, format);
    int wrote = vsnprintf(writer_room(w, MOST), MOST, format, arguments);
    va_end(arguments);
    PROMISE(wrote >= 0 && wrote < MOST, "writer_put: too long for one call");
    w->used += (size_t)wrote;
}
