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
#include "nn/isa.h"
#include "pipeline/picture.h"
#include "pipeline/report.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    "      --taesd PATH       decodes by this small autoencoder: faster, a little worse\n"
    "      --clip-skip N      1: the text encoder's last layer, 2: the one before\n"
    "  -t, --threads N        default: all cores\n"
    "      --bf16             rounds what is multiplied: fast with AMX, a little less exact\n"
    "      --profile          also says where the time goes, and draws it: out-profile.svg\n"
    "      --quiet            no progress\n"
    "      --help             this\n"
    "\n"
    "docs/samplers.md says which sampler to take.\n";

typedef struct {
    const char *model, *output, *taesd;
    picture_wish wish;
    bool quiet, profile, bf16;
    int threads;
} wanted;

/* One clear line, and 1. */
static int trouble(const char *line)
{
    fprintf(stderr, "diffuse: %s\n", line);
    return 1;
}

/* To standard output; 1 when it cannot be written. */
static int say(const char *text)
{
    return fputs(text, stdout) < 0 || fflush(stdout) ? trouble("cannot write") : 0;
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
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (errno || !strchr("0123456789", *text) || *end || end == text)
        return error_make("--seed takes a whole number from 0 to %llu, not \"%s\"", ULLONG_MAX,
                          text);
    return NULL;
}

static error mode_of(const char *text, bool *philox)
{
    static const char *const modes[] = {"pytorch", "philox", NULL};
    *philox = strcmp(text, modes[1]) == 0;
    return *philox || strcmp(text, modes[0]) == 0 ? NULL : error_unknown("seed mode", text, modes);
}

enum { SEED_MODE = 256, STEPS, CFG_SCALE, SAMPLER_NAME, SCHEDULE, TAESD, CLIP_SKIP, HELP };
static struct {
    int bf16, profile, quiet;
} flags;
static const struct option options[] = {{"model", 1, NULL, 'm'},
                                        {"prompt", 1, NULL, 'p'},
                                        {"negative", 1, NULL, 'n'},
                                        {"output", 1, NULL, 'o'},
                                        {"width", 1, NULL, 'W'},
                                        {"height", 1, NULL, 'H'},
                                        {"seed", 1, NULL, 's'},
                                        {"seed-mode", 1, NULL, SEED_MODE},
                                        {"steps", 1, NULL, STEPS},
                                        {"cfg-scale", 1, NULL, CFG_SCALE},
                                        {"sampler", 1, NULL, SAMPLER_NAME},
                                        {"schedule", 1, NULL, SCHEDULE},
                                        {"batch", 1, NULL, 'b'},
                                        {"taesd", 1, NULL, TAESD},
                                        {"clip-skip", 1, NULL, CLIP_SKIP},
                                        {"threads", 1, NULL, 't'},
                                        {"bf16", 0, &flags.bf16, 1},
                                        {"profile", 0, &flags.profile, 1},
                                        {"quiet", 0, &flags.quiet, 1},
                                        {"help", 0, NULL, HELP},
                                        {NULL, 0, NULL, 0}};

static error take(int option, const char *value, wanted *w)
{
    picture_wish *wish = &w->wish;
    switch (option) {
    case 'm':
        return w->model = value, NULL;
    case 'p':
        return wish->prompt = value, NULL;
    case 'n':
        return wish->negative = value, NULL;
    case 'o':
        return w->output = value, NULL;
    case 'W':
        return whole("width", value, 8, 8192, &wish->width);
    case 'H':
        return whole("height", value, 8, 8192, &wish->height);
    case 's':
        return seed_of(value, &wish->seed);
    case SEED_MODE:
        return mode_of(value, &wish->philox);
    case STEPS:
        return whole("steps", value, 1, SIGMAS_MOST, &wish->steps);
    case CFG_SCALE:
        return number("cfg-scale", value, 0, 1000, &wish->guidance);
    case SAMPLER_NAME:
        return wish->sampler = value, NULL;
    case SCHEDULE:
        return wish->list = value, NULL;
    case 'b':
        return whole("batch", value, 1, 64, &wish->batch);
    case TAESD:
        return w->taesd = value, NULL;
    case CLIP_SKIP:
        return whole("clip-skip", value, 1, 64, &wish->clip_skip);
    case 't':
        return whole("threads", value, 1, 1024, &w->threads);
    case 0: /* a flag, and set */
        return NULL;
    }
    return error_make("see diffuse --help");
}

