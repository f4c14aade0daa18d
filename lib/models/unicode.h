/** @file unicode.h
 *  Text as code points, as far as a tokenizer needs it. The tables are utf8proc's.
 *
 *  Letters of a newer Unicode than utf8proc's (2.8 in Debian 12: Unicode 15) count as "other", and
 *  have no lower case.
 */
#ifndef MODELS_UNICODE_H
#define MODELS_UNICODE_H
#include "base/arena.h"
#include <stdint.h>

/** What a code point is, for the splitting of text into words. */
typedef enum {
    UNICODE_SPACE,  /**< the property White_Space */
    UNICODE_LETTER, /**< categories L* */
    UNICODE_NUMBER, /**< categories N* */
    UNICODE_OTHER,  /**< signs, combining marks, control characters, what is not assigned */
} unicode_kind;

/** The next code point of UTF-8. What is not UTF-8 gives U+FFFD, one for as many bytes as could
 *  have begun a code point: as Python's decode(errors="replace").
 *  @param text  where
 *  @param bytes how many there are, at least 1
 *  @param code  set
 *  @return how many bytes it took, 1 to 4 */
size_t unicode_decode(const char *text, size_t bytes, int32_t *code);

/** A code point as UTF-8.
 *  @param code a valid one
 *  @param out  up to 4 bytes
 *  @return how many */
size_t unicode_encode(int32_t code, char *out);

/** What a code point is.
 *  @param code a valid one
 *  @return its kind */
unicode_kind unicode_kind_of(int32_t code);

/** The lower case of a text in normal form C, code point by code point (a capital sigma at the end
 *  of a word too is the one in its middle). Takes time in proportion to the text, whatever it is.
 *  @param text  UTF-8, any bytes
 *  @param bytes how many
 *  @param keep  where the result lives; has unicode_room(bytes)
 *  @param count set: how many code points
 *  @return them */
int32_t *unicode_lower(const char *text, size_t bytes, arena *keep, size_t *count);

/** How much unicode_lower() takes at most.
 *  @param bytes of text
 *  @return bytes */
size_t unicode_room(size_t bytes);

#endif
