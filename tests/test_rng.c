/* Foreign: every number against PyTorch's own, bit for bit. Definition: Philox's published answers.
 * Twin: the block transform with and without AVX2. */
#include "base/box_muller.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/simd.h"
#include "golden/rng.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 786432, DRAWS = sizeof golden_draws / sizeof *golden_draws };
#define COUNT(array) (sizeof(array) / sizeof *(array))
static float singles[MOST], more_singles[MOST];
static double doubles[MOST];

/* The last bit of log, sin and cos in double is the C library's, and glibc's depends on whether the
 * processor has FMA: numbers in double are PyTorch's in every bit only where the golden ones were
 * made. Elsewhere 4 units in the last place. */
static bool library_is_the_golden_one(void)
{
#if defined(__GLIBC__) && defined(__x86_64__)
    return simd_has_avx2();
#else
    return false;
#endif
}

/* FNV-1a, 64 bits: Fowler, Noll, Vo 1991. */
static uint64_t fnv(const void *data, size_t bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *byte = data; bytes-- > 0; byte++)
        hash = (hash ^ *byte) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t hash_of_draw(rng *r, golden_draw d)
{
    bool normal = d.kind == 'n';
    if (d.bits == 32) (normal ? rng_normal32 : rng_uniform32)(r, singles, d.n);
    if (d.bits == 64) (normal ? rng_normal64 : rng_uniform64)(r, doubles, d.n);
    return d.bits == 32 ? fnv(singles, d.n * sizeof *singles) : fnv(doubles, d.n * sizeof *doubles);
}

static void test_every_draw_is_pytorchs(void **state)
{
    (void)state;
    bool same_library = library_is_the_golden_one();
    for (size_t s = 0; s < COUNT(golden_seed); s++) {
        rng r = rng_torch(golden_seed[s]);
        for (size_t i = 0; i < DRAWS; i++) {
            golden_draw d = golden_draws[i];
            if (d.fresh) r = rng_torch(golden_seed[s]);
            bool equal = hash_of_draw(&r, d) == golden_hash[s * DRAWS + i];
            if (equal || (d.kind == 'n' && d.bits == 64 && !same_library)) continue;
            fail_msg("seed %#llx, draw %zu (%c %d x %zu) differs",
                     (unsigned long long)golden_seed[s], i, d.kind, d.bits, d.n);
        }
    }
}

static void assert_bits32(const float *x, const uint32_t *golden, size_t n)
{
    uint32_t bits;
    for (size_t i = 0; i < n; i++) {
        memcpy(&bits, &x[i], sizeof bits);
        assert_int_equal(bits, golden[i]);
    }
}

static void assert_bits64(const double *x, const uint64_t *golden, size_t n)
{
    double want;
    for (size_t i = 0; i < n; i++) {
        memcpy(&want, &golden[i], sizeof want);
        double off = library_is_the_golden_one() ? 0 : 4 * 0x1p-52 * fabs(want);
        assert_true(fabs(x[i] - want) <= off);
    }
}

static void test_short_draws_number_by_number(void **state)
{
    (void)state;
    rng r = rng_torch(42);
    rng_normal32(&r, singles, 7);
    assert_bits32(singles, golden_randn32_7, 7);
    r = rng_torch(42), rng_normal32(&r, singles, 19);
    assert_bits32(singles, golden_randn32_19, 19);
    r = rng_torch(42), rng_normal64(&r, doubles, 7);
    assert_bits64(doubles, golden_randn64_7, 7);
    r = rng_torch(42), rng_normal64(&r, doubles, 19);
    assert_bits64(doubles, golden_randn64_19, 19);
    r = rng_torch(42), rng_uniform32(&r, singles, 7);
    assert_bits32(singles, golden_rand32_7, 7);
    r = rng_torch(42), rng_uniform32(&r, singles, 19);
    assert_bits32(singles, golden_rand32_19, 19);
    r = rng_torch(42), rng_uniform64(&r, doubles, 7);
    assert_bits64(doubles, golden_rand64_7, 7);
    r = rng_torch(42), rng_uniform64(&r, doubles, 19);
    assert_bits64(doubles, golden_rand64_19, 19);
}

