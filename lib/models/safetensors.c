#define _DEFAULT_SOURCE
#include "models/safetensors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifdef __APPLE__
#define st_mtim st_mtimespec /* POSIX has it since 2008 */
#endif

enum { LENGTH = 8 };
static const uint64_t LARGEST = 100000000; /* of a head, as the format's own reader has it */

/* All there are, with the bits of a number. The first three can be used, and stand in the order of
 * dtype (nn/weight.h). */
static const struct {
    const char *name;
    unsigned bits;
} types[] = {
    {"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},    {"I64", 64},
    {"I32", 32},    {"I16", 16},    {"I8", 8},      {"U64", 64},    {"U32", 32},
    {"U16", 16},    {"U8", 8},      {"BOOL", 8},    {"F8_E4M3", 8}, {"F8_E5M2", 8},
    {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},      {"C64", 64},
};
enum { TYPES = sizeof types / sizeof *types };
_Static_assert(DTYPE_F32 == 0 && DTYPE_F16 == 1 && DTYPE_BF16 == 2, "the order of types[]");

/* ---- The head ---- */

/* A number of the head as what it must be: whole, at least 0, and exact in a double. */
static bool size_from(const config *c, uint64_t *out)
{
    if (c->kind != CONFIG_NUMBER || !(c->number >= 0 && c->number < 0x1p53)) return false;
    *out = (uint64_t)c->number;
    return (double)*out == c->number;
}

static error shape_from(const config *c, const char *path, safetensor *t)
{
    const config *shape = config_find(c, "shape");
    if (!shape || shape->kind != CONFIG_LIST || shape->count > SAFETENSORS_DIMS)
        return error_make("%.300s: tensor %.200s needs a shape of at most %d numbers", path,
                          t->name, SAFETENSORS_DIMS);
    t->dims = shape->count, t->count = 1;
    for (int i = 0; i < t->dims; i++) {
        uint64_t side;
        if (!size_from(&shape->inside[i], &side))
            return error_make("%.300s: tensor %.200s: number %d of its shape is not a size", path,
                              t->name, i);
        if (side && t->count > SIZE_MAX / 64 / side)
            return error_make("%.300s: tensor %.200s: its shape is too large for any memory", path,
                              t->name);
        t->shape[i] = (int64_t)side, t->count *= side;
    }
    return NULL;
}

static error type_from(const config *c, const char *path, safetensor *t)
{
    const config *name = config_find(c, "dtype");
    if (!name || name->kind != CONFIG_TEXT)
        return error_make("%.300s: tensor %.200s has no dtype", path, t->name);
    int i = 0;
    while (i < TYPES && strcmp(types[i].name, name->text) != 0) i++;
    if (i == TYPES)
        return error_make("%.300s: tensor %.200s has the dtype \"%.40s\", which nobody knows", path,
                          t->name, name->text);
    t->dtype = types[i].name, t->usable = i <= DTYPE_BF16;
    if (t->usable) t->type = (dtype)i;
    t->bytes = (t->count * types[i].bits + 7) / 8;
    return NULL;
}

static error data_from(const config *c, file f, const char *path, safetensor *t)
{
    const config *at = config_find(c, "data_offsets");
    uint64_t begin, end;
    if (!at || at->kind != CONFIG_LIST || at->count != 2 || !size_from(&at->inside[0], &begin) ||
        !size_from(&at->inside[1], &end))
        return error_make("%.300s: tensor %.200s needs two data_offsets", path, t->name);
    if (begin > end || end > f.bytes)
        return error_make("%.300s: tensor %.200s is said to take bytes %llu to %llu of the data, "
                          "which has %zu; is the file whole?",
                          path, t->name, (unsigned long long)begin, (unsigned long long)end,
                          f.bytes);
    if (end - begin != t->bytes) {
        char shape[160];
        return error_make("%.300s: tensor %.200s %s of %s takes %zu bytes, but has %llu", path,
                          t->name, safetensors_shape(t->shape, t->dims, shape), t->dtype, t->bytes,
                          (unsigned long long)(end - begin));
    }
    t->data = f.data + begin;
    return NULL;
}

static int by_place(const void *a, const void *b)
{
    const safetensor *s = a, *t = b;
    if (s->data != t->data) return s->data < t->data ? -1 : 1;
    return (s->bytes > t->bytes) - (s->bytes < t->bytes);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const safetensor *)a)->name, ((const safetensor *)b)->name);
}

