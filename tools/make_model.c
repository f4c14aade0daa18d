/* Writes a Stable Diffusion model with random weights: the real architecture to run and to time,
 * without a download. It paints noise.
 *
 *   make_model OUT [--single] [--tiny] [--two] [--clip] [--type f32|f16|bf16|mixed]
 *              [--seed N]
 *   make_model --list [--single] [--tiny] [--two] [--clip]
 *
 * OUT is a folder as diffusers has it, or with --single one LDM .safetensors file. --tiny: of the
 * same form, but 2 MB instead of 2 GB. --two: as 2.x is made, else 1.x. --clip: it has CLIP's
 * words, else a tokenizer of its own that knows letters. --type: else f16; mixed: all three by
 * turns. --list: prints names and shapes only. Same seed, same numbers, in either layout. Weights
 * are as large as keeps what runs through the networks near size 1.
 */
#define _POSIX_C_SOURCE 200809L
#include "model_words.h"
#include "models/ldm.h"
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 /* numbers at once */, MIXED = 3 /* types by turns */ };

/* What the command line says. */
typedef struct {
    const char *out;
    shapes_sizes of;
    bool single, only_list, tiny, two, clip;
    int type; /* a dtype, or MIXED */
    uint64_t seed;
} wish;

/* ---- Numbers ---- */

/* Steele 2014, "Fast splittable pseudorandom number generators": SplitMix64's bits of its sum. */
static uint64_t splitmix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Each tensor has numbers of its own, whatever stands before it. */
static uint64_t key_of(const shapes_tensor *t, uint64_t seed)
{
    uint64_t key = splitmix(seed + 0x9e3779b97f4a7c15u + (uint64_t)t->part);
    for (const char *c = t->name; *c; c++) key = splitmix(key ^ (uint64_t)*c);
    return key;
}

static uint16_t to_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Of numbers below 2; the nearest, the even one of two. */
static uint16_t to_f16(float x)
{
    uint32_t bits, size;
    memcpy(&bits, &x, sizeof bits);
    size = bits & 0x7fffffff;
    if (fabsf(x) < 0x1p-14f)
        size = (uint32_t)lrintf(fabsf(x) * 0x1p24f);
    else
        size = ((size + 0xfff + (size >> 13 & 1)) >> 13) - (112 << 10);
    return (uint16_t)(bits >> 16 & 0x8000) | (uint16_t)size;
}

static size_t numbers_of(const shapes_tensor *t)
{
    size_t n = 1;
    for (int i = 0; i < t->dims; i++) n *= (size_t)t->shape[i];
    return n;
}

static bool write_numbers(FILE *to, const shapes_tensor *t, dtype type)
{
    static float wide[BLOCK];
    static uint16_t narrow[BLOCK];
    uint64_t key = t->key;
    size_t left = numbers_of(t), n;
    for (; left > 0; left -= n) {
        n = left < BLOCK ? left : BLOCK;
        for (size_t i = 0; i < n; i++) {
            int64_t u = (int64_t)(splitmix(key += 0x9e3779b97f4a7c15u) >> 40) - (1 << 23);
            wide[i] = t->middle + t->spread * ((float)u * 0x1p-23f);
            if (type != DTYPE_F32)
                narrow[i] = type == DTYPE_F16 ? to_f16(wide[i]) : to_bf16(wide[i]);
        }
        const void *numbers = type == DTYPE_F32 ? (void *)wide : narrow;
        if (fwrite(numbers, dtype_size(type), n, to) != n) return false;
    }
    return true;
}

/* ---- Files ---- */

/* What a tensor is called in an LDM file. There matrices of the VAE's attention are filters. */
static void to_ldm(shapes_tensor *t, const shapes_sizes *s)
{
    static weights_naming *const naming[] = {ldm_unet, ldm_vae, ldm_text};
    ldm names = {.layers = s->layers, .levels = s->vae_levels};
    weights_alias alias = {0};
    bool deepest = strstr(t->name, "up_blocks.0.upsamplers."); /* behind no attention */
    naming[t->part](&names, t->name, t->part == SHAPES_UNET && deepest, &alias);
    if (t->part == SHAPES_VAE && t->dims == 2) t->dims = 4, t->shape[2] = t->shape[3] = 1;
    snprintf(t->name, sizeof t->name, "%.127s", alias.name);
}

static dtype type_of(const wish *w, int i)
{
    return (dtype)(w->type != MIXED ? w->type : i % 3);
}

