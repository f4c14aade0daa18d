/** @file safetensors.h
 *  One .safetensors file, mapped: which tensors it has, and where.
 *
 *      8 bytes     length of the head, little end first
 *      the head    JSON: {"name": {"dtype": "F16", "shape": [320, 4, 3, 3],
 *                                  "data_offsets": [0, 23040]}, ...}
 *      the data    all tensors, one behind the other
 *
 *  Nothing is read but the head: opening takes milliseconds, and the system fetches a page of the
 *  data when it is first used. A head that does not tell the truth is refused: sizes that do not
 *  fit, data that overlap, leave the file or leave holes in it.
 *
 *  A file that somebody shortens while it is mapped cannot be guarded against: the system ends who
 *  reads beyond its end (SIGBUS), and a library has no business with the signals of its program.
 *  What is possible: safetensors_check() says whether the file is still the one that was opened.
 *  Ask it before long work. Replacing a file by renaming another over it is always safe.
 */
#ifndef MODELS_SAFETENSORS_H
#define MODELS_SAFETENSORS_H
#include "base/file.h"
#include "models/config.h"
#include "nn/weight.h"

enum { SAFETENSORS_DIMS = 8 /**< of a shape */ };

/** A tensor. */
typedef struct {
    const char *name;                /**< in the file */
    const char *dtype;               /**< as the file says: "F32", "I64" */
    bool usable;                     /**< whether networks can compute with it, so that ... */
    dtype type;                      /**< ... this says how its numbers are stored */
    int dims;                        /**< 0 for a single number */
    int64_t shape[SAFETENSORS_DIMS]; /**< [dims] */
    size_t count;                    /**< numbers */
    const unsigned char *data;       /**< need not be aligned */
    size_t bytes;                    /**< of them */
} safetensor;

/** A file. */
typedef struct {
    const char *path;         /**< its name */
    file map;                 /**< its bytes */
    int64_t inode, changed;   /**< which file, and when it was last written to: at opening */
    int count;                /**< tensors */
    const safetensor *tensor; /**< [count] in the order of their names */
    const config *metadata;   /**< what the head says beside: a table of texts, or NULL */
} safetensors;

/** Map a file and read its head.
 *  @param path which
 *  @param keep where names and shapes live
 *  @param out  set when all went well; give it to safetensors_close() afterwards
 *  @return NULL, or why it cannot be used */
error safetensors_open(const char *path, arena *keep, safetensors *out);

/** Forget it. Its tensors' data are gone then.
 *  @param s what safetensors_open() gave */
void safetensors_close(safetensors s);

/** The same as opening, from memory.
 *  @param bytes the whole file; must outlive the result
 *  @param name  what errors call it
 *  @param keep  where names and shapes live; untouched by an error
 *  @param out   set when all went well; not to be closed
 *  @return NULL, or why it cannot be used */
error safetensors_parse(file bytes, const char *name, arena *keep, safetensors *out);

/** A tensor by its name.
 *  @param s    where
 *  @param name which
 *  @return it, or NULL */
const safetensor *safetensors_find(const safetensors *s, const char *name);

/** The first tensor whose name begins so.
 *  @param s    where
 *  @param with the beginning
 *  @return its place in `tensor`; others that begin so follow. `count` when there is none. */
int safetensors_begin(const safetensors *s, const char *with);

/** Whether the file has stayed what it was when it was opened.
 *  @param s which
 *  @return NULL, or that it was written to */
error safetensors_check(const safetensors *s);

/** Say that what was read so far is not needed for a while: its memory goes back to the system,
 *  and comes again from the file when it is used.
 *  @param s which */
void safetensors_rest(const safetensors *s);

/** A shape in words: "[320, 4, 3, 3]".
 *  @param shape [dims]
 *  @param dims  how many
 *  @param room  where to write, of 160 bytes
 *  @return room */
const char *safetensors_shape(const int64_t *shape, int dims, char room[160]);

#endif
