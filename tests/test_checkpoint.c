/* Whole models: both layouts, all names their files can have, and what is refused. */
#define _DEFAULT_SOURCE
#include "model_fixture.h"
#include "models/checkpoint.h"

#define MODEL ROOM "/model"

static box one;

/* A file with one row of 4 numbers of that name. */
static void save_row(const char *path, const char *name)
{
    box_begin(&one);
    box_add(&one, name, "F32", (int[4]){4});
    box_save(&one, path, spaces_for(&one, 0));
}

/* ---- Folders ---- */

static const char *const extras[] = {"/model.safetensors",
                                     "/diffusion_pytorch_model.safetensors",
                                     "/model.fp16.safetensors",
                                     "/diffusion_pytorch_model.fp16.safetensors",
                                     "/diffusion_pytorch_model.safetensors.index.json",
                                     "/diffusion_pytorch_model.safetensors.index.fp16.json",
                                     "/model.fp16.safetensors.index.json",
                                     "/diffusion_pytorch_model.bin",
                                     "/pytorch_model.bin"};

/* An empty part, with config.json alone. */
static void empty_part(const char *part)
{
    char path[200];
    snprintf(path, sizeof path, MODEL "/%s", part);
    assert_null(file_make_folder(path));
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
        snprintf(path, sizeof path, MODEL "/%s%s", part, extras[i]);
        remove(path);
    }
    snprintf(path, sizeof path, MODEL "/%s/config.json", part);
    write_text(path, "{\"in_channels\": 4}");
}

/* A model of three parts with a tensor each, and no training or words of its own. */
static void make_folder(void)
{
    static const char *const others[] = {"/model_index.json", "/config.json",
                                         "/scheduler/scheduler_config.json"};
    assert_null(file_make_folder(MODEL));
    empty_part("unet"), empty_part("vae"), empty_part("text_encoder");
    save_row(MODEL "/unet/diffusion_pytorch_model.safetensors", "conv_in.bias");
    save_row(MODEL "/vae/diffusion_pytorch_model.safetensors", "quant_conv.bias");
    save_row(MODEL "/text_encoder/model.safetensors", "text_model.final_layer_norm.bias");
    for (int i = 0; i < 3; i++) {
        char path[200];
        snprintf(path, sizeof path, MODEL "%s", others[i]);
        remove(path);
    }
    rmdir(MODEL "/tokenizer");
}

static checkpoint opened(const char *path)
{
    checkpoint c;
    error wrong = checkpoint_open(path, &memory, arena_make(1 << 20), &c);
    if (wrong) fail_msg("%s", wrong);
    return c;
}

static void assert_refused(const char *path, const char *says)
{
    static arena scratch;
    if (!scratch.begin) scratch = arena_make(1 << 20);
    checkpoint c = {.path = "old"};
    assert_says(checkpoint_open(path, &memory, scratch, &c), says);
    assert_string_equal(c.path, "old");
}

static void test_a_folder(void **state)
{
    (void)state;
    make_folder();
    assert_null(file_make_folder(MODEL "/tokenizer"));
    checkpoint c = opened(MODEL);
    assert_string_equal(c.path, MODEL);
    assert_false(c.single);
    assert_string_equal(c.tokenizer, MODEL "/tokenizer");
    assert_int_equal(config_int(c.unet.config, "in_channels", 0), 4);
    assert_true(weights_floats(c.unet.weights, "conv_in.bias", 4)[3] == 3);
    assert_true(weights_floats(c.vae.weights, "quant_conv.bias", 4)[3] == 3);
    assert_true(weights_floats(c.text.weights, "text_model.final_layer_norm.bias", 4)[3] == 3);
    assert_null(weights_trouble(c.unet.weights));
    assert_null(checkpoint_check(&c));
    weights_rest(c.vae.weights);
    assert_true(weights_floats(c.vae.weights, "quant_conv.bias", 4)[3] == 3);
    save_row(MODEL "/vae/diffusion_pytorch_model.safetensors",
             "quant_conv.bias"); /* renamed over */
    assert_null(checkpoint_check(&c));
    assert_int_equal(truncate(MODEL "/text_encoder/model.safetensors", 50), 0);
    assert_says(checkpoint_check(&c), "text_encoder/model.safetensors was written to");
    checkpoint_close(&c);
}

