/* The program diffuse and its files: one model in all layouts, little memory, files that change
 * under it, and files that lie. */
#include "diffuse_fixture.h"

#include "base/parallel.h"
#include "pipeline/picture.h"
#include <math.h>

#define FAST "-W 16 -H 16 --steps 2 -t 1 --quiet"
static arena memory, scratch;

static const char *in_room(const char *name)
{
    static char path[4][900];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[0], "%s/%s", room, name);
    return path[turn];
}

/* ---- Weights files, written anew ---- */

/* Which tensors, as floats or as they are, and which of them as zeros. */
typedef struct {
    int part, parts; /* every so many */
    bool widen;
    const char *zeros; /* what stands in their names, or NULL */
} rewriting;

static size_t bytes_as(const safetensor *t, const rewriting *r)
{
    return r->widen && t->usable ? t->count * sizeof(float) : t->bytes;
}

static void write_numbers(FILE *to, const safetensor *t, const rewriting *r)
{
    bool zero = r->zeros && strstr(t->name, r->zeros), wide = r->widen && t->usable;
    for (size_t i = 0; (zero || wide) && i < bytes_as(t, r) / sizeof(float); i++) {
        float x = zero ? 0 : weight_at((weight){t->data, t->type}, i);
        fwrite(&x, sizeof x, 1, to);
    }
    if (!zero && !wide) fwrite(t->data, 1, t->bytes, to);
}

static void rewrite(const char *from, const char *to, rewriting r)
{
    static char head[1 << 18];
    static const char *const types[] = {"F32", "F16", "BF16"};
    arena keep = memory;
    safetensors s;
    size_t used = 0, at = 0;
    char shape[160];
    if (r.parts == 0) r.parts = 1;
    assert_null(safetensors_open(in_room(from), &keep, &s));
    for (int i = r.part; i < s.count; i += r.parts) {
        const safetensor *t = &s.tensor[i];
        used += (size_t)sprintf(head + used, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":%s,",
                                used ? "," : "{", t->name,
                                !t->usable ? t->dtype : types[r.widen ? 0 : t->type],
                                safetensors_shape(t->shape, t->dims, shape));
        used +=
            (size_t)sprintf(head + used, "\"data_offsets\":[%zu,%zu]}", at, at + bytes_as(t, &r));
        at += bytes_as(t, &r);
    }
    used += (size_t)sprintf(head + used, "}");
    FILE *f = fopen(in_room(to), "wb");
    assert_non_null(f);
    for (int i = 0; i < 8; i++) fputc((int)(used >> 8 * i & 255), f);
    fwrite(head, 1, used, f);
    for (int i = r.part; i < s.count; i += r.parts) write_numbers(f, &s.tensor[i], &r);
    assert_int_equal(fclose(f), 0);
    safetensors_close(s);
}

static void write_text(const char *name, const char *text)
{
    assert_null(file_write(in_room(name), text, strlen(text)));
}

/* ---- One model in all layouts ---- */

static void paint(const char *from, const char *picture)
{
    shell_well("$D -m %s " FAST " -s 1 -o %s 'a fox'", from, picture);
}

static void test_a_single_file_is_its_folder(void **state)
{
    (void)state;
    paint("clip", "a.png"), paint("clip.safetensors", "b.png");
    assert_same_files("a.png", "b.png");
}

static void test_shards(void **state)
{
    (void)state;
    static const char whole[] = "clip/unet/diffusion_pytorch_model.safetensors";
    shell_well("rm -rf shards; cp -r clip shards; rm shards/unet/*.safetensors");
    rewrite(whole, "shards/unet/a.safetensors", (rewriting){.part = 0, .parts = 2});
    rewrite(whole, "shards/unet/b.safetensors", (rewriting){.part = 1, .parts = 2});
    write_text("shards/unet/diffusion_pytorch_model.safetensors.index.json",
               "{\"weight_map\": {\"x\": \"a.safetensors\", \"y\": \"b.safetensors\"}}");
    paint("clip", "a.png"), paint("shards", "b.png");
    assert_same_files("a.png", "b.png");
}

static void test_names_of_variants(void **state)
{
    (void)state;
    shell_well("rm -rf names; cp -r clip names; cd names; "
               "mv unet/diffusion_pytorch_model.safetensors "
               "unet/diffusion_pytorch_model.fp16.safetensors; "
               "mv vae/diffusion_pytorch_model.safetensors vae/model.safetensors; "
               "mv text_encoder/model.safetensors text_encoder/model.bf16.safetensors");
    paint("clip", "a.png"), paint("names", "b.png");
    assert_same_files("a.png", "b.png");
}

