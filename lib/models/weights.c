#include "models/weights.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const size_t MOST_ZEROS = (size_t)4 << 20; /* a configuration may ask for anything */

struct weights_source {
    const safetensors *files; /* [count] */
    int count;
    weights_naming *naming; /* NULL: names are as they are asked for */
    const void *self;
    arena *keep;
    size_t zeros;       /* bytes of them that stand for what is missing */
    char trouble[1024]; /* empty: none */
};

/* ---- Opening ---- */

weights weights_from(const safetensors *files, int count, arena *keep)
{
    weights_source *source = arena_take(keep, sizeof *source);
    *source = (weights_source){.files = files, .count = count, .keep = keep};
    return (weights){source, ""};
}

/* No name may stand in two files: which of them is meant? */
static error no_twins(const safetensors *files, int count)
{
    for (int i = 1; i < count; i++)
        for (int j = 0; j < files[i].count; j++)
            for (int k = 0; k < i; k++)
                if (safetensors_find(&files[k], files[i].tensor[j].name))
                    return error_make("%.300s and %.300s both have the tensor %.200s",
                                      files[k].path, files[i].path, files[i].tensor[j].name);
    return NULL;
}

error weights_open(const char *const *paths, int count, arena *keep, weights *out)
{
    error wrong = NULL;
    int open = 0;
    safetensors *files = arena_take(keep, (size_t)count * sizeof *files);
    for (; open < count && !wrong; open += !wrong)
        wrong = safetensors_open(paths[open], keep, &files[open]);
    if (!wrong) wrong = no_twins(files, count);
    if (wrong)
        while (open > 0) safetensors_close(files[--open]);
    else
        *out = weights_from(files, count, keep);
    return wrong;
}

void weights_rename(weights w, weights_naming *naming, const void *self)
{
    w.source->naming = naming, w.source->self = self;
}

const safetensors *weights_files(weights w, int *count)
{
    return *count = w.source->count, w.source->files;
}

error weights_check(weights w)
{
    error wrong = NULL;
    for (int i = 0; i < w.source->count && !wrong; i++)
        wrong = safetensors_check(&w.source->files[i]);
    return wrong;
}

void weights_close(weights w)
{
    for (int i = 0; i < w.source->count; i++) safetensors_close(w.source->files[i]);
}

void weights_rest(weights w)
{
    for (int i = 0; i < w.source->count; i++) safetensors_rest(&w.source->files[i]);
}

/* ---- Looking up ---- */

weights weights_in(weights w, const char *format, ...)
{
    size_t used = strlen(w.path);
    va_list arguments;
    va_start(arguments, format);
    used += (size_t)vsnprintf(w.path + used, sizeof w.path - used, format, arguments);
    va_end(arguments);
    PROMISE(used + 1 < sizeof w.path, "weights_in: a path of less than 127 letters");
    memcpy(w.path + used, ".", 2);
    return w;
}

/* Where it stands: its data, and how many dims and numbers there are. */
static bool find(weights w, const char *name, safetensor *out)
{
    const weights_source *s = w.source;
    char asked[256];
    weights_alias alias = {0};
    snprintf(asked, sizeof asked, "%s%s", w.path, name);
    for (int attempt = 0;; attempt++, alias = (weights_alias){0}) {
        if (!s->naming && attempt == 0)
            memcpy(alias.name, asked, sizeof asked);
        else if (!s->naming || !s->naming(s->self, asked, attempt, &alias))
            return false;
        for (int i = 0; i < s->count; i++) {
            const safetensor *t = safetensors_find(&s->files[i], alias.name);
            if (!t) continue;
            *out = *t;
            if (alias.parts == 0) return true;
            if (t->dims == 0 || t->shape[0] % alias.parts != 0) return false;
            out->shape[0] /= alias.parts, out->count /= (size_t)alias.parts;
            out->bytes /= (size_t)alias.parts;
            out->data += (size_t)alias.part * out->bytes, out->name = NULL;
            return true;
        }
    }
}

static void note(weights w, const char *name, const safetensor *found, const int64_t *shape,
                 int dims)
{
    weights_source *s = w.source;
    char wanted[160], has[160] = "missing";
    bool has_name = found && found->name; /* a third of a tensor has none */
    if (*s->trouble) return;
    if (found && !found->usable)
        snprintf(has, sizeof has, "stored as %s; known are F32, F16 and BF16", found->dtype);
    else if (found)
        safetensors_shape(found->shape, found->dims, has);
    snprintf(s->trouble, sizeof s->trouble, "%.300s%s: tensor %s%.200s must be %s, and is %s",
             s->count ? s->files[0].path : "no file", s->count > 1 ? " and others" : "",
             has_name ? "" : w.path, has_name ? found->name : name,
             safetensors_shape(shape, dims, wanted), has);
}

/* The numbers, aligned. Sides of 1 at the end of a shape may be there or not. */
static weight wanted(weights w, const char *name, const int64_t *shape, int dims)
{
    safetensor t;
    bool there = find(w, name, &t), fits = there && t.usable && t.dims >= 1;
    for (int i = 0; fits && (i < dims || i < t.dims); i++)
        fits = (i < t.dims ? t.shape[i] : 1) == (i < dims ? shape[i] : 1);
    if (!fits) return note(w, name, there ? &t : NULL, shape, dims), (weight){0};
    weight out = {t.data, t.type};
    if ((size_t)t.data % dtype_size(t.type) == 0) return out;
    if (arena_left(*w.source->keep) < t.bytes) return note(w, name, &t, shape, dims), (weight){0};
    out.data = memcpy(arena_take(w.source->keep, t.bytes), t.data, t.bytes);
    return out;
}

weight weights_matrix(weights w, const char *name, int out, int in)
{
    return wanted(w, name, (int64_t[]){out, in}, 2);
}

weight weights_filter(weights w, const char *name, int out, int in)
{
    return wanted(w, name, (int64_t[]){out, in, 3, 3}, 4);
}

const float *weights_floats(weights w, const char *name, int n)
{
    weight found = wanted(w, name, (int64_t[]){n}, 1);
    size_t bytes = n > 0 ? (size_t)n * sizeof(float) : 0;
    if (found.data && found.type == DTYPE_F32) return found.data;
    if (arena_left(*w.source->keep) < bytes ||
        (!found.data && (w.source->zeros += bytes) > MOST_ZEROS))
        return NULL;
    float *wide = arena_take(w.source->keep, bytes);
    for (size_t i = 0; i < bytes / sizeof *wide; i++)
        wide[i] = found.data ? weight_at(found, i) : 0;
    return wide;
}

bool weights_has(weights w, const char *name)
{
    safetensor t;
    return find(w, name, &t);
}

int weights_side(weights w, const char *name, int side)
{
    safetensor t;
    bool there = find(w, name, &t) && side < t.dims && t.shape[side] <= INT_MAX;
    return there ? (int)t.shape[side] : 0;
}

error weights_trouble(weights w)
{
    return *w.source->trouble ? error_make("%s", w.source->trouble) : NULL;
}
