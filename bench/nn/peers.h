/** @file peers.h
 *  What others offer for the same work. Nothing here is needed to build or to run: each library is
 *  opened when the bench runs, if it is installed, with its names hidden from the others (OpenBLAS
 *  and BLIS both export BLAS's).
 */
#ifndef BENCH_NN_PEERS_H
#define BENCH_NN_PEERS_H
#include "race.h"

/** c[m,n] = scale a[m,k] b[k,n], rows one after the other. */
typedef struct {
    int m, n, k;
    const float *a, *b;
    float *c;
    int step_a, step_b, step_c; /**< from row to row */
    bool turned;                /**< b is [n,k], as PyTorch keeps the weights of a linear layer */
    float scale;
} gemm;

/** A library. */
typedef struct {
    const char *name, *package;      /**< Debian's package */
    char about[120];                 /**< its version, and what it takes this machine for */
    void (*multiply)(const gemm *g); /**< NULL: not here */
} peer;

enum { PEERS = 3 };
extern peer peers[PEERS];

/** Open all there are, with as many threads as ours; print which. */
void peers_open(void);

/** Opens the two of blas.c; peers_open() calls it.
 *  @param out [2] OpenBLAS, BLIS */
void blas_open(peer *out);

/** Opens oneDNN; peers_open() calls it.
 *  @param out it */
void onednn_open(peer *out);

/** A layer of oneDNN's, its arrays in the formats it likes best, moved there outside the timing. */
typedef struct onednn_layer onednn_layer;

/** What a layer computes. */
typedef enum { ONEDNN_INNER_PRODUCT, ONEDNN_MATMUL, ONEDNN_DIRECT, ONEDNN_WINOGRAD } onednn_kind;

/** Shapes, as the library's own words have them; a linear layer has h = w = size = 1. */
typedef struct {
    int n, h, w, in, out; /**< pictures or rows, pixels of the result, channels */
    int size, stride;     /**< of the filter; padding is size / 2 */
    const float *x;       /**< [n, stride h, stride w, in] */
    const float *weights; /**< [out, in, size, size] */
} onednn_shape;

/** Make one.
 *  @param kind  how to compute it
 *  @param shape what
 *  @return NULL where the library is not here or has no such way for this shape */
onednn_layer *onednn_make(onednn_kind kind, const onednn_shape *shape);

/** Compute it, once.
 *  @param layer from onednn_make() */
void onednn_run(void *layer);

/** The result, moved to our format.
 *  @param layer after onednn_run()
 *  @param y     [n, h, w, out] */
void onednn_result(void *layer, float *y);

/** A layer as a runner.
 *  @param name  of its column
 *  @param layer or NULL
 *  @return who */
runner onednn_runner(const char *name, onednn_layer *layer);

/** Forget it.
 *  @param layer or NULL */
void onednn_free(onednn_layer *layer);

#endif
