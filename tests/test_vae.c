/* Small VAEs against diffusers (tools/golden/networks.py), and what is promised of all. */
#include "networks_fixture.h"

#include "models/vae.h"

enum { VAES = 3 }; /* the last is the first, with the names of the first files */

static arena memory; /* free, behind what lives until the end */
static networks_file files[VAES];
static weights opened[VAES];
static vae vaes[VAES];

static tensor decoded(const vae *v, tensor x, arena *keep)
{
    int factor = vae_factor(v);
    tensor y = tensor_new(keep, x.n, factor * x.h, factor * x.w, v->config.out);
    vae_decode(v, x, y, nn_cut(*keep, vae_decode_room(v, x.h, x.w)));
    return y;
}

static tensor encoded(const vae *v, tensor x, arena *keep)
{
    int factor = vae_factor(v);
    tensor y = tensor_new(keep, x.n, x.h / factor, x.w / factor, 2 * v->config.latent);
    vae_encode(v, x, y, nn_cut(*keep, vae_encode_room(v, x.h, x.w)));
    return y;
}

static void test_golden(void)
{
    for (size_t i = 0; i < sizeof golden_cases / sizeof *golden_cases; i++)
        for (int k = 0; k < VAES; k++) {
            arena keep = memory;
            if (golden_cases[i].name != (k == 1 ? golden_vae_b : golden_vae_a)) continue;
            bool up = golden_cases[i].way == 'd';
            int c = up ? vaes[k].config.latent : vaes[k].config.picture;
            const int shape[] = {golden_cases[i].n, golden_cases[i].h, golden_cases[i].w, c};
            tensor x = networks_picture(&keep, 1000, up ? 2 : 1, shape);
            tensor y = up ? decoded(&vaes[k], x, &keep) : encoded(&vaes[k], x, &keep);
            networks_hold(i, y, nn_bf16() ? 0.05 : 1e-5);
        }
}

static void test_same_bits(void)
{
    for (int k = 0; k < 2; k++)
        for (int up = 0; up < 2; up++) {
            arena keep = memory;
            const vae *v = &vaes[k];
            int c = up ? v->config.latent : v->config.picture, side = up ? 3 : 14;
            tensor x = networks_picture(&keep, 1000, 1, (const int[]){3, side, side + 2, c});
            tensor (*way)(const vae *, tensor, arena *) = up ? decoded : encoded;
            parallel_set_threads(1);
            tensor y = way(v, x, &keep);
            for (int threads = 2; threads <= 3; threads++) {
                parallel_set_threads(threads);
                tensor same = way(v, x, &keep);
                assert_memory_equal(same.data, y.data, tensor_count(y) * sizeof *y.data);
            }
            for (int p = 0; p < 3; p++) {
                tensor alone = way(v, tensor_pictures(x, p, 1), &keep);
                assert_memory_equal(alone.data, tensor_pictures(y, p, 1).data,
                                    tensor_count(alone) * sizeof *y.data);
            }
        }
}

/* Where rooms are larger than what layers take beside them; decoded() and encoded() give no more
 * than they must. Too much work for the plain twins. */
static void test_room(void)
{
    arena keep = memory;
    const vae *v = &vaes[1];
    if (!strcmp(isa_name(), "plain")) return;
    parallel_set_threads(1);
    tensor x = networks_picture(&keep, 1000, 1, (const int[]){1, 64, 63, v->config.latent});
    tensor y = decoded(v, x, &keep);
    assert_true(tensor_finite(y) && tensor_finite(encoded(v, y, &keep)));
}

/* diffusers' DiagonalGaussianDistribution.sample(), then its pipelines' scaling. */
static void test_draw(void)
{
    vae v = {.config = {.latent = 2, .scale = 0.5, .shift = 0.25}};
    float code[] = {1, -2, 0, 2, 3, 4, -99, 99}, noise[] = {1, -1, 2, 0.5f}, x[4];
    tensor of = {code, 1, 1, 2, 4}, with = {noise, 1, 1, 2, 2}, to = {x, 1, 1, 2, 2};
    vae_draw(&v, of, with, to);
    const double drawn[] = {(1 + 1 - 0.25) / 2, (-2 - exp(1) - 0.25) / 2,
                            (3 + 2 * exp(-15) - 0.25) / 2, (4 + 0.5 * exp(10) - 0.25) / 2};
    for (size_t i = 0; i < 4; i++) nn_near("drawn", i, x[i], drawn[i], 1e-7 * fabs(drawn[i]));
    vae_draw(&v, of, (tensor){0}, to);
    const double means[] = {0.375, -1.125, 1.375, 1.875};
    for (size_t i = 0; i < 4; i++) nn_near("mean", i, x[i], means[i], 1e-12);
}

#define SAME(f) assert_memory_equal(&c.f, &usual.f, sizeof c.f)
static void test_usual_is_sd_1(void)
{
    arena keep = memory;
    vae_config c, usual = vae_usual();
    const char *text = "{\"block_out_channels\": [128, 256, 512, 512], \"layers_per_block\": 2}";
    assert_null(vae_read(networks_config(text, "", "", &keep), &c));
    SAME(picture);
    SAME(out);
    SAME(latent);
    SAME(levels);
    SAME(channels);
    SAME(layers);
    SAME(groups);
    SAME(scale);
    SAME(shift);
    SAME(attention);
    SAME(before);
    SAME(behind);
#undef SAME
}

