/* activate.h for one instruction set. */
#include "base/parallel.h"
#include "nn/fast/math.h"
#include "nn/kernels.h"

/* `which` is a constant where this is called, so no lane asks. */
VEC_INLINE void some(activation which, float *y, const float *x, int n)
{
    for (int i = 0; i < n; i += LANES)
        vec_store_upto(y + i, math_activate(which, vec_load_upto(x + i, n - i)), n - i);
}

void FAST(activate)(activation which, float *y, const float *x, size_t n)
{
    enum { PIECE = 1 << 12 };
    PARALLEL_FOR(n > PARALLEL_WORTH)
    for (size_t from = 0; from < n; from += PIECE) {
        int count = n - from < PIECE ? (int)(n - from) : PIECE;
        if (which == ACTIVATE_SILU) some(ACTIVATE_SILU, y + from, x + from, count);
        if (which == ACTIVATE_GELU) some(ACTIVATE_GELU, y + from, x + from, count);
        if (which == ACTIVATE_GELU_QUICK) some(ACTIVATE_GELU_QUICK, y + from, x + from, count);
        if (which == ACTIVATE_NOT) some(ACTIVATE_NOT, y + from, x + from, count);
    }
}
