/* The program diffuse, from its command line to its file, on a small generated model. */
#include "diffuse_fixture.h"
#include "nn/isa.h"

/* 16 x 16, two steps, one thread: some milliseconds. */
#define FAST "-W 16 -H 16 --steps 2 -t 1 --quiet"

static void test_help(void **state)
{
    (void)state;
    static const char *const options[] = {
        "-m, --model",   "-p, --prompt", "-n, --negative", "-o, --output", "-W, --width",
        "-H, --height",  "-s, --seed",   "--seed-mode",    "--steps",      "--cfg-scale",
        "--sampler",     "--schedule",   "-b, --batch",    "--clip-skip",  "--taesd",
        "-t, --threads", "--quiet",      "--profile",      "--bf16"};
    shell_well("$D --help");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) assert_says(said, options[i]);
    assert_int_equal(shell("$D --help > /dev/full"), 1);
    assert_says(said, "cannot write");
}

static const struct {
    const char *options, *says;
} refused[] = {
    {"--foo x", "--foo is no option; see diffuse --help"},
    {"-z x", "-z is no option"},
    {"--quiet=1 x", "--quiet=1 takes no value"},
    {"--help=1 x", "--help=1 takes no value"},
    {"x -W", "-W wants a value; see diffuse --help"},
    {"x -m nothing", "cannot open nothing: No such file"},
    {"x -m ''", "which model? -m PATH"},
    {"", "no prompt; an empty one is \"\""},
    {"a fox", "what is \"fox\"? A prompt of several words stands in quotes"},
    {"x -W 33 -H 32", "a picture of 33 x 32 cannot be made: sides are multiples of 2"},
    {"x -W 16 -H 17", "a picture of 16 x 17 cannot be made: sides are multiples of 2"},
    {"x -W 0", "--width takes a number from 8 to 8192, not \"0\""},
    {"x -H 1e9", "--height takes a number from 8 to 8192, not \"1e9\""},
    {"x -W 8192 -H 8192", "8192 x 8192 pixels, 77 tokens: "},
    {"x -W 8192 -H 8192 -b 64", "64 x 8192 x 8192 pixels at once are too many"},
    {"x --steps 0", "--steps takes a number from 1 to"},
    {"x --steps 2.5", "--steps takes whole numbers, not 2.5"},
    {"x --steps 999999999999", "--steps takes a number from 1 to"},
    {"x --steps 1001 --schedule trailing", "at most 666 steps, not 1001"},
    {"x -b 0", "--batch takes a number from 1 to 64"},
    {"x -s -1", "--seed takes a whole number from 0 to 18446744073709551615, not \"-1\""},
    {"x -s ' -1'", "--seed takes a whole number from 0 to 18446744073709551615, not \" -1\""},
    {"x -s 18446744073709551616", "not \"18446744073709551616\""},
    {"x -s y", "--seed takes a whole number from 0 to 18446744073709551615, not \"y\""},
    {"x --seed-mode gpu", "there is no seed mode \"gpu\"; nearest is"},
    {"x --cfg-scale nan", "--cfg-scale takes a number from 0 to 1000, not \"nan\""},
    {"x --sampler foo", "there is no sampler \"foo\""},
    {"x --schedule foo", "foo"},
    {"x --clip-skip 3", "clip skip 3: this text encoder has 2 layers"},
    {"x -t 0", "--threads takes a number from 1"},
    {"x -o x.jpg", "-o x.jpg: pictures are written as .png"},
    {"x -o .jpg", "-o .jpg: pictures are written as .png"},
    {"x -o nowhere/x.png", "-o nowhere/x.png: nothing can be written there"},
    {"x --taesd nothing", "the folder nothing is missing"},
    {"model", "diffuse model PATH says what a model is"},
};

static void test_what_cannot_be_is_one_line(void **state)
{
    (void)state;
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (memory > 80e9 && strstr(refused[i].says, "77 tokens")) continue; /* it would fit */
        bool model = strstr(refused[i].options, "-m ") || strcmp(refused[i].options, "model") == 0;
        int code = shell("$D %s %s", model ? "" : "-m tiny", refused[i].options);
        assert_one_line(code, refused[i].says);
        assert_false(is_there("out.png"));
    }
    assert_one_line(shell("DIFFUSE_MODEL= ; unset DIFFUSE_MODEL; $D x"), "which model? -m PATH");
}

