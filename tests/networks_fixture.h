/** @file networks_fixture.h
 *  Small networks for tests: files with the names and shapes that diffusers gives, and the numbers
 *  of tools/golden/networks.py. To be included first.
 */
#ifndef TESTS_NETWORKS_FIXTURE_H
#define TESTS_NETWORKS_FIXTURE_H
#include "nn_fixture.h"

#include "base/tensor.h"
#include "golden/networks.h"
#include "models/weights.h"
#include "says.h"

enum { NETWORKS_TENSORS = 600 /**< at most */ };

/** A network before it is loaded: change it at will. */
typedef struct {
    golden_tensor tensor[NETWORKS_TENSORS];
    int count;
    dtype type; /**< of matrices and filters; norms and biases are floats */
    const char *config;
} networks_file;

/** @def NETWORKS_FILE
 *  The network of that name. */
#define NETWORKS_FILE(name, type)                                                                 \
    networks_file_of(golden_##name##_table, sizeof golden_##name##_table / sizeof(golden_tensor), \
                     golden_##name##_config, type)
static inline networks_file networks_file_of(const golden_tensor *table, size_t count,
                                             const char *text, dtype type)
{
    networks_file f = {.count = (int)count, .type = type, .config = text};
    assert_true(count <= NETWORKS_TENSORS);
    memcpy(f.tensor, table, count * sizeof *table);
    return f;
}

static inline int networks_dims(const golden_tensor *t)
{
    int dims = 0;
    while (dims < 4 && t->shape[dims]) dims++;
    return dims;
}

static inline size_t networks_numbers(const golden_tensor *t)
{
    size_t n = 1;
    for (int i = 0; i < networks_dims(t); i++) n *= (size_t)t->shape[i];
    return n;
}

static inline size_t networks_bytes(const networks_file *f, int i)
{
    return networks_numbers(&f->tensor[i]) * (f->tensor[i].scale > 0 ? dtype_size(f->type) : 4);
}

/* The head of the file; returns its length. */
static inline size_t networks_head(const networks_file *f, char *head, size_t room)
{
    static const char *const types[] = {"F32", "F16", "BF16"};
    size_t at = 0, begin = 0;
    for (int i = 0; i < f->count; i++) {
        const golden_tensor *t = &f->tensor[i];
        size_t end = begin + networks_bytes(f, i);
        at += (size_t)snprintf(head + at, room - at,
                               "%s\"%s\":{\"dtype\":\"%s\",\"shape\":", i ? "," : "{", t->name,
                               types[t->scale > 0 ? f->type : DTYPE_F32]);
        for (int k = 0; k < networks_dims(t); k++)
            at += (size_t)snprintf(head + at, room - at, "%s%d", k ? "," : "[", t->shape[k]);
        at += (size_t)snprintf(head + at, room - at, "],\"data_offsets\":[%zu,%zu]}", begin, end);
        begin = end;
    }
    at += (size_t)snprintf(head + at, room - at, "}");
    while (at % 8) at += (size_t)snprintf(head + at, room - at, " ");
    assert_true(at < room);
    return at;
}

/* The numbers of tensor i: weights so large, norms about 1, biases about 0. */
static inline void networks_fill(const networks_file *f, int i, void *to)
{
    const golden_tensor *t = &f->tensor[i];
    size_t n = networks_numbers(t), length = strlen(t->name);
    float *x = malloc(n * sizeof *x);
    bool bias = length > 4 && !strcmp(t->name + length - 4, "bias");
    assert_non_null(x);
    nn_fill(x, n, (uint32_t)i + 1, t->scale > 0 ? t->scale : bias ? 0.25f : 0.5f);
    for (size_t k = 0; k < n && !bias && t->scale <= 0; k++) x[k] += 1;
    nn_weights(t->scale > 0 ? f->type : DTYPE_F32, to, x, n);
    free(x);
}

/** Write it to a file, and open that; to be given to weights_close(). The file has no name any
 *  more, but is there for as long as it is open. */
static inline weights networks_open(const networks_file *f, arena *keep)
{
    char path[] = "/tmp/networks_XXXXXX";
    int id = mkstemp(path);
    FILE *to = fdopen(id, "wb");
    static char head[1 << 17];
    size_t length = networks_head(f, head, sizeof head);
    assert_non_null(to);
    for (int i = 0; i < 8; i++) fputc((int)(length >> 8 * i & 255), to);
    fwrite(head, 1, length, to);
    for (int i = 0; i < f->count; i++) {
        void *data = malloc(networks_bytes(f, i));
        assert_non_null(data);
        networks_fill(f, i, data);
        fwrite(data, 1, networks_bytes(f, i), to);
        free(data);
    }
    assert_int_equal(fclose(to), 0);
    weights w;
    const char *paths[] = {path};
    error wrong = weights_open(paths, 1, keep, &w);
    remove(path);
    if (wrong) fail_msg("%s", wrong);
    return w;
}

/** Which tensor has this name. */
static inline golden_tensor *networks_find(networks_file *f, const char *name)
{
    for (int i = 0; i < f->count; i++)
        if (!strcmp(f->tensor[i].name, name)) return &f->tensor[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

/** Its config.json, with `old` replaced. */
static inline const config *networks_config(const char *text, const char *old, const char *with,
                                            arena *keep)
{
    char *copy = arena_take(keep, strlen(text) + strlen(with) + 1);
    const char *at = *old ? strstr(text, old) : text;
    assert_non_null(at);
    sprintf(copy, "%.*s%s%s", (int)(at - text), text, with, at + strlen(old));
    const config *c;
    error wrong = config_parse(copy, strlen(copy), "config.json", keep, &c);
    if (wrong) fail_msg("%s", wrong);
    return c;
}

/** Numbers of stream `seed`. */
static inline tensor networks_picture(arena *keep, uint32_t seed, float size, const int shape[4])
{
    tensor x = tensor_new(keep, shape[0], shape[1], shape[2], shape[3]);
    nn_fill(x.data, tensor_count(x), seed, size);
    return x;
}

/** Hold y to golden case i: off by at most `allowed` times the rms. */
static inline void networks_hold(size_t i, tensor y, double allowed)
{
    size_t n = tensor_count(y);
    double squares = 0, rms = golden_cases[i].rms;
    for (size_t k = 0; k < n; k++) squares += (double)y.data[k] * (double)y.data[k];
    nn_near("rms", i, (float)sqrt(squares / (double)n), rms, allowed * rms);
    for (size_t k = 0; k < GOLDEN_KEPT; k++)
        nn_near("network", 100 * i + k, y.data[k * (n - 1) / (GOLDEN_KEPT - 1)],
                golden_cases[i].y[k], allowed * rms);
}

#endif
