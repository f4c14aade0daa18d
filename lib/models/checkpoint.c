#define _DEFAULT_SOURCE
#include "models/checkpoint.h"
#include "models/ldm.h"
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH = 4096, SHARDS = 1000 };

/* Whether there is something of that kind. */
static bool is(mode_t kind, const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && (info.st_mode & S_IFMT) == kind;
}

/* Whether a folder has a file whose name ends so. */
static bool has_file(const char *folder, const char *ending)
{
    size_t length = strlen(ending);
    bool found = false;
    DIR *all = opendir(folder);
    for (struct dirent *one; all && !found && (one = readdir(all));) {
        size_t n = strlen(one->d_name);
        found = n > length && strcmp(one->d_name + n - length, ending) == 0;
    }
    if (all) closedir(all);
    return found;
}

/* A text in the arena. */
ERROR_FORMAT(2) static const char *worded(arena *keep, const char *format, ...)
{
    char text[PATH];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return memcpy(arena_take(keep, strlen(text) + 1), text, strlen(text) + 1);
}

/* ---- A part of a folder ---- */

/* What has another form altogether. A pickle begins with 0x80 and its version; so may the length in
 * front of a .safetensors file, but there byte 8 begins the head. */
static error check_form(const char *path)
{
    file f;
    error wrong = file_map(path, &f);
    if (wrong) return wrong;
    bool zip = f.bytes > 4 && memcmp(f.data, "PK\3\4", 4) == 0;
    bool head = f.bytes > 8 && f.data[8] == '{';
    bool pickle = f.bytes > 4 && f.data[0] == 0x80 && f.data[1] <= 5 && !head;
    if (zip || pickle)
        wrong = error_make(
            "%.300s is a pickle (.ckpt), which may run any program when it is opened. Convert it "
            "with python: import torch, safetensors.torch as s; m = torch.load('model.ckpt', "
            "'cpu', weights_only=True); m = m.get('state_dict', m); s.save_file({k: v.clone() for "
            "k, v in m.items() if hasattr(v, 'shape')}, 'model.safetensors')",
            path);
    else if (f.bytes > 4 && memcmp(f.data, "GGUF", 4) == 0)
        wrong = error_make("%.300s is a GGUF file; its .safetensors original is needed", path);
    else if (f.bytes > 15 && memcmp(f.data, "version https:/", 15) == 0)
        wrong = error_make("%.300s is the note of a file that git-lfs has not fetched yet: "
                           "git lfs pull",
                           path);
    file_unmap(f);
    return wrong;
}

/* The files of a list of shards: {"weight_map": {tensor: file, ...}}. */
static error open_shards(const char *folder, const char *index, arena *keep, weights *out)
{
    const char *paths[SHARDS];
    int count = 0;
    const config *c;
    error wrong = config_read(index, keep, &c);
    if (wrong) return wrong;
    const config *map = config_find(c, "weight_map");
    if (!map || map->kind != CONFIG_TABLE || map->count == 0)
        return error_make("%.300s: it has no weight_map", index);
    for (int i = 0; i < map->count; i++) {
        const char *name = map->inside[i].text;
        if (!name || strchr(name, '/') || !strstr(name, ".safetensors"))
            return error_make("%.300s: the tensor %.200s is in no .safetensors file of this folder",
                              index, map->inside[i].key);
        const char *path = worded(keep, "%s/%s", folder, name);
        int k = 0;
        while (k < count && strcmp(paths[k], path) != 0) k++;
        if (k == SHARDS) return error_make("%.300s: more than %d files", index, SHARDS);
        paths[k] = path;
        count += k == count;
    }
    return weights_open(paths, count, keep, out);
}

/* The first that is there of all names that weights have in such a folder. */
static error open_weights(const char *folder, arena *keep, weights *out)
{
    static const char *const stems[] = {"diffusion_pytorch_model", "model"};
    static const char *const variants[] = {"", ".fp16", ".bf16"};
    for (int i = 0; i < 6; i++) {
        const char *stem = stems[i % 2], *variant = variants[i / 2];
        const char *whole = worded(keep, "%s/%s%s.safetensors", folder, stem, variant);
        const char *index = worded(keep, "%s/%s.safetensors.index%s.json", folder, stem, variant);
        const char *other = worded(keep, "%s/%s%s.safetensors.index.json", folder, stem, variant);
        if (is(S_IFREG, whole)) return weights_open(&whole, 1, keep, out);
        if (is(S_IFREG, index)) return open_shards(folder, index, keep, out);
        if (is(S_IFREG, other)) return open_shards(folder, other, keep, out);
    }
    if (has_file(folder, ".bin"))
        return error_make("%.300s has its weights in a pickle (.bin), which may run any program "
                          "when it is opened. Convert it with python: from diffusers import "
                          "StableDiffusionPipeline as P; P.from_pretrained('the folder')"
                          ".save_pretrained('a new one')",
                          folder);
    return error_make("%.300s has no .safetensors file with a name that is known", folder);
}