/* The VAE's file ends with a bias of the decoder, in f16: 0x7e00 is no number. */
static void test_a_decoder_without_numbers(void **state)
{
    (void)state;
    shell_well("rm -rf nan; cp -r tiny nan; F=nan/vae/diffusion_pytorch_model.safetensors; "
               "truncate -s -2 $F; printf '\\000\\176' >> $F");
    assert_one_line(shell("$D -m nan " FAST " -o nan.png x"),
                    "the decoder made a picture that is not finite");
    assert_false(is_there("nan.png"));
}

/* The picture is the same, and where the time went is said and drawn beside it. */
static void test_profile(void **state)
{
    (void)state;
    static const char *const parts[] = {"opening", "text", "sampler", "network", "decoder", "file"};
    shell_well("$D -m tiny " FAST " -o a.png x && $D -m tiny " FAST " -o b.png --profile x");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) assert_says(said, parts[i]);
    assert_says(said, "GFLOP/s");
    assert_says(said, "\n  attention ");
    assert_says(said, "\nwhole ");
    assert_same_files("a.png", "b.png");
    assert_false(is_there("a-profile.svg"));
    shell_well("grep -c 'Where .* seconds went' b-profile.svg");
    shell_well("$D -m tiny " FAST " -b 2 -o c.d.png --profile x");
    assert_true(is_there("c.d-2.png") && is_there("c.d-profile.svg"));
    assert_one_line(shell("$D -m tiny " FAST " -o b.png --profile x > /dev/full"),
                    "cannot write the table");
}

static void test_pictures(void **state)
{
    (void)state;
    shell_well("$D -m tiny " FAST " -s 5 -o a.png 'a red fox'");
    assert_string_equal(said, "");
    shell_well("$D --model=tiny " FAST " --seed=5 -o b.png -p 'a red fox'");
    assert_same_files("a.png", "b.png");
    shell_well("DIFFUSE_MODEL=tiny $D " FAST " -t 2 -s 5 -o b.png 'a red fox'");
    assert_same_files("a.png", "b.png");
    static const char *const others[] = {"-s 6 'a red fox'",
                                         "-s 5 'a red dog'",
                                         "-s 5 ''",
                                         "-s 5 --seed-mode philox 'a red fox'",
                                         "-s 5 --cfg-scale 1 'a red fox'",
                                         "-s 5 -n 'a dog' 'a red fox'",
                                         "-s 5 --clip-skip 2 'a red fox'",
                                         "-s 5 --sampler euler_a 'a red fox'",
                                         "-s 5 --steps 1 'a red fox'"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        shell_well("$D -m tiny " FAST " -o b.png %s", others[i]);
        assert_other_files("a.png", "b.png");
    }
    shell_well("$D -m tiny -W 16 -H 16 --steps 2 -t 1 -s 5 -o b.png 'a red fox'");
    assert_says(said, "b.png\n");
    assert_says(said, " s\n");
    assert_same_files("a.png", "b.png");
    assert_false(has_parts());
}

static void test_instructions(void **state)
{
    (void)state;
    assert_one_line(shell("DIFFUSION_ISA=plane $D -m tiny " FAST " x"),
                    "there is no instruction set \"plane\"");
    if (!isa_bf16()) {
        assert_one_line(shell("$D -m tiny " FAST " --bf16 x"),
                        "--bf16: this processor has no instructions for it");
        return;
    }
    shell_well("$D -m tiny " FAST " -o a.png x && $D -m tiny " FAST " --bf16 -o b.png x");
    assert_other_files("a.png", "b.png");
    shell_well("DIFFUSION_ISA=%s $D -m tiny " FAST " -o a.png x", isa_bf16());
    assert_same_files("a.png", "b.png");
}

