/* Single files: what is told from shapes, what a file says of itself, and what else it may be. */
#include "model_fixture.h"
#include "models/checkpoint.h"

static box one;
static arena scratch;
static const char path[] = ROOM "/single.safetensors";

/* ---- A small model of two levels, all tensors that tell something ---- */

static const struct {
    const char *name;
    int shape[4];
} tensors[] = {
    {"model.diffusion_model.input_blocks.0.0.weight", {32, 9, 3, 3}},
    {"model.diffusion_model.input_blocks.1.0.in_layers.0.weight", {32}},
    {"model.diffusion_model.input_blocks.1.0.out_layers.3.weight", {32, 1, 1, 1}},
    {"model.diffusion_model.input_blocks.1.1.norm.weight", {32}},
    {"model.diffusion_model.input_blocks.1.1.proj_in.weight", {32, 2, 1, 1}},
    {"model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", {2, 48}},
    {"model.diffusion_model.input_blocks.2.0.op.weight", {32, 1, 1, 1}},
    {"model.diffusion_model.input_blocks.3.0.in_layers.0.weight", {32}},
    {"model.diffusion_model.input_blocks.3.0.out_layers.3.weight", {64, 1, 1, 1}},
    {"model.diffusion_model.out.2.weight", {4, 32, 3, 3}},
    {"first_stage_model.decoder.conv_in.weight", {64, 5, 3, 3}},
    {"first_stage_model.decoder.conv_out.weight", {3, 32, 3, 3}},
    {"first_stage_model.decoder.up.0.block.0.conv1.weight", {1}},
    {"first_stage_model.decoder.up.0.block.0.conv2.weight", {16}},
    {"first_stage_model.decoder.up.1.block.0.conv1.weight", {1}},
    {"first_stage_model.decoder.up.1.block.0.conv2.weight", {24}},
    {"first_stage_model.decoder.up.1.block.0.norm1.weight", {1}},
    {"first_stage_model.decoder.up.1.block.1.norm1.weight", {1}},
    {"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight", {90, 128}},
    {"cond_stage_model.transformer.text_model.embeddings.position_embedding.weight", {77, 128}},
    {"cond_stage_model.transformer.text_model.encoder.layers.0.layer_norm1.weight", {128}},
    {"cond_stage_model.transformer.text_model.encoder.layers.1.layer_norm1.weight", {128}},
    {"cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight", {200, 1}},
};

static void begin_model(void)
{
    box_begin(&one);
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        box_add(&one, tensors[i].name, i % 2 ? "F16" : "BF16", tensors[i].shape);
}

static checkpoint opened(void)
{
    checkpoint c;
    box_save(&one, path, spaces_for(&one, 0));
    error wrong = checkpoint_open(path, &memory, scratch, &c);
    if (wrong) fail_msg("%s", wrong);
    return c;
}

static void test_what_shapes_tell(void **state)
{
    (void)state;
    begin_model();
    checkpoint c = opened();
    const config *u = c.unet.config, *v = c.vae.config, *t = c.text.config;
    assert_true(c.single);
    assert_null(c.tokenizer);
    assert_int_equal(config_int(u, "in_channels", 0), 9);
    assert_int_equal(config_int(u, "out_channels", 0), 4);
    assert_int_equal(config_int(u, "layers_per_block", 0), 1);
    assert_int_equal(config_int(u, "cross_attention_dim", 0), 48);
    assert_int_equal(config_count(u, "block_out_channels"), 2);
    assert_int_equal(config_int_at(u, "block_out_channels", 1, 0), 64);
    assert_string_equal(config_text_at(u, "down_block_types", 0, ""), "CrossAttnDownBlock2D");
    assert_string_equal(config_text_at(u, "down_block_types", 1, ""), "DownBlock2D");
    assert_string_equal(config_text_at(u, "up_block_types", 0, ""), "UpBlock2D");
    assert_string_equal(config_text_at(u, "up_block_types", 1, ""), "CrossAttnUpBlock2D");
    assert_int_equal(config_int_at(u, "attention_head_dim", 1, 0), 8);
    assert_false(config_bool(u, "use_linear_projection", true));
    assert_int_equal(config_int_at(v, "block_out_channels", 0, 0), 16);
    assert_int_equal(config_int_at(v, "block_out_channels", 1, 0), 24);
    assert_int_equal(config_int(v, "layers_per_block", 0), 1);
    assert_int_equal(config_int(v, "latent_channels", 0), 5);
    assert_int_equal(config_int(v, "out_channels", 0), 3);
    assert_true(config_number(v, "scaling_factor", 0) == 0.18215);
    assert_int_equal(config_int(t, "hidden_size", 0), 128);
    assert_int_equal(config_int(t, "vocab_size", 0), 90);
    assert_int_equal(config_int(t, "max_position_embeddings", 0), 77);
    assert_int_equal(config_int(t, "intermediate_size", 0), 200);
    assert_int_equal(config_int(t, "num_attention_heads", 0), 2);
    assert_int_equal(config_int(t, "num_hidden_layers", 0), 2);
    assert_string_equal(config_text(t, "hidden_act", ""), "quick_gelu");
    assert_null(config_trouble(u));
    assert_non_null(weights_filter(c.unet.weights, "conv_in.weight", 32, 9).data);
    assert_null(weights_matrix(c.unet.weights, "conv_out.weight", 4, 32).data);
    assert_says(weights_trouble(c.unet.weights),
                "tensor model.diffusion_model.out.2.weight must be [4, 32], and is [4");
    assert_null(weights_trouble(c.vae.weights)); /* each part has troubles of its own */
    assert_null(checkpoint_check(&c));
    checkpoint_close(&c);
}

