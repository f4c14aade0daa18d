/* Small UNets against diffusers (tools/golden/networks.py), and what is promised of all. */
#include "networks_fixture.h"

#include "models/unet.h"

enum { UNETS = 3 };

static arena memory; /* free, behind what lives until the end */
static networks_file files[UNETS];
static weights opened[UNETS];
static unet unets[UNETS];

static tensor applied(const unet *u, tensor x, double t, tensor text, arena *keep)
{
    tensor out = tensor_new(keep, x.n, x.h, x.w, u->config.out);
    transformer_text words = unet_remember(u, text, keep);
    unet_apply(u, x, t, words, out, nn_cut(*keep, unet_room(u, x, text.w)));
    return out;
}

static tensor words_for(const unet *u, int n, arena *keep)
{
    return networks_picture(keep, 1001, 1, (const int[]){n, 1, 7, u->config.text});
}

/* Some hundred layers, each off by some 1e-6 of its numbers; with products rounded to bf16 by some
 * 2^-9, which softmax makes larger. */
static void test_golden(void)
{
    for (size_t i = 0; i < sizeof golden_cases / sizeof *golden_cases; i++) {
        arena keep = memory;
        if ((int)golden_cases[i].name >= UNETS) continue;
        const unet *u = &unets[golden_cases[i].name];
        int n = golden_cases[i].n, h = golden_cases[i].h, w = golden_cases[i].w;
        tensor x = networks_picture(&keep, 1000, 2, (const int[]){n, h, w, u->config.in});
        tensor y = applied(u, x, golden_cases[i].t, words_for(u, n, &keep), &keep);
        networks_hold(i, y, nn_bf16() ? 0.1 : 1e-5);
    }
}

static void test_same_bits(void)
{
    for (int k = 0; k < UNETS; k++) {
        arena keep = memory;
        const unet *u = &unets[k];
        tensor x = networks_picture(&keep, 1000, 2, (const int[]){3, 5, 6, u->config.in});
        tensor text = words_for(u, 3, &keep);
        parallel_set_threads(1);
        tensor y = applied(u, x, 250, text, &keep);
        for (int threads = 2; threads <= 3; threads++) {
            parallel_set_threads(threads);
            tensor same = applied(u, x, 250, text, &keep);
            assert_memory_equal(same.data, y.data, tensor_count(y) * sizeof *y.data);
        }
        for (int p = 0; p < 3; p++) {
            tensor alone =
                applied(u, tensor_pictures(x, p, 1), 250, tensor_pictures(text, p, 1), &keep);
            assert_memory_equal(alone.data, tensor_pictures(y, p, 1).data,
                                tensor_count(alone) * sizeof *y.data);
        }
    }
}

/* Where rooms are larger than what layers take beside them; applied() gives no more than it must.
 * Too much work for the plain twins. */
static void test_room(void)
{
    arena keep = memory;
    const unet *u = &unets[1];
    if (!strcmp(isa_name(), "plain")) return;
    parallel_set_threads(1);
    tensor x = networks_picture(&keep, 1000, 2, (const int[]){1, 64, 63, u->config.in});
    assert_true(tensor_finite(applied(u, x, 250, words_for(u, 1, &keep), &keep)));
}

#define SAME(f) assert_memory_equal(&c.f, &usual.f, sizeof c.f)
static void test_usual_is_sd_1(void)
{
    arena keep = memory;
    unet_config c, usual = unet_usual();
    error wrong = unet_read(networks_config("{\"cross_attention_dim\": 768}", "", "", &keep), &c);
    assert_null(wrong);
    SAME(in);
    SAME(out);
    SAME(levels);
    SAME(channels);
    SAME(layers);
    SAME(heads);
    SAME(transformers);
    SAME(text_down);
    SAME(text_up);
    SAME(middle);
    SAME(text);
    SAME(groups);
    SAME(epsilon);
    SAME(time.sines_first);
    SAME(time.shift); /* unet_load() sets the width */
#undef SAME
}