/* The size as the head of a PNG has it. */
static void assert_sides(const char *name, int w, int h)
{
    shell_well("od -An -tu1 -j16 -N8 %s", name);
    int b[8];
    assert_int_equal(
        sscanf(said, "%d %d %d %d %d %d %d %d", b, b + 1, b + 2, b + 3, b + 4, b + 5, b + 6, b + 7),
        8);
    assert_int_equal(b[2] * 256 + b[3], w);
    assert_int_equal(b[6] * 256 + b[7], h);
}

static void test_sizes_and_batches(void **state)
{
    (void)state;
    shell_well("$D -m tiny --steps 1 -t 1 --quiet -W 34 -H 22 -o odd.png x");
    assert_sides("odd.png", 34, 22);
    shell_well("$D -m tiny --steps 1 -t 1 --quiet -o usual.png x"); /* sample_size 64 */
    assert_sides("usual.png", 128, 128);
    shell_well("$D -m tiny " FAST " -b 3 -s 7 --seed-mode philox -o of.png x");
    assert_false(is_there("of.png"));
    for (int i = 0; i < 3; i++) { /* one seed after the other */
        shell_well("$D -m tiny " FAST " -s %d --seed-mode philox -o one.png x; cmp one.png "
                   "of-%d.png",
                   7 + i, i + 1);
    }
    shell_well("$D -m tiny " FAST " -b 2 -o two x");
    assert_true(is_there("two-1.png") && is_there("two-2.png"));
    assert_other_files("two-1.png", "two-2.png");
}

static void test_long_prompts(void **state)
{
    (void)state;
    shell_well("$D -m tiny " FAST " -o long.png \"$(printf 'word%%.0s ' $(seq 300))\"");
    shell_well("$D -m tiny " FAST " -o short.png \"$(printf 'word%%.0s ' $(seq 10))\"");
    assert_other_files("long.png", "short.png");
    shell_well("$D -m tiny " FAST " -o deep.png \"$(printf '(%%.0s' $(seq 2000))x\"");
    shell_well("$D -m tiny " FAST " -o bytes.png \"$(printf '\\377\\200(\\300:1.1)\\001')\"");
}

/* Names of other programs, and the same in ours. */
static const struct {
    const char *theirs, *ours;
} pairs[] = {
    {"--sampler 'DPM++ 2M Karras'", "--sampler dpmpp_2m --schedule karras"},
    {"--sampler 'Euler a'", "--sampler euler_ancestral"},
    {"--sampler euler_a", "--sampler EulerAncestralDiscreteScheduler"},
    {"--sampler k_heun", "--sampler Heun"},
    {"--sampler DPMSolverMultistepScheduler", "--sampler dpm_solver_multistep"},
    {"--sampler 'DPM2 Karras'", "--sampler sample_dpm_2 --schedule karras"},
    {"--sampler UniPC", "--sampler uni_pc"},
    {"--sampler LMS", "--sampler k_lms"},
    {"--sampler PLMS", "--sampler plms"},
    {"--sampler DDIM", "--sampler DDIMScheduler"},
};

static void test_samplers_by_any_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        shell_well("$D -m tiny " FAST " --steps 4 -o a.png %s x", pairs[i].theirs);
        shell_well("$D -m tiny " FAST " --steps 4 -o b.png %s x", pairs[i].ours);
        assert_same_files("a.png", "b.png");
    }
}

/* What is asked for, beside "-o "; what is said. Folders are there by the names of d/picture.png,
 * e-2.png and f-profile.svg. N stands for 300 letters, P for a path of 5,000. */
static const struct {
    const char *ask, *says;
} unwritten[] = {
    {"d/picture.png", "-o d/picture.png: it is there and not a file"},
    {"d/", "-o d/: a file's name is needed"},
    {"''", "-o : a file's name is needed"},
    {".png", "-o .png: a file's name is needed"},
    {"d/.png", "-o d/.png: a file's name is needed"},
    {"e.png -b 2", "-o e-2.png: it is there and not a file"},
    {"e -b 3", "-o e-2.png: it is there and not a file"},
    {"f.png --profile", "-o f-profile.svg: it is there and not a file"},
    {"tiny/model_index.json/x.png", "-o tiny/model_index.json/x.png: nothing can be written there"},
    {"nowhere/x", "-o nowhere/x.png: nothing can be written there"},
    {"nowhere/x -b 2", "-o nowhere/x-1.png: nothing can be written there"},
    {"$N.png", "n.png: File name too long"},
    {"$(echo $N | cut -c-252)", "n.png: File name too long"},
    {"$(echo $N | cut -c-250) -b 2", "n-1.png: File name too long"},
    {"$(echo $N | cut -c-245) --profile", "n-profile.svg: File name too long"},
    {"$P.png", "the name of the output is too long"},
};