/* All places where a part's weights can be. */
static void test_names_of_files(void **state)
{
    (void)state;
    static const char *const whole[] = {"model", "diffusion_pytorch_model.fp16", "model.bf16"};
    static const char *const lists[] = {"diffusion_pytorch_model.safetensors.index.json",
                                        "diffusion_pytorch_model.safetensors.index.fp16.json",
                                        "model.fp16.safetensors.index.json"};
    char path[200];
    checkpoint c;
    make_folder();
    for (int i = 0; i < 3; i++) {
        empty_part("unet");
        snprintf(path, sizeof path, MODEL "/unet/%s.safetensors", whole[i]);
        save_row(path, "conv_in.bias");
        c = opened(MODEL);
        assert_non_null(weights_floats(c.unet.weights, "conv_in.bias", 4));
        assert_null(weights_trouble(c.unet.weights));
        checkpoint_close(&c);
        remove(path);
    }
    for (int i = 0; i < 3; i++) {
        empty_part("unet");
        snprintf(path, sizeof path, MODEL "/unet/%s", lists[i]);
        write_text(path, "{\"metadata\": {\"total_size\": 32}, \"weight_map\": {\"conv_in.bias\": "
                         "\"s-1.safetensors\", \"conv_out.bias\": \"s-2.safetensors\", "
                         "\"x\": \"s-1.safetensors\"}}");
        save_row(MODEL "/unet/s-1.safetensors", "conv_in.bias");
        save_row(MODEL "/unet/s-2.safetensors", "conv_out.bias");
        c = opened(MODEL);
        weights_floats(c.unet.weights, "conv_in.bias", 4);
        weights_floats(c.unet.weights, "conv_out.bias", 4);
        assert_null(weights_trouble(c.unet.weights));
        int count;
        weights_files(c.unet.weights, &count);
        assert_int_equal(count, 2);
        checkpoint_close(&c);
    }
    remove(MODEL "/unet/s-2.safetensors");
    assert_refused(MODEL, "cannot open " MODEL "/unet/s-2.safetensors: No such file");
}

static const struct {
    const char *file, *text, *says;
} broken[] = {
    {"unet/config.json", "{", MODEL "/unet/config.json: line 1 is not JSON"},
    {"unet/config.json", "{\"addition_embed_type\": \"text_time\"}",
     MODEL " is a relative of Stable Diffusion XL"},
    {"unet/config.json", "{\"time_cond_proj_dim\": 256}",
     MODEL " is a latent consistency model (LCM); known are Stable Diffusion 1.x and 2.x"},
    {"unet/config.json", "{\"num_class_embeds\": 1000}",
     MODEL " is a model with classes, as the upscaler is; known"},
    {"vae/diffusion_pytorch_model.safetensors", "", "0 bytes are too few"},
    {"model_index.json",
     "{\"_class_name\": \"StableDiffusionXLPipeline\", \"unet\": [\"a\", \"b\"], "
     "\"text_encoder_2\": [\"a\", \"b\"]}",
     MODEL " is a StableDiffusionXLPipeline; known are Stable Diffusion 1.x and 2.x"},
    {"model_index.json", "{\"_class_name\": \"FluxPipeline\", \"transformer\": [\"a\", \"b\"]}",
     MODEL " is a FluxPipeline; known"},
    {"model_index.json", "{\"_class_name\": \"AudioPipeline\"}",
     MODEL " is a AudioPipeline; known"},
    {"model_index.json", "[]", "it is a list, not a table"},
    {"config.json", "{\"_class_name\": \"AutoencoderKL\"}",
     MODEL " is a AutoencoderKL alone, and no whole model; is the folder above it meant?"},
    {"scheduler/scheduler_config.json", "{\"beta_start\": \"x\"}",
     MODEL "/scheduler/scheduler_config.json: \"beta_start\" must be a number, and is a text"},
};

