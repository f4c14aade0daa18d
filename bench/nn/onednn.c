/* oneDNN 2, through its C interface; found when the bench runs, its header when it is built. */
#include "peers.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __has_include
#if __has_include(<dnnl.h>)
#include <dnnl.h>
#endif
#endif

#if defined(DNNL_VERSION_MAJOR) && DNNL_VERSION_MAJOR == 2

/* Their functions, by the names behind dnnl_. All are here, or `engine` is NULL. */
/* clang-format off */
#define FUNCTIONS                                                                              \
    X(engine_create) X(stream_create) X(stream_wait) X(memory_desc_init_by_tag)                \
    X(memory_create) X(memory_destroy) X(primitive_desc_create) X(primitive_desc_query_md)     \
    X(primitive_desc_destroy) X(primitive_create) X(primitive_destroy) X(primitive_execute)    \
    X(reorder_primitive_desc_create) X(inner_product_forward_desc_init) X(matmul_desc_init)    \
    X(convolution_forward_desc_init) X(sgemm) X(version) X(get_effective_cpu_isa)
/* clang-format on */
#define X(name) static __typeof__(dnnl_##name) *name;
FUNCTIONS
#undef X

static dnnl_engine_t engine;
static dnnl_stream_t stream;

struct onednn_layer {
    dnnl_primitive_t work;
    dnnl_memory_t x, weights, y;        /* in their formats */
    dnnl_memory_desc_t theirs, as_ours; /* the result as it stands, and as we want it */
};

static void multiply(const gemm *g)
{
    sgemm('N', g->turned ? 'T' : 'N', g->m, g->n, g->k, g->scale, g->a, g->step_a, g->b, g->step_b,
          0, g->c, g->step_c);
}

static bool find_all(void *library)
{
    void *at;
#define X(name)                         \
    at = dlsym(library, "dnnl_" #name); \
    memcpy(&name, &at, sizeof at);      \
    if (!at) return false;
    FUNCTIONS
#undef X
    return true;
}

void onednn_open(peer *out)
{
    void *library = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!library || !find_all(library) || engine_create(&engine, dnnl_cpu, 0) != dnnl_success ||
        stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success)
        return;
    int isa = (int)get_effective_cpu_isa();
    snprintf(out->about, sizeof out->about, "%d.%d.%d, %s", version()->major, version()->minor,
             version()->patch,
             isa >= 0x27 && isa != 0x407 ? "avx512"
             : isa >= 7                  ? "avx2"
                                         : "sse or avx");
    out->multiply = multiply;
}

static dnnl_memory_desc_t described(int count, const int64_t *sizes, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t d;
    memory_desc_init_by_tag(&d, count, sizes, dnnl_f32, tag);
    return d;
}

static void run(dnnl_primitive_t work, int count, const dnnl_exec_arg_t *args)
{
    primitive_execute(work, stream, count, args);
    stream_wait(stream);
}