static void test_linear_projections_have_heads_of_64(void **state)
{
    (void)state;
    begin_model();
    char *at = strstr(one.head, "[32, 2, 1, 1]");
    assert_non_null(at);
    memcpy(at, "[32, 2      ]", 13);
    checkpoint c = opened();
    assert_true(config_bool(c.unet.config, "use_linear_projection", false));
    assert_int_equal(config_int_at(c.unet.config, "attention_head_dim", 1, 0), 1);
    assert_int_equal(config_int_at(c.unet.config, "attention_head_dim", 0, 0), 1); /* never 0 */
    checkpoint_close(&c);
}

static void assert_predicts(const char *what, bool guessed, bool zero_snr)
{
    checkpoint c = opened();
    assert_string_equal(c.scheduler.prediction, what);
    assert_int_equal(c.scheduler.guessed, guessed);
    assert_int_equal(c.scheduler.zero_snr, zero_snr);
    assert_true(c.scheduler.beta_start == 0.00085 && c.scheduler.offset == 1);
    checkpoint_close(&c);
}

static void add_metadata(const char *key, const char *value)
{
    one.used +=
        (size_t)sprintf(one.head + one.used, ", \"__metadata__\": {\"%s\": \"%s\"}", key, value);
}

static void test_what_it_predicts(void **state)
{
    (void)state;
    begin_model();
    assert_predicts("epsilon", true, false);
    begin_model();
    add_metadata("modelspec.prediction_type", "v");
    assert_predicts("v_prediction", false, false);
    begin_model();
    add_metadata("modelspec.prediction_type", "epsilon");
    assert_predicts("epsilon", false, false);
    begin_model();
    add_metadata("format", "pt");
    assert_predicts("epsilon", true, false);
    begin_model();
    box_add(&one, "v_pred", "F32", (int[4]){0});
    box_add(&one, "ztsnr", "F32", (int[4]){0});
    assert_predicts("v_prediction", false, true);
    begin_model(); /* Stable Diffusion 2.x */
    one.used = 1, one.bytes = 0;
    for (size_t i = 0; i < 18; i++) box_add(&one, tensors[i].name, "F16", tensors[i].shape);
    box_add(&one, "cond_stage_model.model.token_embedding.weight", "F16", (int[4]){90, 128});
    box_add(&one, "cond_stage_model.model.transformer.resblocks.0.ln_1.weight", "F16", (int[4]){8});
    box_add(&one, "cond_stage_model.model.transformer.resblocks.1.ln_1.weight", "F16", (int[4]){8});
    assert_predicts("v_prediction", true, false);
    checkpoint c = opened();
    assert_int_equal(config_int(c.text.config, "num_hidden_layers", 0), 1);
    checkpoint_close(&c);
}

/* Words that a program prints, with what training left behind counted as not used. */
static void test_describing(void **state)
{
    (void)state;
    begin_model();
    box_add(&one, "model_ema.diffusion_modelinput_blocks00weight", "F32", (int[4]){32, 9, 3, 3});
    box_add(&one, "alphas_cumprod", "F32", (int[4]){1000});
    box_add(&one, "cond_stage_model.transformer.text_model.embeddings.position_ids", "I64",
            (int[4]){1, 77});
    checkpoint c = opened();
    const char *text = checkpoint_describe(&c, &memory);
    assert_says(text, ROOM "/single.safetensors: of Stable Diffusion's kind, a single file\n");
    assert_says(text,
                "  UNet             10 tensors           4,128 numbers  F16+BF16      0.0 MB\n");
    assert_says(text, "  VAE               8 tensors");
    assert_says(text, "  text encoder      5 tensors");
    assert_says(text,
                "  not used          2 tensors           3,592 numbers  F32           0.0 MB\n");
    assert_says(text, "  channels      32 64; x has 9, a token of the text 48\n");
    assert_says(text, "  predicts      epsilon (the file does not say; its kind does)\n");
    assert_says(text, "  trained on    1000 times, betas scaled_linear from 0.00085 to 0.012\n");
    assert_says(text, "  tokenizer     none: CLIP's words are used\n");
    checkpoint_close(&c);
}

