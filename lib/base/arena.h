/** @file arena.h
 *  Memory as one long shelf: take from the front, give back by forgetting.
 *
 *  An arena is three pointers and is passed BY VALUE as `scratch`: what a function takes from its
 *  copy is given back when it returns, with no free() and no clean-up path. Passed by pointer, as
 *  `keep`, it is permanent: the caller keeps what was taken.
 *
 *      void caller(arena *keep, arena scratch)
 *      {
 *          tensor result = tensor_new(keep, 1, 8, 8, 3);      // outlives this call
 *          tensor helper = tensor_new(&scratch, 1, 8, 8, 3);  // gone when this call returns
 *      }
 *
 *  Scratch flows down the call chain only and is stored by nobody: two live copies of one arena
 *  hand out the same bytes twice. One arena per thread.
 *
 *  The address space is reserved generously and the system commits a page when it is first touched,
 *  so nobody has to guess how much memory will be needed. Under AddressSanitizer all that was given
 *  back is poisoned, every block has a guard behind it and is filled with NaN when it is taken.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <stddef.h>

/** The whole of which an arena is the free part; only arena.c looks inside. */
typedef struct arena_shelf arena_shelf;

/** A shelf's free part. Copy it freely, as long as only one copy is in use at a time. */
typedef struct {
    char *begin, *end;  /**< what is still free; both on multiples of 64 */
    arena_shelf *shelf; /**< the whole, with the mark up to which it was ever used */
} arena;

/** Reserve a shelf.
 *  @param bytes how much to ask for; 0 asks for 64 GiB of address space. The wish is halved until
 *               the system grants twice as much (`ulimit -v`, valgrind and WebAssembly grant less).
 *  @return the arena; `begin` is NULL when not even 64 KiB could be had. */
arena arena_make(size_t bytes);

/** Give a whole shelf back to the system.
 *  @param a any copy of the arena that arena_make() returned. */
void arena_free(arena a);

/** Bytes that can still be taken.
 *  @param a the arena
 *  @return bytes */
size_t arena_left(arena a);

/** Take a block, aligned to 64 bytes, contents undefined. Aborts when the shelf is full: whoever
 *  takes an amount that a file or a user chose compares it with arena_left() first.
 *  @param a     the arena, which shrinks
 *  @param bytes how many; 0 is allowed
 *  @return the block, never NULL */
void *arena_take(arena *a, size_t bytes);

/** Under AddressSanitizer: poison all that callees took from copies of this arena and have given
 *  back by now. Elsewhere: nothing.
 *  @param a the arena as the caller still holds it */
void arena_forget(arena a);

#endif
