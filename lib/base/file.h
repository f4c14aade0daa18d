/** @file file.h
 *  Files as whole pieces: mapped read-only on the way in, written beside and renamed on the way
 *  out, so that nobody ever sees half a file, not after a full disk either.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H
#include "base/error.h"
#include <stddef.h>

/** A file in memory, read-only. */
typedef struct {
    const unsigned char *data; /**< its bytes; NULL when it is empty */
    size_t bytes;              /**< how many */
} file;

/** Map a file. Nobody may shorten it while it is mapped: the system ends who reads beyond its end.
 *  @param path which
 *  @param out  set when all went well; give it to file_unmap() afterwards
 *  @return NULL, or why it cannot be read (missing, a folder, no permission) */
error file_map(const char *path, file *out);

/** Forget a mapped file.
 *  @param f what file_map() gave */
void file_unmap(file f);

/** Write a whole file: into a new file beside it, flushed, then renamed over `path`. When anything
 *  goes wrong, what stood at `path` before is untouched. A link there is replaced, not followed.
 *  @param path  where
 *  @param data  the bytes
 *  @param bytes how many
 *  @return NULL, or why it cannot be written */
error file_write(const char *path, const void *data, size_t bytes);

/** Make a folder if it is not there yet (not its parents).
 *  @param path which
 *  @return NULL, or why not */
error file_make_folder(const char *path);

#endif
