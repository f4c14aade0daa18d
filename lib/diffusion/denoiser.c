#include "diffusion/denoiser.h"
#include "base/error.h"

double denoiser_alpha(denoiser d, double sigma)
{
    return d.flow ? 1 - sigma : 1;
}

static int answers(denoiser d)
{
    return d.k > 0 ? d.k : 1;
}

void answer_copy(answer out, answer in)
{
    tensor_copy(out.x0, in.x0);
    if (out.away.data) tensor_copy(out.away, in.away.data ? in.away : in.x0);
    if (out.log_variance.data) tensor_copy(out.log_variance, in.log_variance);
}

answer denoiser_room(denoiser d, arena *a, tensor x)
{
    x.n *= answers(d);
    answer room = {.x0 = tensor_like(a, x)};
    if (d.gives_away) room.away = tensor_like(a, x);
    if (d.gives_variance) room.log_variance = tensor_like(a, x);
    return room;
}

void denoiser_ask(denoiser d, answer out, tensor x, double sigma, arena scratch)
{
    PROMISE(out.x0.n == answers(d) * x.n, "denoiser_ask: the room is not for this denoiser");
    d.guess(d.self, out, x, sigma, scratch);
    arena_forget(scratch);
}

static void ask_each(void *self, answer out, tensor x, double sigma, arena scratch)
{
    const stack *s = self;
    for (int j = 0; j < s->k; j++) {
        answer part = {.x0 = tensor_pictures(out.x0, j * x.n, x.n)};
        denoiser_ask(s->each[j], part, x, sigma, scratch);
    }
}

denoiser stack_denoiser(const stack *s)
{
    for (int j = 0; j < s->k; j++)
        PROMISE(answers(s->each[j]) == 1 && !s->each[j].gives_away && !s->each[j].gives_variance &&
                    s->each[j].flow == s->each[0].flow,
                "stack_denoiser: each must give one plain answer, all in one coordinate");
    return (denoiser){ask_each, (void *)(size_t)s, .k = s->k, .flow = s->each[0].flow};
}
