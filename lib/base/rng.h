/** @file rng.h
 *  Random numbers as a value: copy an `rng` and both copies go on alike.
 *
 *  Two generators, because pictures are shared as seeds and a seed means one of these two:
 *
 *  - rng_torch(): PyTorch's CPU generator, bit for bit. `torch.manual_seed(s)`, then `torch.randn`
 *    and `torch.rand` of any size, float32 and float64, draw after draw, as PyTorch gives them on
 *    x86 with AVX2. (On other machines PyTorch itself differs in the last bit of some normals.)
 *    Matsumoto, Nishimura 1998, "Mersenne Twister", doi:10.1145/272991.272995.
 *  - rng_philox(): the counter-based generator of CUDA, as web UIs use it for seeds that do not
 *    depend on the machine. Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3",
 *    doi:10.1145/2063384.2063405.
 *
 *  What a Philox seed equals. Fill number d (0, 1, 2, ...) takes number i from the four words at
 *  counter {d, i} and key {seed}, each split into low and high word. rng_normal32() turns two of
 *  them into one normal with cuRAND's Box-Muller, computed in double and rounded once: that is what
 *  web UIs call their NV or Philox noise. `torch.randn` on a CUDA device gives the same numbers but
 *  for the last bits (it computes in float) as long as every number has a thread of its own: on a
 *  large card, up to some 100,000 to 300,000 numbers; beyond, a thread spends all four outputs of a
 *  counter and the two part. Uniforms, and normals in double, follow cuRAND's formulas in the same
 *  way, number i from counter {d, i}. Nothing here was run beside a graphics card.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H
#include "base/tensor.h"
#include <stdint.h>

/** Which generator. */
typedef enum { RNG_TORCH, RNG_PHILOX } rng_kind;

/** A generator and where it stands. */
typedef struct {
    rng_kind kind;      /**< which */
    uint64_t seed;      /**< what it was made from */
    uint64_t draws;     /**< Philox: fills so far, the low half of the counter */
    uint32_t word[624]; /**< Mersenne Twister: the state ... */
    int next;           /**< ... and which of its words comes next */
    bool has_spare; /**< PyTorch keeps the second of a pair of normals for the next small draw */
    double spare;   /**< that second one */
} rng;

/** PyTorch's CPU generator after `torch.manual_seed(seed)`; only the low 32 bits count there.
 *  @param seed any number
 *  @return the generator */
rng rng_torch(uint64_t seed);

/** CUDA's Philox 4x32-10 with this seed.
 *  @param seed any number
 *  @return the generator */
rng rng_philox(uint64_t seed);

/** Ten rounds of Philox: a pure function, so the 7th number can be had without the first six.
 *  @param out     four words
 *  @param counter which numbers
 *  @param key     which stream, usually the seed */
void rng_philox_words(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

/** The next raw 32 bits of the Mersenne Twister.
 *  @param r an RNG_TORCH generator (else it aborts); moves on
 *  @return uniform over all 2^32 */
uint32_t rng_word(rng *r);

/** Normals as `torch.randn(n, dtype=torch.float32)`.
 *  @param r   moves on
 *  @param out n numbers
 *  @param n   how many */
void rng_normal32(rng *r, float *out, size_t n);

/** Normals as `torch.randn(n, dtype=torch.float64)`.
 *  @param r   moves on
 *  @param out n numbers
 *  @param n   how many */
void rng_normal64(rng *r, double *out, size_t n);

/** Uniforms in [0, 1) as `torch.rand(n, dtype=torch.float32)`.
 *  @param r   moves on
 *  @param out n numbers
 *  @param n   how many */
void rng_uniform32(rng *r, float *out, size_t n);

/** Uniforms in [0, 1) as `torch.rand(n, dtype=torch.float64)`.
 *  @param r   moves on
 *  @param out n numbers
 *  @param n   how many */
void rng_uniform64(rng *r, double *out, size_t n);

/** Fill a tensor as `torch.randn(n, c, h, w)` would: drawn in the field's order, one draw for the
 *  whole batch.
 *  @param r       moves on
 *  @param out     [n, h, w, c]
 *  @param scratch for the reordering */
void rng_normal(rng *r, tensor out, arena scratch);

/** Fill a tensor as `torch.rand(n, c, h, w)` would.
 *  @param r       moves on
 *  @param out     [n, h, w, c], each in [0, 1)
 *  @param scratch for the reordering */
void rng_uniform(rng *r, tensor out, arena scratch);

#endif