/* Floats are what 16 bits say, so the picture is the same where nothing is rounded. */
static void test_types(void **state)
{
    (void)state;
    static const char *const parts[] = {"unet/diffusion_pytorch_model",
                                        "vae/diffusion_pytorch_model", "text_encoder/model"};
    static const char *const models[] = {"clip", "bf16", "mixed"};
    char from[200], to[200];
    for (int m = 0; m < 3; m++) {
        shell_well("rm -rf wide; cp -r %s wide", models[m]);
        for (int i = 0; i < 3; i++) {
            snprintf(from, sizeof from, "%s/%s.safetensors", models[m], parts[i]);
            snprintf(to, sizeof to, "wide/%s.safetensors", parts[i]);
            rewrite(from, to, (rewriting){.widen = true});
        }
        paint(models[m], "a.png"), paint("wide", "b.png");
        assert_same_files("a.png", "b.png");
        shell_well("$D model wide");
        assert_says(said, "numbers  F32   ");
    }
}

/* ---- Noise ---- */

/* A network that always answers 0 leaves the noise as it was drawn. */
static void test_philox_is_what_is_drawn(void **state)
{
    (void)state;
    shell_well("rm -rf zero; cp -r clip zero");
    rewrite("clip/unet/diffusion_pytorch_model.safetensors",
            "zero/unet/diffusion_pytorch_model.safetensors", (rewriting){.zeros = "conv_out"});
    arena keep = memory;
    model m;
    tensor x;
    assert_null(model_open(in_room("zero"), &keep, scratch, &m));
    picture_wish w = picture_usual();
    w.prompt = "x", w.width = w.height = 16, w.steps = 1, w.sampler = "euler", w.list = "karras";
    w.philox = true, w.seed = 9, w.batch = 2;
    assert_null(picture_latents(&m, &w, &keep, scratch, &x));
    float field[256], drawn[256];
    for (int i = 0; i < 2; i++) {
        rng source = rng_philox(9 + (uint64_t)i);
        rng_normal32(&source, drawn, 256);
        tensor_to_nchw(field, tensor_pictures(x, i, 1));
        for (int k = 0; k < 256; k++) /* times the first sigma */
            assert_true(fabsf(field[k] / drawn[k] - field[0] / drawn[0]) <
                        1e-5f * field[0] / drawn[0]);
    }
    assert_true(field[0] / drawn[0] > 10);
    model_close(&m);
}

/* ---- Memory ---- */

static arena cut(arena a, size_t bytes)
{
    a.end = a.begin + bytes;
    return a;
}

/* Too little of it is an error, however little, and enough is enough. */
static void test_little_memory(void **state)
{
    (void)state;
    static char longer[60000];
    arena keep = memory;
    model m;
    tensor x;
    int made = 0, refusals = 0;
    parallel_set_threads(1); /* each wants some room */
    assert_null(model_open(in_room("clip"), &keep, scratch, &m));
    for (int i = 0; i < 8000; i++) strcpy(longer + 5 * i, " word");
    picture_wish w = picture_usual();
    w.width = w.height = 16, w.steps = 1;
    for (int words = 0; words < 2; words++)
        for (size_t kept = 1 << 10; kept <= 1 << 26; kept *= 2)
            for (size_t room_for = 1 << 10; room_for <= 1 << 26; room_for *= 4) {
                arena mine = cut(keep, kept);
                w.prompt = words ? longer : "x";
                error wrong = picture_make(&m, &w, &mine, cut(scratch, room_for), &x);
                made += !wrong, refusals += wrong != NULL;
            }
    print_message("%d made, %d refused\n", made, refusals);
    assert_true(made >= 8 && refusals >= 100);
    arena mine = keep;
    w.width = w.height = 1 << 20;
    assert_says(picture_make(&m, &w, &mine, scratch, &x), "1048576 x 1048576 pixels at once");
    w.width = 16384, w.height = 8192;
    assert_says(picture_make(&m, &w, &mine, scratch, &x), "16384 x 8192 pixels at once are too");
    w.width = 16, w.height = 16, w.batch = 1 << 30;
    assert_says(picture_make(&m, &w, &mine, scratch, &x), "16 x 16 pixels at once are too many");
    model_close(&m);
}

/* ---- Files that change ---- */

/* A picture in the making, all its weights being mapped (Linux tells). */
static pid_t at_work(const char *model_name)
{
    char options[300], path[100], line[1000];
    snprintf(options, sizeof options, "-m %s -W 64 -H 64 --steps 500 -t 1 -o late.png x",
             model_name);
    pid_t child = spawn(options);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)child);
    for (int i = 0; i < 300; i++) {
        FILE *maps = fopen(path, "r");
        bool mapped = false;
        while (maps && fgets(line, sizeof line, maps))
            mapped = mapped || strstr(line, "/text_encoder/model.safetensors");
        if (maps) fclose(maps);
        wait_ms(mapped ? 300 : 10);
        if (mapped) break;
    }
    return child;
}

