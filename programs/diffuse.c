/* diffuse: words in, picture out, with the weights of Stable Diffusion that you have on disk.
 *
 *     diffuse -m stable-diffusion-v1-5 "a lighthouse in a storm, oil on canvas"
 *     diffuse model stable-diffusion-v1-5
 *
 * All of it in library calls: lib/pipeline/picture.h. This file reads the command line, shows how
 * far it is, and writes the files.
 */
#define _GNU_SOURCE /* getopt_long */
#include "base/parallel.h"
#include "draw/image.h"
#include "pipeline/picture.h"
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: diffuse [options] PROMPT      makes a picture\n"
    "       diffuse model PATH            says what a model is\n"
    "\n"
    "  -m, --model PATH       folder of diffusers, or one .safetensors file (else $DIFFUSE_MODEL)\n"
    "  -p, --prompt TEXT      the same as PROMPT; (word:1.3) counts more, [word] less\n"
    "  -n, --negative TEXT    what is not wanted\n"
    "  -o, --output FILE      default out.png; of several pictures out-1.png, out-2.png, ...\n"
    "  -W, --width N          pixels, a multiple of 8; default: what the model was trained on\n"
    "  -H, --height N         the same\n"
    "  -s, --seed N           default 0; the same seed gives the same picture\n"
    "      --seed-mode MODE   pytorch: noise as diffusers has it on a CPU (default);\n"
    "                         philox: as web UIs have it on a GPU\n"
    "      --steps N          default 20\n"
    "      --cfg-scale X      how far to lean towards the prompt, default 7.5; 1: not at all\n"
    "      --sampler NAME     any name of any program: euler_a, \"DPM++ 2M Karras\", UniPC, ...\n"
    "      --schedule NAME    list of noise sizes: karras, exponential, trailing, ...\n"
    "                         (both default to what the model asks for)\n"
    "  -b, --batch N          pictures at once, default 1\n"
    "      --clip-skip N      1: the text encoder's last layer, 2: the one before\n"
    "  -t, --threads N        default: all cores\n"
    "      --quiet            no progress\n"
    "      --help             this\n"
    "\n"
    "docs/samplers.md says which sampler to take.\n";

typedef struct {
    const char *model, *output;
    picture_wish wish;
    bool quiet;
    int threads;
} wanted;

/* One clear line, and 1. */
static int trouble(const char *line)
{
    fprintf(stderr, "diffuse: %s\n", line);
    return 1;
}

static error number(const char *name, const char *text, double least, double most, double *out)
{
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end || !(*out >= least && *out <= most))
        return error_make("--%s takes a number from %g to %g, not \"%s\"", name, least, most, text);
    return NULL;
}

static error whole(const char *name, const char *text, int least, int most, int *out)
{
    double x;
    error wrong = number(name, text, least, most, &x);
    if (!wrong && x != floor(x)) wrong = error_make("--%s takes whole numbers, not %s", name, text);
    if (!wrong) *out = (int)x;
    return wrong;
}

static error seed_of(const char *text, uint64_t *out)
{
    char *end;
    *out = strtoull(text, &end, 10);
    if (end == text || *end || *text == '-')
        return error_make("--seed takes a whole number from 0, not \"%s\"", text);
    return NULL;
}

static error mode_of(const char *text, bool *philox)
{
    static const char *const modes[] = {"pytorch", "philox", NULL};
    *philox = strcmp(text, modes[1]) == 0;
    return *philox || strcmp(text, modes[0]) == 0 ? NULL : error_unknown("seed mode", text, modes);
}

enum { SEED_MODE = 256, STEPS, CFG_SCALE, SAMPLER_NAME, SCHEDULE, CLIP_SKIP, QUIET, HELP };
static const struct option options[] = {
    {"model", 1, NULL, 'm'},        {"prompt", 1, NULL, 'p'},       {"negative", 1, NULL, 'n'},
    {"output", 1, NULL, 'o'},       {"width", 1, NULL, 'W'},        {"height", 1, NULL, 'H'},
    {"seed", 1, NULL, 's'},         {"seed-mode", 1, NULL, SEED_MODE}, {"steps", 1, NULL, STEPS},
    {"cfg-scale", 1, NULL, CFG_SCALE}, {"sampler", 1, NULL, SAMPLER_NAME},
    {"schedule", 1, NULL, SCHEDULE}, {"batch", 1, NULL, 'b'},       {"clip-skip", 1, NULL, CLIP_SKIP},
    {"threads", 1, NULL, 't'},      {"quiet", 0, NULL, QUIET},      {"help", 0, NULL, HELP},
    {NULL, 0, NULL, 0}};

static error take(int option, const char *value, wanted *w)
{
    picture_wish *wish = &w->wish;
    switch (option) {
        case 'm': return w->model = value, NULL;
        case 'p': return wish->prompt = value, NULL;
        case 'n': return wish->negative = value, NULL;
        case 'o': return w->output = value, NULL;
        case 'W': return whole("width", value, 8, 8192, &wish->width);
        case 'H': return whole("height", value, 8, 8192, &wish->height);
        case 's': return seed_of(value, &wish->seed);
        case SEED_MODE: return mode_of(value, &wish->philox);
        case STEPS: return whole("steps", value, 1, SIGMAS_MOST, &wish->steps);
        case CFG_SCALE: return number("cfg-scale", value, 0, 1000, &wish->guidance);
        case SAMPLER_NAME: return wish->sampler = value, NULL;
        case SCHEDULE: return wish->list = value, NULL;
        case 'b': return whole("batch", value, 1, 64, &wish->batch);
        case CLIP_SKIP: return whole("clip-skip", value, 1, 64, &wish->clip_skip);
        case 't': return whole("threads", value, 1, 1024, &w->threads);
        case QUIET: return w->quiet = true, NULL;
    }
    return error_make("see diffuse --help");
}