/* Where the generator's words put both numbers of a pair at -0, PyTorch gives 0: a word of 0 stays
 * 0, so the radius is 0, and 0x100000 becomes 0x09100044, an angle just above pi. */
static void test_no_normal_is_minus_zero(void **state)
{
    (void)state;
    rng start = rng_torch(0), r;
    memset(start.word, 0, sizeof start.word);
    start.word[0] = 0x100000, start.next = 0;
    r = start, rng_normal32(&r, singles, 2);
    r = start, rng_normal64(&r, doubles, 2);
    for (int i = 0; i < 2; i++) {
        assert_true(singles[i] == 0 && !signbit(singles[i]));
        assert_true(doubles[i] == 0 && !signbit(doubles[i]));
    }
    memset(doubles, 0, 16 * sizeof *doubles); /* 16 and more have radius -0 there */
    box_muller_double(doubles, 1);
    for (int i = 0; i < 16; i++) assert_true(doubles[i] == 0 && !signbit(doubles[i]));
}

static void test_words_are_the_papers(void **state)
{
    (void)state;
    rng r = rng_torch(5489); /* the 10000th word after seed 5489, which C++11 [rand.predef] fixes */
    for (int i = 1; i < 10000; i++) rng_word(&r);
    assert_int_equal(rng_word(&r), 4123659995u);
    rng a = rng_torch(7), b = rng_torch(7 + (UINT64_C(1) << 32));
    assert_int_equal(rng_word(&a), rng_word(&b)); /* only the low 32 bits count */
}

static void test_a_copy_goes_on_alike(void **state)
{
    (void)state;
    rng kinds[] = {rng_torch(3), rng_philox(3)};
    for (int k = 0; k < 2; k++) {
        rng_normal32(&kinds[k], singles, 3); /* leaves a spare */
        rng copy = kinds[k];
        rng_normal32(&kinds[k], singles, 40);
        rng_normal32(&copy, more_singles, 40);
        assert_memory_equal(singles, more_singles, 40 * sizeof *singles);
        rng_normal32(&copy, more_singles, 40);
        assert_memory_not_equal(singles, more_singles, 40 * sizeof *singles);
    }
}

/* Salmon et al. publish these in the Random123 library's kat_vectors. */
static void test_philox_gives_the_published_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < COUNT(known); i++) {
        uint32_t out[4];
        rng_philox_words(out, known[i].counter, known[i].key);
        assert_memory_equal(out, known[i].answer, sizeof out);
    }
}

static void test_philox_fills(void **state)
{
    (void)state;
    rng start = rng_philox((UINT64_C(1) << 33) + 7);
    rng_normal32(&start, singles, 100); /* the golden ones are those of fill number 1 */
    rng r = start;
    rng_normal32(&r, singles, 9);
    assert_bits32(singles, golden_philox_normal32, 9);
    assert_int_equal(r.draws, 2);
    r = start, rng_normal64(&r, doubles, 9);
    assert_bits64(doubles, golden_philox_normal64, 9);
    assert_int_equal(r.draws, 2);
    r = start, rng_uniform32(&r, singles, 9);
    assert_bits32(singles, golden_philox_uniform32, 9);
    assert_int_equal(r.draws, 2);
    r = start, rng_uniform64(&r, doubles, 9);
    assert_bits64(doubles, golden_philox_uniform64, 9);
    assert_int_equal(r.draws, 2);
    r = rng_philox(42), rng_normal32(&r, singles, 16384);
    assert_true(fnv(singles, 16384 * sizeof *singles) == golden_philox_hash);
}

/* Seed 0 as printed in the head of modules/rng_philox.py of AUTOMATIC1111's web UI, which differs
 * in the last digits from what that module computes: up to 2.6e-7. */
static void test_philox_is_the_web_uis(void **state)
{
    (void)state;
    static const double printed[12] = {-0.92466259, -0.42534415, -2.6438457,  0.14518388,
                                       -0.12086647, -0.57972564, -0.62285122, -0.32838709,
                                       -1.07454231, -0.36314407, -1.67105067, 2.26550497};
    rng r = rng_philox(0);
    rng_normal32(&r, singles, 12);
    for (int i = 0; i < 12; i++) assert_true(fabs((double)singles[i] - printed[i]) < 3e-7);
}

