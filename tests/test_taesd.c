/* A small TAESD against diffusers (tools/golden/networks.py), and what is promised of all. */
#include "networks_fixture.h"

#include "models/taesd.h"

static arena memory; /* free, behind what lives until the end */
static networks_file file_of_it;
static taesd it;

static tensor decoded(tensor x, arena *keep)
{
    tensor y = tensor_new(keep, x.n, 4 * x.h, 4 * x.w, 3);
    taesd_decode(&it, x, y, nn_cut(*keep, taesd_decode_room(&it, x.h, x.w)));
    return y;
}

static tensor encoded(tensor x, arena *keep)
{
    tensor y = tensor_new(keep, x.n, (x.h + 3) / 4, (x.w + 3) / 4, 4);
    taesd_encode(&it, x, y, nn_cut(*keep, taesd_encode_room(&it, x.h, x.w)));
    return y;
}

static void test_golden(void)
{
    for (size_t i = 0; i < sizeof golden_cases / sizeof *golden_cases; i++) {
        arena keep = memory;
        if (golden_cases[i].name != golden_taesd) continue;
        bool up = golden_cases[i].way == 'd';
        const int shape[] = {golden_cases[i].n, golden_cases[i].h, golden_cases[i].w, up ? 4 : 3};
        tensor x = networks_picture(&keep, 1000, up ? 4 : 1, shape);
        networks_hold(i, up ? decoded(x, &keep) : encoded(x, &keep), nn_bf16() ? 0.05 : 1e-5);
    }
}

static void test_same_bits(void)
{
    for (int up = 0; up < 2; up++) {
        arena keep = memory;
        const int shape[] = {3, up ? 3 : 14, up ? 5 : 17, up ? 4 : 3};
        tensor x = networks_picture(&keep, 1000, 1, shape);
        tensor (*way)(tensor, arena *) = up ? decoded : encoded;
        parallel_set_threads(1);
        tensor y = way(x, &keep);
        for (int threads = 2; threads <= 3; threads++) {
            parallel_set_threads(threads);
            tensor same = way(x, &keep);
            assert_memory_equal(same.data, y.data, tensor_count(y) * sizeof *y.data);
        }
        for (int p = 0; p < 3; p++) {
            tensor alone = way(tensor_pictures(x, p, 1), &keep);
            assert_memory_equal(alone.data, tensor_pictures(y, p, 1).data,
                                tensor_count(alone) * sizeof *y.data);
        }
    }
}

#define SAME(f) assert_memory_equal(&c.f, &usual.f, sizeof c.f)
static void test_usual_is_diffusers(void)
{
    arena keep = memory;
    taesd_config c, usual = taesd_usual();
    assert_null(taesd_read(networks_config("{}", "", "", &keep), &c));
    SAME(picture);
    SAME(out);
    SAME(latent);
    SAME(encoder);
    SAME(decoder);
    SAME(scale);
    SAME(shift);
#undef SAME
}

/* taesd_decoder.safetensors: https://github.com/madebyollin/taesd, taesd.py. And the same decoder
 * under diffusers' names, with the encoder behind it, for numbers come from a tensor's place. */
static void files_of_author(networks_file *theirs, networks_file *diffusers)
{
    static char names[NETWORKS_TENSORS][80];
    int n = theirs->count = diffusers->count = 0;
    for (int i = 0; i < file_of_it.count; i++) {
        int layer, used;
        golden_tensor t = file_of_it.tensor[i];
        if (sscanf(t.name, "decoder.layers.%d%n", &layer, &used) != 1) continue;
        snprintf(names[n], 80, "%d%s", layer + 1, t.name + used);
        theirs->tensor[n] = diffusers->tensor[n] = t;
        theirs->tensor[n].name = names[n], n++;
    }
    theirs->count = diffusers->count = n;
    for (int i = 0; i < file_of_it.count; i++)
        if (file_of_it.tensor[i].name[0] == 'e')
            diffusers->tensor[diffusers->count++] = file_of_it.tensor[i];
}

