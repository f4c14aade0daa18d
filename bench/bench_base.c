/* Random numbers and the simplest tensor loop, beside what one would write by hand.
 *
 *     make bench
 *
 * The best of 7 rounds counts: other programs can only make a round slower. */
#include "base/parallel.h"
#include "base/rng.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, NORMALS = 1 << 22, MIXED = 1 << 24 };

static tensor x, y, out;
static double *doubles;
static rng torch, philox;

static void normals_ours(void)
{
    rng_normal32(&torch, out.data, NORMALS);
}

/* Box and Muller's formula in float with the C library's functions, on the same uniforms. */
static void normals_by_hand(void)
{
    rng_uniform32(&torch, out.data, NORMALS);
    for (float *u = out.data, *v = u + NORMALS / 2; v < out.data + NORMALS; u++, v++) {
        float radius = sqrtf(-2 * logf(1 - *u)), angle = 6.2831853f * *v;
        *u = radius * cosf(angle);
        *v = radius * sinf(angle);
    }
}

static void normals_double(void)
{
    rng_normal64(&torch, doubles, NORMALS);
}

static void normals_philox(void)
{
    rng_normal32(&philox, out.data, NORMALS);
}

static void uniforms_torch(void)
{
    rng_uniform32(&torch, out.data, NORMALS);
}

static void uniforms_philox(void)
{
    rng_uniform32(&philox, out.data, NORMALS);
}

static void mix(void)
{
    tensor_mix(out, 0.3, x, -0.7, y);
}

static void copy(void)
{
    memcpy(out.data, x.data, tensor_count(x) * sizeof *x.data);
}

static double seconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double best(void (*work)(void))
{
    double least = HUGE_VAL;
    for (int i = 0; i < ROUNDS; i++) {
        double begin = seconds();
        work();
        least = fmin(least, seconds() - begin);
    }
    return least;
}

int main(void)
{
    static const struct {
        const char *what;
        void (*work)(void);
    } draws[] = {
        {"normals as torch.randn, float", normals_ours},
        {"  beside: Box-Muller, libm", normals_by_hand},
        {"normals as torch.randn, double", normals_double},
        {"normals by Philox, float", normals_philox},
        {"uniforms as torch.rand, float", uniforms_torch},
        {"uniforms by Philox, float", uniforms_philox},
    };
    arena memory = arena_make(0);
    x = tensor_new(&memory, 1, 1, 1, MIXED), y = tensor_like(&memory, x);
    out = tensor_like(&memory, x);
    doubles = arena_take(&memory, NORMALS * sizeof *doubles);
    torch = rng_torch(1), philox = rng_philox(1);
    rng_uniform(&torch, x, memory);
    rng_uniform(&torch, y, memory);

    printf("%-32s %10s   (%d threads)\n", "random numbers", "million/s", parallel_threads());
    for (size_t i = 0; i < sizeof draws / sizeof *draws; i++)
        printf("%-32s %10.0f\n", draws[i].what, NORMALS / best(draws[i].work) / 1e6);
    double bytes = (double)tensor_count(x) * sizeof(real) / 1e9;
    printf("\n%-32s %10s   (read and written)\n", "tensors of 64 MiB", "GB/s");
    printf("%-32s %10.1f\n", "tensor_mix", 3 * bytes / best(mix));
    printf("%-32s %10.1f\n", "memcpy", 2 * bytes / best(copy));
    arena_free(memory);
    return 0;
}
