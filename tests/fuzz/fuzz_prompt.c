/* Fuzzing prompt_read(): whatever the text, there are chunks of whole ids, and weights within their
 * bounds. The first byte says how it is read. Run by `make fuzz`.
 */
#include "models/prompt.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 1 << 26, WIDTH = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void hold(const tokenizer *t, const prompt *p, arena scratch)
{
    size_t n = (size_t)p->chunks * (size_t)p->length;
    PROMISE(p->chunks >= 1, "a chunk");
    for (size_t i = 0; i < n; i++) {
        size_t at = i % (size_t)p->length;
        PROMISE(p->ids[i] >= 0 && p->ids[i] < t->pieces.count, "ids are there");
        PROMISE(at > 0 || p->ids[i] == t->start, "start is where it belongs");
        PROMISE(at + 1 < (size_t)p->length || p->ids[i] == t->end, "so is end");
        PROMISE(!p->weights || fabsf(p->weights[i]) <= 1e6f, "weights are within bounds");
    }
    if (n * WIDTH * sizeof(float) + 64 > arena_left(scratch)) return;
    float *z = arena_take(&scratch, n * WIDTH * sizeof *z);
    for (size_t i = 0; i < n * WIDTH; i++) z[i] = (float)(i % 7) - 1;
    prompt_weigh(p, z, WIDTH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static arena memory, scratch;
    static tokenizer clip;
    if (!memory.begin) {
        memory = arena_make(MEMORY), scratch = arena_make(MEMORY);
        PROMISE(!tokenizer_open(NULL, &memory, scratch, &clip), "CLIP's pieces are there");
    }
    if (bytes == 0) return 0;
    char *text = malloc(bytes);
    if (!text) return 0;
    memcpy(text, data + 1, bytes - 1), text[bytes - 1] = 0;
    prompt_options options = {.length = data[0] % 4 == 0 ? 0 : 3 + data[0] / 8,
                              .comma = data[0] % 8 == 1 ? -1 : data[0] % 3 * 10,
                              .literal = data[0] % 16 == 2};
    arena keep = memory;
    prompt p;
    error wrong = prompt_read(&clip, text, options, &keep, scratch, &p);
    PROMISE(!wrong || keep.begin == memory.begin, "an error leaves no trace");
    if (!wrong) {
        hold(&clip, &p, scratch);
        if (p.chunks < 100) prompt_fill(&clip, &p, p.chunks + data[0] % 3, &keep);
        hold(&clip, &p, scratch);
    }
    free(text);
    return 0;
}