/* The head: its length, then JSON, with spaces so that the data begin on a multiple of 64. */
static bool write_head(FILE *to, const wish *w, int part)
{
    static char text[SHAPES_TENSORS * 256];
    static const char *const names[] = {"F32", "F16", "BF16"};
    size_t used = 0, at = 0;
    for (int i = 0; i < shapes_count; i++) {
        const shapes_tensor *t = &shapes_list[i];
        if (part >= 0 && t->part != part) continue;
        size_t bytes = numbers_of(t) * dtype_size(type_of(w, i));
        used += (size_t)sprintf(text + used, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[",
                                used ? "," : "{", t->name, names[type_of(w, i)]);
        for (int k = 0; k < t->dims; k++)
            used += (size_t)sprintf(text + used, "%s%d", k ? "," : "", t->shape[k]);
        used += (size_t)sprintf(text + used, "],\"data_offsets\":[%zu,%zu]}", at, at + bytes);
        at += bytes;
    }
    text[used++] = '}';
    while ((used + 8) % 64 != 0) text[used++] = ' ';
    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)(used >> (8 * i));
    return fwrite(length, 1, 8, to) == 8 && fwrite(text, 1, used, to) == used;
}

static char beside[4300]; /* the file that is being written */

static void interrupt(int number)
{
    unlink(beside);
    _exit(128 + number);
}

/* A part, or with -1 all of them; beside, then renamed, so that nobody sees half of it. */
static error write_model(const wish *w, int part, const char *path)
{
    struct stat info; /* renaming over a device would replace it */
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return error_make("cannot write %.300s: it is there and not a file", path);
    snprintf(beside, sizeof beside, "%s.part", path);
    signal(SIGINT, interrupt), signal(SIGTERM, interrupt);
    FILE *to = fopen(beside, "wb");
    bool good = to && write_head(to, w, part);
    for (int i = 0; i < shapes_count && good; i++)
        if (part < 0 || shapes_list[i].part == part)
            good = write_numbers(to, &shapes_list[i], type_of(w, i));
    if (to && fclose(to) != 0) good = false;
    if (good && rename(beside, path) == 0) return NULL;
    int why = errno;
    remove(beside);
    return error_make("cannot write %.300s: %s", path, strerror(why));
}

static error write_all(const wish *w)
{
    static const char *const files[] = {"unet/diffusion_pytorch_model",
                                        "vae/diffusion_pytorch_model", "text_encoder/model"};
    if (w->single) return write_model(w, -1, w->out);
    arena scratch = arena_make(1 << 20);
    if (!scratch.begin) return error_make("there is no memory left");
    error wrong = words_save(&w->of, w->out, scratch);
    arena_free(scratch);
    for (int i = 0; i < 3 && !wrong; i++) {
        char path[4200];
        snprintf(path, sizeof path, "%.4000s/%s.safetensors", w->out, files[i]);
        wrong = write_model(w, i, path);
    }
    return wrong;
}

static void print_list(void)
{
    static const char *const parts[] = {"unet", "vae", "text_encoder"};
    for (int i = 0; i < shapes_count; i++) {
        printf("%s:%s ", parts[shapes_list[i].part], shapes_list[i].name);
        for (int k = 0; k < shapes_list[i].dims; k++)
            printf("%s%d", k ? "x" : "", shapes_list[i].shape[k]);
        printf("\n");
    }
}

static error read_wish(int argc, char **argv, wish *w)
{
    static const char *const types[] = {"f32", "f16", "bf16", "mixed", NULL};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(word, "--single") == 0)
            w->single = true;
        else if (strcmp(word, "--list") == 0)
            w->only_list = true;
        else if (strcmp(word, "--tiny") == 0)
            w->tiny = true;
        else if (strcmp(word, "--two") == 0)
            w->two = true;
        else if (strcmp(word, "--clip") == 0)
            w->clip = true;
        else if (strcmp(word, "--seed") == 0)
            w->seed = strtoull(value, NULL, 10), i++;
        else if (strcmp(word, "--type") == 0) {
            for (w->type = 0; types[w->type] && strcmp(types[w->type], value) != 0;) w->type++;
            if (!types[w->type]) return error_unknown("type", value, types);
            i++;
        } else if (word[0] == '-' || w->out)
            return error_make("what is %.100s?", word);
        else
            w->out = word;
    }
    if ((!w->out || !*w->out) && !w->only_list)
        return error_make("make_model OUT [--single] [--tiny] [--two] [--clip] "
                          "[--type f32|f16|bf16|mixed] [--seed N] [--list]");
    w->of = shapes_all[w->tiny][w->two];
    if (w->clip) w->of.clip = true, w->of.words = SHAPES_WORDS;
    return w->single && w->two ? error_make("--two writes folders only") : NULL;
}

int main(int argc, char **argv)
{
    wish w = {.type = DTYPE_F16};
    error wrong = read_wish(argc, argv, &w);
    if (!wrong) shapes_list_all(&w.of);
    for (int i = 0; i < shapes_count; i++) shapes_list[i].key = key_of(&shapes_list[i], w.seed);
    if (!wrong && w.single)
        for (int i = 0; i < shapes_count; i++) to_ldm(&shapes_list[i], &w.of);
    if (!wrong && w.only_list)
        print_list();
    else if (!wrong)
        wrong = write_all(&w);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    return 0;
}