/* ---- Strangers ---- */

static const struct {
    const char *name, *is;
} strangers[] = {
    {"lora_unet_down_blocks_0_attentions_0.alpha", "a LoRA, which changes a model"},
    {"unet.down_blocks.0.attentions.0.to_q.lora_A.weight", "a LoRA, which changes a model"},
    {"unet.down_blocks.0.processor.to_q.lora.down.weight", "a LoRA, which changes a model"},
    {"control_model.input_blocks.0.0.weight", "a ControlNet"},
    {"controlnet_cond_embedding.conv_in.weight", "a ControlNet"},
    {"conditioner.embedders.0.transformer.x", "Stable Diffusion XL"},
    {"model.diffusion_model.label_emb.0.0.weight", "Stable Diffusion XL"},
    {"add_embedding.linear_1.weight", "the UNet of Stable Diffusion XL"},
    {"model.diffusion_model.time_embed.cond_proj.weight", "a latent consistency model (LCM)"},
    {"model.diffusion_model.label_emb.weight", "a model with classes, as the upscaler is"},
    {"double_blocks.0.img_attn.qkv.weight", "Flux"},
    {"model.diffusion_model.double_blocks.0.x", "Flux"},
    {"single_transformer_blocks.0.attn.x", "Flux"},
    {"model.diffusion_model.joint_blocks.0.x", "Stable Diffusion 3"},
    {"transformer_blocks.0.norm1_context.linear.bias", "Stable Diffusion 3"},
    {"emb_params", "a textual inversion, which is a new word for a model"},
    {"down_blocks.0.resnets.0.conv1.bias", "a UNet alone, from a diffusers folder"},
    {"decoder.conv_in.weight", "a VAE alone"},
    {"first_stage_model.decoder.conv_in.weight", "a VAE alone"},
    {"text_model.final_layer_norm.bias", "a text encoder alone"},
    {"cond_stage_model.transformer.text_model.final_layer_norm.bias", "a text encoder alone"},
    {"model.diffusion_model.input_blocks.0.0.weight", "a model without its VAE"},
    {"bert.encoder.layer.0.weight", "something else, for none of its names is one of Stable"},
};

static void assert_refused(const char *says)
{
    checkpoint c = {.path = "old"};
    assert_says(checkpoint_open(path, &memory, scratch, &c), says);
    assert_says(checkpoint_open(path, &memory, scratch, &c), path);
    assert_string_equal(c.path, "old");
}

static void test_strangers(void **state)
{
    (void)state;
    char line[200];
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        box_begin(&one);
        box_add(&one, strangers[i].name, "F16", (int[4]){4});
        box_save(&one, path, 0);
        snprintf(line, sizeof line, ROOM "/single.safetensors seems to be %s", strangers[i].is);
        assert_refused(line);
    }
    box_begin(&one);
    for (size_t i = 0; i < 18; i++) box_add(&one, tensors[i].name, "F16", tensors[i].shape);
    box_save(&one, path, 0);
    assert_refused("a model without its text encoder");
    box_add(&one, "cond_stage_model.x", "F16", (int[4]){4}); /* a name like one, and nothing else */
    one.head[one.used] = 0;
    box_save(&one, path, 0);
    assert_refused("it has no text encoder");
}

static void test_other_formats(void **state)
{
    (void)state;
    write_text(path, "PK\3\4 and so on");
    assert_refused("is a pickle (.ckpt), which may run any program when it is opened. Convert it");
    write_text(path, "\x80\2}q\1(");
    assert_refused("is a pickle (.ckpt)");
    box_begin(&one); /* a head of 0x10580 bytes: the file begins as a pickle does, and is none */
    box_add(&one, "control_model.x", "F16", (int[4]){4});
    box_save(&one, path, 0x10580 - 1 - (int)one.used);
    assert_refused("seems to be a ControlNet");
    write_text(path, "GGUF\3 and so on");
    assert_refused("is a GGUF file");
    write_text(path, "version https://git-lfs.github.com/spec/v1\n");
    assert_refused("is the note of a file that git-lfs has not fetched yet: git lfs pull");
    write_text(path, "");
    assert_refused("0 bytes are too few");
    remove(path);
    assert_refused("cannot open " ROOM "/single.safetensors: No such file");
    static char endless[5000];
    memset(endless, 'x', sizeof endless - 1);
    checkpoint c;
    assert_says(checkpoint_open(endless, &memory, scratch, &c),
                "a path of 4999 letters is too long");
}

static int make_rooms(void **state)
{
    scratch = arena_make(1 << 20);
    return make_room(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_shapes_tell),
        cmocka_unit_test(test_linear_projections_have_heads_of_64),
        cmocka_unit_test(test_what_it_predicts),
        cmocka_unit_test(test_describing),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_other_formats),
        cmocka_unit_test(test_nothing_stays_mapped),
    };
    return cmocka_run_group_tests(tests, make_rooms, NULL);
}