static void move(dnnl_memory_t from, const dnnl_memory_desc_t *from_as, dnnl_memory_t to,
                 const dnnl_memory_desc_t *to_as)
{
    dnnl_primitive_desc_t how;
    dnnl_primitive_t work;
    if (reorder_primitive_desc_create(&how, from_as, engine, to_as, engine, NULL) != dnnl_success ||
        primitive_create(&work, how) != dnnl_success)
        abort();
    run(work, 2, (dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    primitive_destroy(work);
    primitive_desc_destroy(how);
}

/* Memory for one side of a layer, in the format that it asks for; filled from `data`, if there is
 * any. */
static dnnl_memory_t placed(dnnl_primitive_desc_t how, dnnl_query_t side, const float *data,
                            const dnnl_memory_desc_t *ours)
{
    const dnnl_memory_desc_t *theirs = primitive_desc_query_md(how, side, 0);
    dnnl_memory_t to, from;
    memory_create(&to, theirs, engine, DNNL_MEMORY_ALLOCATE);
    if (!data) return to;
    void *at; /* they only read it, but have no way to say so */
    memcpy(&at, &data, sizeof at);
    memory_create(&from, ours, engine, at);
    move(from, ours, to, theirs);
    memory_destroy(from);
    return to;
}

/* The arrays of a shape: as we have them, and as the library may have them ("any"). */
typedef struct {
    dnnl_memory_desc_t x, weights, y;
} arrays;

static arrays linear_arrays(onednn_kind kind, const onednn_shape *s, bool any)
{
    dnnl_dims_t x = {s->n, s->in}, w = {s->out, s->in}, turned = {s->in, s->out},
                y = {s->n, s->out};
    dnnl_format_tag_t rows = any ? dnnl_format_tag_any : dnnl_ab,
                      columns = any ? dnnl_format_tag_any : dnnl_ba;
    return (arrays){described(2, x, rows),
                    kind == ONEDNN_MATMUL ? described(2, turned, columns) : described(2, w, rows),
                    described(2, y, rows)};
}

static arrays conv_arrays(const onednn_shape *s, bool any)
{
    dnnl_dims_t x = {s->n, s->in, s->stride * s->h, s->stride * s->w},
                w = {s->out, s->in, s->size, s->size}, y = {s->n, s->out, s->h, s->w};
    dnnl_format_tag_t free = dnnl_format_tag_any;
    return (arrays){described(4, x, any ? free : dnnl_nhwc),
                    described(4, w, any ? free : dnnl_oihw),
                    described(4, y, any ? free : dnnl_nhwc)};
}

static bool how_to(onednn_kind kind, const onednn_shape *s, dnnl_primitive_desc_t *how)
{
    union {
        dnnl_inner_product_desc_t inner;
        dnnl_matmul_desc_t matmul;
        dnnl_convolution_desc_t conv;
    } what;
    bool linear = kind == ONEDNN_INNER_PRODUCT || kind == ONEDNN_MATMUL;
    arrays a = linear ? linear_arrays(kind, s, true) : conv_arrays(s, true);
    dnnl_dims_t stride = {s->stride, s->stride}, before = {s->size / 2, s->size / 2},
                after = {s->size / 2 - s->stride + 1, s->size / 2 - s->stride + 1};
    dnnl_status_t status = dnnl_success;
    if (kind == ONEDNN_INNER_PRODUCT)
        status = inner_product_forward_desc_init(&what.inner, dnnl_forward_inference, &a.x,
                                                 &a.weights, NULL, &a.y);
    else if (kind == ONEDNN_MATMUL)
        status = matmul_desc_init(&what.matmul, &a.x, &a.weights, NULL, &a.y);
    else
        status = convolution_forward_desc_init(&what.conv, dnnl_forward_inference,
                                               kind == ONEDNN_DIRECT ? dnnl_convolution_direct
                                                                     : dnnl_convolution_winograd,
                                               &a.x, &a.weights, NULL, &a.y, stride, before, after);
    return status == dnnl_success &&
           primitive_desc_create(how, &what, NULL, engine, NULL) == dnnl_success;
}

onednn_layer *onednn_make(onednn_kind kind, const onednn_shape *shape)
{
    dnnl_primitive_desc_t how;
    if (!engine || !how_to(kind, shape, &how)) return NULL;
    onednn_layer *l = calloc(1, sizeof *l);
    bool linear = kind == ONEDNN_INNER_PRODUCT || kind == ONEDNN_MATMUL;
    arrays ours = linear ? linear_arrays(kind, shape, false) : conv_arrays(shape, false);
    if (!l || primitive_create(&l->work, how) != dnnl_success) abort();
    l->x = placed(how, dnnl_query_src_md, shape->x, &ours.x);
    l->weights = placed(how, dnnl_query_weights_md, shape->weights, &ours.weights);
    l->y = placed(how, dnnl_query_dst_md, NULL, NULL);
    l->as_ours = ours.y;
    l->theirs = *primitive_desc_query_md(how, dnnl_query_dst_md, 0);
    primitive_desc_destroy(how);
    return l;
}

void onednn_run(void *layer)
{
    const onednn_layer *l = layer;
    run(l->work, 3,
        (dnnl_exec_arg_t[]){
            {DNNL_ARG_SRC, l->x}, {DNNL_ARG_WEIGHTS, l->weights}, {DNNL_ARG_DST, l->y}});
}

void onednn_result(void *layer, float *y)
{
    const onednn_layer *l = layer;
    dnnl_memory_t to;
    memory_create(&to, &l->as_ours, engine, y);
    move(l->y, &l->theirs, to, &l->as_ours);
    memory_destroy(to);
}

void onednn_free(onednn_layer *l)
{
    if (!l) return;
    primitive_destroy(l->work);
    memory_destroy(l->x), memory_destroy(l->weights), memory_destroy(l->y);
    free(l);
}

#else

void onednn_open(peer *out)
{
    snprintf(out->about, sizeof out->about, "this was built without the header of oneDNN 2");
}

onednn_layer *onednn_make(onednn_kind kind, const onednn_shape *shape)
{
    (void)kind, (void)shape;
    return NULL;
}

void onednn_run(void *layer)
{
    (void)layer;
}

void onednn_result(void *layer, float *y)
{
    (void)layer, (void)y;
}

void onednn_free(onednn_layer *layer)
{
    (void)layer;
}

#endif