static void test_broken_folders(void **state)
{
    (void)state;
    char path[200];
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        make_folder();
        assert_null(file_make_folder(MODEL "/scheduler"));
        snprintf(path, sizeof path, MODEL "/%s", broken[i].file);
        write_text(path, broken[i].text);
        assert_refused(MODEL, broken[i].says);
    }
    make_folder();
    empty_part("vae");
    assert_refused(MODEL, MODEL "/vae has no .safetensors file with a name that is known");
    write_text(MODEL "/vae/diffusion_pytorch_model.fp16.bin", "x");
    assert_refused(MODEL,
                   MODEL "/vae has its weights in a pickle (.bin), which may run any program "
                         "when it is opened. Convert it with python: from diffusers");
    remove(MODEL "/vae/diffusion_pytorch_model.fp16.bin");
    remove(MODEL "/vae/config.json");
    assert_refused(MODEL, "cannot open " MODEL "/vae/config.json");
    rmdir(MODEL "/vae");
    assert_refused(MODEL, "the folder " MODEL "/vae is missing");
    make_folder();
}

/* A folder with files of models in it is not yet a model. */
static void test_other_folders(void **state)
{
    (void)state;
    static const char other[] = ROOM "/other";
    assert_null(file_make_folder(other));
    assert_refused(other, ROOM "/other has no folder \"unet\"; it is no model");
    write_text(ROOM "/other/v1-5.ckpt", "x");
    assert_refused(other, "has no folder \"unet\"; its .ckpt must be converted first");
    write_text(ROOM "/other/v1-5.safetensors", "x");
    assert_refused(other, "has no folder \"unet\"; is one of its .safetensors files meant?");
    remove(ROOM "/other/v1-5.ckpt"), remove(ROOM "/other/v1-5.safetensors");
}

static void test_broken_lists(void **state)
{
    (void)state;
    static const char *const lists[][2] = {
        {"{}", "index.json: it has no weight_map"},
        {"{\"weight_map\": {}}", "index.json: it has no weight_map"},
        {"{\"weight_map\": 3}", "index.json: it has no weight_map"},
        {"{\"weight_map\": {\"a\": 3}}", "the tensor a is in no .safetensors file of this folder"},
        {"{\"weight_map\": {\"a\": \"../model.safetensors\"}}",
         "the tensor a is in no .safetensors"},
        {"{\"weight_map\": {\"a\": \"pytorch_model.bin\"}}", "the tensor a is in no .safetensors"},
    };
    make_folder();
    empty_part("unet");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        write_text(MODEL "/unet/diffusion_pytorch_model.safetensors.index.json", lists[i][0]);
        assert_refused(MODEL, lists[i][1]);
    }
    static char text[80000] = "{\"weight_map\": {\"\": \"s.safetensors\"";
    for (int i = 0; i < 1001; i++)
        sprintf(text + strlen(text), ", \"t%d\": \"s%d.safetensors\"", i, i);
    write_text(MODEL "/unet/diffusion_pytorch_model.safetensors.index.json", strcat(text, "}}"));
    assert_refused(MODEL, "more than 1000 files");
    make_folder();
}

