/** @file attention.h
 *  Scaled dot-product attention: each token asks (q) all tokens what they are (k), and takes from
 *  what they have to say (v) the more, the better the answer fits:
 *
 *      y[i] = sum over j of p[i][j] v[j],    p[i] = softmax over j of scale q[i] . k[j]
 *
 *  once for each head, which is a slice of the channels. Vaswani 2017, arXiv:1706.03762, equation
 *  1. The matrix p is never whole: 4096 tokens would need 67 MB of it for each head.
 *
 *      attention_apply((attention){.n = 2, .heads = 8, .size = 40, .queries = 4096, .keys = 77,
 *                                  .q = q, .k = k, .v = v, .y = y}, scratch);
 *
 *  q, k and v may be columns of one product [tokens, 3 C]: .q = qkv, .k = qkv + C, .v = qkv + 2 * C
 *  and a stride of 3 C for each.
 */
#ifndef NN_ATTENTION_H
#define NN_ATTENTION_H
#include "base/arena.h"
#include <stdbool.h>

/** What to compute. What is zero takes its usual value. Scores (scale q . k) must be finite, and v,
 *  too: a weight of 0 times no number is none, also where the token is not seen. */
typedef struct {
    int n;                            /**< pictures, or texts */
    int heads, size;                  /**< of a head; C is heads * size */
    int queries, keys;                /**< tokens of each picture: that ask, that are asked */
    const float *q;                   /**< [n, queries, C] */
    const float *k;                   /**< [n, keys, C] */
    const float *v;                   /**< [n, keys, C] */
    int q_stride, k_stride, v_stride; /**< floats from a token to the next; usually C */
    bool causal;                      /**< token i sees the tokens up to i alone: text */
    float scale;                      /**< usually 1 / sqrt(size) */
    float *y;                         /**< [n, queries, C]; may be q where q_stride is C */
} attention;

/** Compute it. The same bits for any number of threads, and for a picture alone. In float; where
 *  the instruction set is a bf16 one (isa.h), q, k, v and p are rounded to bf16, and sums are not.
 *  Sizes of 0 or less, and products of them beyond 2^28, and too little scratch abort.
 *  @param a       what
 *  @param scratch attention_room() bytes */
void attention_apply(attention a, arena scratch);

/** How much scratch it takes with the threads and the instruction set in use: K and V once more, in
 *  rows of 336 numbers that are seldom full, and a little for each thread. Ask again after a change
 *  of either.
 *  @param a what; arrays need not be there yet
 *  @return bytes */
size_t attention_room(attention a);

#endif
