#include "diffusion/clip.h"
#include "base/error.h"
#include <math.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    real x = *(const real *)a, y = *(const real *)b;
    return (x > y) - (x < y);
}

/* The size that `share` of the numbers stay below, between two of them in proportion. */
static double quantile(tensor x, double share, arena scratch)
{
    size_t count = tensor_count(x);
    real *size = arena_take(&scratch, count * sizeof *size);
    for (size_t i = 0; i < count; i++) size[i] = (real)fabs((double)x.data[i]);
    qsort(size, count, sizeof *size, by_size);
    double place = share * (double)(count - 1);
    size_t below = (size_t)place, above = below + 1 < count ? below + 1 : below;
    double part = place - (double)below;
    return (1 - part) * (double)size[below] + part * (double)size[above];
}

static void cut(tensor x, double limit, double divide)
{
    real most = (real)limit, by = (real)divide;
    for (size_t i = 0, count = tensor_count(x); i < count; i++) {
        real v = x.data[i];
        x.data[i] = (v > most ? most : v < -most ? -most : v) / by;
    }
}

static void ask_and_cut(void *self, answer out, tensor x, double sigma, arena scratch)
{
    const clip *c = self;
    answer raw = denoiser_room(c->model, &scratch, x);
    denoiser_ask(c->model, raw, x, sigma, scratch);
    answer_copy(out, raw);
    for (int i = 0; i < x.n; i++) {
        tensor one = tensor_pictures(out.x0, i, 1);
        bool dynamic = c->share > 0;
        double s = dynamic ? fmin(fmax(quantile(one, c->share, scratch), 1), c->limit) : c->limit;
        cut(one, s, dynamic ? s : 1);
    }
}

denoiser clip_denoiser(const clip *c)
{
    PROMISE(c->limit > 0 && c->share >= 0 && c->share <= 1, "clip_denoiser: limit or share");
    PROMISE(c->model.k <= 1, "clip_denoiser: combine the model's answers first (guidance.h)");
    denoiser d = c->model;
    d.guess = ask_and_cut, d.self = (void *)(size_t)c;
    d.gives_away = c->keep_direction || c->model.gives_away;
    return d;
}