error checkpoint_open_part(const char *folder, arena *keep, checkpoint_part *out)
{
    checkpoint_part part = {.begin = ""};
    bool one = is(S_IFREG, folder);
    if (!one && !is(S_IFDIR, folder)) return error_make("the folder %.300s is missing", folder);
    error wrong = one ? check_form(folder)
                      : config_read(worded(keep, "%s/config.json", folder), keep, &part.config);
    if (!wrong)
        wrong = one ? weights_open(&folder, 1, keep, &part.weights)
                    : open_weights(folder, keep, &part.weights);
    if (!wrong) *out = part;
    return wrong;
}

/* ---- The scheduler ---- */

/* The betas of diffusers' classes where the file is silent, by how their names begin; the last row
 * is all others. */
static const struct {
    const char *name;
    double beta_start, beta_end;
    const char *beta_schedule;
} defaults[] = {
    {"LCM", 0.00085, 0.012, "scaled_linear"},   {"TCD", 0.00085, 0.012, "scaled_linear"},
    {"Heun", 0.00085, 0.012, "linear"},         {"KDPM2", 0.00085, 0.012, "linear"},
    {"DPMSolverSDE", 0.00085, 0.012, "linear"}, {"", 0.0001, 0.02, "linear"},
};

static error read_scheduler(const char *path, arena *keep, checkpoint_scheduler *out)
{
    const config *c;
    error wrong = config_read(path, keep, &c);
    if (wrong) return wrong;
    const char *name = config_text(c, "_class_name", "PNDMScheduler");
    int i = 0;
    while (strncmp(name, defaults[i].name, strlen(defaults[i].name)) != 0) i++;
    *out = (checkpoint_scheduler){
        .name = name,
        .times = config_int(c, "num_train_timesteps", 1000),
        .beta_start = config_number(c, "beta_start", defaults[i].beta_start),
        .beta_end = config_number(c, "beta_end", defaults[i].beta_end),
        .beta_schedule = config_text(c, "beta_schedule", defaults[i].beta_schedule),
        .prediction = config_text(c, "prediction_type", "epsilon"),
        .spacing = config_text(c, "timestep_spacing", NULL),
        .offset = config_int(c, "steps_offset", 0),
        .alpha_to_one = config_bool(c, "set_alpha_to_one", strncmp(name, "PNDM", 4) != 0),
        .zero_snr = config_bool(c, "rescale_betas_zero_snr", false),
        .config = c,
    };
    return config_trouble(c);
}

/* What Stable Diffusion 1.x has. */
/* clang-format off */
static const checkpoint_scheduler usual_scheduler = {
    .name = "PNDMScheduler", .times = 1000, .beta_start = 0.00085, .beta_end = 0.012,
    .beta_schedule = "scaled_linear", .prediction = "epsilon", .guessed = true,
    .offset = 1};
/* clang-format on */

/* ---- A folder ---- */

static error no_stable_diffusion(const char *path, const char *class)
{
    return error_make("%.300s is a %.100s; known are Stable Diffusion 1.x and 2.x", path, class);
}

/* What a UNet says that is of another kind. */
static const struct {
    const char *key, *is;
} kinds[] = {
    {"addition_embed_type", "relative of Stable Diffusion XL"},
    {"time_cond_proj_dim", "latent consistency model (LCM)"},
    {"num_class_embeds", "model with classes, as the upscaler is"},
};

/* Said before parts are missed. */
static error check_index(const char *path, arena scratch)
{
    const char *index = worded(&scratch, "%s/model_index.json", path);
    const char *own = worded(&scratch, "%s/config.json", path);
    const config *c;
    bool whole = is(S_IFREG, index);
    if (!whole && !is(S_IFREG, own) && !is(S_IFDIR, worded(&scratch, "%s/unet", path)))
        return error_make("%.300s has no folder \"unet\"; %s", path,
                          has_file(path, ".safetensors") ? "is one of its .safetensors files meant?"
                          : has_file(path, ".ckpt")      ? "its .ckpt must be converted first"
                                                         : "it is no model");
    if (!whole && !is(S_IFREG, own)) return NULL;
    error wrong = config_read(whole ? index : own, &scratch, &c);
    if (wrong) return wrong;
    const char *class = config_text(c, "_class_name", "network");
    if (!whole)
        return error_make("%.300s is a %.100s alone, and no whole model; is the folder "
                          "above it meant?",
                          path, class);
    bool known = config_find(c, "unet") && !config_find(c, "text_encoder_2") &&
                 !config_find(c, "transformer");
    return known ? NULL : no_stable_diffusion(path, class);
}

