#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "machine.h"
#include "base/parallel.h"
#include "nn/isa.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* LOOPS comes from the Makefile, as ISAS does for nn/isa.c: X(base) X(avx2) ... */
#define X(name) extern const loops loops_##name;
LOOPS
#undef X
#define X(name) &loops_##name,
static const loops *const all[] = {LOOPS NULL};
#undef X

enum { ROUNDS = 5, FLOATS = 1 << 26 }; /* 256 MiB: no cache has it */

bool machine_shared;

double machine_seconds(void)
{
    struct timespec now;
    clock_gettime(machine_shared ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double fma_for(const loops *l, long turns)
{
    int threads = parallel_threads();
    volatile float kept = 0;
    double begin = machine_seconds();
    PARALLEL_FOR(threads > 1)
    for (int t = 0; t < threads; t++) {
        float sum = l->fma(turns);
        if (sum < 0) kept = sum; /* never; but the compiler cannot know, so the loop stays */
    }
    (void)kept;
    return 2e-9 * (double)(threads * turns) * LOOPS_SUMS * l->lanes / (machine_seconds() - begin);
}

double machine_fma(const loops *l)
{
    return fma_for(l, 6000000);
}

double machine_median(double *x, int n)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && x[j] < x[j - 1]; j--) {
            double swap = x[j];
            x[j] = x[j - 1], x[j - 1] = swap;
        }
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

double machine_peak(void)
{
    double most = 0;
    for (int i = 0; all[i]; i++) {
        double rates[ROUNDS];
        if (all[i]->pairs || !isa_here(all[i]->isa)) continue;
        for (int r = 0; r < ROUNDS; r++) rates[r] = machine_fma(all[i]);
        double rate = machine_median(rates, ROUNDS);
        most = rate > most ? rate : most;
    }
    return most;
}

/* GB/s of reading or copying, every thread its own piece. */
static double memory(const loops *l, const float *x, float *y)
{
    double rates[ROUNDS];
    int threads = parallel_threads();
    size_t piece = FLOATS / (size_t)threads / 1024 * 1024;
    volatile float kept = 0;
    for (int r = 0; r < ROUNDS; r++) {
        double begin = machine_seconds();
        PARALLEL_FOR(threads > 1)
        for (int t = 0; t < threads; t++) {
            size_t from = (size_t)t * piece;
            if (y)
                memcpy(y + from, x + from, piece * sizeof *x);
            else if (l->read(x + from, piece) < 0)
                kept = 1;
        }
        rates[r] = 1e-9 * (double)((size_t)threads * piece * sizeof *x) * (y ? 2 : 1) /
                   (machine_seconds() - begin);
    }
    (void)kept;
    return machine_median(rates, ROUNDS);
}

static void print_processor(void)
{
    char line[256] = "unknown";
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f) && strncmp(line, "model name", 10) != 0) continue;
    if (f) fclose(f);
    char *name = strchr(line, ':');
    printf("processor     %s", name ? name + 2 : "unknown\n");
#if defined(__x86_64__)
    printf("features     ");
#define FEATURE(name) \
    if (__builtin_cpu_supports(name)) printf(" %s", name);
    FEATURE("sse4.2")
    FEATURE("avx")
    FEATURE("avx2")
    FEATURE("fma")
    FEATURE("avx512f")
    FEATURE("avx512bw")
    FEATURE("avx512dq")
    FEATURE("avx512vl")
    FEATURE("avx512vnni")
    FEATURE("avx512bf16")
    printf("%s\n", isa_here("amx_bf16") ? " amx_bf16" : "");
#endif
#ifdef __clang__
    printf("compiler      %s\n", __VERSION__);
#else
    printf("compiler      gcc %s\n", __VERSION__);
#endif
    printf("kernels       %s\nthreads       %d%s\n", isa_name(), parallel_threads(),
           machine_shared ? ", timed by the processor's own seconds" : "");
}

machine machine_look(arena scratch)
{
    machine m = {.best = NULL};
    print_processor();
    printf("\n%-24s %10s %10s\n", "multiply-adds, GFLOP/s", "one thread", "all");
    for (int i = 0; all[i]; i++) {
        double one[ROUNDS], every[ROUNDS];
        int threads = parallel_threads();
        if (!isa_here(all[i]->isa)) continue;
        for (int r = 0; r < ROUNDS; r++) {
            parallel_set_threads(1);
            one[r] = machine_fma(all[i]);
            parallel_set_threads(threads);
            every[r] = machine_fma(all[i]);
        }
        double peak = machine_median(every, ROUNDS);
        printf("%-24s %10.1f %10.1f\n", all[i]->isa, machine_median(one, ROUNDS), peak);
        if (!all[i]->pairs && peak > m.peak) m.best = all[i], m.peak = peak;
    }
    float *x = arena_take(&scratch, FLOATS * sizeof *x),
          *y = arena_take(&scratch, FLOATS * sizeof *y);
    memset(x, 0, FLOATS * sizeof *x), memset(y, 0, FLOATS * sizeof *y);
    m.read = memory(m.best, x, NULL), m.copy = memory(m.best, x, y);
    printf("%-24s %10s %10.1f\n%-24s %10s %10.1f   (read and written)\n\n", "memory, GB/s: read",
           "", m.read, "memcpy", "", m.copy);
    return m;
}