/* Seed 16390493 starts with the word 0xffffffb3, which rounds to 1 in float: 0 takes its place. */
static void test_philox_uniforms_stay_below_one(void **state)
{
    (void)state;
    float u;
    rng r = rng_philox(16390493);
    rng_uniform32(&r, &u, 1);
    assert_true(u == 0);
}

static void test_transform_is_the_same_without_avx2(void **state)
{
    (void)state;
    if (!simd_has_avx2()) skip();
    rng r = rng_torch(9);
    rng_uniform32(&r, singles, MOST);
    singles[0] = 0, singles[8] = 0;                            /* radius 0 */
    singles[1] = 1 - 0x1p-24f, singles[9] = 1 - 0x1p-24f;      /* the last uniform there is */
    for (int j = 2; j < 8; j++) singles[8 + j] = (float)j / 8; /* multiples of pi / 4 */
    memcpy(more_singles, singles, sizeof singles);
    box_muller_float(singles, MOST / 16);
    box_muller_float_plain(more_singles, MOST / 16);
    assert_memory_equal(singles, more_singles, sizeof singles);
    assert_false(signbit(singles[0]) || signbit(singles[8])); /* 0, where the formula has -0 */
}

/* Definition: within float's reach of the formula in double. The angle, up to 2 pi, is rounded
 * before its cosine is taken: half a unit in its last place is 2.4e-7, times a radius of up to
 * 5.8. */
static void test_transform_is_box_mullers(void **state)
{
    (void)state;
    rng r = rng_torch(10);
    rng_uniform32(&r, singles, MOST);
    for (int i = 0; i < MOST; i++) doubles[i] = (double)singles[i];
    box_muller_float(singles, MOST / 16);
    double worst = 0;
    for (int i = 0; i < MOST; i++) {
        int u = i / 16 * 16 + i % 8;
        double radius = sqrt(-2 * log(1 - doubles[u])), angle = 2 * acos(-1) * doubles[u + 8];
        double want = radius * (i % 16 < 8 ? cos(angle) : sin(angle));
        worst = fmax(worst, fabs((double)singles[i] - want));
    }
    assert_true(worst < 1.8e-6); /* 1.49e-6 seen */
}

static void test_tensors_are_drawn_in_the_fields_order(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 20);
    tensor x = tensor_new(&memory, 2, 2, 5, 3);
    rng r = rng_torch(7);
    rng_normal(&r, x, memory);
    float drawn[60];
    tensor_to_nchw(drawn, x);
    assert_bits32(drawn, golden_nchw, 60);
    rng_uniform(&r, x, memory);
    rng again = rng_torch(7);
    rng_normal32(&again, singles, 60);
    rng_uniform32(&again, singles, 60);
    tensor_to_nchw(drawn, x);
    assert_memory_equal(drawn, singles, sizeof drawn);
    arena_free(memory);
}

static void test_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    static const int threads[] = {7, 2, 1};
    uint64_t first[4] = {0};
    int before = parallel_threads();
    for (size_t t = 0; t < COUNT(threads); t++) {
        parallel_set_threads(threads[t]);
        rng r = rng_philox(8);
        for (size_t k = 0; k < 4; k++) {
            golden_draw d = {0, k % 2 ? 'n' : 'u', k / 2 ? 32 : 64, 100003};
            uint64_t hash = hash_of_draw(&r, d);
            if (t == 0) first[k] = hash;
            assert_true(hash == first[k]);
        }
    }
    parallel_set_threads(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_draw_is_pytorchs),
        cmocka_unit_test(test_short_draws_number_by_number),
        cmocka_unit_test(test_no_normal_is_minus_zero),
        cmocka_unit_test(test_words_are_the_papers),
        cmocka_unit_test(test_a_copy_goes_on_alike),
        cmocka_unit_test(test_philox_gives_the_published_answers),
        cmocka_unit_test(test_philox_fills),
        cmocka_unit_test(test_philox_is_the_web_uis),
        cmocka_unit_test(test_philox_uniforms_stay_below_one),
        cmocka_unit_test(test_transform_is_the_same_without_avx2),
        cmocka_unit_test(test_transform_is_box_mullers),
        cmocka_unit_test(test_tensors_are_drawn_in_the_fields_order),
        cmocka_unit_test(test_same_bits_for_any_number_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
