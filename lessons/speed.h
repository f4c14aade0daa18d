/* speed.h: for lessons about speed: vectors, a clock, what this machine can do at most, and what
 * one machine did in a quiet hour.
 *
 *     speed_best(run, rows, 5)      seconds of the quickest of five runs
 *     speed_peak(cores)             10^9 multiplications and additions in a second, numbers at hand
 *     speed_reading(&l, bytes)     10^9 bytes in a second, from an array of this size
 *     speed_kept                    numbers for a figure that must be the same everywhere
 *
 * Seconds differ from run to run and from machine to machine, so no --check looks at them.
 */
#ifndef SPEED_H
#define SPEED_H
#include "base/parallel.h"
#include "base/simd.h"
#include "lesson.h"
#include <time.h>

/* A vector: LANES floats in one register, which may begin at any float. The compiler makes one
 * instruction of a + b and of a b + c. SUMS: registers to be kept busy at once. */
#if defined(__x86_64__)
enum { LANES = 8, SUMS = 12 }; /* as AVX2 has them */
#else
enum { LANES = 4, SUMS = 24 };
#endif
typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline double speed_clock(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Other programs can only make a run slower, so the quickest counts. A slow one is not repeated for
 * longer than a fifth of a second. */
static inline double speed_best(void (*run)(int), int argument, int times)
{
    double least = HUGE_VAL, begin = speed_clock();
    for (int i = 0; i < times && speed_clock() - begin < 0.2; i++) {
        double start = speed_clock();
        run(argument);
        least = fmin(least, speed_clock() - start);
    }
    return least;
}

/* How far numbers are off: the root mean square, over that of the truth. */
static inline double speed_off(const float *y, const double *truth, int n)
{
    double wrong = 0, all = 0;
    for (int i = 0; i < n; i++) {
        wrong += ((double)y[i] - truth[i]) * ((double)y[i] - truth[i]);
        all += truth[i] * truth[i];
    }
    return sqrt(wrong / all);
}

/* Sums that do not wait for each other, a multiplication and an addition for each. */
enum { SPEED_TURNS = 1 << 20 };
static volatile float speed_nearly_1 = 0.999999f;
static volatile float speed_result; /* never: no sum is below 0, which the compiler does not know */

SIMD_INLINE float speed_turns(int turns)
{
    vec sum[SUMS], factor = (vec){0} + speed_nearly_1;
    for (int k = 0; k < SUMS; k++) sum[k] = (vec){0} + (float)k; /* equal ones would be one */
    for (int i = 0; i < turns; i++)
        for (int k = 0; k < SUMS; k++) sum[k] = sum[k] * factor + factor;
    for (int k = 1; k < SUMS; k++) sum[0] += sum[k];
    return sum[0][0];
}

static float speed_turns_plain(int turns)
{
    return speed_turns(turns);
}

SIMD_AVX2 static float speed_turns_avx2(int turns)
{
    return speed_turns(turns);
}

static inline void speed_busy(int cores)
{
    PARALLEL_FOR(cores > 1)
    for (int i = 0; i < cores; i++) {
        float sum = (simd_has_avx2() ? speed_turns_avx2 : speed_turns_plain)(SPEED_TURNS);
        if (sum < 0) speed_result = sum;
    }
}

static inline double speed_peak(int cores)
{
    return 2e-9 * LANES * SUMS * SPEED_TURNS * cores / speed_best(speed_busy, cores, 25);
}

/* Reads an array from end to end, all cores together: one as large as the weights of lesson 30, or
 * one that fits into no cache. */
enum { SPEED_WEIGHTS = 1 << 24, SPEED_MEMORY = 1 << 27 };
static float *speed_array;
static size_t speed_bytes;

static inline void speed_read(int parts)
{
    size_t each = speed_bytes / sizeof(float) / (size_t)parts;
    PARALLEL_FOR(true)
    for (int part = 0; part < parts; part++) {
        float sum[64] = {0};
        const float *from = speed_array + (size_t)part * each;
        for (size_t i = 0; i + 64 <= each; i += 64)
            for (int k = 0; k < 64; k++) sum[k] += from[i + (size_t)k];
        for (int k = 1; k < 64; k++) sum[0] += sum[k]; /* or the compiler reads a 64th of it */
        if (sum[0] < 0) speed_result = sum[0];
    }
}

static inline double speed_reading(lesson *l, size_t bytes)
{
    arena scratch = l->memory;
    speed_array = arena_take(&scratch, bytes);
    speed_bytes = bytes;
    memset(speed_array, 0, bytes); /* memory that was never touched is not there */
    return 1e-9 * (double)bytes / speed_best(speed_read, 4 * parallel_threads(), 25);
}

/* What a machine does at most, and what the rungs of lesson 30 do on it. */
enum { SPEED_RUNGS = 7, SPEED_ALONE = 5 }; /* the first rungs run on one core */
typedef struct {
    const char *where;
    double one, all;            /* GFLOP/s of one core, of all */
    double weights, memory;     /* GB/s of all cores */
    double ladder[SPEED_RUNGS]; /* GFLOP/s */
} speed_machine;
static const char *const speed_names[] = {"naive",  "order",   "blocked", "vector",
                                          "packed", "threads", "f16",     NULL};

/* Kept from `make run L=30` on one machine, with gcc 12: the best of many runs. */
static const speed_machine speed_kept = {.where = "two cores of AMD's Zen 3",
                                         .one = 102,
                                         .all = 204,
                                         .weights = 42,
                                         .memory = 26,
                                         .ladder = {1.0, 9.5, 20, 68, 76, 148, 150}};

static inline speed_machine speed_here(lesson *l)
{
    if (l->checking) return speed_kept;
    int cores = parallel_threads();
    return (speed_machine){
        .where = lesson_words(l, "this machine, %d core%s", cores, cores == 1 ? "" : "s"),
        .one = speed_peak(1),
        .all = speed_peak(cores),
        .weights = speed_reading(l, SPEED_WEIGHTS),
        .memory = speed_reading(l, SPEED_MEMORY)};
}

static inline double speed_share(const speed_machine *m, int rung)
{
    return m->ladder[rung] / (rung < SPEED_ALONE ? m->one : m->all);
}

/* The table: what comes out the same everywhere, and, without --check, what was measured now. */
static inline void speed_head(const lesson *l, const speed_machine *here)
{
    const speed_machine *kept = &speed_kept;
    printf("%-36s%s\n", "", kept->where);
    printf("%-36sat most %.0f GFLOP/s, one core %.0f\n", "", kept->all, kept->one);
    if (!l->checking) printf("here: at most %.0f GFLOP/s, one core %.0f, ", here->all, here->one);
    if (!l->checking)
        printf("w is read with %.0f GB/s, memory %.0f\n", here->weights, here->memory);
    printf("%-9s %8s %12s", "rung", "off by", "MB of w");
    printf("   GFLOP/s   share%s\n", l->checking ? "" : "      here   share");
}

static inline void speed_row(const lesson *l, int rung, double off, size_t bytes,
                             const speed_machine *here)
{
    if (rung == 0) speed_head(l, here);
    printf("%-9s %8.0e %12.1f", speed_names[rung], off, 1e-6 * (double)bytes);
    const speed_machine *each[] = {&speed_kept, here};
    for (int i = 0; i < (l->checking ? 1 : 2); i++)
        printf(" %9.1f %5.0f %%", each[i]->ladder[rung], 100 * speed_share(each[i], rung));
    printf("\n");
}

/* The rungs below what the cores in use can do at most. */
static inline void speed_plot(lesson *l, const char *name, const speed_machine *m)
{
    static const double across[] = {-0.4, SPEED_ALONE - 0.5, SPEED_ALONE - 0.5, SPEED_RUNGS - 0.6};
    double most[] = {m->one, m->one, m->all, m->all};
    plot p = {.title = lesson_words(l, "Seven ways to make one product: %s", m->where),
              .x = {.names = speed_names},
              .y = {.label = "GFLOP/s", .log = true, .low = 0.1, .high = 2.5 * m->all}};
    plot_line(&p, NULL, SPEED_RUNGS, NULL, m->ladder)->width = 3;
    plot_series *roof = plot_line(&p, NULL, 4, across, most);
    roof->marker = PLOT_NO_MARKERS, roof->ink = colour_ink;
    plot_text(&p, -0.3, 1.35 * m->one, "the most that one core can do");
    plot_text(&p, across[1], 1.35 * m->all, "all cores");
    for (int k = 0; k < SPEED_RUNGS; k++) {
        double share = 100 * speed_share(m, k);
        const char *words = lesson_words(l, share < 10 ? "%.1f %%" : "%.0f %%", share);
        plot_text(&p, k, m->ladder[k] / 1.5, words);
    }
    lesson_plot(l, name, 1, 1, &p);
}

#endif
