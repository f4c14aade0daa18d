#include "pipeline/words.h"
#include "models/prompt.h"

error words_say(const model *m, const char *const *texts, int clip_skip, arena *keep, arena scratch,
                tensor *out)
{
    int count = 0;
    while (texts[count]) count++;
    prompt *each = arena_take(keep, (size_t)count * sizeof *each);
    int chunks = 1, length = m->text.length, width = m->text.width;
    for (int i = 0; i < count; i++) {
        prompt_options usual = {.length = length};
        error wrong = prompt_read(&m->tokenizer, texts[i], usual, keep, scratch, &each[i]);
        if (wrong) return wrong;
        if (each[i].chunks > chunks) chunks = each[i].chunks;
    }
    /* 4: the ids and weights that prompt_fill() takes, and as much again for what lies between */
    double bytes = (double)count * chunks * length * (width + 4) * sizeof(float);
    if (bytes > (double)arena_left(*keep))
        return error_make("no memory for a prompt of %d tokens", chunks * length);
    *out = tensor_new(keep, count, 1, chunks * length, width);
    for (int i = 0; i < count; i++) {
        float *said = tensor_pictures(*out, i, 1).data;
        prompt_fill(&m->tokenizer, &each[i], chunks, keep);
        error wrong = clip_text_apply(&m->text, each[i].ids, chunks, clip_skip, said, scratch);
        if (wrong) return wrong;
        prompt_weigh(&each[i], said, width);
    }
    return NULL;
}
