/** @file weights.h
 *  The numbers of one network, by name: where they stand in the file, with the shape that the
 *  network wants.
 *
 *  A network asks for each of its tensors once, by the name that diffusers gives it, on one line:
 *
 *      weights block = weights_in(all, "down_blocks.%d", i);
 *      r.conv1 = weights_filter(block, "resnets.0.conv1.weight", out, in);
 *      r.bias1 = weights_floats(block, "resnets.0.conv1.bias", out);
 *
 *  Matrices and filters stay in the mapped file. What is missing or has another shape is written
 *  down once, in weights_trouble(); its place is taken by a `weight` without data, and by zeros
 *  where floats were wanted. Whoever loads a network asks at the end whether all went well, and
 *  computes with nothing before. So a network reads as a table, without a word on errors.
 */
#ifndef MODELS_WEIGHTS_H
#define MODELS_WEIGHTS_H
#include "models/safetensors.h"

/** Where names are looked up; the same for all parts of one model. Only weights.c looks inside. */
typedef struct weights_source weights_source;

/** A place among the names: `path` stands before every name that is asked for. */
typedef struct {
    weights_source *source;
    char path[128];
} weights;

/** What a tensor is called in a file that has names of its own. */
typedef struct {
    char name[256];  /**< there */
    int part, parts; /**< which of so many equal parts of it, along its first side; {0, 0}: all */
} weights_alias;

/** Names that a tensor may have in the files.
 *  @param self    what else must be known
 *  @param asked   the name that diffusers gives it
 *  @param attempt 0, 1, 2, ...: which of its possible names
 *  @param out     that name
 *  @return false where there are no more */
typedef bool weights_naming(const void *self, const char *asked, int attempt, weights_alias *out);

/** Files with the names that diffusers gives, as TAESD or a part of a diffusers folder has them.
 *  @param paths [count] .safetensors files
 *  @param count how many
 *  @param keep  where shapes, and floats that were widened, live. It is used as long as the result
 *  @param out   set when all went well; give it to weights_close() afterwards
 *  @return NULL, or which file cannot be used and why */
error weights_open(const char *const *paths, int count, arena *keep, weights *out);

/** Files that are open already; they are not closed with the result.
 *  @param files  [count], which must outlive it
 *  @param count  how many
 *  @param keep   where floats that were widened live; used as long as the result
 *  @return the place */
weights weights_from(const safetensors *files, int count, arena *keep);

/** Let names be translated from now on.
 *  @param w      any place
 *  @param naming how tensors are called in its files
 *  @param self   what `naming` wants to know; must outlive it */
void weights_rename(weights w, weights_naming *naming, const void *self);

/** The files behind it.
 *  @param w     any place
 *  @param count how many, set
 *  @return [count] */
const safetensors *weights_files(weights w, int *count);

/** Whether its files have stayed as they were.
 *  @param w any place of the network
 *  @return NULL, or which file was written to */
error weights_check(weights w);

/** Forget the files that weights_open() opened.
 *  @param w any place */
void weights_close(weights w);

/** They are not needed for a while: the memory that they take goes back to the system, and comes
 *  again from the files when they are used.
 *  @param w any place */
void weights_rest(weights w);

/** A place below it.
 *  @param w      where
 *  @param format as printf has it: "down_blocks.%d"
 *  @return that place */
weights weights_in(weights w, const char *format, ...) ERROR_FORMAT(2);

/** A matrix [out, in]; one stored as [out, in, 1, 1] will do. Never widened; moved only where its
 *  file does not align it.
 *  @param w    where
 *  @param name "attn1.to_q.weight"
 *  @param out  rows
 *  @param in   columns
 *  @return the matrix */
weight weights_matrix(weights w, const char *name, int out, int in);

/** A 3x3 filter [out, in, 3, 3]. Never widened; moved only where its file does not align it.
 *  @param w    where
 *  @param name "conv1.weight"
 *  @param out  channels of what comes out
 *  @param in   channels of what goes in
 *  @return the filter */
weight weights_filter(weights w, const char *name, int out, int in);

/** A row of numbers as floats: biases, and what norms multiply with.
 *  @param w    where
 *  @param name "conv1.bias"
 *  @param n    how many
 *  @return [n], in the file, or in the arena that the source was opened with; NULL where all
 *          that is missing would be a million zeros and more */
const float *weights_floats(weights w, const char *name, int n);

/** Whether there is such a tensor: for parts that not every model has.
 *  @param w    where
 *  @param name which
 *  @return that */
bool weights_has(weights w, const char *name);

/** One side of a tensor: for what is known from shapes only.
 *  @param w    where
 *  @param name which
 *  @param side 0 is the first
 *  @return its length; 0 where there is no such tensor or side */
int weights_side(weights w, const char *name, int side);

/** What was missing or had another shape, the first of it.
 *  @param w any place
 *  @return NULL, or a line that names the file, the tensor, and both shapes */
error weights_trouble(weights w);

#endif
