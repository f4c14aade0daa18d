#include "data.h"
#include "base/rng.h"
#include "nn/isa.h"
#include <math.h>

float *data_floats(size_t n, arena *keep)
{
    float *x = arena_take(keep, n * sizeof *x);
    rng r = rng_philox(1);
    rng_uniform32(&r, x, n);
    for (size_t i = 0; i < n; i++) x[i] = 2 * x[i] - 1;
    return x;
}

/* 11 to 14 as exponent is 2^-4 to 2^-1, any fraction, any sign. Each kind of bits comes from a part
 * of its own of a multiplied counter. */
data_weights data_halves(size_t n, arena *keep)
{
    uint16_t *half = arena_take(keep, n * sizeof *half);
    float *full = arena_take(keep, n * sizeof *full);
    for (size_t i = 0; i < n; i++) {
        uint32_t mixed = (uint32_t)i * 2654435761u;
        mixed = (mixed ^ mixed >> 15) * 2246822519u;
        uint32_t exponent = 11 + (mixed >> 10 & 3);
        half[i] = (uint16_t)((mixed >> 16 & 0x8000) | exponent << 10 | (mixed >> 20 & 1023));
        full[i] = ldexpf((float)(1024 + (half[i] & 1023)), (int)exponent - 25);
        if (half[i] & 0x8000) full[i] = -full[i];
    }
    return (data_weights){{half, DTYPE_F16}, {full, DTYPE_F32}};
}

void data_places(data_truth *t, size_t n)
{
    for (size_t i = 0; i < DATA_PLACES; i++) t->at[i] = (i * 7919 + i * n / DATA_PLACES) % n;
}

static double error_of(const data_truth *t, const float *y)
{
    double wrong = 0, all = 0;
    for (int i = 0; i < DATA_PLACES; i++) {
        double apart = (double)y[t->at[i]] - t->value[i];
        wrong += apart * apart, all += t->value[i] * t->value[i];
    }
    return sqrt(wrong / all);
}

void data_enter(race *c, runner r, const data_truth *t, float *y)
{
    r.error = (double)NAN;
    if (r.run) {
        if (r.isa) isa_choose(r.isa);
        r.run(r.self);
        if (r.isa) isa_choose(NULL);
        if (r.result) r.result(r.self, y);
        r.error = error_of(t, y);
    }
    c->r[c->n++] = r;
}
