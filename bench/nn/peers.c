#define _POSIX_C_SOURCE 200809L /* setenv */
#include "peers.h"
#include "base/parallel.h"
#include <stdio.h>
#include <stdlib.h>

peer peers[PEERS] = {{"OpenBLAS", "libopenblas0-pthread", "", NULL},
                     {"BLIS", "libblis4-openmp", "", NULL},
                     {"oneDNN", "libdnnl2 libdnnl-dev", "", NULL}};

void peers_open(void)
{
    const char *missing[PEERS];
    int count = 0;
    char threads[16];
    snprintf(threads, sizeof threads, "%d", parallel_threads());
    setenv("OMP_NUM_THREADS", threads, 1); /* where ours has no OpenMP and theirs has */
    blas_open(&peers[0]);
    onednn_open(&peers[2]);
    for (int i = 0; i < PEERS; i++)
        if (peers[i].multiply)
            printf("%-13s %s\n", peers[i].name, peers[i].about);
        else
            printf("%-13s %s\n", peers[i].name, *peers[i].about ? peers[i].about : "not here"),
                missing[count++] = peers[i].package;
    if (count) printf("to have them: apt-get install --no-install-recommends");
    for (int i = 0; i < count; i++) printf(" %s", missing[i]);
    printf(count ? "\n\n" : "\n");
}

runner onednn_runner(const char *name, onednn_layer *layer)
{
    return (runner){
        .name = name, .run = layer ? onednn_run : NULL, .result = onednn_result, .self = layer};
}
