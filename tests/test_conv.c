/* 3x3 convolutions, each instruction set against the plain twin, which sums in double. Every array
 * is as long as it must be and no longer, with a page that may not be touched right behind it or
 * right before it; scratch is as large as conv_room() says, and full of NaN. */
#define _DEFAULT_SOURCE
#include "aborts.h"
#include "base/parallel.h"
#include "golden/conv.h"
#include "nn/conv.h"
#include "nn/isa.h"
#include <math.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 1 << 16, MOST = 10 };

/* One convolution and the memory that it lives in. */
typedef struct {
    conv c;
    size_t outs;
    struct {
        char *base;
        size_t bytes;
    } held[MOST];
    int count;
} job;

/* The end, or for odd blocks the beginning, lies at a page that may not be touched. */
static void *guarded(job *j, size_t bytes)
{
    size_t inner = (bytes + PAGE - 1) / PAGE * PAGE;
    char *base = mmap(NULL, inner + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(base != MAP_FAILED && j->count < MOST);
    assert_int_equal(mprotect(base + PAGE, inner, PROT_READ | PROT_WRITE), 0);
    j->held[j->count].base = base;
    j->held[j->count++].bytes = inner + 2 * PAGE;
    static bool front;
    front = !front;
    return base + PAGE + (front ? 0 : inner - bytes);
}

static uint32_t state_of_numbers = 1;
static float number(void)
{
    state_of_numbers = state_of_numbers * 1664525u + 1013904223u;
    return (float)(state_of_numbers >> 8) * 0x1p-23f - 1;
}

static float *floats(job *j, size_t n)
{
    float *x = guarded(j, n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = number();
    return x;
}

/* Halves of either kind are any bits with an exponent near 0. */
static weight weights(job *j, dtype type, size_t n)
{
    if (type == DTYPE_F32) return (weight){floats(j, n), type};
    uint16_t *x = guarded(j, n * sizeof *x);
    int low = type == DTYPE_F16 ? 12 << 10 : 124 << 7,
        exponents = type == DTYPE_F16 ? 3 << 10 : 3 << 7;
    for (size_t i = 0; i < n; i++) {
        int bits = (int)(fabsf(number()) * (float)exponents);
        x[i] = (uint16_t)((low + bits) | (number() < 0 ? 0x8000 : 0));
    }
    return (weight){x, type};
}

enum { NORM = 1, SILU = 2, BIAS = 4, SHIFT = 8, ADD = 16, ALL = 31 };

static job job_make(conv c, dtype type, int options)
{
    job j = {.c = c};
    size_t pixels = (size_t)(c.n * c.h * c.w), in = (size_t)c.in, out = (size_t)c.out;
    j.outs = (size_t)(c.n * conv_side(c.sides, c.h) * conv_side(c.sides, c.w)) * out;
    j.c.x = floats(&j, pixels * in);
    j.c.weights = weights(&j, type, out * in * 9);
    if (options & NORM)
        j.c.before = (norm){.scale = floats(&j, (size_t)c.n * in),
                            .shift = floats(&j, (size_t)c.n * in),
                            .silu = options & SILU};
    if (options & BIAS) j.c.bias = floats(&j, out);
    if (options & SHIFT) j.c.shift = floats(&j, (size_t)c.n * out);
    if (options & ADD) j.c.add = floats(&j, j.outs);
    j.c.y = floats(&j, j.outs);
    return j;
}

static void job_free(job *j)
{
    for (int i = 0; i < j->count; i++) munmap(j->held[i].base, j->held[i].bytes);
}

/* y is computed anew, with no scratch but conv_room(). */
static void apply(conv c, size_t outs)
{
    size_t room = conv_room(c);
    arena all = arena_make(room), scratch = all;
    arena_take(&scratch, (arena_left(all) - room) / 64 * 64);
    arena spoil = scratch;
    memset(arena_take(&spoil, arena_left(scratch)), 0xff, arena_left(scratch));
    if (c.add != c.y)
        for (size_t i = 0; i < outs; i++) c.y[i] = NAN;
    conv_apply(c, scratch);
    arena_free(all);
}

/* rms of the difference over rms of the second */
static double apart(const float *a, const float *b, size_t n)
{
    double differences = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        differences += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        squares += (double)b[i] * (double)b[i];
    }
    return sqrt(differences / squares);
}

/* The next set that this processor has, after number `k`: after 0 the fast ones, after -1 all. */
static int next_isa(int k)
{
    for (k++; isa_names[k]; k++) {
        if (isa_here(isa_names[k])) {
            assert_null(isa_choose(isa_names[k]));
            return k;
        }
    }
    return -1;
}

/* The largest error that any set makes. */
static double worst(conv c, dtype type, int options)
{
    job j = job_make(c, type, options);
    float *twin = floats(&j, j.outs);
    assert_null(isa_choose("plain"));
    apply(j.c, j.outs);
    memcpy(twin, j.c.y, j.outs * sizeof *twin);
    double most = 0;
    for (int k = 0; (k = next_isa(k)) > 0;) {
        apply(j.c, j.outs);
        double off = apart(j.c.y, twin, j.outs);
        if (!(off < 1e-5))
            fail_msg("%s, n %d, %d x %d, %d -> %d, sides %d, dtype %d, options %d: error %g",
                     isa_names[k], c.n, c.h, c.w, c.in, c.out, (int)c.sides, (int)type, options,
                     off);
        if (off > most) most = off;
    }
    job_free(&j);
    return most;
}

/* Winograd's sums differ by 1e-6 of their size, plain ones by a fifth of that. */
static void test_all_small_sizes(void **state)
{
    (void)state;
    static const int ins[] = {1, 17, 3, 33, 42, 16, 43, 19}, outs[] = {1, 16, 5, 17, 31, 4, 37};
    int count = 0;
    double most[4] = {0};
    for (int h = 1; h <= 9; h++)
        for (int w = 1; w <= 9; w++)
            for (int s = CONV_SAME; s <= CONV_HALVE_LATE; s++)
                for (int wide = 0; wide < 2; wide++, count++) {
                    if (s == CONV_HALVE_LATE && (h < 2 || w < 2)) continue;
                    int in = wide ? 17 + count % 19 : ins[count % 8],
                        out = wide ? 16 + count % 23 : outs[count % 7];
                    conv c = {.n = 1 + count % 3,
                              .h = h,
                              .w = w,
                              .in = in,
                              .out = out,
                              .sides = (conv_sides)s};
                    double off = worst(c, (dtype)(count / 2 % 3), (count * 7 + h) % (ALL + 1));
                    most[s] = fmax(most[s], off);
                }
    printf("errors: same %.1e, double %.1e, halve %.1e, late %.1e\n", most[0], most[1], most[2],
           most[3]);
}

static const conv larger[] = {
    {.n = 1, .h = 41, .w = 35, .in = 385, .out = 17}, /* two strips, four blocks */
    {.n = 2, .h = 33, .w = 5, .in = 50, .out = 70},
    {.n = 2, .h = 9, .w = 21, .in = 130, .out = 41, .sides = CONV_DOUBLE},
    {.n = 9, .h = 5, .w = 6, .in = 400, .out = 33},
    {.n = 1, .h = 75, .w = 75, .in = 50, .out = 3}, /* bands of rows */
    {.n = 1, .h = 90, .w = 75, .in = 4, .out = 35},
    {.n = 2, .h = 11, .w = 6, .in = 401, .out = 37, .sides = CONV_HALVE},
    {.n = 1, .h = 80, .w = 71, .in = 43, .out = 20, .sides = CONV_HALVE_LATE},
};
enum { LARGER = sizeof larger / sizeof *larger };

static void test_larger_ones(void **state)
{
    (void)state;
    double most = 0;
    for (int i = 0; i < LARGER; i++) most = fmax(most, worst(larger[i], (dtype)(i % 3), ALL));
    printf("errors: %.1e\n", most);
}

static void test_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    int before = parallel_threads();
    for (int i = 0; i < LARGER; i++) {
        job j = job_make(larger[i], DTYPE_F16, ALL);
        float *first = floats(&j, j.outs);
        for (int k = 0; (k = next_isa(k)) > 0;) {
            static const int threads[] = {1, 2, 3, 7};
            for (int t = 0; t < 4; t++) {
                parallel_set_threads(threads[t]);
                apply(j.c, j.outs);
                if (t == 0) memcpy(first, j.c.y, j.outs * sizeof *first);
                assert_memory_equal(first, j.c.y, j.outs * sizeof *first);
            }
        }
        job_free(&j);
    }
    parallel_set_threads(before);
}

