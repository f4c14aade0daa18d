/* Words in, picture out, beside diffusers: the same small random model, seed, prompt and sampler.
 * The model is written by tools/make_model. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parallel.h"
#include "draw/image.h"
#include "golden/pipeline.h"
#include "pipeline/picture.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = sizeof cases / sizeof *cases, EVERY = 37, PIXEL = 61, KEPT = 40 };
static arena memory, scratch;
static model tiny;
static char folder[1000];

static int open_model(void **state)
{
    (void)state;
    memory = arena_make((size_t)1 << 30), scratch = arena_make((size_t)4 << 30);
    return model_open(folder, &memory, scratch, &tiny) != NULL;
}

static picture_wish wish_of(int i)
{
    picture_wish w = picture_usual();
    w.prompt = "a red fox in the snow", w.negative = "blurry, text";
    w.sampler = cases[i].sampler, w.list = cases[i].list, w.steps = cases[i].steps;
    w.guidance = cases[i].guidance, w.width = cases[i].width, w.height = cases[i].height;
    w.batch = cases[i].batch, w.seed = (uint64_t)cases[i].seed;
    return w;
}

static void test_latents_and_pictures_are_those_of_diffusers(void **state)
{
    (void)state;
    double worst = 0;
    int worst_grey = 0;
    parallel_set_threads(1); /* so small a model has nothing to share */
    for (int i = 0; i < CASES; i++) {
        arena keep = memory;
        picture_wish w = wish_of(i);
        tensor x, picture;
        assert_null(picture_latents(&tiny, &w, &keep, scratch, &x));
        assert_null(picture_make(&tiny, &w, &keep, scratch, &picture));
        size_t n = tensor_count(x);
        float *field = arena_take(&keep, n * sizeof *field);
        tensor_to_nchw(field, x);
        double off = 0;
        for (size_t k = 0; k < KEPT && k * EVERY < n; k++)
            off = fmax(off, fabs((double)field[k * EVERY] - cases[i].latents[k]) / cases[i].size);
        image shown = image_from_tensor(&keep, picture, 0);
        int grey = 0;
        for (int k = 0; k < KEPT && k * PIXEL < shown.w * shown.h * 3; k++) {
            int apart = abs(shown.pixels[k * PIXEL] - cases[i].bytes[k]);
            grey = apart > grey ? apart : grey;
        }
        print_message("%-34s %-8s %2d steps: latents off by %.1e, bytes by %d\n",
                      w.sampler ? w.sampler : "the model's own", w.list ? w.list : "", w.steps, off,
                      grey);
        worst = fmax(worst, off), worst_grey = grey > worst_grey ? grey : worst_grey;
    }
    assert_true(worst < 4e-5); /* 2e-5 is seen: sums of another order, over some 20 steps */
    assert_true(worst_grey <= 1);
}

int main(int argc, char **argv)
{
    (void)argc;
    char command[3000];
    const char *slash = strrchr(argv[0], '/');
    int length = slash ? (int)(slash - argv[0]) : 0;
    snprintf(folder, sizeof folder, "%.*s/tiny_model", length, argv[0]);
    snprintf(command, sizeof command,
             "rm -rf '%s'; '%.*s/../tools/make_model' '%s' --tiny --seed 7", folder, length,
             argv[0], folder);
    if (system(command) != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latents_and_pictures_are_those_of_diffusers),
    };
    return cmocka_run_group_tests(tests, open_model, NULL);
}