/* AutoencoderKL() of diffusers 0.42: one level of 64 channels. */
static void test_silent_is_diffusers(void)
{
    arena keep = memory;
    vae_config c, usual = vae_usual();
    assert_null(vae_read(networks_config("{}", "", "", &keep), &c));
    assert_true(c.levels == 1 && c.channels[0] == 64 && c.layers == 1 && c.groups == 32);
    assert_true(c.picture == 3 && c.out == 3 && c.latent == 4);
    assert_true(c.scale == usual.scale && c.shift == 0);
    assert_true(c.attention && c.before && c.behind);
    assert_null(vae_read(networks_config("{\"block_out_channels\": 32}", "", "", &keep), &c));
    assert_true(c.levels == 1 && c.channels[0] == 32);
}

static void test_weights_refused(void)
{
    static networks_file f;
    vae v;
    arena keep = memory;
    f = files[0];
    *networks_find(&f, "decoder.mid_block.attentions.0.to_q.bias") = f.tensor[--f.count];
    weights w = networks_open(&f, &keep);
    error wrong = vae_load(w, vaes[0].config, &keep, &v);
    assert_says(wrong, "decoder.mid_block.attentions.0.to_q.bias");
    assert_says(wrong, "/tmp/networks_");
    weights_close(w);
    f = files[0];
    networks_find(&f, "encoder.conv_in.weight")->shape[0] = 15;
    w = networks_open(&f, &keep);
    wrong = vae_load(w, vaes[0].config, &keep, &v);
    assert_says(wrong, "encoder.conv_in.weight");
    assert_says(wrong, "[15, 3, 3, 3]");
    assert_says(wrong, "[16, 3, 3, 3]");
    weights_close(w);
}

static void test_config_refused(void)
{
    static const char *const cases[][3] = {
        {"\"act_fn\": \"silu\"", "\"act_fn\": \"relu\"", "only silu is supported"},
        {"\"DownEncoderBlock2D\"", "\"AttnDownEncoderBlock2D\"", "DownEncoderBlock2D"},
        {"\"UpDecoderBlock2D\", ", "", "\"up_block_types\" has 2 values, not 3"},
        {"[16, 32, 32]", "[16, 32, 30]", "30 is no multiple of norm_num_groups 8"},
        {"[16, 32, 32]", "[16, 32, null]", "block_out_channels"},
        {"[16, 32, 32]", "[]", "\"down_block_types\" has 3 values, not 0"},
        {"\"layers_per_block\": 1", "\"layers_per_block\": 16", "16 layers"},
        {"\"latents_mean\": null", "\"latents_mean\": [0, 0, 0, 0]", "latents_mean"},
        {"\"scaling_factor\": 0.18215", "\"scaling_factor\": 0", "scaling_factor 0"},
        {"\"latent_channels\": 4", "\"latent_channels\": \"4\"", "latent_channels"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arena keep = memory;
        vae_config c;
        assert_says(vae_read(networks_config(files[0].config, cases[i][0], cases[i][1], &keep), &c),
                    cases[i][2]);
    }
}

/* Names of attention as in the first files. */
static void make_old(networks_file *f)
{
    static const char *const names[][2] = {
        {"to_q.", "query."}, {"to_k.", "key."}, {"to_v.", "value."}, {"to_out.0.", "proj_attn."}};
    static char old[NETWORKS_TENSORS][80];
    for (int i = 0; i < f->count; i++)
        for (int k = 0; k < 4; k++) {
            const char *name = f->tensor[i].name, *at = strstr(name, names[k][0]);
            if (!at) continue;
            snprintf(old[i], sizeof old[i], "%.*s%s%s", (int)(at - name), name, names[k][1],
                     at + strlen(names[k][0]));
            f->tensor[i].name = old[i];
        }
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_golden),
        NN_TEST(test_same_bits),
        NN_TEST(test_room),
        NN_TEST(test_draw),
        NN_TEST(test_usual_is_sd_1),
        NN_TEST(test_silent_is_diffusers),
        NN_TEST(test_weights_refused),
        NN_TEST(test_config_refused),
    };
    arena all = memory = arena_make((size_t)1 << 30);
    files[0] = NETWORKS_FILE(vae_a, DTYPE_F32);
    files[1] = NETWORKS_FILE(vae_b, DTYPE_BF16);
    files[2] = NETWORKS_FILE(vae_a, DTYPE_F16);
    make_old(&files[2]);
    for (int i = 0; i < VAES; i++) {
        vae_config c;
        error wrong = vae_read(networks_config(files[i].config, "", "", &memory), &c);
        opened[i] = networks_open(&files[i], &memory);
        if (!wrong) wrong = vae_load(opened[i], c, &memory, &vaes[i]);
        if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    }
    int failed = nn_run(tests, sizeof tests / sizeof *tests);
    for (int i = 0; i < VAES; i++) weights_close(opened[i]);
    arena_free(all);
    return failed;
}
