#include "diffusion/guidance.h"
#include "base/error.h"

static void combine(void *self, answer out, tensor x, double sigma, arena scratch)
{
    const guidance *g = self;
    answer all = denoiser_room(g->model, &scratch, x);
    denoiser_ask(g->model, all, x, sigma, scratch);

    double rest = 1; /* D = (1 - sum w) D_0 + sum w_j D_j */
    for (int j = 1; j < g->model.k; j++) rest -= g->weight[j - 1];
    tensor plain = tensor_pictures(all.x0, 0, x.n);
    tensor_scale(out.x0, rest, plain);
    for (int j = 1; j < g->model.k; j++)
        tensor_add_scaled(out.x0, g->weight[j - 1], tensor_pictures(all.x0, j * x.n, x.n));
    if (out.away.data) tensor_copy(out.away, plain);
}

denoiser guidance_denoiser(const guidance *g)
{
    PROMISE(g->model.k >= 2, "guidance_denoiser: the model must give at least two answers");
    PROMISE(!g->model.gives_away && !g->model.gives_variance,
            "guidance_denoiser: the model's answers must be plain guesses");
    return (denoiser){combine, (void *)(size_t)g, 1, g->model.flow, g->walk_unconditioned, false};
}
