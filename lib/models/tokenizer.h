/** @file tokenizer.h
 *  Text as the numbers that CLIP's text encoder reads: the ids that transformers 5.23 gives.
 *
 *      text    normal form C, white space as one space, lower case          unicode.h
 *      words   "'s" and its like; letters in a row; one digit; other signs in a row
 *      pieces  of each word, by byte pair encoding                          bpe.h
 *
 *  Special tokens written in the text ("<|endoftext|>") are found, in lower case alone or in any
 *  case, as the model's files say. Where the padding token is "!" (Stable Diffusion 2), each "!" of
 *  the text is that token: so does transformers.
 *
 *  What differs: Unicode is as new as utf8proc (unicode.h); bytes that are not UTF-8 count as
 *  U+FFFD, where Python would have refused them; added tokens that ask for "single_word" are found
 *  within words, too.
 */
#ifndef MODELS_TOKENIZER_H
#define MODELS_TOKENIZER_H
#include "models/bpe.h"

/** A token that is found in the text as it stands. */
typedef struct {
    const char *text;     /**< [bytes] UTF-8 */
    const int32_t *codes; /**< [count] in lower case */
    size_t bytes, count;  /**< of them */
    int id;               /**< which token */
    bool any_case;        /**< looked for after the text was brought to lower case */
} tokenizer_special;

/** Read-only, once it is open. */
typedef struct {
    bpe pieces;
    int start, end, pad; /**< begins, ends, and fills up what the encoder reads */
    int comma;           /**< "," as a word; -1: there is none */
    tokenizer_special *specials;
    int special_count;
} tokenizer;

/** Some ids. */
typedef struct {
    int32_t *ids; /**< [count] */
    size_t count;
} tokenizer_ids;

/** Bytes of a text: no more. */
enum { TOKENIZER_LONGEST = 1 << 24 };

/** Open a tokenizer.
 *  @param folder  vocab.json with merges.txt, or tokenizer.json; beside it special_tokens_map.json
 *                 and tokenizer_config.json, where there are any. NULL: CLIP's own pieces, which
 *                 stand in this library; a single-file model has no others
 *  @param keep    what the tokenizer lives in
 *  @param scratch some megabytes
 *  @param out     set
 *  @return NULL, or which file is wrong and where */
error tokenizer_open(const char *folder, arena *keep, arena scratch, tokenizer *out);

/** All ids of a text, without start and end.
 *  @param t       the tokenizer
 *  @param text    UTF-8
 *  @param bytes   how many
 *  @param keep    where the ids live
 *  @param scratch 160 bytes for each of the text, and 64 KiB
 *  @param out     set
 *  @return NULL, or that the text is too long for what memory there is */
error tokenizer_read(const tokenizer *t, const char *text, size_t bytes, arena *keep, arena scratch,
                     tokenizer_ids *out);

/** The same where the room is known to be there, for texts in many parts.
 *  @param t       the tokenizer
 *  @param text    UTF-8
 *  @param bytes   at most TOKENIZER_LONGEST
 *  @param ids     room for 3 for each byte; set
 *  @param scratch 160 bytes for each of the text, and 64 KiB
 *  @return how many there are */
size_t tokenizer_write(const tokenizer *t, const char *text, size_t bytes, int32_t *ids,
                       arena scratch);

/** Ids between start and end, filled up: what the encoder reads.
 *  @param t      the tokenizer
 *  @param ids    as many as are read; those that have no room are left out
 *  @param length of the result, at least 2
 *  @param out    [length] */
void tokenizer_frame(const tokenizer *t, tokenizer_ids ids, int length, int32_t *out);

#endif
