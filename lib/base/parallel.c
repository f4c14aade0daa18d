#include "base/parallel.h"
#include "base/error.h"
#ifdef _OPENMP
#include <omp.h>
#endif

int parallel_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

void parallel_set_threads(int n)
{
    PROMISE(n >= 1, "parallel_set_threads: fewer than one thread");
#ifdef _OPENMP
    omp_set_num_threads(n);
#endif
}
