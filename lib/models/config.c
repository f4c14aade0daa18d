#include "models/config.h"
#include "base/file.h"
#include <jansson.h>
#include <limits.h>
#include <string.h>

static const size_t LARGEST = (size_t)16 << 20;

struct config_file {
    const char *name;
    char trouble[512]; /* empty: none */
};

/* ---- Reading ---- */

/* What jansson has built, laid out in an arena: so nobody has to free it. */
typedef struct {
    arena *keep;
    char *texts; /* free room for texts; never more than the file itself has */
    config_file *file;
} copier;

static const char *copy_text(copier *c, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = memcpy(c->texts, text, bytes);
    c->texts += bytes;
    return copy;
}

/* A value, and those of a list, or of a table with their names. false: no room. */
static bool copy_value(copier *c, json_t *from, config *to)
{
    to->file = c->file;
    if (json_is_boolean(from)) to->kind = CONFIG_BOOL, to->number = json_is_true(from);
    if (json_is_number(from)) to->kind = CONFIG_NUMBER, to->number = json_number_value(from);
    if (json_is_string(from))
        to->kind = CONFIG_TEXT, to->text = copy_text(c, json_string_value(from));
    if (!json_is_array(from) && !json_is_object(from)) return true;
    to->kind = json_is_array(from) ? CONFIG_LIST : CONFIG_TABLE;
    size_t n = json_is_array(from) ? json_array_size(from) : json_object_size(from);
    if (n > INT_MAX || arena_left(*c->keep) / sizeof(config) <= n + 1) return false;
    config *inside = arena_take(c->keep, n * sizeof *inside);
    to->inside = inside, to->count = (int)n;
    void *at = json_object_iter(from); /* NULL for a list */
    for (size_t i = 0; i < n; i++) {
        json_t *value = at ? json_object_iter_value(at) : json_array_get(from, i);
        inside[i] = (config){.key = at ? copy_text(c, json_object_iter_key(at)) : NULL};
        if (!copy_value(c, value, &inside[i])) return false;
        if (at) at = json_object_iter_next(from, at);
    }
    return true;
}

static bool copy_file(json_t *root, size_t bytes, const char *name, arena *keep, const config **out)
{
    size_t name_bytes = strlen(name) + 1;
    if (arena_left(*keep) / 2 < sizeof(config_file) + sizeof(config) + name_bytes + bytes + 1024)
        return false;
    config_file *about = arena_take(keep, sizeof *about);
    config *whole = arena_take(keep, sizeof *whole);
    copier c = {keep, arena_take(keep, name_bytes + bytes), about};
    *about = (config_file){copy_text(&c, name), ""};
    *whole = (config){0};
    *out = whole;
    return copy_value(&c, root, whole);
}

error config_parse(const void *text, size_t bytes, const char *name, arena *keep,
                   const config **out)
{
    json_error_t why;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &why);
    if (!root) return error_make("%.300s: line %d is not JSON: %s", name, why.line, why.text);
    arena tried = *keep;
    const config *whole = NULL;
    bool table = json_is_object(root), room = copy_file(root, bytes, name, &tried, &whole);
    json_decref(root);
    if (!table) return error_make("%.300s: it is a list, not a table", name);
    if (!room) return error_make("%.300s: %zu bytes of JSON are too many for memory", name, bytes);
    *keep = tried, *out = whole;
    return NULL;
}

error config_read(const char *path, arena *keep, const config **out)
{
    file f;
    error wrong = file_map(path, &f);
    if (wrong) return wrong;
    if (f.bytes > LARGEST)
        wrong = error_make("%.300s has %zu bytes, more than a configuration has", path, f.bytes);
    else
        wrong = config_parse(f.data ? (const char *)f.data : "", f.bytes, path, keep, out);
    file_unmap(f);
    return wrong;
}

/* ---- Asking ---- */

const char *config_name(const config *c)
{
    return c->file->name;
}

const config *config_find(const config *c, const char *key)
{
    for (int i = 0; i < c->count; i++)
        if (c->inside[i].key && strcmp(c->inside[i].key, key) == 0)
            return c->inside[i].kind == CONFIG_NULL ? NULL : &c->inside[i];
    return NULL;
}

/* The value if it is of that kind, else NULL; if it is there and of another kind, that is noted. */
static const config *of_kind(const config *c, const char *key, const config *value,
                             config_kind kind)
{
    static const char *const names[] = {"null",   "true or false", "a number",
                                        "a text", "a list",        "a table"};
    if (!value || value->kind == kind) return value;
    if (!*c->file->trouble)
        snprintf(c->file->trouble, sizeof c->file->trouble,
                 "%.300s: \"%.64s\" must be %s, and is %s", c->file->name, key, names[kind],
                 names[value->kind]);
    return NULL;
}

static int whole(const config *c, const char *key, const config *value, int otherwise)
{
    value = of_kind(c, key, value, CONFIG_NUMBER);
    if (!value) return otherwise;
    double x = value->number;
    if (x >= INT_MIN && x <= INT_MAX && x == (int)x) return (int)x;
    if (!*c->file->trouble)
        snprintf(c->file->trouble, sizeof c->file->trouble,
                 "%.300s: \"%.64s\" must be a whole number, and is %g", c->file->name, key, x);
    return otherwise;
}

int config_int(const config *c, const char *key, int otherwise)
{
    return whole(c, key, config_find(c, key), otherwise);
}

double config_number(const config *c, const char *key, double otherwise)
{
    const config *value = of_kind(c, key, config_find(c, key), CONFIG_NUMBER);
    return value ? value->number : otherwise;
}

bool config_bool(const config *c, const char *key, bool otherwise)
{
    const config *value = of_kind(c, key, config_find(c, key), CONFIG_BOOL);
    return value ? value->number > 0 : otherwise;
}

const char *config_text(const config *c, const char *key, const char *otherwise)
{
    const config *value = of_kind(c, key, config_find(c, key), CONFIG_TEXT);
    return value ? value->text : otherwise;
}

int config_count(const config *c, const char *key)
{
    const config *value = config_find(c, key);
    return !value ? 0 : value->kind == CONFIG_LIST ? value->count : 1;
}

static const config *value_at(const config *c, const char *key, int i)
{
    const config *value = config_find(c, key);
    if (!value || value->kind != CONFIG_LIST) return value;
    if (i >= 0 && i < value->count) return &value->inside[i];
    if (!*c->file->trouble)
        snprintf(c->file->trouble, sizeof c->file->trouble,
                 "%.300s: \"%.64s\" has %d values, too few", c->file->name, key, value->count);
    return NULL;
}

int config_int_at(const config *c, const char *key, int i, int otherwise)
{
    return whole(c, key, value_at(c, key, i), otherwise);
}

const char *config_text_at(const config *c, const char *key, int i, const char *otherwise)
{
    const config *value = of_kind(c, key, value_at(c, key, i), CONFIG_TEXT);
    return value ? value->text : otherwise;
}

error config_trouble(const config *c)
{
    return *c->file->trouble ? error_make("%s", c->file->trouble) : NULL;
}

error config_blame(const config *c, error wrong)
{
    bool named = !wrong || strstr(wrong, c->file->name);
    return named ? wrong : error_make("%.300s: %s", c->file->name, wrong);
}