static error open_folder(const char *path, arena *keep, arena scratch, checkpoint *out)
{
    error wrong = check_index(path, scratch);
    if (wrong) return wrong;
    checkpoint_part *parts[] = {&out->unet, &out->vae, &out->text};
    static const char *const names[] = {"unet", "vae", "text_encoder"};
    int open = 0;
    for (; open < 3 && !wrong; open += !wrong)
        wrong = checkpoint_open_part(worded(keep, "%s/%s", path, names[open]), keep, parts[open]);
    const char *words = worded(keep, "%s/tokenizer", path);
    const char *training = worded(keep, "%s/scheduler/scheduler_config.json", path);
    out->tokenizer = is(S_IFDIR, words) ? words : NULL;
    out->scheduler = usual_scheduler;
    if (!wrong && is(S_IFREG, training)) wrong = read_scheduler(training, keep, &out->scheduler);
    for (size_t i = 0; !wrong && i < sizeof kinds / sizeof *kinds; i++)
        if (config_find(out->unet.config, kinds[i].key))
            wrong = no_stable_diffusion(path, kinds[i].is);
    if (wrong)
        while (open > 0) weights_close(parts[--open]->weights);
    return wrong;
}

/* ---- A single file ---- */

/* Files of the wild say what they predict in one of two ways, or not at all. */
static checkpoint_scheduler single_scheduler(const safetensors *f, bool openclip)
{
    checkpoint_scheduler s = usual_scheduler;
    const char *said = "";
    if (f->metadata) said = config_text(f->metadata, "modelspec.prediction_type", "");
    s.guessed = !*said && !safetensors_find(f, "v_pred");
    bool v = s.guessed ? openclip : *said ? said[0] == 'v' : true;
    if (v) s.prediction = "v_prediction";
    s.zero_snr = safetensors_find(f, "ztsnr");
    return s;
}

static error single_parts(const safetensors *f, arena *keep, checkpoint *out)
{
    ldm *names = arena_take(keep, sizeof *names);
    *names = ldm_look(f);
    checkpoint_part *parts[] = {&out->unet, &out->vae, &out->text};
    weights_naming *const namings[] = {ldm_unet, ldm_vae, ldm_text};
    for (int i = 0; i < 3; i++) {
        parts[i]->weights = weights_from(f, 1, keep);
        weights_rename(parts[i]->weights, namings[i], names);
    }
    out->unet.begin = "model.diffusion_model.", out->vae.begin = "first_stage_model.";
    out->text.begin = "cond_stage_model.", out->scheduler = single_scheduler(f, names->openclip);
    error wrong = ldm_unet_config(out->unet.weights, f->path, keep, &out->unet.config);
    if (!wrong) wrong = ldm_vae_config(out->vae.weights, f->path, keep, &out->vae.config);
    if (wrong) return wrong;
    return ldm_text_config(out->text.weights, names->openclip, f->path, keep, &out->text.config);
}

static error open_single(const char *path, arena *keep, checkpoint *out)
{
    safetensors *f = arena_take(keep, sizeof *f);
    error wrong = check_form(path);
    if (!wrong) wrong = safetensors_open(path, keep, f);
    if (wrong) return wrong;
    const char *stranger = checkpoint_stranger(f);
    if (stranger)
        wrong = error_make("%.300s seems to be %s; known are Stable Diffusion 1.x and 2.x", path,
                           stranger);
    else
        wrong = single_parts(f, keep, out);
    if (wrong) safetensors_close(*f);
    out->single = true;
    return wrong;
}

/* ---- A model ---- */

error checkpoint_open(const char *path, arena *keep, arena scratch, checkpoint *out)
{
    if (strlen(path) > PATH - 100)
        return error_make("a path of %zu letters is too long", strlen(path));
    checkpoint c = {.path = worded(keep, "%s", path)};
    error wrong =
        is(S_IFDIR, path) ? open_folder(c.path, keep, scratch, &c) : open_single(c.path, keep, &c);
    if (!wrong) *out = c;
    return wrong;
}

void checkpoint_close(checkpoint *c)
{
    weights_close(c->unet.weights);
    if (c->single) return; /* all in one file */
    weights_close(c->vae.weights);
    weights_close(c->text.weights);
}

error checkpoint_check(const checkpoint *c)
{
    error wrong = weights_check(c->unet.weights);
    if (!wrong && !c->single) wrong = weights_check(c->vae.weights);
    if (!wrong && !c->single) wrong = weights_check(c->text.weights);
    return wrong;
}
