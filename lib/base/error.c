#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1024, NAME = 48 };
static _Thread_local char message[LINE];

error error_make(const char *format, ...)
{
    char line[LINE]; /* the arguments may point into `message` */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *c = line; *c; c++) /* a file's name may hold line ends, or orders to the terminal */
        if ((unsigned char)*c < ' ' || *c == 127) *c = '?';
    memcpy(message, line, sizeof line);
    return message;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein 1966: the fewest letters to insert, delete or exchange, a row of the table a time. */
static size_t edits(const char *a, const char *b)
{
    size_t row[NAME + 1], length = least(strlen(b), NAME);
    for (size_t j = 0; j <= length; j++) row[j] = j;
    for (size_t i = 0; a[i] && i < NAME; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= length; j++) {
            size_t exchange = diagonal + (a[i] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(exchange, 1 + least(row[j], row[j - 1]));
        }
    }
    return row[length];
}

error error_unknown(const char *what, const char *given, const char *const *known)
{
    PROMISE(known[0], "error_unknown: an empty list");
    char list[LINE] = "";
    const char *nearest = known[0];
    for (size_t k = 0, used = 0; known[k] && used < sizeof list; k++) {
        int wrote = snprintf(list + used, sizeof list - used, "%s%s", k ? ", " : "", known[k]);
        used += (size_t)wrote;
        if (edits(given, known[k]) < edits(given, nearest)) nearest = known[k];
    }
    return error_make("there is no %s \"%.*s\"; nearest is %s. Known: %s", what, NAME, given,
                      nearest, list);
}

void error_broken_promise(const char *text, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, text);
    abort();
}