/* Said before any work: the model is not even looked for. */
static void test_names_that_cannot_be_written(void **state)
{
    (void)state;
    shell_well("rm -rf d e-2.png f-profile.svg; mkdir -p d/picture.png e-2.png f-profile.svg");
    for (size_t i = 0; i < sizeof unwritten / sizeof *unwritten; i++) {
        int code = shell("N=$(printf 'n%%.0s' $(seq 300)); P=$(printf './%%.0s' $(seq 2500)); "
                         "$D -m nowhere " FAST " -o %s x",
                         unwritten[i].ask);
        assert_one_line(code, unwritten[i].says);
    }
    /* what is longest is written: 255 letters, with "-2.png" or without */
    shell_well("N=$(printf 'n%%.0s' $(seq 300)); rm -f n*.png; "
               "$D -m tiny " FAST " -o $(echo $N | cut -c-251) x && "
               "$D -m tiny " FAST
               " -b 2 -o $(echo $N | cut -c-249).png x && echo $(ls n*.png | wc -l)");
    assert_string_equal(said, "3\n");
    assert_false(has_parts());
}

static void test_places_that_cannot_be_written(void **state)
{
    (void)state;
    shell("rm -f full.png; ln -s /dev/full full.png");
    assert_one_line(shell("$D -m tiny " FAST " -o full.png x"),
                    "-o full.png: it is there and not a file");
    /* As on a disk that is full: no file may have more than 4,096 bytes. */
    shell("{ (ulimit -f 8; $D -m tiny " FAST " -W 64 -H 64 -o none.png x); echo $?; } 2>&1 | cat");
    assert_says(said, "diffuse: cannot write none.png: File too large\n1\n");
    assert_false(is_there("none.png"));
    assert_false(has_parts());
}

static void test_an_interrupt_leaves_nothing(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM}, codes[] = {130, 143};
    for (int i = 0; i < 2; i++) {
        pid_t child = spawn("-m tiny -W 64 -H 64 --steps 500 -t 1 -o late.png x");
        wait_ms(500);
        kill(child, signals[i]);
        int code = await(child);
        if (code != codes[i]) fail_msg("exit code %d: %s", code, said);
        assert_false(is_there("late.png"));
        assert_false(has_parts());
    }
}

static void test_models_are_described(void **state)
{
    (void)state;
    shell_well("$D model tiny");
    assert_says(said, "tiny: of Stable Diffusion's kind, a diffusers folder\n");
    assert_says(said, "  UNet            208 tensors         792,964 numbers  F16");
    shell_well("$D model one.safetensors");
    assert_says(said, "one.safetensors: of Stable Diffusion's kind, a single file\n");
    shell_well("$D model two");
    assert_says(said, "  predicts      v_prediction\n");
    assert_int_equal(shell("$D model tiny > /dev/full"), 1);
    assert_says(said, "cannot write");
    assert_one_line(shell("$D model nothing"), "cannot open nothing");
}

int main(int argc, char **argv)
{
    (void)argc;
    if (make_models(argv[0], "diffuse_room",
                    "$M tiny --tiny --seed 3; $M two --tiny --two; $M one.safetensors --tiny "
                    "--single"))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_what_cannot_be_is_one_line),
        cmocka_unit_test(test_a_decoder_without_numbers),
        cmocka_unit_test(test_profile),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_sizes_and_batches),
        cmocka_unit_test(test_long_prompts),
        cmocka_unit_test(test_samplers_by_any_name),
        cmocka_unit_test(test_names_that_cannot_be_written),
        cmocka_unit_test(test_places_that_cannot_be_written),
        cmocka_unit_test(test_an_interrupt_leaves_nothing),
        cmocka_unit_test(test_models_are_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
