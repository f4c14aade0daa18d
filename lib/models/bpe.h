/** @file bpe.h
 *  Byte pair encoding: a word as few known pieces. At first each byte is a piece; then, as long as
 *  two neighbours are a pair of the list, those that stand first in the list become one. Sennrich,
 *  Haddow and Birch 2016, arXiv:1508.07909, algorithm 1; over bytes as in CLIP, Radford et al. 2021,
 *  arXiv:2103.00020, section 2.4.
 *
 *  Pieces are spelled with one visible letter for each byte ("a" for byte 97, "Ġ" for a space), and
 *  those that end a word have "</w>" behind: "cat" and "cat</w>" are two.
 */
#ifndef MODELS_BPE_H
#define MODELS_BPE_H
#include "base/arena.h"
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

/** Pieces and pairs. Made by bpe_begin(), bpe_add() and bpe_merge(). */
typedef struct {
    const char **names;        /**< [count] by id; NULL where there is none */
    int count;                 /**< ids are below it */
    int unknown;               /**< stands for a byte that is no piece */
    int bytes[2][256];         /**< the ids of single bytes, within a word and at its end */
    uint32_t *named, names_at; /**< ids + 1, hashed by their names; mask */
    struct bpe_pair *pairs;    /**< hashed by both ids */
    uint32_t pairs_at;         /**< mask */
    int32_t ranks;             /**< pairs so far */
} bpe;

/** Room for pieces and pairs.
 *  @param ids   they will be below it
 *  @param pairs at most so many
 *  @param keep  has bpe_room() */
bpe bpe_begin(int ids, size_t pairs, arena *keep);

/** How much bpe_begin() takes. */
size_t bpe_room(int ids, size_t pairs);

/** Add a piece.
 *  @param b    to what
 *  @param name how it is spelled; stays where it is
 *  @param id   below `ids`, not negative
 *  @return whether neither name nor id was there before */
bool bpe_add(bpe *b, const char *name, int id);

/** The piece of that name.
 *  @return its id, -1 when there is none */
int bpe_find(const bpe *b, const char *name);

/** Add a pair behind those that are there; one that is there already moves to the end.
 *  @param b       to what
 *  @param left    the first
 *  @param right   the second
 *  @param becomes what they are together */
void bpe_merge(bpe *b, int left, int right, int becomes);

/** All pieces are there: look up the single bytes. */
void bpe_ready(bpe *b);

/** How the byte is spelled: itself if it is visible in Latin-1, else a letter from U+0100 on.
 *  @param byte which
 *  @return its code point */
int32_t bpe_letter(int byte);

/** A word as pieces, in n log n steps.
 *  @param b       with what
 *  @param word    [n] bytes
 *  @param n       at least 1
 *  @param ids     room for n; set
 *  @param scratch 48 bytes for each byte, and 512
 *  @return how many pieces */
size_t bpe_word(const bpe *b, const char *word, size_t n, int32_t *ids, arena scratch);

#endif
