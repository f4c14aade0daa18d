/* What a tokenizer is made of: the model's files, or the pairs that stand in this library. */
#include "base/file.h"
#include "models/config.h"
#include "models/tokenizer.h"
#include "models/unicode.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const unsigned char clip_merges[]; /* assets/clip/merges.txt */
extern const size_t clip_merges_bytes;

enum { PATH = 1024, NAME = 1024, MOST_BYTES = 1 << 24, MOST_IDS = 1 << 20, MOST_SPECIALS = 256 };
static const char START[] = "<|startoftext|>", END[] = "<|endoftext|>";

/* Pairs, as they are spelled. */
typedef struct {
    const char *name;   /* the file */
    const char **names; /* [count][2] */
    size_t count;
} pairs;

/* The files of a folder; NULL where there is none. */
typedef struct {
    const config *vocab;         /* a table of ids by names */
    const config *added;         /* tokenizer.json: a list of special tokens */
    const config *map, *options; /* special_tokens_map.json, tokenizer_config.json */
    pairs merges;
} files;

/* A text as lines "left right", cut apart in a copy with one byte more, since the last line gets an
 * end, too. The first may tell a version. */
static error cut(const void *data, size_t bytes, arena *keep, pairs *out)
{
    if (bytes > MOST_BYTES || bytes + 128 > arena_left(*keep))
        return error_make("%s: %zu bytes are too many", out->name, bytes);
    char *text = arena_take(keep, bytes + 1);
    if (bytes > 0) memcpy(text, data, bytes);
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++) lines += text[i] == '\n';
    if (lines * 2 * sizeof *out->names + 64 > arena_left(*keep))
        return error_make("%s: %zu pairs are too many for memory", out->name, lines);
    out->names = arena_take(keep, lines * 2 * sizeof *out->names);
    size_t number = 0;
    for (char *line = text, *next; line < text + bytes; line = next) {
        char *end = memchr(line, '\n', (size_t)(text + bytes - line));
        next = end ? end + 1 : text + bytes;
        if (!end) end = next;
        if (end > line && end[-1] == '\r') end--;
        *end = 0, number++;
        char *space = strchr(line, ' ');
        if (line == end || strncmp(line, "#version", 8) == 0) continue;
        if (!space || space == line || !space[1] || strchr(space + 1, ' ') ||
            line + strlen(line) != end || end - line >= NAME)
            return error_make("%s, line %zu: not two pieces with a space between", out->name,
                              number);
        *space = 0;
        out->names[2 * out->count] = line, out->names[2 * out->count++ + 1] = space + 1;
    }
    return NULL;
}

/* tokenizer.json has them as ["a", "b"], or older as "a b". */
static error listed(const config *list, arena *keep, pairs *out)
{
    *out = (pairs){.name = config_name(list)};
    if (list->kind != CONFIG_LIST || list->count > MOST_IDS)
        return error_make("%s: \"merges\" is no list of up to %d pairs", out->name, MOST_IDS);
    if ((size_t)list->count * 2 * sizeof *out->names + 128 > arena_left(*keep))
        return error_make("%s: %d pairs are too many for memory", out->name, list->count);
    out->names = arena_take(keep, (size_t)list->count * 2 * sizeof *out->names);
    for (const config *c = list->inside; c < list->inside + list->count; c++, out->count++) {
        const char *left = c->text, *right = left ? strchr(left, ' ') : NULL;
        if (right && strlen(left) + 128 < arena_left(*keep)) {
            char *copy = memcpy(arena_take(keep, strlen(left) + 1), left, strlen(left) + 1);
            copy[right - left] = 0;
            left = copy, right = copy + strlen(copy) + 1;
        } else if (c->kind == CONFIG_LIST && c->count == 2) {
            left = c->inside[0].text, right = c->inside[1].text;
        }
        if (!left || !right || strlen(left) + strlen(right) >= NAME)
            return error_make("%s: pair %zu of \"merges\" is not two pieces", out->name,
                              out->count + 1);
        out->names[2 * out->count] = left, out->names[2 * out->count + 1] = right;
    }
    return NULL;
}

static error add_pairs(bpe *b, const pairs *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const char *left = p->names[2 * i], *right = p->names[2 * i + 1];
        char both[NAME + 1];
        strcat(strcpy(both, left), right);
        int l = bpe_find(b, left), r = bpe_find(b, right), becomes = bpe_find(b, both);
        const char *lacks = l < 0 ? left : r < 0 ? right : becomes < 0 ? both : NULL;
        if (lacks)
            return error_make("%s: pair %zu, \"%.64s %.64s\": \"%.64s\" is not in the vocabulary",
                              p->name, i + 1, left, right, lacks);
        bpe_merge(b, l, r, becomes);
    }
    return NULL;
}