static void test_names_of_its_author(void)
{
    static networks_file f, ours;
    arena keep = memory;
    taesd v, same;
    files_of_author(&f, &ours);
    weights theirs = networks_open(&f, &keep), as_diffusers = networks_open(&ours, &keep);
    assert_null(taesd_load(theirs, it.config, &keep, &v));
    assert_null(taesd_load(theirs, it.config, &keep, &v)); /* as often as one likes */
    assert_null(taesd_load(as_diffusers, it.config, &keep, &same));
    assert_int_equal(v.encoder.levels, 0);
    tensor x = networks_picture(&keep, 1000, 4, (const int[]){1, 3, 5, 4});
    tensor y = tensor_new(&keep, 1, 12, 20, 3), z = tensor_like(&keep, y);
    taesd_decode(&v, x, y, keep);
    taesd_decode(&same, x, z, keep);
    assert_memory_equal(y.data, z.data, tensor_count(y) * sizeof *y.data);
    weights_close(theirs), weights_close(as_diffusers);
    f.tensor[0].shape[0]++; /* refused as ever */
    theirs = networks_open(&f, &keep);
    assert_says(taesd_load(theirs, it.config, &keep, &v), "tensor 1.bias must be");
    weights_close(theirs);
}

static void test_weights_refused(void)
{
    static networks_file f;
    taesd v;
    arena keep = memory;
    f = file_of_it;
    *networks_find(&f, "decoder.layers.8.weight") = f.tensor[--f.count];
    weights w = networks_open(&f, &keep);
    error wrong = taesd_load(w, it.config, &keep, &v);
    assert_says(wrong, "decoder.layers.8.weight");
    weights_close(w);
    f = file_of_it;
    networks_find(&f, "encoder.layers.1.conv.4.bias")->shape[0] = 8;
    w = networks_open(&f, &keep);
    wrong = taesd_load(w, it.config, &keep, &v);
    assert_says(wrong, "encoder.layers.1.conv.4.bias");
    assert_says(wrong, "[8]");
    assert_says(wrong, "[16]");
    weights_close(w);
}

static void test_config_refused(void)
{
    static const char *const cases[][3] = {
        {"\"act_fn\": \"relu\"", "\"act_fn\": \"silu\"", "only relu"},
        {"\"upsampling_scaling_factor\": 2", "\"upsampling_scaling_factor\": 4", "only relu"},
        {"[16, 16, 16]", "[16, 16]", "has 2 values, not 3"},
        {"[16, 16, 16]", "[16, 16, 32]", "not all the same"},
        {"[1, 2, 1]", "[1, 2, 100]", "100 blocks"},
        {"[1, 2, 1]", "[1, 2, -1]", "-1 blocks"},
        {"\"latent_channels\": 4", "\"latent_channels\": 0", "0 channels"},
        {"\"scaling_factor\": 1.0", "\"scaling_factor\": -1.0", "not above 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arena keep = memory;
        taesd_config c;
        const char *text = file_of_it.config;
        assert_says(taesd_read(networks_config(text, cases[i][0], cases[i][1], &keep), &c),
                    cases[i][2]);
    }
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_golden),
        NN_TEST(test_same_bits),
        NN_TEST(test_usual_is_diffusers),
        NN_TEST(test_names_of_its_author),
        NN_TEST(test_weights_refused),
        NN_TEST(test_config_refused),
    };
    arena all = memory = arena_make((size_t)1 << 28);
    file_of_it = NETWORKS_FILE(taesd, DTYPE_F16);
    taesd_config c;
    error wrong = taesd_read(networks_config(file_of_it.config, "", "", &memory), &c);
    weights opened = networks_open(&file_of_it, &memory);
    if (!wrong) wrong = taesd_load(opened, c, &memory, &it);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    int failed = nn_run(tests, sizeof tests / sizeof *tests);
    weights_close(opened);
    arena_free(all);
    return failed;
}
