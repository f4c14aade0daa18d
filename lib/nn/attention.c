#include "nn/attention.h"
#include "nn/kernels.h"
#include "nn/profile.h"
#include <math.h>

/* A head of a token of a picture. */
static size_t at(const attention *a, int tokens, int stride, int picture, int token, int head)
{
    return ((size_t)picture * (size_t)tokens + (size_t)token) * (size_t)stride +
           (size_t)head * (size_t)a->size;
}

/*     y = sum over j of e^(s[j] - most) v[j] / sum over j of e^(s[j] - most),
 *     s[j] = scale q . k[j]
 *
 * most, the largest score, changes nothing but keeps e^s from overflowing. */
static void plain(const attention *a, int picture, int head, int i, double *s)
{
    const float *q = a->q + at(a, a->queries, a->q_stride, picture, i, head);
    const float *k = a->k + at(a, a->keys, a->k_stride, picture, 0, head);
    const float *v = a->v + at(a, a->keys, a->v_stride, picture, 0, head);
    float *y = a->y + at(a, a->queries, a->heads * a->size, picture, i, head);
    int keys = a->causal && i < a->keys ? i + 1 : a->keys;
    double most = -HUGE_VAL, sum = 0;
    for (int j = 0; j < keys; j++, k += a->k_stride) {
        s[j] = 0;
        for (int c = 0; c < a->size; c++) s[j] += (double)a->scale * (double)q[c] * (double)k[c];
        most = fmax(most, s[j]);
    }
    for (int j = 0; j < keys; j++) sum += s[j] = exp(s[j] - most);
    for (int c = 0; c < a->size; c++) {
        double mean = 0;
        for (int j = 0; j < keys; j++)
            mean += s[j] / sum * (double)v[(size_t)j * (size_t)a->v_stride + (size_t)c];
        y[c] = (float)mean;
    }
}

static attention usual(attention a)
{
    double heads = a.n > 0 ? (double)a.n * a.heads : 0;
    kernels_check(heads * a.queries, heads * a.keys, 512 * heads * a.size); /* 512: of a row */
    int channels = a.heads * a.size;
    if (!a.q_stride) a.q_stride = channels;
    if (!a.k_stride) a.k_stride = channels;
    if (!a.v_stride) a.v_stride = channels;
    if (a.scale == 0) a.scale = 1 / sqrtf((float)a.size);
    return a;
}

size_t attention_room(attention a)
{
    const kernels *fast = isa_kernels();
    a = usual(a);
    return fast ? fast->attention_room(&a) : (size_t)a.keys * sizeof(double) + 128;
}

void attention_apply(attention a, arena scratch)
{
    double enter = profile_enter();
    const kernels *fast = isa_kernels();
    PROMISE(attention_room(a) <= arena_left(scratch), "attention: less than attention_room()");
    a = usual(a);
    if (fast)
        fast->attention(&a, scratch);
    else {
        double *s = arena_take(&scratch, (size_t)a.keys * sizeof *s);
        for (int picture = 0; picture < a.n; picture++)
            for (int head = 0; head < a.heads; head++)
                for (int i = 0; i < a.queries; i++) plain(&a, picture, head, i, s);
    }
    arena_forget(scratch);
    /* where it is causal half of the pairs, if all that are asked also ask */
    double flop = (a.causal ? 2.0 : 4.0) * a.n * a.heads * a.size * a.queries * a.keys;
    profile_leave(enter, flop, "attention %d x %d to %d, %d x %d", a.n, a.queries, a.keys, a.heads,
                  a.size);
}
