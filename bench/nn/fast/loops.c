/* loops.h for one instruction set. */
#include "loops.h"
#include "nn/fast/vec.h"

#define JOIN(name, isa) name##_##isa
#define NAME(name, isa) JOIN(name, isa)
#define TEXT(isa)       #isa
#define NAMED(isa)      TEXT(isa)

/* s = a s + b stays between 0 and 1, so no turn is slower than another. With PAIRS s + 2 a b grows
 * by a millionth. */
static float fma_loop(long turns)
{
    vec s[LOOPS_SUMS], a = vec_all(0.5f), b = vec_all(PAIRS ? 0x1p-20f : 0.25f);
    if (PAIRS) a = vec_pairs(a, a), b = vec_pairs(b, b);
    UNROLL(16)
    for (int j = 0; j < LOOPS_SUMS; j++) s[j] = vec_all((float)j / LOOPS_SUMS);
    for (long i = 0; i < turns; i++) {
        UNROLL(16)
        for (int j = 0; j < LOOPS_SUMS; j++)
            s[j] = PAIRS ? vec_dot_pairs(s[j], a, b) : s[j] * a + b;
    }
    UNROLL(16)
    for (int j = 1; j < LOOPS_SUMS; j++) s[0] += s[j];
    return vec_sum(s[0]);
}

static float read_loop(const float *x, size_t n)
{
    vec s[8];
    UNROLL(16)
    for (int j = 0; j < 8; j++) s[j] = (vec){0};
    for (size_t i = 0; i + 8 * LANES <= n; i += 8 * LANES) {
        UNROLL(16)
        for (int j = 0; j < 8; j++) s[j] += vec_load(x + i + (size_t)j * LANES);
    }
    UNROLL(16)
    for (int j = 1; j < 8; j++) s[0] += s[j];
    return vec_sum(s[0]);
}

extern const loops NAME(loops, ISA);
const loops NAME(loops, ISA) = {NAMED(ISA), (1 + PAIRS) * LANES, PAIRS, fma_loop, read_loop};
