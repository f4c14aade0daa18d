/* What a model says of itself, and what a file seems to be that is none. */
#include "base/writer.h"
#include "models/checkpoint.h"
#include <stdio.h>
#include <string.h>

/* ---- Strangers ---- */

/* What has names in which one of these stands, in the order of asking. */
static const struct {
    const char *is, *texts[3]; /* NULL behind the last */
} strangers[] = {
    {"a LoRA, which changes a model", {"lora_", ".lora"}},
    {"a ControlNet", {"control_model.", "controlnet_cond_embedding."}},
    {"Stable Diffusion XL", {"conditioner.embedders.", "label_emb.0.0."}},
    {"the UNet of Stable Diffusion XL", {"add_embedding."}},
    {"a latent consistency model (LCM)", {"cond_proj."}},
    {"a model with classes, as the upscaler is", {"label_emb."}},
    {"Flux", {"double_blocks.", "single_transformer_blocks."}},
    {"Stable Diffusion 3", {"joint_blocks.", "transformer_blocks.0.norm1_context."}},
    {"a textual inversion, which is a new word for a model", {"emb_params"}},
};

/* What all names begin with, where one part of a model is alone. */
static const struct {
    const char *begin, *is;
} alone[] = {
    {"down_blocks.", "a UNet alone, from a diffusers folder: give the whole folder"},
    {"decoder.", "a VAE alone"},
    {"first_stage_model.", "a VAE alone"},
    {"text_model.", "a text encoder alone"},
    {"cond_stage_model.", "a text encoder alone"},
};

static bool begins(const safetensors *f, const char *with)
{
    return safetensors_begin(f, with) < f->count;
}

const char *checkpoint_stranger(const safetensors *f)
{
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        for (const char *const *text = strangers[i].texts; *text; text++)
            for (int k = 0; k < f->count; k++)
                if (strstr(f->tensor[k].name, *text)) return strangers[i].is;
    if (begins(f, "model.diffusion_model.input_blocks."))
        return !begins(f, "first_stage_model.decoder.") ? "a model without its VAE"
               : !begins(f, "cond_stage_model.")        ? "a model without its text encoder"
                                                        : NULL;
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (begins(f, alone[i].begin)) return alone[i].is;
    return "something else, for none of its names is one of Stable Diffusion's";
}

/* ---- Describing ---- */

/* "859,520,964"; with points where those are the locale's (writer.h) */
static const char *grouped(size_t n, char room[32])
{
    char plain[32];
    int length = snprintf(plain, sizeof plain, "%zu", n), used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) room[used++] = ',';
        room[used++] = plain[i];
    }
    room[used] = 0;
    return room;
}

typedef struct {
    size_t tensors, numbers, bytes;
    size_t stored[3]; /* tensors by dtype */
} amount;

/* Of the tensors whose names begin so; those of whole numbers (positions) do not count. */
static amount amount_of(weights w, const char *begin)
{
    amount a = {0};
    int count;
    const safetensors *files = weights_files(w, &count);
    for (int k = 0; k < count; k++)
        for (int i = safetensors_begin(&files[k], begin); i < files[k].count; i++) {
            const safetensor *t = &files[k].tensor[i];
            if (strncmp(t->name, begin, strlen(begin)) != 0) break;
            if (!t->usable) continue;
            a.tensors++, a.numbers += t->count, a.bytes += t->bytes;
            a.stored[t->type]++;
        }
    return a;
}

static void put_amount(writer *out, const char *name, amount a)
{
    char numbers[32], types[32] = "";
    static const char *const words[] = {"F32", "F16", "BF16"};
    for (int i = 0; i < 3; i++)
        if (a.stored[i]) strcat(strcat(types, *types ? "+" : ""), words[i]);
    writer_put(out, "  %-13s %5zu tensors %15s numbers  %-8s %8.1f MB\n", name, a.tensors,
               grouped(a.numbers, numbers), types, (double)a.bytes / 1e6);
}

static void put_parts(writer *out, const checkpoint *c)
{
    const checkpoint_part *parts[] = {&c->unet, &c->vae, &c->text};
    static const char *const names[] = {"UNet", "VAE", "text encoder"};
    amount rest = amount_of(c->unet.weights, "");
    for (int i = 0; i < 3; i++) {
        amount a = amount_of(parts[i]->weights, parts[i]->begin);
        put_amount(out, names[i], a);
        rest.tensors -= a.tensors, rest.numbers -= a.numbers, rest.bytes -= a.bytes;
        for (int k = 0; k < 3; k++) rest.stored[k] -= a.stored[k];
    }
    if (c->single && rest.tensors > 0) put_amount(out, "not used", rest);
}

const char *checkpoint_describe(const checkpoint *c, arena *keep)
{
    writer out = {.memory = keep};
    const checkpoint_scheduler *s = &c->scheduler;
    int width = config_int(c->unet.config, "cross_attention_dim", 0);
    writer_put(&out, "%.900s: %s, %s\n", c->path,
               width == 768    ? "Stable Diffusion 1.x"
               : width == 1024 ? "Stable Diffusion 2.x"
                               : "of Stable Diffusion's kind",
               c->single ? "a single file" : "a diffusers folder");
    put_parts(&out, c);
    writer_put(&out, "  channels     ");
    for (int i = 0; i < config_count(c->unet.config, "block_out_channels"); i++)
        writer_put(&out, " %d", config_int_at(c->unet.config, "block_out_channels", i, 0));
    writer_put(&out, "; x has %d, a token of the text %d\n",
               config_int(c->unet.config, "in_channels", 4), width);
    writer_put(&out, "  predicts      %.100s%s\n", s->prediction,
               s->guessed ? " (the file does not say; its kind does)" : "");
    writer_put(&out, "  trained on    %d times, betas %.100s from %g to %g%s\n", s->times,
               s->beta_schedule, s->beta_start, s->beta_end,
               s->zero_snr ? ", rescaled to end in noise alone" : "");
    writer_put(&out, "  sampled by    %.100s%s%.100s, offset %d\n", s->name,
               s->spacing ? ", times spaced " : "", s->spacing ? s->spacing : "", s->offset);
    writer_put(&out, "  tokenizer     %.900s\n",
               c->tokenizer ? c->tokenizer : "none: CLIP's words are used");
    return out.full ? "there was no room for the description\n" : out.text;
}