/* Each begins where the one before it ends, and the last ends with the file. */
static error tight(const safetensors *s, file data)
{
    const unsigned char *end = data.data;
    for (int i = 0; i < s->count; i++) {
        const safetensor *t = &s->tensor[i];
        if (t->data != end)
            return error_make("%.300s: tensor %.200s %s", s->path, t->name,
                              t->data < end ? "overlaps another one" : "leaves a hole before it");
        end += t->bytes;
    }
    if (end != data.data + data.bytes)
        return error_make("%.300s: %zu bytes at its end belong to no tensor", s->path,
                          (size_t)(data.data + data.bytes - end));
    return NULL;
}

static error tensors_from(const config *head, file data, arena *keep, safetensors *s)
{
    if (arena_left(*keep) / sizeof(safetensor) <= (size_t)head->count)
        return error_make("%.300s: %d tensors are too many for memory", s->path, head->count);
    safetensor *all = arena_take(keep, (size_t)head->count * sizeof *all);
    s->tensor = all;
    for (int i = 0; i < head->count; i++) {
        const config *c = &head->inside[i];
        if (strcmp(c->key, "__metadata__") == 0) {
            s->metadata = c;
            continue;
        }
        safetensor *t = &all[s->count++];
        *t = (safetensor){.name = c->key};
        error wrong = shape_from(c, s->path, t);
        if (!wrong) wrong = type_from(c, s->path, t);
        if (!wrong) wrong = data_from(c, data, s->path, t);
        if (wrong) return wrong;
    }
    qsort(all, (size_t)s->count, sizeof *all, by_place);
    error wrong = tight(s, data);
    qsort(all, (size_t)s->count, sizeof *all, by_name);
    return wrong;
}

error safetensors_parse(file f, const char *name, arena *keep, safetensors *out)
{
    uint64_t length = 0;
    if (f.bytes < LENGTH + 2)
        return error_make("%.300s: %zu bytes are too few for a .safetensors file", name, f.bytes);
    for (int i = 0; i < LENGTH; i++) length |= (uint64_t)f.data[i] << (8 * i);
    if (f.data[LENGTH] != '{' || length > LARGEST)
        return error_make("%.300s: it is not a .safetensors file", name);
    if (length > f.bytes - LENGTH)
        return error_make("%.300s: its head should have %llu bytes, but the file has only %zu; is "
                          "it whole?",
                          name, (unsigned long long)length, f.bytes);
    arena tried = *keep;
    const config *head;
    error wrong = config_parse(f.data + LENGTH, (size_t)length, name, &tried, &head);
    if (wrong) return wrong;
    safetensors s = {.path = config_name(head), .map = f};
    file data = {f.data + LENGTH + length, f.bytes - LENGTH - (size_t)length};
    wrong = tensors_from(head, data, &tried, &s);
    if (!wrong) *keep = tried, *out = s;
    return wrong;
}

/* ---- The file ---- */

/* When it was last written to, in nanoseconds. */
static int64_t changed(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

error safetensors_open(const char *path, arena *keep, safetensors *out)
{
    file f;
    struct stat info;
    error wrong = file_map(path, &f);
    if (wrong) return wrong;
    wrong = safetensors_parse(f, path, keep, out);
    if (wrong) return file_unmap(f), wrong;
    if (stat(path, &info) != 0) info = (struct stat){0};
    out->inode = (int64_t)info.st_ino, out->changed = changed(&info);
    return NULL;
}

void safetensors_close(safetensors s)
{
    file_unmap(s.map);
}

error safetensors_check(const safetensors *s)
{
    struct stat info;
    if (stat(s->path, &info) != 0 || (int64_t)info.st_ino != s->inode)
        return NULL; /* removed or replaced: our bytes stay as long as the map */
    if ((size_t)info.st_size == s->map.bytes && changed(&info) == s->changed) return NULL;
    return error_make("%.300s was written to while it was in use; start again", s->path);
}

void safetensors_rest(const safetensors *s)
{
    if (s->map.data) madvise((void *)(size_t)s->map.data, s->map.bytes, MADV_DONTNEED);
}

/* ---- Asking ---- */

int safetensors_begin(const safetensors *s, const char *with)
{
    int low = 0, high = s->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (strcmp(s->tensor[middle].name, with) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < s->count && strncmp(s->tensor[low].name, with, strlen(with)) == 0;
    return found ? low : s->count;
}

const safetensor *safetensors_find(const safetensors *s, const char *name)
{
    int i = safetensors_begin(s, name);
    return i < s->count && strcmp(s->tensor[i].name, name) == 0 ? &s->tensor[i] : NULL;
}

const char *safetensors_shape(const int64_t *shape, int dims, char room[160])
{
    size_t used = (size_t)snprintf(room, 160, "[");
    for (int i = 0; i < dims && used < 160; i++)
        used +=
            (size_t)snprintf(room + used, 160 - used, "%s%lld", i ? ", " : "", (long long)shape[i]);
    if (used < 158) memcpy(room + used, "]", 2);
    return room;
}
