#include "models/tokenizer.h"
#include "models/unicode.h"
#include <string.h>

/* Scratch for each byte of text: its code points, words and ids, 3 bytes where there was one. */
enum { ROOM = 160, LITTLE = 1 << 16 };

/* Ids on their way out. */
typedef struct {
    const tokenizer *t;
    int32_t *ids;
    size_t count;
    char *bytes; /* a word, taken apart in */
    bpe_space space;
} writer;

static void word(writer *w, const int32_t *codes, size_t n)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) length += unicode_encode(codes[i], w->bytes + length);
    w->count += bpe_word(&w->t->pieces, w->bytes, length, w->ids + w->count, w->space);
}

/* The length of the first of these texts that stands here; 0: none does. NULL behind the last. */
static size_t one_of(const char *const *texts, const int32_t *codes, size_t n)
{
    for (; *texts; texts++) {
        size_t i = 0;
        while ((*texts)[i] && i < n && codes[i] == (*texts)[i]) i++;
        if (!(*texts)[i]) return i;
    }
    return 0;
}

/* How many code points the next word has. */
static size_t word_length(const int32_t *codes, size_t n)
{
    static const char *const whole[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d", NULL};
    size_t length = one_of(whole, codes, n);
    if (length > 0) return length;
    unicode_kind kind = unicode_kind_of(codes[0]);
    for (length = 1; kind != UNICODE_NUMBER && length < n; length++)
        if (unicode_kind_of(codes[length]) != kind) break;
    return length;
}

static void words(writer *w, const int32_t *codes, size_t n)
{
    /* Two names are words even where they are no tokens. */
    static const char *const names[] = {"<|startoftext|>", "<|endoftext|>", NULL};
    for (size_t i = 0, length; i < n; i += length) {
        length = one_of(names, codes + i, n - i);
        if (length > 0) { /* "<|", the name, "|>" */
            word(w, codes + i, 2);
            word(w, codes + i + 2, length - 4);
            word(w, codes + i + length - 2, 2);
            continue;
        }
        length = word_length(codes + i, n - i);
        if (unicode_kind_of(codes[i]) != UNICODE_SPACE) word(w, codes + i, length);
    }
}

/* The longest special token that stands here, among those that are looked for as they stand, or in
 * any case; `here` is [n] bytes of the text, or [n] code points. */
static const tokenizer_special *special_at(const tokenizer *t, bool any_case, const void *here,
                                           size_t n)
{
    const tokenizer_special *best = NULL;
    size_t longest = 0, size = any_case ? sizeof *best->codes : 1;
    for (const tokenizer_special *s = t->specials; s < t->specials + t->special_count; s++) {
        size_t length = any_case ? s->count : s->bytes;
        if (s->any_case != any_case || length > n || length <= longest) continue;
        if (memcmp(here, any_case ? (const void *)s->codes : s->text, length * size) == 0)
            best = s, longest = length;
    }
    return best;
}

/* Text between special tokens. In lower case, there may be others. */
static void between(writer *w, const char *text, size_t bytes, arena scratch)
{
    size_t n, begin = 0;
    const int32_t *codes = unicode_lower(text, bytes, &scratch, &n);
    for (size_t i = 0; i < n;) {
        const tokenizer_special *s = special_at(w->t, true, codes + i, n - i);
        i += s ? 0 : 1;
        if (!s) continue;
        words(w, codes + begin, i - begin);
        w->ids[w->count++] = s->id;
        begin = i += s->count;
    }
    words(w, codes + begin, n - begin);
}

size_t tokenizer_write(const tokenizer *t, const char *text, size_t bytes, int32_t *ids,
                       arena scratch)
{
    size_t begin = 0, most = 3 * bytes; /* one byte that is not UTF-8 becomes 3 */
    writer w = {.t = t, .ids = ids, .bytes = arena_take(&scratch, most)};
    w.space = bpe_space_for(most, &scratch);
    for (size_t i = 0; i < bytes;) {
        const tokenizer_special *s = special_at(t, false, text + i, bytes - i);
        i += s ? 0 : 1;
        if (!s) continue;
        between(&w, text + begin, i - begin, scratch);
        w.ids[w.count++] = s->id;
        begin = i += s->bytes;
    }
    between(&w, text + begin, bytes - begin, scratch);
    return w.count;
}

error tokenizer_read(const tokenizer *t, const char *text, size_t bytes, arena *keep, arena scratch,
                     tokenizer_ids *out)
{
    if (bytes > TOKENIZER_LONGEST || bytes * ROOM + LITTLE > arena_left(scratch) ||
        bytes * 3 * sizeof(int32_t) + LITTLE > arena_left(*keep))
        return error_make("a text of %zu bytes is too long to be read", bytes);
    int32_t *ids = arena_take(&scratch, 3 * bytes * sizeof *ids);
    out->count = tokenizer_write(t, text, bytes, ids, scratch);
    out->ids = arena_take(keep, out->count * sizeof *ids);
    memcpy(out->ids, ids, out->count * sizeof *ids);
    return NULL;
}

void tokenizer_frame(const tokenizer *t, tokenizer_ids ids, int length, int32_t *out)
{
    PROMISE(length >= 2, "tokenizer_frame: room for start and end");
    size_t n = ids.count < (size_t)length - 2 ? ids.count : (size_t)length - 2;
    out[0] = t->start;
    if (n > 0) memcpy(out + 1, ids.ids, n * sizeof *out);
    out[n + 1] = t->end;
    for (size_t i = n + 2; i < (size_t)length; i++) out[i] = t->pad;
}