/* What must be said of a file or a config; the words of a line. */
static void test_weights_refused(void)
{
    static networks_file f;
    unet u;
    arena keep = memory;
    f = files[0];
    *networks_find(&f, "mid_block.attentions.0.proj_in.weight") = f.tensor[--f.count];
    weights w = networks_open(&f, &keep);
    error wrong = unet_load(w, unets[0].config, &keep, &u);
    assert_says(wrong, "mid_block.attentions.0.proj_in.weight");
    assert_says(wrong, "/tmp/networks_");
    weights_close(w);
    f = files[0];
    networks_find(&f, "up_blocks.1.resnets.0.conv1.weight")->shape[1] = 127;
    w = networks_open(&f, &keep);
    wrong = unet_load(w, unets[0].config, &keep, &u);
    assert_says(wrong, "up_blocks.1.resnets.0.conv1.weight");
    assert_says(wrong, "[64, 127, 3, 3]");
    assert_says(wrong, "[64, 128, 3, 3]");
    weights_close(w);
}

static void test_config_refused(void)
{
    static const char *const cases[][3] = {
        {"\"num_class_embeds\": null", "\"num_class_embeds\": 5", "num_class_embeds"},
        {"\"act_fn\": \"silu\"", "\"act_fn\": \"gelu\"", "only silu is supported"},
        {"\"DownBlock2D\"", "\"AttnDownBlock2D\"", "CrossAttnDownBlock2D"},
        {"[32, 64, 64]", "[32, 64]", "\"down_block_types\" has 3 values, not 2"},
        {"[32, 64, 64]", "[32, 64, 60]", "60 is no multiple of norm_num_groups 8"},
        {"[32, 64, 64]", "[32, 64, 1000000000]", "above 65536"},
        {"[32, 64, 64]", "[32, 64, \"64\"]", "block_out_channels"},
        {"\"attention_head_dim\": 2", "\"attention_head_dim\": 5", "5 heads cannot share"},
        {"\"attention_head_dim\": 2", "\"attention_head_dim\": [2, 2]", "too few"},
        {"\"layers_per_block\": 2", "\"layers_per_block\": 99", "layers_per_block 99"},
        {"\"layers_per_block\": 2", "\"layers_per_block\": 0", "layers_per_block 0"},
        {"UNetMidBlock2DCrossAttn", "UNetMidBlock2D", "mid_block_type"},
        {"\"in_channels\": 4", "\"in_channels\": 0", "in_channels 0"},
        {"\"only_cross_attention\": false", "\"only_cross_attention\": [true, true, true]",
         "only_cross_attention"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arena keep = memory;
        unet_config c;
        assert_says(
            unet_read(networks_config(files[0].config, cases[i][0], cases[i][1], &keep), &c),
            cases[i][2]);
    }
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_golden),        NN_TEST(test_same_bits),       NN_TEST(test_room),
        NN_TEST(test_usual_is_sd_1), NN_TEST(test_weights_refused), NN_TEST(test_config_refused),
    };
    arena all = memory = arena_make((size_t)1 << 30);
    files[0] = NETWORKS_FILE(unet_a, DTYPE_F32);
    files[1] = NETWORKS_FILE(unet_b, DTYPE_F16);
    files[2] = NETWORKS_FILE(unet_c, DTYPE_BF16);
    for (int i = 0; i < UNETS; i++) {
        unet_config c;
        error wrong = unet_read(networks_config(files[i].config, "", "", &memory), &c);
        opened[i] = networks_open(&files[i], &memory);
        if (!wrong) wrong = unet_load(opened[i], c, &memory, &unets[i]);
        if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    }
    int failed = nn_run(tests, sizeof tests / sizeof *tests);
    for (int i = 0; i < UNETS; i++) weights_close(opened[i]);
    arena_free(all);
    return failed;
}
