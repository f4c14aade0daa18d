/** @file words.h
 *  A prompt as the network hears it: a row of numbers for each of its tokens.
 */
#ifndef PIPELINE_WORDS_H
#define PIPELINE_WORDS_H
#include "pipeline/model.h"

/** Read some prompts and encode them.
 *  @param m         the model
 *  @param texts     in UTF-8, with emphasis and BREAK (prompt.h); at least one, and NULL at the
 *                   end. The shorter ones are filled up, so that all have as many chunks
 *  @param clip_skip 1: the encoder's last layer, 2: the one before; 0: as the model has it
 *  @param keep      where the result lives
 *  @param scratch   for the encoder
 *  @param out       [texts, 1, 77 chunks, C]: C is 768 in Stable Diffusion 1.x, 1024 in 2.x
 *  @return NULL, or what is wrong with a text or with clip_skip */
error words_say(const model *m, const char *const *texts, int clip_skip, arena *keep, arena scratch,
                tensor *out);

#endif
