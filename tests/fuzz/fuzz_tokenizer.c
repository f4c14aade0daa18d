/* Fuzzing tokenizer_read() with CLIP's pieces, and tokenizer_open() with files made of the input:
 * text up to the first line that is "---", then vocab.json, merges.txt and tokenizer_config.json,
 * each up to such a line. Run by `make fuzz`.
 */
#define _DEFAULT_SOURCE /* getpid */
#include "base/file.h"
#include "models/tokenizer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY = 1 << 26, PARTS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* The next part, in memory that ends where it ends; and what follows it. */
static file part(file *rest)
{
    size_t n = 0, skip = 0;
    for (; n < rest->bytes; n++)
        if (rest->bytes - n >= 5 && memcmp(rest->data + n, "\n---\n", 5) == 0) {
            skip = 5;
            break;
        }
    unsigned char *copy = malloc(n ? n : 1);
    if (copy && n) memcpy(copy, rest->data, n);
    *rest = (file){rest->data + n + skip, rest->bytes - n - skip};
    return (file){copy, n};
}

static void hold(const tokenizer *t, file text, arena keep, arena scratch)
{
    tokenizer_ids ids;
    error wrong = tokenizer_read(t, (const char *)text.data, text.bytes, &keep, scratch, &ids);
    if (wrong) return;
    PROMISE(ids.count <= 3 * text.bytes, "no more than 3 ids for a byte");
    for (size_t i = 0; i < ids.count; i++) PROMISE(ids.ids[i] >= 0, "ids are there");
    int32_t framed[77];
    tokenizer_frame(t, ids, 77, framed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static arena memory, scratch;
    static tokenizer clip;
    static char folder[64];
    if (!memory.begin) {
        memory = arena_make(MEMORY), scratch = arena_make(MEMORY);
        PROMISE(!tokenizer_open(NULL, &memory, scratch, &clip), "CLIP's pieces are there");
        snprintf(folder, sizeof folder, "/tmp/fuzz_tokenizer_%d", (int)getpid());
        PROMISE(!file_make_folder(folder), "a folder");
    }
    file rest = {data, bytes}, parts[PARTS];
    for (int i = 0; i < PARTS; i++) parts[i] = part(&rest);
    hold(&clip, parts[0], memory, scratch);
    if (parts[1].bytes > 0) {
        static const char *const names[] = {"vocab.json", "merges.txt", "tokenizer_config.json"};
        char path[128];
        for (int i = 0; i < 3; i++) {
            snprintf(path, sizeof path, "%s/%s", folder, names[i]);
            FILE *f = fopen(path, "wb");
            PROMISE(f && fwrite(parts[i + 1].data, 1, parts[i + 1].bytes, f) == parts[i + 1].bytes,
                    "a file");
            fclose(f);
        }
        arena keep = memory;
        tokenizer t;
        error wrong = tokenizer_open(folder, &keep, scratch, &t);
        PROMISE(!wrong || keep.begin == memory.begin, "an error leaves no trace");
        if (!wrong) hold(&t, parts[0], keep, scratch);
    }
    for (int i = 0; i < PARTS; i++) free((void *)(uintptr_t)parts[i].data);
    return 0;
}
