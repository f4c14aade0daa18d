/* The text encoder beside that of transformers: small random ones, every instruction set. */
#include "nn_fixture.h"

#include "aborts.h"
#include "golden/clip_text.h"
#include "models/clip_text.h"

enum { TEXTS = 3 };
static arena memory, scratch;

typedef struct {
    weights weights;
    clip_text encoder;
    arena keep;
} opened;

static error load(const char *name, const char *settings, opened *o)
{
    char path[100];
    const char *const paths[] = {path};
    snprintf(path, sizeof path, "tests/golden/clip_text_%s.safetensors", name);
    o->keep = memory;
    assert_null(weights_open(paths, 1, &o->keep, &o->weights));
    const config *c;
    snprintf(path, sizeof path, "tests/golden/clip_text_%s.json", name);
    if (settings)
        assert_null(config_parse(settings, strlen(settings), "it", &o->keep, &c));
    else
        assert_null(config_read(path, &o->keep, &c));
    return clip_text_load(o->weights, c, &o->keep, &o->encoder);
}

/* Numbers of size 1 after some ten sums of some twenty numbers each. */
static double allowed(void)
{
    return nn_bf16() ? 0.04 : 2e-6;
}

static void hold(const char *name, const int32_t *ids, const double *const *golden, size_t count)
{
    static float out[TEXTS * 11 * 24];
    opened o;
    assert_null(load(name, NULL, &o));
    int layers = o.encoder.layers;
    for (int skip = 0; skip <= layers; skip++) {
        memset(out, 0xff, sizeof out);
        assert_null(clip_text_apply(&o.encoder, ids, TEXTS, skip, out, scratch));
        const double *right = golden[skip ? skip - 1 : 0];
        for (size_t i = 0; i < count; i++)
            nn_near(name, i, out[7 * i], right[i], allowed() * (1 + fabs(right[i])));
    }
    weights_close(o.weights);
}

#define COUNT(x) (sizeof(x) / sizeof *(x))

static void test_as_transformers(void)
{
    const double *const quick[] = {golden_quick_1, golden_quick_2, golden_quick_3};
    const double *const odd[] = {golden_odd_1, golden_odd_2};
    hold("quick", golden_ids_quick, quick, COUNT(golden_quick_1));
    hold("odd", golden_ids_odd, odd, COUNT(golden_odd_1));
}

static void test_a_text_alone_has_the_same_bits(void)
{
    enum { MANY = 19, IDS = 11, NUMBERS = 11 * 24 };
    static int32_t ids[MANY * IDS];
    static float out[MANY * NUMBERS], alone[NUMBERS];
    opened o;
    assert_null(load("quick", NULL, &o));
    for (int i = 0; i < MANY * IDS; i++) ids[i] = i * i % 50;
    assert_null(clip_text_apply(&o.encoder, ids, MANY, 2, out, scratch));
    for (int i = 0; i < MANY; i++) {
        parallel_set_threads(1 + i % 3);
        assert_null(clip_text_apply(&o.encoder, ids + i * IDS, 1, 2, alone, scratch));
        assert_memory_equal(alone, out + i * NUMBERS, sizeof alone);
    }
    weights_close(o.weights);
}

/* What does not fit is said. `settings` is the configuration; NULL: the right one. */
static void refused(const char *settings, const char *const *words)
{
    opened o;
    error wrong = load("quick", settings, &o);
    assert_non_null(wrong);
    for (; *words; words++)
        if (!strstr(wrong, *words)) fail_msg("\"%s\" does not say \"%s\"", wrong, *words);
    weights_close(o.weights);
}

#define SIZES                                                                   \
    "\"vocab_size\": 50, \"intermediate_size\": 40, \"num_hidden_layers\": 3, " \
    "\"max_position_embeddings\": 11"
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_what_does_not_fit_is_said(void)
{
    refused("{" SIZES ", \"hidden_size\": 32, \"num_attention_heads\": 4}",
            WORDS("clip_text_quick.safetensors", "token_embedding", "50", "32", "24"));
    refused("{" SIZES ", \"hidden_size\": 24, \"num_attention_heads\": 5}",
            WORDS("it: ", "hidden_size", "24", "num_attention_heads", "5"));
    refused("{" SIZES ", \"hidden_size\": 24, \"num_attention_heads\": 0}",
            WORDS("num_attention_heads", "is 0"));
    refused("{" SIZES ", \"hidden_size\": 2000000000, \"num_attention_heads\": 4}",
            WORDS("hidden_size", "2000000000", "65536"));
    refused("{" SIZES ", \"hidden_size\": \"24\"}", WORDS("hidden_size", "number"));
    refused("{" SIZES
            ", \"hidden_size\": 24, \"num_attention_heads\": 4, \"hidden_act\": \"relu\"}",
            WORDS("hidden_act", "relu", "quick_gelu, gelu"));
    refused("{" SIZES ", \"hidden_size\": 24, \"num_attention_heads\": 4, \"layer_norm_eps\": 0}",
            WORDS("layer_norm_eps"));
    refused("{\"vocab_size\": 50, \"intermediate_size\": 40, \"num_hidden_layers\": 4, "
            "\"max_position_embeddings\": 11, \"hidden_size\": 24, \"num_attention_heads\": 4}",
            WORDS("layers.3.layer_norm1.weight"));
}

static void test_ids_and_skips_out_of_range(void)
{
    float out[11 * 24];
    int32_t ids[11] = {0};
    opened o;
    assert_null(load("quick", NULL, &o));
    assert_null(clip_text_apply(&o.encoder, ids, 1, 3, out, scratch));
    error wrong = clip_text_apply(&o.encoder, ids, 1, 4, out, scratch);
    assert_true(wrong && strstr(wrong, "clip skip 4") && strstr(wrong, "3 layers"));
    assert_non_null(clip_text_apply(&o.encoder, ids, 1, -1, out, scratch));
    static const int32_t outside[] = {50, -1, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 4; i++) {
        ids[10] = outside[i];
        wrong = clip_text_apply(&o.encoder, ids, 1, 1, out, scratch);
        assert_true(wrong && strstr(wrong, "id"));
    }
    ids[10] = 49;
    arena little = scratch;
    little.end = little.begin + 4096;
    wrong = clip_text_apply(&o.encoder, ids, 1, 1, out, little);
    assert_true(wrong && strstr(wrong, "memory"));
    weights_close(o.weights);
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_as_transformers),
        NN_TEST(test_a_text_alone_has_the_same_bits),
        NN_TEST(test_what_does_not_fit_is_said),
        NN_TEST(test_ids_and_skips_out_of_range),
    };
    memory = arena_make((size_t)1 << 24), scratch = arena_make((size_t)1 << 28);
    return nn_run(tests, COUNT(tests));
}
