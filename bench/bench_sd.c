/* Stable Diffusion's three networks at their real size: seconds, GFLOP/s, memory.
 *
 *     build/tools/make_model build/sd15 --type f16       random weights, 2 GB, once
 *     build/bench/bench_sd build/sd15                    all stages
 *     build/bench/bench_sd build/sd15 unet 512 5         one of them, five rounds
 *     build/bench/bench_sd build/sd15 --profile          and where the time goes
 *
 * The columns are those of bench/peers/sd.py, which runs the same networks in other engines: stage,
 * side of the picture, seconds (the median, the best), seconds from the start to the first result,
 * peak resident megabytes with the pages of the mapped weights. Ours say also what they compute,
 * and which share that is of the multiply-adds that the processor makes in a loop of nothing else;
 * Winograd needs fewer than are counted, so it can be above 1. Each stage has a process of its own.
 * `make bench-sd` runs both.
 */
#define _DEFAULT_SOURCE
#include "nn/isa.h"
#include "nn/machine.h"
#include "pipeline/model.h"
#include "pipeline/report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ROUNDS = 3,
    MOST = 100,  /* rounds */
    SIDE = 4096, /* pixels, at most */
    WORDS = 77,
    SPARE = 1 << 20, /* numbers: the text encoder, and what little else there is */
};

/* One call of a stage: the UNet is asked about a guidance pair, the VAE makes one picture, the text
 * encoder reads one prompt. */
static void call(const model *m, const char *stage, int side, arena scratch)
{
    int latent = side / vae_factor(&m->vae), c = m->unet.config.in;
    if (strcmp(stage, "text") == 0) {
        int32_t *ids = arena_take(&scratch, WORDS * sizeof *ids);
        float *out = arena_take(&scratch, (size_t)(WORDS * m->text.width) * sizeof *out);
        for (int i = 0; i < WORDS; i++) ids[i] = i * 631 % m->text.vocabulary;
        (void)clip_text_apply(&m->text, ids, 1, 0, out, scratch);
        return;
    }
    tensor x = tensor_new(&scratch, strcmp(stage, "unet") == 0 ? 2 : 1, latent, latent, c);
    rng r = rng_torch(1);
    rng_normal32(&r, x.data, tensor_count(x));
    if (x.n == 1) {
        vae_decode(&m->vae, x, tensor_new(&scratch, 1, side, side, 3), scratch);
        return;
    }
    tensor text = tensor_new(&scratch, 2, 1, WORDS, m->unet.config.text);
    rng_normal32(&r, text.data, tensor_count(text));
    transformer_text said = unet_remember(&m->unet, text, &scratch);
    unet_apply(&m->unet, x, 500, said, tensor_like(&scratch, x), scratch);
}

/* Whether that can be measured. */
static error check(const model *m, const char *stage, int side, arena scratch)
{
    static const char *const stages[] = {"text", "unet", "vae", NULL};
    int known = 0, factor = vae_factor(&m->vae), latent = side / factor;
    while (stages[known] && strcmp(stages[known], stage) != 0) known++;
    if (!stages[known]) return error_unknown("stage", stage, stages);
    if (side < factor || side > SIDE || side % factor)
        return error_make("the side is a multiple of %d, at most %d", factor, SIDE);
    tensor x = {NULL, 2, latent, latent, m->unet.config.in};
    size_t own = (size_t)(2 * WORDS) * (m->unet.remembered + (size_t)m->unet.config.text) +
                 (size_t)(side * side * 3) + 4 * tensor_count(x);
    size_t room =
        blocks_larger(unet_room(&m->unet, x, WORDS), vae_decode_room(&m->vae, latent, latent));
    if (room + (own + SPARE) * sizeof *x.data > arena_left(scratch))
        return error_make("a side of %d takes more memory than there is", side);
    return NULL;
}

static int measure(const char *path, const char *stage, int side, int rounds, bool show)
{
    double begin = machine_seconds(), taken[MOST], peaks[MOST]; /* sorted in the end */
    arena memory = arena_make((size_t)1 << 32), scratch = arena_make(0);
    model m;
    error wrong = memory.begin && scratch.begin ? NULL : "there is no memory left";
    if (!wrong) wrong = model_open(path, &memory, scratch, &m);
    if (!wrong) wrong = check(&m, stage, side, scratch);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    call(&m, stage, side, scratch);
    double first = machine_seconds() - begin;
    profile p = {0};
    for (int i = 0; i < rounds; i++) {
        double start = machine_seconds();
        if (i == 0) profile_start(&p, stage);
        call(&m, stage, side, scratch);
        profile_stop();
        taken[i] = machine_seconds() - start;
        peaks[i] = machine_peak();
    }
    double flop = 0, peak = machine_median(peaks, rounds), median = machine_median(taken, rounds);
    for (int i = 0; i < p.rows; i++) flop += p.row[i].flop;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("%-14s %5s %4d %8.3f %8.3f %8.1f %8.0f   %.0f GFLOP, %.0f GFLOP/s, %.2f of %.0f\n",
           "ours", stage, side, median, taken[0], first, (double)used.ru_maxrss * 1024e-6,
           1e-9 * flop, 1e-9 * flop / median, 1e-9 * flop / median / peak, peak);
    if (show) fputs(report_table(&p, &memory), stdout);
    return fflush(stdout) ? fprintf(stderr, "cannot write\n"), 1 : 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *stage;
        int side;
    } all[] = {{"text", 512}, {"unet", 256}, {"unet", 512}, {"vae", 256}, {"vae", 512}};
    bool show = strcmp(argv[argc - 1], "--profile") == 0;
    argc -= show;
    if (argc < 2 || argc == 3 || argc > 5)
        return fprintf(stderr, "usage: bench_sd MODEL [STAGE SIDE [ROUNDS]] [--profile]\n"), 1;
    error wrong = isa_choose(NULL);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    int side = argc > 3 ? atoi(argv[3]) : 0, rounds = argc > 4 ? atoi(argv[4]) : ROUNDS;
    if (rounds < 1 || rounds > MOST) return fprintf(stderr, "1 to %d rounds\n", MOST), 1;
    if (argc > 3) return measure(argv[1], argv[2], side, rounds, show);
    for (int i = 0; i < (int)(sizeof all / sizeof *all); i++) {
        pid_t child = fork();
        if (child == 0) _exit(measure(argv[1], all[i].stage, all[i].side, rounds, show));
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) < 0 || status) return 1;
    }
    return 0;
}
