/* Words in, picture out, beside diffusers: the same small random models (made as Stable Diffusion
 * 1.x and as 2.x), seed, prompt and sampler. tools/make_model writes them. */
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
#include "says.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = sizeof cases / sizeof *cases, EVERY = 37, PIXEL = 61, KEPT = 40 };
static arena memory, scratch;
static model models[2];
static char folders[2][900];

static int open_model(void **state)
{
    (void)state;
    memory = arena_make((size_t)1 << 30), scratch = arena_make((size_t)4 << 30);
    for (int i = 0; i < 2; i++)
        if (model_open(folders[i], &memory, scratch, &models[i])) return 1;
    return 0;
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
        assert_null(picture_latents(&models[cases[i].two], &w, &keep, scratch, &x));
        assert_null(picture_make(&models[cases[i].two], &w, &keep, scratch, &picture));
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
        print_message("%s %-34s %-8s %2d steps: latents off by %.1e, bytes by %d\n",
                      cases[i].two ? "2.x" : "1.x", w.sampler ? w.sampler : "the model's own",
                      w.list ? w.list : "", w.steps, off, grey);
        worst = fmax(worst, off), worst_grey = grey > worst_grey ? grey : worst_grey;
    }
    assert_true(worst < 4e-5); /* 2e-5 is seen: sums of another order, over some 20 steps */
    assert_true(worst_grey <= 1);
}

static void test_a_wish_without_words_is_refused(void **state)
{
    (void)state;
    tensor x;
    for (int i = 0; i < 2; i++) {
        arena keep = memory;
        picture_wish w = wish_of(0);
        *(i ? &w.prompt : &w.negative) = NULL;
        assert_says(picture_latents(&models[0], &w, &keep, scratch, &x), "no prompt, or no");
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    char command[6000];
    const char *slash = strrchr(argv[0], '/');
    int length = slash ? (int)(slash - argv[0]) : 0;
    for (int i = 0; i < 2; i++) {
        snprintf(folders[i], sizeof folders[i], "%.*s/tiny_model_%d", length, argv[0], i + 1);
        snprintf(command, sizeof command,
                 "rm -rf '%s'; '%.*s/../tools/make_model' '%s' --tiny --seed 7 %s", folders[i],
                 length, argv[0], folders[i], i ? "--two" : "");
        if (system(command) != 0) return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wish_without_words_is_refused),
        cmocka_unit_test(test_latents_and_pictures_are_those_of_diffusers),
    };
    return cmocka_run_group_tests(tests, open_model, NULL);
}