static const struct {
    const char *text, *schedule, *spacing;
    double first, last;
    int offset;
    bool to_one;
} schedulers[] = {
    {"{}", "linear", "own", 0.0001, 0.02, 0, false},
    {"{\"_class_name\": \"DDIMScheduler\"}", "linear", "own", 0.0001, 0.02, 0, true},
    {"{\"_class_name\": \"DDPMScheduler\"}", "linear", "own", 0.0001, 0.02, 0, true},
    {"{\"_class_name\": \"LCMScheduler\"}", "scaled_linear", "own", 0.00085, 0.012, 0, true},
    {"{\"_class_name\": \"TCDScheduler\"}", "scaled_linear", "own", 0.00085, 0.012, 0, true},
    {"{\"_class_name\": \"HeunDiscreteScheduler\"}", "linear", "own", 0.00085, 0.012, 0, true},
    {"{\"_class_name\": \"EulerDiscreteScheduler\"}", "linear", "own", 0.0001, 0.02, 0, true},
    {"{\"_class_name\": \"PNDMScheduler\", \"beta_schedule\": \"scaled_linear\", \"beta_start\": "
     "0.00085, \"beta_end\": 0.012, \"steps_offset\": 1, \"set_alpha_to_one\": true, "
     "\"timestep_spacing\": \"trailing\"}",
     "scaled_linear", "trailing", 0.00085, 0.012, 1, true},
};

static void test_schedulers(void **state)
{
    (void)state;
    make_folder();
    assert_null(file_make_folder(MODEL "/scheduler"));
    for (size_t i = 0; i < sizeof schedulers / sizeof *schedulers; i++) {
        write_text(MODEL "/scheduler/scheduler_config.json", schedulers[i].text);
        checkpoint c = opened(MODEL);
        assert_string_equal(c.scheduler.beta_schedule, schedulers[i].schedule);
        const char *spacing = c.scheduler.spacing; /* the class's own is scheduler.c's business */
        assert_string_equal(spacing ? spacing : "own", schedulers[i].spacing);
        assert_true(c.scheduler.beta_start == schedulers[i].first);
        assert_true(c.scheduler.beta_end == schedulers[i].last);
        assert_int_equal(c.scheduler.offset, schedulers[i].offset);
        assert_int_equal(c.scheduler.alpha_to_one, schedulers[i].to_one);
        assert_string_equal(c.scheduler.prediction, "epsilon");
        assert_true(c.scheduler.times == 1000 && !c.scheduler.guessed && !c.scheduler.zero_snr);
        checkpoint_close(&c);
    }
    write_text(
        MODEL "/scheduler/scheduler_config.json",
        "{\"_class_name\": \"EulerDiscreteScheduler\", \"prediction_type\": \"v_prediction\", "
        "\"rescale_betas_zero_snr\": true, \"num_train_timesteps\": 50}");
    checkpoint c = opened(MODEL);
    assert_string_equal(c.scheduler.name, "EulerDiscreteScheduler");
    assert_string_equal(c.scheduler.prediction, "v_prediction");
    assert_true(c.scheduler.zero_snr && c.scheduler.times == 50);
    checkpoint_close(&c);
    char text[5000]; /* any name is described */
    snprintf(text, sizeof text,
             "{\"_class_name\": \"%01000d\", \"prediction_type\": \"%01000d\", "
             "\"beta_schedule\": \"%01000d\", \"timestep_spacing\": \"%01000d\"}",
             1, 2, 3, 4);
    write_text(MODEL "/scheduler/scheduler_config.json", text);
    c = opened(MODEL);
    assert_says(checkpoint_describe(&c, &memory), "  sampled by    0000");
    checkpoint_close(&c);
    make_folder(); /* none: what Stable Diffusion 1.x has */
    c = opened(MODEL);
    assert_string_equal(c.scheduler.beta_schedule, "scaled_linear");
    assert_true(c.scheduler.beta_end == 0.012 && c.scheduler.offset == 1 && c.scheduler.guessed);
    assert_null(c.tokenizer);
    checkpoint_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_folder),
        cmocka_unit_test(test_names_of_files),
        cmocka_unit_test(test_broken_folders),
        cmocka_unit_test(test_other_folders),
        cmocka_unit_test(test_broken_lists),
        cmocka_unit_test(test_schedulers),
        cmocka_unit_test(test_nothing_stays_mapped),
    };
    return cmocka_run_group_tests(tests, make_room, NULL);
}