static void test_a_file_that_shrinks(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        shell_well("rm -rf less late.png; cp -r clip less");
        pid_t child = at_work("less");
        if (i == 0)
            assert_int_equal(truncate(in_room("less/vae/diffusion_pytorch_model.safetensors"), 100),
                             0);
        if (i == 1)
            assert_int_equal(
                truncate(in_room("less/unet/diffusion_pytorch_model.safetensors"), 5000), 0);
        if (i == 2) kill(child, SIGBUS); /* what reading behind the new end does */
        int code = await(child);
        const char *line = strstr(said, "diffuse: ");
        if (code != 1 || !line) fail_msg("exit code %d: %s", code, said);
        if (!strstr(line, i == 2 ? "was cut short while it was used" : "while it was"))
            fail_msg("%s", line);
        assert_false(is_there("late.png"));
        assert_false(has_parts());
    }
}

static void test_a_file_that_is_written_over(void **state)
{
    (void)state;
    shell_well("rm -rf less late.png; cp -r clip less; touch -d '1 hour ago' less/*/*");
    pid_t child = at_work("less");
    shell_well("dd conv=notrunc if=clip/unet/diffusion_pytorch_model.safetensors "
               "of=less/unet/diffusion_pytorch_model.safetensors");
    int code = await(child);
    assert_one_line(code, "less/unet/diffusion_pytorch_model.safetensors was written to while");
    assert_false(is_there("late.png"));
}

/* diffusers' pipeline has an offset of 1 always; without a file a model is as 1.5 is. */
static void test_schedulers_that_say_less(void **state)
{
    (void)state;
    static const char *const asked[] = {"", "--sampler ddim"};
    shell_well("rm -rf bare none; cp -r clip bare; cp -r clip none; rm -r none/scheduler; "
               "F=scheduler/scheduler_config.json; grep -q '\"steps_offset\": 1' clip/$F; "
               "sed 's/\"steps_offset\": 1/\"steps_offset\": 0/' clip/$F > bare/$F");
    for (int i = 0; i < 2; i++)
        shell_well("for m in clip bare none; do "
                   "$D -m $m -W 16 -H 16 --steps 4 -t 1 --quiet %s -o $m.png x || exit 1; done; "
                   "cmp clip.png bare.png && cmp clip.png none.png",
                   asked[i]);
}

/* ---- Files that lie ---- */

/* What is put into which configuration, and what is said: with the file's name. */
static const struct {
    const char *file, *old, *with, *says;
} lies[] = {
    {"unet/config.json", "\"in_channels\": 4", "\"in_channels\": 9",
     "tensor conv_in.weight must be [32, 9, 3, 3], and is [32, 4, 3, 3]"},
    {"unet/config.json", "\"in_channels\"", "\"act_fn\": \"gelu\", \"in_channels\"",
     "unet/config.json: \"act_fn\" is gelu; only silu is supported"},
    {"unet/config.json", "\"norm_num_groups\": 32", "\"norm_num_groups\": 7",
     "unet/config.json: block_out_channels: 32 is no multiple of norm_num_groups 7"},
    {"unet/config.json", "[8, 8]", "[5, 5]",
     "unet/config.json: attention_head_dim: 5 heads cannot share 32 channels"},
    {"unet/config.json", "\"layers_per_block\": 1", "\"layers_per_block\": -3",
     "unet/config.json: layers_per_block -3"},
    {"unet/config.json", "\"layers_per_block\": 1", "\"layers_per_block\": 2",
     "unet/diffusion_pytorch_model.safetensors: tensor down_blocks.0.resnets.1.norm1.weight must "
     "be [32], and is missing"},
    {"unet/config.json", "\"CrossAttnDownBlock2D\"", "\"OtherBlock\"",
     "unet/config.json: there is no down_block_types \"OtherBlock\""},
    {"unet/config.json", "\"in_channels\"", "\"freq_shift\": 16, \"in_channels\"",
     "unet/config.json: freq_shift: 16 of 16 waves"},
    {"text_encoder/config.json", "\"max_position_embeddings\": 77",
     "\"max_position_embeddings\": 2",
     "text_encoder/config.json: \"max_position_embeddings\" is 2, and must be 3 to"},
    {"vae/config.json", "\"latent_channels\": 4", "\"latent_channels\": 5",
     "vae/diffusion_pytorch_model.safetensors: tensor encoder.conv_out.weight must be [10, 64, 3, "
     "3], and is [8, 64, 3, 3]"},
    {"vae/config.json", "\"scaling_factor\": 0.18215", "\"scaling_factor\": -1",
     "vae/config.json: a VAE with"},
    {"vae/config.json", "\"UpDecoderBlock2D\"", "\"OtherBlock\"",
     "vae/config.json: there is no up_block_types \"OtherBlock\""},
    {"text_encoder/config.json", "\"vocab_size\": 49408", "\"vocab_size\": 49407",
     "text_encoder/model.safetensors: tensor text_model.embeddings.token_embedding.weight must be "
     "[49407, 32], and is [49408, 32]"},
    {"text_encoder/config.json", "\"hidden_act\": \"quick_gelu\"", "\"hidden_act\": \"tanh\"",
     "text_encoder/config.json: there is no \"hidden_act\" \"tanh\""},
    {"text_encoder/config.json", "\"num_attention_heads\": 1", "\"num_attention_heads\": 3",
     "text_encoder/config.json: \"hidden_size\" 32 is no multiple"},
    {"scheduler/scheduler_config.json", "\"epsilon\"", "\"flow\"",
     "scheduler/scheduler_config.json: there is no prediction type \"flow\""},
    {"scheduler/scheduler_config.json", "\"scaled_linear\"", "\"steep\"",
     "scheduler/scheduler_config.json: "},
    {"scheduler/scheduler_config.json", "\"beta_end\": 0.012", "\"beta_end\": 12",
     "scheduler/scheduler_config.json: "},
    {"scheduler/scheduler_config.json", "1000", "2000000000", "scheduler/scheduler_config.json: "},
    {"scheduler/scheduler_config.json", "\"PNDMScheduler\"", "\"FooScheduler\"",
     "scheduler/scheduler_config.json: there is no sampler \"FooScheduler\""},
    {"scheduler/scheduler_config.json", "\"leading\"", "\"odd\"",
     "scheduler/scheduler_config.json: "},
};