/* Pieces by their own names and numbers. */
static error add_pieces(const config *vocab, size_t merges, arena *keep, bpe *b)
{
    double most = -1;
    size_t bytes = 0;
    for (const config *c = vocab->inside; c < vocab->inside + vocab->count; c++) {
        if (c->kind != CONFIG_NUMBER || c->number < 0 || c->number >= MOST_IDS ||
            c->number != (int)c->number)
            return error_make("%s: the id of \"%.64s\" is no whole number from 0 to %d",
                              config_name(vocab), c->key, MOST_IDS - 1);
        most = c->number > most ? c->number : most;
        bytes += strlen(c->key) + 1;
    }
    int ids = (int)most + 1;
    if (bpe_room(ids, merges) + bytes + 128 > arena_left(*keep))
        return error_make("%s: %d pieces are too many for memory", config_name(vocab), ids);
    *b = bpe_begin(ids, merges, keep);
    char *names = arena_take(keep, bytes);
    for (const config *c = vocab->inside; c < vocab->inside + vocab->count; c++) {
        size_t length = strlen(c->key) + 1;
        if (!bpe_add(b, memcpy(names, c->key, length), (int)c->number))
            return error_make("%s: \"%.64s\" has the id %d, which another piece has, too",
                              config_name(vocab), c->key, (int)c->number);
        names += length;
    }
    return NULL;
}

/* CLIP's pieces, which follow from its pairs: bytes, visible ones first; the same at the end of a
 * word; what each pair becomes; start and end. */
static error clip_pieces(const pairs *p, arena *keep, bpe *b)
{
    int ids = 512 + (int)p->count + 2;
    size_t bytes = 512 * 8 + clip_merges_bytes;
    if (bpe_room(ids, p->count) + bytes + 128 > arena_left(*keep))
        return error_make("%d pieces of text are too many for memory", ids);
    *b = bpe_begin(ids, p->count, keep);
    char *at = arena_take(keep, bytes);
    int id = 0;
    for (int round = 0; round < 4; round++)
        for (int byte = 0; byte < 256; byte++) {
            if ((bpe_letter(byte) != byte) != (round % 2 == 1)) continue;
            size_t n = unicode_encode(bpe_letter(byte), at);
            memcpy(at + n, round < 2 ? "" : "</w>", round < 2 ? 1 : 5);
            bpe_add(b, at, id++);
            at += 8;
        }
    for (size_t i = 0; i < p->count; i++) {
        bpe_add(b, strcat(strcpy(at, p->names[2 * i]), p->names[2 * i + 1]), id++);
        at += strlen(at) + 1;
    }
    bpe_add(b, START, id++);
    bpe_add(b, END, id++);
    return NULL;
}

/* ---- Special tokens ---- */

/* One that is there already keeps what the files say of it by itself. */
static tokenizer_special *special(tokenizer *t, const char *text, const char *from, arena *keep,
                                  error *wrong)
{
    for (int i = 0; i < t->special_count; i++)
        if (strcmp(t->specials[i].text, text) == 0) return &t->specials[i];
    size_t bytes = strlen(text);
    if (t->special_count == MOST_SPECIALS || bytes == 0 || bytes >= NAME)
        *wrong = error_make("%s: there may be %d special tokens of 1 to %d bytes", from,
                            MOST_SPECIALS, NAME - 1);
    else if (bytes + unicode_room(bytes) + 256 > arena_left(*keep))
        *wrong = error_make("%s: no memory for special tokens", from);
    if (*wrong) return NULL;
    tokenizer_special *s = &t->specials[t->special_count++];
    *s = (tokenizer_special){.bytes = bytes, .id = bpe_find(&t->pieces, text)};
    s->text = memcpy(arena_take(keep, bytes + 1), text, bytes + 1);
    s->codes = unicode_lower(text, bytes, keep, &s->count);
    return s;
}

/* {"content": "<|endoftext|>", "normalized": true, ...}. Where the vocabulary has no id, it stands
 * inside, too (tokenizer.json), or such a table is called by it (tokenizer_config.json). */
static error add_special(tokenizer *t, const config *c, arena *keep)
{
    char *end = NULL;
    error wrong = NULL;
    const char *text = c->kind == CONFIG_TABLE ? config_text(c, "content", NULL) : NULL;
    if (!text) return error_make("%s: an added token has no \"content\"", config_name(c));
    tokenizer_special *s = special(t, text, config_name(c), keep, &wrong);
    if (wrong) return wrong;
    long id = !c->key ? config_int(c, "id", -1) : *c->key ? strtol(c->key, &end, 10) : -1;
    s->any_case = config_bool(c, "normalized", !config_bool(c, "special", false));
    if (s->id < 0 && id >= 0 && id < MOST_IDS && (!end || !*end)) s->id = (int)id;
    if (s->id < 0) return error_make("%s: \"%.64s\" has no id", config_name(c), text);
    return config_trouble(c);
}

static error add_listed(const files *f, arena *keep, tokenizer *t)
{
    const config *table = f->options ? config_find(f->options, "added_tokens_decoder") : NULL;
    const config *lists[] = {f->added, table};
    error wrong = NULL;
    for (int k = 0; k < 2; k++)
        for (int i = 0; !wrong && lists[k] && i < lists[k]->count; i++)
            wrong = add_special(t, &lists[k]->inside[i], keep);
    return wrong;
}

/* The four roles. Of several words on one token the last counts, as with transformers: a name alone
 * says that it is looked for as it stands. */
