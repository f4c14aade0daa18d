/** @file prompt.h
 *  What people write into the field of a web UI: words with weights, and more of them than the
 *  encoder reads at once. As AUTOMATIC1111's stable-diffusion-webui has it.
 *
 *      (word)        weight 1.1                   ((word))   1.21: what stands inside multiplies
 *      (word:1.3)    weight 1.3, also -1, .5      [word]     1/1.1
 *      a backslash before one of ( ) [ ], or before another: that sign; any other is left out
 *      BREAK         as a word of its own: the rest begins a new chunk
 *
 *  A bracket that is never closed reaches to the end; one that closes nothing is a sign of the
 *  text. So is ":" where no number and ")" follow it, or where no "(" is open: there are no other
 *  numbers than digits with one point, and a sign before them. Round and square brackets pair up
 *  each with their own kind. Neighbours of one weight are one text: "(un)(real)" is "(unreal)".
 *
 *  The encoder reads chunks: start, up to 75 ids, end. Where a chunk is full, what stands behind
 *  its last comma moves on to the next, if that comma is one of its last 20 ids. The answers for
 *  all chunks stand one behind the other: [77 chunks, C] is what the network attends to.
 *
 *  A weight multiplies what the encoder answers for a token; then the whole chunk is scaled so that
 *  its mean is what it was.
 *
 *  Differences: BREAK within brackets is one, too (there, it becomes a word of weight -1); weights
 *  beyond 1,000,000 count as that; a number like 1.2.3 is text; where no mean is left that could be
 *  scaled, it is not; each text has its own mean, alone or in a batch.
 */
#ifndef MODELS_PROMPT_H
#define MODELS_PROMPT_H
#include "models/tokenizer.h"

/** How a prompt is read. What is zero takes its usual value. */
typedef struct {
    int length;   /**< of a chunk with start and end: how many tokens the encoder reads, 77 */
    int comma;    /**< among how many last ids a comma is looked for, 20; -1: none */
    bool literal; /**< brackets and BREAK are text, and what has no room in one chunk is left out:
                       diffusers' reading */
} prompt_options;

/** Ids for the encoder. */
typedef struct {
    int chunks, length; /**< how many, and how long each of them is */
    int32_t *ids;       /**< [chunks, length] */
    float *weights;     /**< [chunks, length]; NULL: all are 1 */
    size_t tokens;      /**< of the text, without start, end and what fills up */
} prompt;

/** Read a prompt.
 *  @param t       the model's tokenizer
 *  @param text    UTF-8
 *  @param options how
 *  @param keep    where ids and weights live
 *  @param scratch 300 bytes for each of the text, and 128 KiB
 *  @param out     set; one chunk at least
 *  @return NULL, or that the text is too long for what memory there is */
error prompt_read(const tokenizer *t, const char *text, prompt_options options, arena *keep,
                  arena scratch, prompt *out);

/** Empty chunks behind the others, so that two prompts have as many.
 *  @param t      the model's tokenizer
 *  @param p      which; changed
 *  @param chunks as many there shall be, if there are fewer
 *  @param keep   where the new ids and weights live; they must fit
 */
void prompt_fill(const tokenizer *t, prompt *p, int chunks, arena *keep);

/** Multiply what the encoder answered by the weights.
 *  @param p     the prompt
 *  @param z     [chunks, length, width], changed
 *  @param width numbers for each token */
void prompt_weigh(const prompt *p, float *z, int width);

#endif
