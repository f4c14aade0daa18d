/* sure.h: how sure a model is which of eight little pictures it sees, small or large, in noise.
 *
 *     sure_test test = sure_make(&l.memory, 2, 64, 5);     side 2 times 8, 64 noises, seed 5
 *     double p = sure_at(&test, 0.9, l.memory);            the right one's share, on average
 *     double s = sure_half(l.memory, 2, 64, 5);            where that is one half
 *
 * Everything is in the flow coordinate, y = (1 - s) x0 + s eps: s = 0 is data, s = 1 noise.
 */
#ifndef SURE_H
#define SURE_H
#include "diffusion/exact.h"
#include "icons.h"

enum { SURE_SIDE = 8 };

typedef struct {
    exact_mixture pictures;
    tensor noises;
} sure_test;

/* Number `pixel` of a small picture, in the rows and columns of a large one: its k-th copy. */
static inline int sure_copy(int pixel, int times, int k)
{
    int row = pixel / SURE_SIDE * times + k / times, column = pixel % SURE_SIDE * times + k % times;
    return row * SURE_SIDE * times + column;
}

/* The eight pictures, every pixel repeated `times` times in both directions, and noises. A large
 * noise is fresh, but for the mean over the copies of a pixel: that is the small noise's number
 * divided by `times`, which has the law of such a mean. So both sides have the same luck. */
static inline sure_test sure_make(arena *keep, int times, int draws, uint64_t seed)
{
    int side = SURE_SIDE * times, copies = times * times;
    tensor small = icons_draw(keep, SURE_SIDE), large = tensor_new(keep, ICONS, side, side, 3);
    tensor luck = tensor_new(keep, draws, SURE_SIDE, SURE_SIDE, 3);
    tensor noises = tensor_new(keep, draws, side, side, 3);
    rng r = rng_torch(seed);
    rng_normal(&r, luck, *keep);
    rng_normal(&r, noises, *keep);
    for (int i = 0; i < 3 * ICONS * SURE_SIDE * SURE_SIDE; i++)
        for (int k = 0; k < copies; k++)
            large.data[3 * sure_copy(i / 3, times, k) + i % 3] = small.data[i];
    for (int i = 0; i < 3 * draws * SURE_SIDE * SURE_SIDE; i++) {
        double mean = 0;
        for (int k = 0; k < copies; k++)
            mean += (double)noises.data[3 * sure_copy(i / 3, times, k) + i % 3] / copies;
        for (int k = 0; k < copies; k++)
            noises.data[3 * sure_copy(i / 3, times, k) + i % 3] +=
                (real)((double)luck.data[i] / times - mean);
    }
    return (sure_test){.pictures = {.centre = large, .flow = true}, .noises = noises};
}

/* What share the right picture has among all that may be in y, on average. */
static inline double sure_at(const sure_test *test, double s, arena scratch)
{
    double sum = 0, share[ICONS];
    tensor y = tensor_like(&scratch, tensor_pictures(test->noises, 0, 1));
    for (int j = 0; j < test->noises.n; j++) {
        tensor clean = tensor_pictures(test->pictures.centre, j % ICONS, 1);
        tensor_mix(y, 1 - s, clean, s, tensor_pictures(test->noises, j, 1));
        exact_posterior(&test->pictures, share, y, s);
        sum += share[j % ICONS] / test->noises.n;
    }
    return sum;
}

/* At which s it is one half. (By halving.) */
static inline double sure_half(arena scratch, int times, int draws, uint64_t seed)
{
    sure_test test = sure_make(&scratch, times, draws, seed);
    double low = 0, high = 1;
    for (int i = 0; i < 24; i++) {
        double middle = (low + high) / 2;
        *(sure_at(&test, middle, scratch) > 0.5 ? &low : &high) = middle;
    }
    return low;
}

#endif