static error understand(int argc, char **argv, wanted *w)
{
    error wrong = NULL;
    for (int option; !wrong && (option = getopt_long(argc, argv, ":m:p:n:o:W:H:s:b:t:", options,
                                                     NULL)) != -1;) {
        if (option == HELP) exit(say(usage));
        if (option == ':')
            wrong = error_make("%s wants a value; see diffuse --help", argv[optind - 1]);
        else if (option == '?' && optopt > 1 && optopt < SEED_MODE)
            wrong = error_make("-%c is no option; see diffuse --help", optopt);
        else if (option == '?') /* with a number where it is known: --quiet=1 */
            wrong = error_make("%s %s; see diffuse --help", argv[optind - 1],
                               optopt ? "takes no value" : "is no option");
        else
            wrong = take(option, optarg, w);
    }
    if (wrong) return wrong;
    w->bf16 = flags.bf16, w->profile = flags.profile, w->quiet = flags.quiet;
    if (optind < argc && !w->wish.prompt) w->wish.prompt = argv[optind++];
    if (optind < argc)
        return error_make("what is \"%s\"? A prompt of several words stands in quotes",
                          argv[optind]);
    if (!w->model || !*w->model)
        return error_make("which model? -m PATH, or the path in DIFFUSE_MODEL");
    if (!w->wish.prompt) return error_make("no prompt; an empty one is \"\". See diffuse --help");
    return NULL;
}

/* How far it is: a line that is written over, on a terminal; else nothing but the last. */
typedef struct {
    double begin, first; /* profile_clock() at the start, and after the first step */
    const model *m;
    bool shown, quiet;
} progress;

/* Nothing is half written at any time (base/file.h), so there is nothing to clean up. */
static void interrupt(int number)
{
    static const char line[] = "\ndiffuse: a file of the model was cut short while it was used\n";
    static atomic_flag said = ATOMIC_FLAG_INIT; /* by another thread */
    while (number == SIGBUS && atomic_flag_test_and_set(&said)) pause();
    if (number == SIGBUS && write(STDERR_FILENO, line, sizeof line - 1) > 0) _exit(1);
    _exit(number == SIGBUS ? 1 : 128 + number);
}

enum { BAR = 24 };
static bool show(void *watcher, const sampler *s, tensor x)
{
    progress *p = watcher;
    (void)x;
    double now = profile_clock();
    if (s->i <= 1) p->first = now;
    if (model_check(p->m)) return false; /* picture_make() says so, too */
    if (p->quiet || !isatty(STDERR_FILENO)) return true;
    int of = s->walk.n, full = of > 0 ? BAR * s->i / of : BAR;
    double each = s->i > 1 ? (now - p->first) / (s->i - 1) : now - p->begin;
    fprintf(stderr, "\r[%.*s%.*s] step %d of %d, %.2f s each, %.0f s left   ", full,
            "########################", BAR - full, "........................", s->i, of, each,
            each * (of - s->i));
    p->shown = true;
    return true;
}

/* ".png" of out.png; "" where the file's name has no dot. */
static const char *ending_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    return dot ? dot : path + strlen(path);
}

/* out.png, with something before the dot: out-1.png; and another ending: out-profile.svg. */
static error name_file(const char *output, const char *more, const char *ending, char path[4096])
{
    const char *dot = ending_of(output);
    if (!ending) ending = *dot ? dot : ".png";
    int length = snprintf(path, 4096, "%.*s%s%s", (int)(dot - output), output, more, ending);
    return length < 4096 ? NULL : error_make("the name of the output is too long");
}

/* out.png; of several pictures out-1.png, out-2.png, ... */
static error name_picture(const wanted *w, int i, char path[4096])
{
    char number[16] = "";
    if (w->wish.batch > 1) snprintf(number, sizeof number, "-%d", i + 1);
    return name_file(w->output, number, NULL, path);
}

/* Each says its seed: with philox they have one after the other, else one for all (picture.h). */
static error save(const wanted *w, tensor pictures, arena scratch)
{
    for (int i = 0; i < pictures.n; i++) {
        char path[4096], credit[64];
        snprintf(credit, sizeof credit, "diffusion.c, seed %llu",
                 (unsigned long long)(w->wish.seed + (w->wish.philox ? (uint64_t)i : 0)));
        arena room = scratch;
        error wrong = name_picture(w, i, path);
        if (!wrong) wrong = image_save(path, image_from_tensor(&room, pictures, i), credit, room);
        if (wrong) return wrong;
        if (!w->quiet) fprintf(stderr, "%s\n", path);
    }
    return NULL;
}

static error save_profile(const wanted *w, profile *p, arena scratch)
{
    char path[4096];
    error wrong = name_file(w->output, "-profile", ".svg", path);
    if (!wrong) wrong = report_picture(p, path, scratch);
    if (wrong) return wrong;
    if (!w->quiet) fprintf(stderr, "%s\n", path);
    bool bad = fputs(report_table(p, &scratch), stdout) < 0 || fflush(stdout);
    return bad ? error_make("cannot write the table") : NULL;
}

