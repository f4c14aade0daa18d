/* diffuse --taesd: the small autoencoder in the VAE's place, from a folder or from its file. That
 * what it decodes is right, test_taesd.c says. */
#include "diffuse_fixture.h"

#include "draw/image.h"
#include "pipeline/picture.h"

#define WISH "-W 16 -H 24 --steps 2 -t 1 --quiet"
static arena memory, scratch;
static char head[1 << 17];
static size_t used, bytes;

static void begin(void)
{
    used = bytes = 0;
}

/* A filter or a bias more. */
static void add(const char *half, int layer, const char *name, int out, int in)
{
    size_t from = bytes;
    used += (size_t)sprintf(head + used, "%s\"%s.layers.%d.%s\":{\"dtype\":\"F32\",\"shape\":[%d",
                            used ? "," : "{", half, layer, name, out);
    if (in) used += (size_t)sprintf(head + used, ",%d,3,3", in);
    bytes += (size_t)out * (size_t)(in ? 9 * in : 1) * sizeof(float);
    used += (size_t)sprintf(head + used, "],\"data_offsets\":[%zu,%zu]}", from, bytes);
}

/* As diffusers numbers it: with activations and enlargings between. */
static void add_half(const char *half, int levels, int channels, const int *blocks)
{
    bool up = half[0] == 'd';
    static const char *const names[][2] = {{"conv.0.weight", "conv.0.bias"},
                                           {"conv.2.weight", "conv.2.bias"},
                                           {"conv.4.weight", "conv.4.bias"}};
    int at = up ? 2 : 1;
    add(half, 0, "weight", channels, up ? 4 : 3), add(half, 0, "bias", channels, 0);
    for (int i = 0; i < levels; i++) {
        bool last = i == levels - 1;
        for (int b = 0; b < blocks[i]; b++, at++)
            for (int k = 0; k < 3; k++) {
                add(half, at, names[k][0], channels, channels);
                add(half, at, names[k][1], channels, 0);
            }
        at += up && !last;
        add(half, at, "weight", !last ? channels : up ? 3 : 4, channels);
        if (last) add(half, at, "bias", up ? 3 : 4, 0);
        at++;
    }
}

/* All numbers from one generator. */
static void save(const char *name)
{
    char path[900];
    used += (size_t)sprintf(head + used, "}");
    while (used % 8) head[used++] = ' ';
    snprintf(path, sizeof path, "%s/%s", room, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (int i = 0; i < 8; i++) fputc((int)(used >> 8 * i & 255), f);
    fwrite(head, 1, used, f);
    uint32_t state = 1;
    for (size_t i = 0; i < bytes / sizeof(float); i++) {
        state = state * 1664525u + 1013904223u;
        float x = ((float)(state >> 8) / 8388608 - 1) * 0.25f;
        fwrite(&x, sizeof x, 1, f);
    }
    assert_int_equal(fclose(f), 0);
}

static void save_text(const char *name, const char *text)
{
    char path[900];
    snprintf(path, sizeof path, "%s/%s", room, name);
    assert_null(file_write(path, text, strlen(text)));
}

static void make_small(void)
{
    begin();
    add_half("encoder", 2, 8, (int[]){1, 2}), add_half("decoder", 2, 8, (int[]){2, 1});
    shell_well("rm -rf small; mkdir small");
    save("small/diffusion_pytorch_model.safetensors");
    save_text("small/config.json",
              "{\"num_encoder_blocks\": [1, 2], \"num_decoder_blocks\": [2, 1], "
              "\"encoder_block_out_channels\": [8, 8], \"decoder_block_out_channels\": [8, 8]}");
}

static void test_a_folder_decodes(void **state)
{
    (void)state;
    arena keep = memory;
    char path[900];
    model m;
    tensor x;
    image shown, read;
    make_small();
    shell_well("$D -m tiny " WISH " --taesd small -o small.png -s 4 'a fox'");
    shell_well("$D -m tiny " WISH " -o vae.png -s 4 'a fox'");
    assert_other_files("small.png", "vae.png");
    picture_wish w = picture_usual();
    w.prompt = "a fox", w.seed = 4, w.width = 16, w.height = 24, w.steps = 2;
    snprintf(path, sizeof path, "%s/tiny", room);
    assert_null(model_open(path, &keep, scratch, &m));
    assert_null(picture_latents(&m, &w, &keep, scratch, &x));
    snprintf(path, sizeof path, "%s/small", room);
    assert_null(model_use_taesd(&m, path, &keep));
    tensor y = tensor_new(&keep, 1, 24, 16, 3);
    taesd_decode(m.taesd, x, y, scratch);
    shown = image_from_tensor(&keep, y, 0);
    snprintf(path, sizeof path, "%s/small.png", room);
    assert_null(image_load(path, &keep, &read));
    assert_memory_equal(shown.pixels, read.pixels, 16 * 24 * 3);
    assert_null(model_check(&m));
    shell_well("touch -d '1 hour ago' small/*.safetensors");
    assert_says(picture_latents(&m, &w, &keep, scratch, &x), "was written to");
    model_close(&m);
}

/* A file alone is as TAESD for Stable Diffusion is; that model has a VAE of other levels. */
static void test_a_file_alone_is_the_usual_one(void **state)
{
    (void)state;
    begin();
    add_half("encoder", 4, 64, (int[]){1, 3, 3, 3}),
        add_half("decoder", 4, 64, (int[]){3, 3, 3, 1});
    save("usual.safetensors");
    assert_one_line(shell("$D -m tiny " WISH " --taesd usual.safetensors x"),
                    "usual.safetensors: latents of 4 channels, 4 levels: not those of the model");
}

static void test_what_cannot_decode(void **state)
{
    (void)state;
    make_small();
    assert_one_line(
        shell("$D -m tiny " WISH " --taesd small/diffusion_pytorch_model.safetensors x"),
        "small/diffusion_pytorch_model.safetensors: tensor encoder.layers.0.weight "
        "must be [64, 3, 3, 3], and is [8, 3, 3, 3]");
    assert_one_line(shell("$D -m tiny " WISH " --taesd tiny/vae x"), "tiny/vae/");
    save_text("small/config.json", "{\"act_fn\": \"gelu\"}");
    assert_one_line(shell("$D -m tiny " WISH " --taesd small x"),
                    "small/config.json: \"act_fn\" gelu");
    save_text("taesd_decoder.pth", "PK\3\4 and more");
    assert_one_line(shell("$D -m tiny " WISH " --taesd taesd_decoder.pth x"),
                    "taesd_decoder.pth is a pickle");
    assert_false(is_there("out.png"));
}

int main(int argc, char **argv)
{
    (void)argc;
    memory = arena_make((size_t)1 << 30), scratch = arena_make((size_t)4 << 30);
    if (make_models(argv[0], "taesd_room", "$M tiny --tiny --seed 3")) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_folder_decodes),
        cmocka_unit_test(test_a_file_alone_is_the_usual_one),
        cmocka_unit_test(test_what_cannot_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