/* Picture p of a batch, alone. */
static conv alone(conv c, int p)
{
    size_t out = (size_t)c.out, in = (size_t)c.in * (size_t)p;
    size_t of_y = (size_t)(conv_side(c.sides, c.h) * conv_side(c.sides, c.w)) * out * (size_t)p;
    c.n = 1;
    c.x += (size_t)(c.h * c.w) * in;
    c.before.scale += in, c.before.shift += in;
    c.shift += out * (size_t)p;
    c.add += of_y, c.y += of_y;
    return c;
}

static void test_same_bits_in_a_batch_and_alone(void **state)
{
    (void)state;
    for (int i = 0; i < LARGER; i++) {
        conv c = larger[i];
        c.n = 3;
        job j = job_make(c, DTYPE_BF16, ALL);
        float *batch = floats(&j, j.outs);
        for (int k = 0; (k = next_isa(k)) > 0;) {
            apply(j.c, j.outs);
            memcpy(batch, j.c.y, j.outs * sizeof *batch);
            for (int p = 0; p < c.n; p++) apply(alone(j.c, p), j.outs / 3);
            assert_memory_equal(batch, j.c.y, j.outs * sizeof *batch);
        }
        job_free(&j);
    }
}

static void test_the_result_may_take_the_place_of_the_residual(void **state)
{
    (void)state;
    for (int i = 0; i < LARGER; i++) {
        job j = job_make(larger[i], DTYPE_F32, ALL);
        float *apart_from_it = floats(&j, j.outs);
        for (int k = -1; (k = next_isa(k)) >= 0;) {
            float *y = j.c.y;
            apply(j.c, j.outs);
            memcpy(apart_from_it, y, j.outs * sizeof *y);
            memcpy(y, j.c.add, j.outs * sizeof *y);
            conv c = j.c;
            c.add = y;
            apply(c, j.outs);
            assert_memory_equal(apart_from_it, y, j.outs * sizeof *y);
        }
        job_free(&j);
    }
}

