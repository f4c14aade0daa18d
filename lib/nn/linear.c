#include "nn/linear.h"
#include "base/error.h"
#include "nn/kernels.h"
#include "nn/profile.h"

/*     y[i][o] = after(sum over k of norm(x[i])[k] w[o][k] + bias[o]) + add[i][o] */
static float before_activation(const linear *l, const float *row, int o)
{
    double sum = l->bias ? (double)l->bias[o] : 0;
    size_t at = (size_t)o * (size_t)l->in;
    for (int k = 0; k < l->in; k++) sum += (double)row[k] * (double)weight_at(l->w, at + (size_t)k);
    return (float)sum;
}

static void plain(const linear *l, float *row)
{
    for (int i = 0; i < l->rows; i++) {
        norm_row(&l->before, i, l->x + (size_t)i * (size_t)l->in, l->in, row);
        for (int o = 0; o < l->out; o++) {
            size_t at = (size_t)i * (size_t)l->out + (size_t)o;
            float sum = before_activation(l, row, o);
            float y = activate_one(l->after, l->gate ? before_activation(l, row, l->out + o) : sum);
            l->y[at] = (l->gate ? sum * y : y) + (l->add ? l->add[at] : 0);
        }
    }
}

void linear_apply(linear l, arena scratch)
{
    PROMISE(l.x != l.y && linear_room(l) <= arena_left(scratch),
            "linear_apply: y is x, or scratch is less than linear_room()");
    norm_check(&l.before);
    double enter = profile_enter();
    const kernels *fast = isa_kernels();
    if (fast)
        fast->linear(&l, scratch);
    else
        plain(&l, arena_take(&scratch, (size_t)l.in * sizeof *l.x));
    arena_forget(scratch);
    double flop = 2.0 * l.rows * l.in * l.out * (l.gate ? 2 : 1);
    profile_leave(enter, flop, "linear %d rows, %d to %d%s", l.rows, l.in, l.out,
                  l.gate ? ", gate" : "");
}

size_t linear_room(linear l)
{
    const kernels *fast = isa_kernels();
    kernels_check(l.rows, l.in, 2.0 * l.out);
    return fast ? fast->linear_room(&l) : (size_t)l.in * sizeof *l.x + 128;
}
