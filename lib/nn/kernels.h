/** @file kernels.h
 *  The fast kernels of one instruction set. Only lib/nn uses this.
 */
#ifndef NN_KERNELS_H
#define NN_KERNELS_H
#include "base/error.h"
#include "nn/attention.h"
#include "nn/conv.h"
#include "nn/linear.h"
#include "nn/softmax.h"

/** What each file of lib/nn/fast exports, with the name of its set behind: linear_avx2. */
#define FAST(name)           FAST_NAME(name, ISA)
#define FAST_NAME(name, isa) FAST_JOIN(name, isa) /**< ISA by its value ... */
#define FAST_JOIN(name, isa) name##_##isa         /**< ... put behind */

/** Abort where kernels cannot count with three sizes, or products of sizes: they do it in int. */
static inline void kernels_check(double a, double b, double c)
{
    PROMISE(a >= 1 && b >= 1 && c >= 1 && a <= 0x1p28 && b <= 0x1p28 && c <= 0x1p28,
            "a layer has a size below 1, or sizes whose product is above 2^28");
}

/** A table of them. */
typedef struct {
    void (*linear)(const linear *l, arena scratch);
    size_t (*linear_room)(const linear *l);
    void (*conv)(const conv *c, arena scratch);
    size_t (*conv_room)(const conv *c);
    void (*attention)(const attention *a, arena scratch);
    size_t (*attention_room)(const attention *a);
    void (*softmax)(float *y, const float *x, int rows, int n);
    void (*norm_sums)(const norm_groups *g, double *mean_variance, arena scratch);
    size_t (*norm_room)(const norm_groups *g);
    void (*norm_apply)(const norm *n, const float *x, int rows, int channels, float *y);
    void (*activate)(activation which, float *y, const float *x, size_t n);
} kernels;

#ifdef ISA
void FAST(linear)(const linear *l, arena scratch);
size_t FAST(linear_room)(const linear *l);
void FAST(conv)(const conv *c, arena scratch);
size_t FAST(conv_room)(const conv *c);
void FAST(attention)(const attention *a, arena scratch);
size_t FAST(attention_room)(const attention *a);
void FAST(softmax)(float *y, const float *x, int rows, int n);
void FAST(norm_sums)(const norm_groups *g, double *mean_variance, arena scratch);
size_t FAST(norm_room)(const norm_groups *g);
void FAST(norm_apply)(const norm *n, const float *x, int rows, int channels, float *y);
void FAST(activate)(activation which, float *y, const float *x, size_t n);
extern const kernels FAST(kernels);
#endif

/** The table in use.
 *  @return NULL where the plain twins are wanted */
const kernels *isa_kernels(void);

#endif
