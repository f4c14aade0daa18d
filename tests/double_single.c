/* Samplers that ask more than once in a step: DPM adaptive number for number against k-diffusion in
 * double, with its attempts counted, ... */
#include "golden/adaptive.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena memory;

/* ---- DPM adaptive against k-diffusion ---- */

static bool count(void *self, const sampler *s, tensor x)
{
    (void)x;
    *(int *)self += s->sigma > 0;
    return true;
}

/* Seen: 2e-9, of which half is that nine digits are printed. */
static void adaptive_is_k_diffusions(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden_adaptive / sizeof *golden_adaptive; k++) {
        const golden_walk *g = &golden_adaptive[k];
        arena a = memory;
        int accepted = 0, order = g->options.order ? g->options.order : 3, zero = g->n == 2;
        tensor x = tensor_new(&a, GOLDEN_N, GOLDEN_H, GOLDEN_W, GOLDEN_C);
        rng r = rng_torch(g->seed);
        rng_normal(&r, x, a);
        tensor_scale(x, g->sigma[0], x);
        sampler s = sampler_make(&sampler_dpm_adaptive, strcmp(g->model, "line") ? toy_bells : toy_line,
                                 toy_list(&a, g->n, g->sigma), noise_fresh(r));
        s.options = g->options;
        s.watch = count, s.watcher = &accepted;
        assert_null(sampler_run(&s, x, a));
        real ours[GOLDEN_N * GOLDEN_H * GOLDEN_W * GOLDEN_C];
        tensor_to_nchw(ours, x);
        double most=0;
        for (int i = 0; i < GOLDEN_KEPT; i++)
            most = fmax(most, fabs((double)ours[GOLDEN_EVERY * i] - g->x[i]));
        const int *t = golden_adaptive_tries[k];
        int calls = t[2] - t[1] + (zero ? s.options.as_published ? 1 : 3 : 0);
        print_message("%zu order %d: %g; %d %d; %d %d\n", k, order, most, accepted, t[0], s.calls, calls);
    }
}
int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adaptive_is_k_diffusions),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