static error add_roles(const files *f, arena *keep, tokenizer *t)
{
    static const char *const roles[] = {"bos_token", "eos_token", "unk_token", "pad_token"};
    int *const ids[] = {&t->start, &t->end, &t->pieces.unknown, &t->pad}, known = t->special_count;
    error wrong = NULL;
    for (int i = 0; i < 4; i++) {
        const config *c = f->map ? config_find(f->map, roles[i]) : NULL;
        if (!c && f->options) c = config_find(f->options, roles[i]);
        const char *text = !c ? (i == 0 ? START : END) : c->text;
        if (c && c->kind == CONFIG_TABLE) text = config_text(c, "content", NULL);
        if (!text) return error_make("%s: \"%s\" is no token", config_name(c), roles[i]);
        tokenizer_special *s = special(t, text, c ? config_name(c) : f->merges.name, keep, &wrong);
        if (wrong) return wrong;
        if (s - t->specials >= known)
            s->any_case = c && c->kind == CONFIG_TABLE && config_bool(c, "normalized", true);
        *ids[i] = s->id;
        if (s->id < 0)
            return error_make("%s: the token \"%.64s\" is not in the vocabulary",
                              f->vocab ? config_name(f->vocab) : f->merges.name, text);
    }
    return NULL;
}

static error finish(const files *f, arena *keep, tokenizer *t)
{
    if (MOST_SPECIALS * sizeof *t->specials + 64 > arena_left(*keep))
        return error_make("%s: no memory for special tokens", f->merges.name);
    t->specials = arena_take(keep, MOST_SPECIALS * sizeof *t->specials);
    error wrong = add_pairs(&t->pieces, &f->merges);
    if (!wrong) wrong = add_listed(f, keep, t);
    if (!wrong) wrong = add_roles(f, keep, t);
    if (wrong) return wrong;
    bpe_ready(&t->pieces);
    t->comma = bpe_find(&t->pieces, ",</w>");
    return NULL;
}

/* ---- Files ---- */

static error path_of(const char *folder, const char *name, char path[PATH])
{
    if (snprintf(path, PATH, "%s/%s", folder, name) < PATH) return NULL;
    return error_make("%.100s...: the path is too long", folder);
}

/* A file that need not be there. */
static error read_if(const char *folder, const char *name, arena *keep, const config **out)
{
    char path[PATH];
    error wrong = path_of(folder, name, path);
    FILE *there = wrong ? NULL : fopen(path, "rb");
    *out = NULL;
    if (!there) return wrong;
    fclose(there);
    return config_read(path, keep, out);
}

static error read_merges(const char *folder, arena *keep, pairs *out)
{
    char path[PATH];
    file f;
    error wrong = path_of(folder, "merges.txt", path);
    if (!wrong) wrong = file_map(path, &f);
    if (wrong) return wrong;
    out->name = memcpy(arena_take(keep, PATH), path, PATH);
    wrong = cut(f.data, f.bytes, keep, out);
    file_unmap(f);
    return wrong;
}

static error read_whole(const char *folder, arena *keep, files *f)
{
    const config *whole;
    error wrong = read_if(folder, "tokenizer.json", keep, &whole);
    if (wrong) return wrong;
    if (!whole)
        return error_make("%s has neither vocab.json with merges.txt nor tokenizer.json", folder);
    const config *model = config_find(whole, "model"), *merges;
    merges = model ? config_find(model, "merges") : NULL;
    f->vocab = model ? config_find(model, "vocab") : NULL;
    f->added = config_find(whole, "added_tokens");
    if (!f->vocab || !merges)
        return error_make("%s has no \"model\" with \"vocab\" and \"merges\"", config_name(whole));
    return listed(merges, keep, &f->merges);
}

static error read_folder(const char *folder, arena *keep, files *f)
{
    error wrong = read_if(folder, "vocab.json", keep, &f->vocab);
    if (!wrong) wrong = read_if(folder, "tokenizer_config.json", keep, &f->options);
    if (!wrong) wrong = read_if(folder, "special_tokens_map.json", keep, &f->map);
    if (wrong) return wrong;
    wrong = f->vocab ? read_merges(folder, keep, &f->merges) : read_whole(folder, keep, f);
    if (!wrong && (f->vocab->kind != CONFIG_TABLE || f->vocab->count == 0))
        return error_make("%s: the vocabulary is no table, or is empty", config_name(f->vocab));
    return wrong;
}

error tokenizer_open(const char *folder, arena *keep, arena scratch, tokenizer *out)
{
    files f = {.merges.name = "clip_merges"};
    tokenizer t = {0};
    arena tried = *keep;
    error wrong = folder ? read_folder(folder, &scratch, &f)
                         : cut(clip_merges, clip_merges_bytes, &scratch, &f.merges);
    if (!wrong && folder) wrong = add_pieces(f.vocab, f.merges.count, &tried, &t.pieces);
    if (!wrong && !folder) wrong = clip_pieces(&f.merges, &tried, &t.pieces);
    if (!wrong) wrong = finish(&f, &tried, &t);
    if (!wrong) *keep = tried, *out = t;
    return wrong;
}