/* Whether a file of that name can be put there. */
static error check_file(const char *path)
{
    struct stat info;
    const char *slash = strrchr(path, '/');
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    if (access(folder, W_OK) != 0)
        return error_make("-o %.500s: nothing can be written there", path);
    bool there = stat(path, &info) == 0;
    if (there && !S_ISREG(info.st_mode))
        return error_make("-o %.500s: it is there and not a file", path);
    if (!there && errno != ENOENT) return error_make("-o %.500s: %s", path, strerror(errno));
    return NULL;
}

/* Before minutes of work: what cannot be written is known now, of all files that there will be. */
static error check_output(const wanted *w)
{
    const char *name = w->output, *ending = ending_of(name);
    char path[4096];
    if (*ending && strcmp(ending, ".png") != 0)
        return error_make("-o %.500s: pictures are written as .png", name);
    error wrong = w->profile ? name_file(w->output, "-profile", ".svg", path) : NULL;
    if (!wrong && w->profile) wrong = check_file(path);
    for (int i = 0; i < w->wish.batch && !wrong; i++) {
        wrong = name_picture(w, i, path);
        if (!wrong) wrong = check_file(path);
    }
    if (!wrong && (ending == name || ending[-1] == '/'))
        wrong = error_make("-o %.500s: a file's name is needed", name);
    return wrong;
}

static int describe(int argc, char **argv, arena memory, arena scratch)
{
    if (argc != 3) return trouble("diffuse model PATH says what a model is");
    checkpoint files;
    error wrong = checkpoint_open(argv[2], &memory, scratch, &files);
    if (wrong) return trouble(wrong);
    return say(checkpoint_describe(&files, &memory));
}

/* Threads of gcc's OpenMP go on turning for milliseconds when they wait, and on a busy machine take
 * the time of those that work. They are told to sleep after a tenth of that, in the environment,
 * which is read before main() begins: so once more from the start. */
static void wait_briefly(char **argv)
{
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
    setenv("GOMP_SPINCOUNT", "20000", 1);
    execv("/proc/self/exe", argv);
}

/* In bytes: a picture that takes more is refused, or the system would end us in the middle of it.
 * 0: nobody knows. */
static size_t memory_of_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && bytes > 0 ? (size_t)pages * (size_t)bytes : 0;
}

static error work(const wanted *w, progress *p, arena *memory, arena scratch)
{
    static model m;
    static profile times;
    tensor x0;
    if (w->profile) profile_start(&times, "opening");
    error wrong = model_open(w->model, memory, scratch, &m);
    if (!wrong && w->taesd) wrong = model_use_taesd(&m, w->taesd, memory);
    if (wrong) return wrong;
    p->m = &m;
    wrong = picture_make(&m, &w->wish, memory, scratch, &x0);
    if (p->shown) fputs("\n", stderr);
    signal(SIGINT, SIG_IGN); /* what is made is also written */
    profile_part("file");
    if (!wrong) wrong = save(w, x0, scratch);
    profile_stop();
    return !wrong && w->profile ? save_profile(w, &times, scratch) : wrong;
}

int main(int argc, char **argv)
{
    wait_briefly(argv);
    signal(SIGINT, interrupt), signal(SIGTERM, interrupt), signal(SIGBUS, interrupt);
    signal(SIGXFSZ, SIG_IGN); /* then writing says what is wrong */
    arena memory = arena_make((size_t)8 << 30), scratch = arena_make(memory_of_machine());
    if (!memory.begin || !scratch.begin) return trouble("there is no memory left");
    if (argc > 1 && strcmp(argv[1], "model") == 0) return describe(argc, argv, memory, scratch);
    wanted w = {.model = getenv("DIFFUSE_MODEL"), .output = "out.png"};
    progress p = {.begin = profile_clock()};
    w.wish = picture_usual(), w.wish.prompt = NULL;
    error wrong = understand(argc, argv, &w);
    if (!wrong) wrong = check_output(&w);
    const char *set = w.bf16 ? isa_bf16() : NULL; /* NULL: what DIFFUSION_ISA says, or the best */
    if (!wrong && w.bf16 && !set) wrong = "--bf16: this processor has no instructions for it";
    if (!wrong) wrong = isa_choose(set);
    if (wrong) return trouble(wrong);
    if (w.threads) parallel_set_threads(w.threads);
    p.quiet = w.quiet, w.wish.watch = show, w.wish.watcher = &p;
    wrong = work(&w, &p, &memory, scratch);
    if (!wrong && !w.quiet) fprintf(stderr, "%.1f s\n", profile_clock() - p.begin);
    return wrong ? trouble(wrong) : 0;
}
