/* Fuzzing safetensors_parse(), and what tells a single-file model from a stranger. Whatever the
 * bytes: an error, or tensors that lie in the file. Run by `make fuzz`.
 */
#include "models/checkpoint.h"
#include "models/ldm.h"
#include <stdint.h>
#include <string.h>

enum { MEMORY = 1 << 22, LENGTH = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t room); /* libFuzzer's own */

/* Everything is looked at; ASan watches. */
static void look_at(const safetensors *s)
{
    for (int i = 0; i < s->count; i++) {
        const safetensor *t = &s->tensor[i];
        char shape[160];
        PROMISE(safetensors_find(s, t->name) == t, "each is found by its name");
        PROMISE(strlen(safetensors_shape(t->shape, t->dims, shape)) < sizeof shape, "a short line");
        const volatile uint8_t *number = t->data;
        for (size_t k = 0; k < t->bytes; k++) (void)number[k];
    }
}

/* As a network asks, by the file's own shapes, and by others. */
static void ask_for(const safetensors *s, arena *keep)
{
    weights w = weights_from(s, 1, keep);
    for (int i = 0; i < s->count; i++) {
        const safetensor *t = &s->tensor[i];
        int n = t->dims > 0 ? (int)(t->shape[0] & 0x7fffffff) : 1;
        int m = t->dims > 1 ? (int)(t->shape[1] & 0x7fffffff) : 1;
        const float *row = weights_floats(w, t->name, n);
        if (row && n > 0) (void)*(const volatile float *)&row[n - 1];
        weight both = weights_matrix(w, t->name, n, m);
        if (both.data && n > 0 && m > 0) weight_at(both, (size_t)n * (size_t)m - 1);
        weights_filter(w, t->name, n, m);
    }
    error wrong = weights_trouble(w);
    PROMISE(!wrong || strstr(wrong, "must be"), "trouble says what is wanted");
}

static void as_model(const safetensors *s, arena *keep)
{
    ldm names = ldm_look(s);
    weights w = weights_from(s, 1, keep);
    const config *c;
    weights_rename(w, ldm_unet, &names);
    if (!ldm_unet_config(w, "fuzz", keep, &c)) PROMISE(c->count > 5, "a configuration");
    weights_rename(w, ldm_vae, &names);
    if (!ldm_vae_config(w, "fuzz", keep, &c)) PROMISE(c->count > 4, "a configuration");
    weights_rename(w, ldm_text, &names);
    if (!ldm_text_config(w, names.openclip, "fuzz", keep, &c)) PROMISE(c->count > 5, "as well");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static arena memory;
    if (!memory.begin) memory = arena_make(MEMORY);
    arena keep = memory;
    safetensors s;
    error wrong = safetensors_parse((file){data, bytes}, "fuzz", &keep, &s);
    PROMISE(!wrong || (keep.begin == memory.begin && strlen(wrong) > 10),
            "an error leaves no trace");
    if (wrong) return 0;
    look_at(&s);
    const char *stranger = checkpoint_stranger(&s);
    PROMISE(!stranger || strlen(stranger) > 3, "a word");
    if (arena_left(keep) < MEMORY / 2) return 0;
    ask_for(&s, &keep);
    if (arena_left(keep) > MEMORY / 4) as_model(&s, &keep);
    return 0;
}

/* After a change the length of the head is mostly wrong, and all is refused at once. Put it right:
 * the head ends with its last brace. Except in one of eight. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t room, unsigned seed)
{
    bytes = LLVMFuzzerMutate(data, bytes, room);
    if (seed % 8 == 0 || bytes < LENGTH) return bytes;
    size_t end = bytes;
    while (end > LENGTH && data[end - 1] != '}') end--;
    for (int i = 0; i < LENGTH; i++) data[i] = (uint8_t)((end - LENGTH) >> (8 * i));
    return bytes;
}
