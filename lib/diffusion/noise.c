#include "diffusion/noise.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/pi.h"
#include <math.h>

void noise_add(tensor x, tensor x0, tensor eps, double sigma, noise_form form)
{
    double alpha = 1, size = sigma;
    if (form == NOISE_VP) alpha = 1 / sqrt(1 + sigma * sigma), size = alpha * sigma;
    if (form == NOISE_FLOW) alpha = 1 - sigma;
    tensor_mix(x, alpha, x0, size, eps);
}

noise noise_fresh(rng r)
{
    return (noise){.kind = NOISE_FRESH, .rng = r};
}

noise noise_brownian(uint64_t seed, double top)
{
    PROMISE(top > 0, "noise_brownian: the path needs a largest sigma above 0");
    return (noise){.kind = NOISE_BROWNIAN, .seed = seed, .top = top};
}

noise noise_given(noise_fn *fn, void *self)
{
    return (noise){.kind = NOISE_GIVEN, .fn = fn, .self = self};
}

noise noise_picture(noise *source, int i)
{
    noise own = *source;
    own.draws = 0;
    own.seed += (uint64_t)i;
    if (source->kind != NOISE_FRESH) return own;
    double u;
    rng_uniform64(&source->rng, &u, 1);
    own.rng = (own.rng.kind == RNG_TORCH ? rng_torch : rng_philox)((uint64_t)(u * 0x1p53));
    return own;
}

/* The normal number that belongs to one node of one pixel's tree: Box-Muller on Philox's words. */
static double node_normal(uint64_t seed, uint64_t node, uint32_t pixel)
{
    const uint32_t counter[4] = {(uint32_t)node, (uint32_t)(node >> 32), pixel, 0x42726f77};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t word[4];
    rng_philox_words(word, counter, key);
    double u = (word[0] + 0.5) * 0x1p-32, v = (word[1] + 0.5) * 0x1p-32;
    return sqrt(-2 * log(u)) * cos(2 * PI * v);
}

/* W(u) for u in [0, 1] on one pixel's path. Node 1 is the end point; the children of node k are 2k
 * and 2k + 1. Below 2^-40 of the interval the path is taken as straight. */
static double path(uint64_t seed, uint32_t pixel, double u)
{
    double left = 0, right = 1, w_left = 0, w_right = node_normal(seed, 0, pixel);
    uint64_t node = 1;
    for (int depth = 0; depth < 40 && u > left && u < right; depth++) {
        double middle = (left + right) / 2;
        double w = (w_left + w_right) / 2 + sqrt(right - left) / 2 * node_normal(seed, node, pixel);
        bool lower = u < middle;
        *(lower ? &right : &left) = middle;
        *(lower ? &w_right : &w_left) = w;
        node = 2 * node + !lower;
    }
    return w_left + (w_right - w_left) * (u - left) / (right - left);
}

static void draw_brownian(const noise *source, tensor z, double from, double to)
{
    size_t each = tensor_count(z) / (size_t)z.n;
    double a = from / source->top, b = to / source->top;
    PROMISE(a >= 0 && a <= 1 && b >= 0 && b <= 1 && a != b, "noise_draw: not on the path");
    double scale = 1 / sqrt(fabs(b - a));
    PARALLEL_FOR(tensor_count(z) > 256)
    for (size_t i = 0; i < tensor_count(z); i++) {
        uint64_t seed = source->seed + i / each;
        uint32_t pixel = (uint32_t)(i % each);
        z.data[i] = (real)(scale * (path(seed, pixel, b) - path(seed, pixel, a)));
    }
}

void noise_draw(noise *source, tensor z, double from, double to, arena scratch)
{
    if (source->kind == NOISE_FRESH)
        rng_normal(&source->rng, z, scratch);
    else if (source->kind == NOISE_BROWNIAN)
        draw_brownian(source, z, from, to);
    else
        source->fn(source->self, z, source->draws, from, to);
    source->draws++;
}
