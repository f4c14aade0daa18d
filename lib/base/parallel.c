#include "base/parallel.h"
#include "base/error.h"

#ifdef _OPENMP
#include <omp.h>

int parallel_threads(void)
{
    return omp_get_max_threads();
}

static void set_threads(int n)
{
    omp_set_num_threads(n);
}
#else
int parallel_threads(void)
{
    return 1;
}

static void set_threads(int n)
{
    (void)n;
}
#endif

void parallel_set_threads(int n)
{
    PROMISE(n >= 1, "parallel_set_threads: fewer than one thread");
    set_threads(n);
}
