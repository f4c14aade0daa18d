#include "base/writer.h"
#include "base/file.h"
#include <ctype.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char *writer_room(writer *w, size_t bytes)
{
    size_t room = 2 * (w->used + bytes) + 4096;
    bool more = w->used + bytes + 1 > w->room;
    w->full = w->full || (more && room > arena_left(*w->memory));
    if (w->full) return NULL;
    if (more) { /* move to a place twice as large */
        char *larger = arena_take(w->memory, room);
        if (w->used) memcpy(larger, w->text, w->used);
        w->text = larger, w->room = room;
    }
    return w->text + w->used;
}

void writer_mend_points(char *text, const char *point)
{
    size_t n = strlen(point);
    for (char *p = text; *p && (p = strstr(p + 1, point));) {
        if (!isdigit((unsigned char)p[-1]) || !isdigit((unsigned char)p[n])) continue;
        *p = '.';
        memmove(p + 1, p + n, strlen(p + n) + 1);
    }
}

void writer_put(writer *w, const char *format, ...)
{
    enum { MOST = 1000 };
    char *out = writer_room(w, MOST);
    if (!out) return;
    va_list arguments;
    va_start(arguments, format);
    int wrote = vsnprintf(out, MOST, format, arguments);
    va_end(arguments);
    PROMISE(wrote >= 0 && wrote < MOST, "writer_put: too long for one call");
    writer_mend_points(out, localeconv()->decimal_point);
    w->used += strlen(out);
}

void writer_put_base64(writer *w, const unsigned char *data, size_t bytes)
{
    static const char sign[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = writer_room(w, (bytes + 2) / 3 * 4);
    for (size_t i = 0; out && i < bytes; i += 3, w->used += 4) {
        unsigned three = 0;
        for (size_t j = i; j < i + 3; j++) three = three << 8 | (j < bytes ? data[j] : 0);
        for (size_t j = 0; j < 4; j++)
            *out++ = i + j <= bytes ? sign[three >> (18 - 6 * j) & 63] : '=';
    }
}

error writer_save(const writer *w, const char *path)
{
    if (w->full) return error_make("cannot write %s: it needs more memory than is left", path);
    return file_write(path, w->text, w->used);
}
