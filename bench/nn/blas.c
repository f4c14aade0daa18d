/* OpenBLAS and BLIS, through the interface that both have: CBLAS. */
#include "base/parallel.h"
#include "peers.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { ROWS_FIRST = 101, AS_IT_IS = 111, TURNED = 112 }; /* CBLAS's numbers */
typedef void sgemm(int order, int turn_a, int turn_b, int m, int n, int k, float alpha,
                   const float *a, int step_a, const float *b, int step_b, float beta, float *c,
                   int step_c);
typedef void set_threads(int n);
typedef void set_threads_long(long n);
typedef const char *text(void);
typedef int number(void);
typedef const char *text_of(int which);

static sgemm *openblas, *blis;

static void multiply(sgemm *with, const gemm *g)
{
    with(ROWS_FIRST, AS_IT_IS, g->turned ? TURNED : AS_IT_IS, g->m, g->n, g->k, g->scale, g->a,
         g->step_a, g->b, g->step_b, 0, g->c, g->step_c);
}

static void multiply_openblas(const gemm *g)
{
    multiply(openblas, g);
}

static void multiply_blis(const gemm *g)
{
    multiply(blis, g);
}

/* C has no cast from an address of data to a function's, POSIX says they have one size. */
static bool find(void *library, const char *name, void *function)
{
    void *at = library ? dlsym(library, name) : NULL;
    memcpy(function, &at, sizeof at);
    return at;
}

static void open_openblas(peer *p)
{
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    set_threads *threads;
    text *config, *core;
    if (!find(library, "cblas_sgemm", &openblas) ||
        !find(library, "openblas_set_num_threads", &threads) ||
        !find(library, "openblas_get_config", &config) ||
        !find(library, "openblas_get_corename", &core))
        return;
    threads(parallel_threads());
    char version[32] = "";
    sscanf(config(), "OpenBLAS %31s", version);
    snprintf(p->about, sizeof p->about, "%s, %s", version, core());
    p->multiply = multiply_openblas;
}

static void open_blis(peer *p)
{
    void *library = dlopen("libblis.so.4", RTLD_NOW | RTLD_LOCAL);
    set_threads_long *threads;
    text *version;
    number *core;
    text_of *core_name;
    if (!find(library, "cblas_sgemm", &blis) ||
        !find(library, "bli_thread_set_num_threads", &threads) ||
        !find(library, "bli_info_get_version_str", &version) ||
        !find(library, "bli_arch_query_id", &core) || !find(library, "bli_arch_string", &core_name))
        return;
    threads(parallel_threads());
    snprintf(p->about, sizeof p->about, "%s, %s", version(), core_name(core()));
    p->multiply = multiply_blis;
}

void blas_open(peer *out)
{
    open_openblas(&out[0]);
    open_blis(&out[1]);
}
