#include "base/rng.h"
#include "base/box_muller.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/pi.h"
#include <math.h>

enum { WORDS = 624, SHIFT = 397, BLOCK = 16 };

/* ---- Mersenne Twister: Matsumoto, Nishimura 1998, with the seeding of 2002 ---- */

rng rng_torch(uint64_t seed)
{
    rng r = {.kind = RNG_TORCH, .seed = seed, .next = WORDS};
    r.word[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < WORDS; i++)
        r.word[i] = 1812433253u * (r.word[i - 1] ^ (r.word[i - 1] >> 30)) + i;
    return r;
}

/* The highest bit of one word and the rest of the next, times a matrix. */
static uint32_t twisted(uint32_t one, uint32_t next)
{
    uint32_t joined = (one & 0x80000000u) | (next & 0x7fffffffu);
    return (joined >> 1) ^ (-(next & 1u) & 0x9908b0dfu);
}

static void twist(uint32_t *w)
{
    for (int i = 0; i < WORDS - SHIFT; i++) w[i] = w[i + SHIFT] ^ twisted(w[i], w[i + 1]);
    for (int i = WORDS - SHIFT; i < WORDS - 1; i++)
        w[i] = w[i + SHIFT - WORDS] ^ twisted(w[i], w[i + 1]);
    w[WORDS - 1] = w[SHIFT - 1] ^ twisted(w[WORDS - 1], w[0]);
}

/* How many of n words are there before the next twist, 1 or more. */
static int ready(rng *r, size_t n)
{
    if (r->next == WORDS) twist(r->word), r->next = 0;
    return n < (size_t)(WORDS - r->next) ? (int)n : WORDS - r->next;
}

static uint32_t tempered(uint32_t y)
{
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

uint32_t rng_word(rng *r)
{
    PROMISE(r->kind == RNG_TORCH, "rng_word: not a Mersenne Twister");
    ready(r, 1);
    return tempered(r->word[r->next++]);
}

/* ---- Philox 4x32-10: Salmon et al. 2011 ---- */

rng rng_philox(uint64_t seed)
{
    return (rng){.kind = RNG_PHILOX, .seed = seed};
}

void rng_philox_words(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    for (uint32_t round = 0; round < 10; round++) {
        uint64_t p = UINT64_C(0xd2511f53) * a, q = UINT64_C(0xcd9e8d57) * c;
        a = (uint32_t)(q >> 32) ^ b ^ (key[0] + round * 0x9e3779b9u);
        c = (uint32_t)(p >> 32) ^ d ^ (key[1] + round * 0xbb67ae85u);
        b = (uint32_t)q;
        d = (uint32_t)p;
    }
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

/* 53 bits of two words, in the middle of their interval of [0, 1], as cuRAND joins them. */
static double philox_join(uint32_t low, uint32_t high)
{
    return (double)(low ^ ((uint64_t)high << 21)) * 0x1p-53 + 0x1p-54;
}

/* Number i of the fill that r stands at has a counter of its own. Its normals: Box, Muller 1958,
 * sqrt(-2 ln u) sin(v), u in (0, 1], v in (0, 2 pi). The constant 2 pi / 2^32 is a float in cuRAND,
 * and so are its uniforms for floats. */
static double philox_number(const rng *r, uint64_t i, bool single, bool normal)
{
    uint32_t w[4], key[2] = {(uint32_t)r->seed, (uint32_t)(r->seed >> 32)};
    uint32_t counter[4] = {(uint32_t)r->draws, (uint32_t)(r->draws >> 32), (uint32_t)i,
                           (uint32_t)(i >> 32)};
    rng_philox_words(w, counter, key);
    const double turn = (double)(float)(0x1p-32 * (2 * PI));
    double u = philox_join(w[0], w[1]), v = (2 * PI) * philox_join(w[2], w[3]);
    if (single) u = w[0] * 0x1p-32 + 0x1p-33, v = w[1] * turn + turn / 2;
    if (normal) return sqrt(-2 * log(u)) * sin(v);
    if (single) u = (double)((float)w[0] * 0x1p-32f + 0x1p-33f);
    return u < 1 ? u : 0;
}

/* ---- PyTorch's uniforms, and its normals where fewer than 16 are drawn: pair by pair ---- */

static double torch_uniform(rng *r)
{
    uint64_t high = rng_word(r), low = rng_word(r);
    return (double)((high << 32 | low) & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
}

/* The `+ 0.0` is PyTorch's "times 1 plus the mean 0": it turns -0 into 0. */
static double torch_normal(rng *r)
{
    if (r->has_spare) {
        r->has_spare = false;
        return r->spare + 0.0;
    }
    double turn = torch_uniform(r), u = torch_uniform(r);
    double radius = sqrt(-2 * log1p(-u));
    r->spare = radius * sin((2 * PI) * turn);
    r->has_spare = true;
    return radius * cos((2 * PI) * turn) + 0.0;
}

/* The floats, a word each: many words at once, in a loop that goes by vectors. */
static void torch_floats(rng *r, float *out, size_t n)
{
    for (int some; n > 0; n -= (size_t)some, out += some, r->next += some) {
        some = ready(r, n);
        const uint32_t *word = r->word + r->next;
        for (int i = 0; i < some; i++) out[i] = (float)(tempered(word[i]) & 0xffffff) * 0x1p-24f;
    }
}

/* ---- Filling: n floats or doubles, whichever has so many bytes. A double holds any float. ---- */

static void put(void *out, size_t i, size_t bytes, double number)
{
    if (bytes == sizeof(float))
        ((float *)out)[i] = (float)number;
    else
        ((double *)out)[i] = number;
}

/* PyTorch's normals, 16 and more: uniforms, transformed in blocks of 16. When n is not a multiple
 * of 16, the last 16 are drawn once more. */
static void fill(rng *r, void *out, size_t n, size_t bytes, bool normal)
{
    bool single = bytes == sizeof(float), pairs = normal && n < BLOCK;
    if (r->kind == RNG_PHILOX) {
        PARALLEL_FOR(n > PARALLEL_WORTH)
        for (size_t i = 0; i < n; i++) put(out, i, bytes, philox_number(r, i, single, normal));
        r->draws++;
        return;
    }
    if (single && !pairs)
        torch_floats(r, out, n);
    else
        for (size_t i = 0; i < n; i++)
            put(out, i, bytes, pairs ? torch_normal(r) : torch_uniform(r));
    if (!normal || pairs) return;
    if (single)
        box_muller_float(out, n / BLOCK);
    else
        box_muller_double(out, n / BLOCK);
    if (n % BLOCK > 0) fill(r, (char *)out + (n - BLOCK) * bytes, BLOCK, bytes, true);
}

void rng_normal32(rng *r, float *out, size_t n)
{
    fill(r, out, n, sizeof *out, true);
}

void rng_normal64(rng *r, double *out, size_t n)
{
    fill(r, out, n, sizeof *out, true);
}

void rng_uniform32(rng *r, float *out, size_t n)
{
    fill(r, out, n, sizeof *out, false);
}

void rng_uniform64(rng *r, double *out, size_t n)
{
    fill(r, out, n, sizeof *out, false);
}

static void fill_tensor(rng *r, tensor out, bool normal, arena scratch)
{
    tensor drawn = tensor_like(&scratch, out);
    fill(r, drawn.data, tensor_count(out), sizeof(real), normal);
    tensor_from_nchw(out, drawn.data);
}

void rng_normal(rng *r, tensor out, arena scratch)
{
    fill_tensor(r, out, true, scratch);
}

void rng_uniform(rng *r, tensor out, arena scratch)
{
    fill_tensor(r, out, false, scratch);
}
