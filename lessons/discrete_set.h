/* discrete_set.h: the best guess that there is, when all pictures of symbols are known.
 *
 *     discrete_set data = {&noise, pictures, NULL};
 *     denoiser d = discrete_set_denoiser(&data);      at each place the chances of the codes
 *
 * As lesson 05's denoiser: how well does each picture explain x? Places are noised one by one, so
 * the chances of all places multiply. An x that none of the pictures can have become (places drawn
 * in one step need not fit) is taken for those that need the fewest changes: what is impossible
 * counts as 1e-30.
 */
#ifndef DISCRETE_SET_H
#define DISCRETE_SET_H
#include "diffusion/denoiser.h"
#include "diffusion/discrete.h"
#include <math.h>

typedef struct {
    const discrete *noise; /* which noise is in x */
    tensor data;           /* [k, h, w, K (+ 1)] one-hot, no MASK */
    const double *weight;  /* [k], any positive numbers; NULL: all alike */
} discrete_set;

/* Which symbol stands at a place. */
static inline int discrete_set_at(tensor x, int place)
{
    int symbol = 0;
    while (symbol < x.c - 1 && x.data[place * x.c + symbol] == 0) symbol++;
    return symbol;
}

/* Shares as logarithms; the largest is taken out before exp (exact.c). */
static inline void discrete_set_guess(void *self, answer out, tensor x, double t, arena scratch)
{
    const discrete_set *m = self;
    int each = x.h * x.w, count = m->data.n;
    double *share = arena_take(&scratch, (size_t)count * sizeof *share);
    tensor_fill(out.x0, 0);
    for (int n = 0; n < x.n; n++) {
        double most = -HUGE_VAL, sum = 0;
        for (int j = 0; j < count; j++) share[j] = m->weight ? log(m->weight[j]) : 0;
        for (int i = 0; i < each; i++) {
            int v = discrete_set_at(x, n * each + i);
            double hit = log(fmax(1e-30, discrete_chance(m->noise, 0, (int)t, v, v)));
            double miss = log(fmax(1e-30, discrete_chance(m->noise, 0, (int)t, v == 0, v)));
            for (int j = 0; j < count; j++)
                share[j] += discrete_set_at(m->data, j * each + i) == v ? hit : miss;
        }
        for (int j = 0; j < count; j++) most = fmax(most, share[j]);
        for (int j = 0; j < count; j++) sum += share[j] = exp(share[j] - most);
        for (int j = 0; j < count; j++)
            tensor_add_scaled(tensor_pictures(out.x0, n, 1), share[j] / sum,
                              tensor_pictures(m->data, j, 1));
    }
}

/* The set stays with the caller while the denoiser is in use. */
static inline denoiser discrete_set_denoiser(const discrete_set *m)
{
    return (denoiser){.guess = discrete_set_guess, .self = (void *)(size_t)m};
}

#endif