/* Numbers that tools/golden/conv.py makes as well: i * step mod 1, less a half. */
static float *ramp(job *j, size_t n, double step)
{
    float *x = guarded(j, n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = (float)(fmod((double)i * step, 1) - 0.5);
    return x;
}

static void test_pytorch_has_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden_convs / sizeof *golden_convs; i++) {
        const golden_conv *g = &golden_convs[i];
        job j = {.c = {.n = g->n,
                       .h = g->h,
                       .w = g->w,
                       .in = g->in,
                       .out = g->out,
                       .sides = (conv_sides)g->sides}};
        size_t in = (size_t)g->in, out = (size_t)g->out, n = (size_t)g->n;
        j.outs = n * (size_t)(conv_side(j.c.sides, g->h) * conv_side(j.c.sides, g->w)) * out;
        j.c.x = ramp(&j, n * (size_t)(g->h * g->w) * in, 0.6180339887);
        j.c.before =
            (norm){.scale = ramp(&j, n * in, 0.37), .shift = ramp(&j, n * in, 0.71), .silu = true};
        j.c.weights = (weight){ramp(&j, out * in * 9, 0.7548776662), DTYPE_F32};
        j.c.bias = ramp(&j, out, 0.41), j.c.shift = ramp(&j, n * out, 0.29);
        j.c.y = guarded(&j, j.outs * sizeof(float));
        for (int k = -1; (k = next_isa(k)) >= 0;) {
            apply(j.c, j.outs);
            for (int m = 0; m < GOLDEN_KEPT; m++) {
                size_t at = (size_t)m * (j.outs - 1) / (GOLDEN_KEPT - 1);
                if (!(fabs((double)j.c.y[at] - g->y[m]) < 3e-6 * g->rms))
                    fail_msg("%s, case %zu, number %zu: %g and %g", isa_name(), i, at,
                             (double)j.c.y[at], g->y[m]);
            }
        }
        job_free(&j);
    }
}

static void halve_one_pixel(void)
{
    float x = 1, y;
    conv_apply(
        (conv){
            .n = 1, .h = 1, .w = 2, .in = 1, .out = 1, .sides = CONV_HALVE_LATE, .x = &x, .y = &y},
        (arena){0});
}

static void test_what_has_no_pixels_is_refused(void **state)
{
    (void)state;
    assert_true(aborts(halve_one_pixel));
}

int main(void)
{
    for (int k = 0; isa_names[k]; k++)
        if (!isa_here(isa_names[k])) printf("not run here: %s\n", isa_names[k]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_small_sizes),
        cmocka_unit_test(test_larger_ones),
        cmocka_unit_test(test_same_bits_for_any_number_of_threads),
        cmocka_unit_test(test_same_bits_in_a_batch_and_alone),
        cmocka_unit_test(test_the_result_may_take_the_place_of_the_residual),
        cmocka_unit_test(test_pytorch_has_the_same),
        cmocka_unit_test(test_what_has_no_pixels_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
