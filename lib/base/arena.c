#define _DEFAULT_SOURCE
#include "base/arena.h"
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
enum { WATCHED = 1, GUARD = 64 };
#else
#define ASAN_POISON_MEMORY_REGION(begin, bytes)   ((void)(begin), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
enum { WATCHED = 0, GUARD = 0 };
#endif

enum { ALIGN = 64 };
static const size_t WISH = sizeof(size_t) > 4 ? (size_t)64 << 30 : (size_t)256 << 20;
static const size_t LEAST = (size_t)64 << 10;

struct arena_shelf {
    char *mark;   /* nothing beyond this was ever taken */
    size_t bytes; /* of the whole mapping, for munmap */
};

static char *reserve(size_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#ifdef MAP_NORESERVE
    flags |= MAP_NORESERVE;
#endif
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

static size_t half(size_t bytes)
{
    return bytes / 2 - bytes / 2 % ALIGN;
}

arena arena_make(size_t bytes)
{
    const size_t extra = 2 * ALIGN + GUARD; /* the shelf's own, rounding, a guard */
    size_t wish = !bytes ? WISH : bytes < SIZE_MAX - extra ? bytes + extra : SIZE_MAX;
    if (wish < LEAST) wish = LEAST;
    wish -= wish % ALIGN;
    char *base = reserve(wish);
    bool refused = !base;
    while (!base && half(wish) >= LEAST) base = reserve(wish = half(wish));
    if (base && refused && half(wish) >= LEAST) { /* not all that is left: others need some, too */
        munmap(base, wish);
        base = reserve(wish = half(wish));
    }
    if (!base) return (arena){0};
    arena_shelf *shelf = (void *)base;
    *shelf = (arena_shelf){.mark = base + ALIGN, .bytes = wish};
    return (arena){base + ALIGN, base + wish, shelf};
}

void arena_free(arena a)
{
    if (!a.shelf) return;
    char *base = (void *)a.shelf;
    ASAN_UNPOISON_MEMORY_REGION(base, (size_t)(a.shelf->mark - base));
    munmap(base, a.shelf->bytes);
}

size_t arena_left(arena a)
{
    size_t left = (size_t)(a.end - a.begin);
    return left > GUARD ? left - GUARD : 0;
}

void arena_forget(arena a)
{
    if (WATCHED && a.begin < a.shelf->mark)
        ASAN_POISON_MEMORY_REGION(a.begin, (size_t)(a.shelf->mark - a.begin));
}

void *arena_take(arena *a, size_t bytes)
{
    PROMISE(a->shelf, "arena_take: arena_make() found no memory");
    PROMISE(bytes <= arena_left(*a), "arena_take: the arena is full");
    arena_forget(*a);
    char *block = a->begin;
    if (bytes > 0) a->begin += (bytes + ALIGN - 1) / ALIGN * ALIGN + GUARD;
    if (a->begin > a->shelf->mark) a->shelf->mark = a->begin;
    if (WATCHED) {
        ASAN_UNPOISON_MEMORY_REGION(block, bytes);
        ASAN_POISON_MEMORY_REGION(block + bytes, (size_t)(a->begin - block) - bytes);
        memset(block, 0xff, bytes); /* all ones is NaN, in float and in double */
    }
    return block;
}