static void test_configurations_that_lie(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        char path[200], text[4000] = "", changed[5000];
        shell_well("rm -rf lie; cp -r clip lie");
        snprintf(path, sizeof path, "lie/%s", lies[i].file);
        FILE *f = fopen(in_room(path), "rb");
        assert_non_null(f);
        text[fread(text, 1, sizeof text - 1, f)] = 0;
        fclose(f);
        char *at = strstr(text, lies[i].old);
        if (!at) fail_msg("%s has no %s", path, lies[i].old);
        snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, lies[i].with,
                 at + strlen(lies[i].old));
        write_text(path, changed);
        assert_one_line(shell("$D -m lie " FAST " x"), lies[i].says);
        if (strstr(lies[i].says, ".json")) assert_says(said, "diffuse: lie/");
    }
}

static void test_strangers(void **state)
{
    (void)state;
    write_text("old.ckpt", "PK\3\4 and more");
    assert_one_line(shell("$D -m old.ckpt x"), "old.ckpt is a pickle (.ckpt)");
    assert_says(said, "Convert it with python: ");
    shell_well(
        "rm -rf bins; cp -r clip bins; mv bins/vae/*.safetensors bins/vae/pytorch_model.bin");
    assert_one_line(shell("$D -m bins x"), "bins/vae has its weights in a pickle (.bin)");
    assert_says(said, "Convert it with python: ");
    shell_well("rm -rf ix; mkdir ix; cp -r clip/* ix; head -c 3000 "
               "clip/unet/diffusion_pytorch_model.safetensors > "
               "ix/unet/diffusion_pytorch_model.safetensors");
    assert_one_line(shell("$D -m ix x"), "ix/unet/diffusion_pytorch_model.safetensors: its head");
    assert_one_line(shell("$D -m clip/unet x"), "clip/unet is a UNet2DConditionModel alone");
    assert_one_line(shell("$D -m /dev/null x"), "cannot read /dev/null: it is not a file");
}

int main(int argc, char **argv)
{
    (void)argc;
    memory = arena_make((size_t)1 << 30), scratch = arena_make((size_t)4 << 30);
    if (make_models(argv[0], "files_room",
                    "$M clip --tiny --clip --seed 3; $M clip.safetensors --tiny --clip --single "
                    "--seed 3; $M bf16 --tiny --clip --type bf16; $M mixed --tiny --clip --type "
                    "mixed"))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_single_file_is_its_folder),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_names_of_variants),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_philox_is_what_is_drawn),
        cmocka_unit_test(test_little_memory),
        cmocka_unit_test(test_a_file_that_shrinks),
        cmocka_unit_test(test_a_file_that_is_written_over),
        cmocka_unit_test(test_schedulers_that_say_less),
        cmocka_unit_test(test_configurations_that_lie),
        cmocka_unit_test(test_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
