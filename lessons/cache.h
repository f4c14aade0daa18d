/* cache.h: a cache that counts. Memory comes in lines of 64 bytes, which is 16 floats. The cache
 * keeps some of them: what lies in a kept line costs nothing, any other line must be fetched, and
 * the one that was used longest ago goes.
 *
 *     static cache near = {.sets = CACHE_32K};
 *     cache_touch(&near, 4096);                  the byte at 4096, and its line
 *     printf("%.0f lines\n", near.fetched);
 *
 * As in real ones a line has few places to go: line n belongs to set n modulo `sets`, and a set
 * keeps WAYS lines. So lines that are a multiple of 64 sets apart push each other out, however
 * empty the rest is. Real ones also guess which line comes next and fetch it early; this one
 * does not.
 */
#ifndef CACHE_H
#define CACHE_H
#include <string.h>

enum { CACHE_LINE = 64, CACHE_WAYS = 8, CACHE_MOST = 1024 };
enum { CACHE_32K = 64, CACHE_512K = 1024 }; /* sets */
typedef struct {
    int sets;
    double fetched;                    /* lines so far */
    long line[CACHE_MOST][CACHE_WAYS]; /* 1 + its number, 0 for none; the last used first */
} cache;

static inline void cache_touch(cache *c, long byte)
{
    long line = byte / CACHE_LINE + 1, *set = c->line[line % c->sets];
    int place = 0;
    if (set[0] == line) return;
    while (place < CACHE_WAYS - 1 && set[place] != line) place++;
    c->fetched += set[place] != line;
    memmove(set + 1, set, (size_t)place * sizeof *set);
    set[0] = line;
}

#endif
