/* A step depends on nothing but x, the noise (a value) and the denoiser's answers. So it can be
 * played again from its start on a copy, with a denoiser that reads the answers it has from a tape;
 * where the tape ends, the question goes to the caller, and the step is played with one answer
 * more. */
#include "diffusion/sampler_inside.h"

sampler_question sampler_listen(const sampler *s, tensor x, arena *keep)
{
    int questions = s->kind->evals + s->options.correct;
    PROMISE(questions <= SAMPLER_TAPE && !s->kind->whole_walk,
            "sampler_listen: too many questions");
    sampler_question q = {.x = tensor_like(keep, x)};
    for (int j = 0; j < questions; j++) q.answer[j] = denoiser_room(s->model, keep, x);
    return q;
}

/* Past the end of the tape the first question is written down and the answer is x itself: what the
 * step then makes of it is thrown away, and the step is played again. */
static void read_tape(void *tape, answer out, tensor x, double sigma, arena scratch)
{
    (void)scratch;
    sampler_question *q = tape;
    if (q->read == q->told) tensor_copy(q->x, x), q->sigma = sigma;
    answer_copy(out, q->read < q->told ? q->answer[q->read] : (answer){x, x, x});
    q->read++;
}

/* Play the step that stands next; true when it asked for more than the tape holds. */
static bool play_from_tape(sampler *s, sampler_question *q, tensor y, arena scratch)
{
    sampler trial = *s;
    trial.model.guess = read_tape, trial.model.self = q, q->read = 0;
    sampler_play_step(&trial, y, scratch);
    if (q->read > q->told) return true;
    trial.model = s->model, *s = trial;
    return false;
}

bool sampler_ask(sampler *s, sampler_question *q, tensor x, arena scratch)
{
    tensor y = tensor_like(&scratch, x);
    while (!s->wrong && !s->stopped && s->i < s->walk.n) {
        tensor_copy(y, x);
        if (play_from_tape(s, q, y, scratch)) return true;
        q->told = 0;
        sampler_close_step(s, x, y);
    }
    return false;
}
