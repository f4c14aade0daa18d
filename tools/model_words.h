/** @file model_words.h
 *  What a diffusers folder holds beside weights: configurations, and a tokenizer that knows single
 *  letters only. For make_model.c.
 */
#ifndef TOOLS_MODEL_WORDS_H
#define TOOLS_MODEL_WORDS_H
#include "base/file.h"
#include "base/writer.h"
#include "model_shapes.h"
#include <string.h>

static inline error words_write(const writer *p, const char *folder, const char *name)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return writer_save(p, path);
}

/* "key": [a, b, ...] */
static inline void words_list(writer *p, const char *key, int n, const int *values)
{
    writer_put(p, "  \"%s\": [", key);
    for (int i = 0; i < n; i++) writer_put(p, "%s%d", i ? ", " : "", values[i]);
    writer_put(p, "],\n");
}

/* "down_block_types": [...]; `way` is Down or Up. Of the UNet, where `of` is empty, level `plain`
 * has no text; of the VAE `of` is Encoder or Decoder. */
static inline void words_types(writer *p, const char *way, int n, int plain, const char *of)
{
    writer_put(p, "  \"%s_block_types\": [", way[0] == 'D' ? "down" : "up");
    for (int i = 0; i < n; i++)
        writer_put(p, "%s\"%s%s%sBlock2D\"", i ? ", " : "", *of || i == plain ? "" : "CrossAttn",
                   way, of);
    writer_put(p, "],\n");
}

static inline error words_unet(const shapes_sizes *s, const char *folder, arena scratch)
{
    writer p = {.memory = &scratch};
    writer_put(&p, "{\n  \"_class_name\": \"UNet2DConditionModel\",\n");
    words_list(&p, "block_out_channels", s->levels, s->channels);
    words_types(&p, "Down", s->levels, s->levels - 1, "");
    words_types(&p, "Up", s->levels, 0, "");
    int heads[SHAPES_LEVELS];
    for (int i = 0; i < s->levels; i++) heads[i] = s->head ? s->channels[i] / s->head : 8;
    words_list(&p, "attention_head_dim", s->levels, heads);
    writer_put(&p, "  \"cross_attention_dim\": %d,\n", s->width);
    writer_put(&p, "  \"use_linear_projection\": %s,\n", s->head ? "true" : "false");
    writer_put(&p,
               "  \"in_channels\": 4,\n  \"layers_per_block\": %d,\n  \"norm_num_groups\": 32,\n",
               s->layers);
    writer_put(&p, "  \"out_channels\": 4,\n  \"sample_size\": 64\n}\n");
    return words_write(&p, folder, "unet/config.json");
}

static inline error words_vae(const shapes_sizes *s, const char *folder, arena scratch)
{
    writer p = {.memory = &scratch};
    writer_put(&p, "{\n  \"_class_name\": \"AutoencoderKL\",\n");
    words_list(&p, "block_out_channels", s->vae_levels, s->vae_channels);
    words_types(&p, "Down", s->vae_levels, -1, "Encoder");
    words_types(&p, "Up", s->vae_levels, -1, "Decoder");
    writer_put(&p,
               "  \"in_channels\": 3,\n  \"latent_channels\": 4,\n  \"layers_per_block\": %d,\n",
               s->vae_layers);
    writer_put(&p, "  \"norm_num_groups\": 32,\n  \"out_channels\": 3,\n  \"sample_size\": 512,\n"
                   "  \"scaling_factor\": 0.18215\n}\n");
    return words_write(&p, folder, "vae/config.json");
}

static inline error words_text(const shapes_sizes *s, const char *folder, arena scratch)
{
    writer p = {.memory = &scratch};
    writer_put(&p, "{\n  \"architectures\": [\"CLIPTextModel\"],\n  \"bos_token_id\": %d,\n",
               s->words - 2);
    writer_put(&p, "  \"eos_token_id\": %d,\n  \"hidden_act\": \"%s\",\n", s->words - 1,
               s->head ? "gelu" : "quick_gelu");
    writer_put(&p, "  \"hidden_size\": %d,\n  \"intermediate_size\": %d,\n", s->width, s->mlp);
    writer_put(&p, "  \"layer_norm_eps\": 1e-05,\n  \"max_position_embeddings\": %d,\n", s->places);
    writer_put(&p, "  \"model_type\": \"clip_text_model\",\n  \"num_attention_heads\": %d,\n",
               s->text_heads);
    writer_put(&p, "  \"num_hidden_layers\": %d,\n  \"pad_token_id\": %d,\n", s->text_layers,
               s->words - 1);
    writer_put(&p, "  \"projection_dim\": %d,\n  \"vocab_size\": %d\n}\n", s->width, s->words);
    return words_write(&p, folder, "text_encoder/config.json");
}

/* CLIP writes each byte as a letter: printable ones as they are, others as U+0100 and what follows.
 * Its vocabulary begins with these letters, then has them once more at the end of a word. */
static inline error words_tokenizer(const shapes_sizes *s, const char *folder, arena scratch)
{
    writer p = {.memory = &scratch};
    writer_put(&p, "{");
    for (int id = 0; id < 512; id++) {
        static const int from[] = {'!', 161, 174, 256, 0x7fffffff}, length[] = {94, 12, 82, 68, 0};
        int k = 0, at = id % 256;
        while (at >= length[k]) at -= length[k++];
        int letter = from[k] + at;
        char written[3] = {(char)letter};
        if (letter > 127)
            written[0] = (char)(0xc0 | letter >> 6), written[1] = (char)(0x80 | (letter & 63));
        writer_put(&p, "\"%s%s%s\": %d, ", letter == '"' || letter == '\\' ? "\\" : "", written,
                   id < 256 ? "" : "</w>", id);
    }
    writer_put(&p, "\"<|startoftext|>\": %d, \"<|endoftext|>\": %d}\n", s->words - 2, s->words - 1);
    error wrong = words_write(&p, folder, "tokenizer/vocab.json");
    if (wrong) return wrong;
    p.used = 0;
    writer_put(&p, "#version: 0.2\n");
    wrong = words_write(&p, folder, "tokenizer/merges.txt");
    if (wrong) return wrong;
    p.used = 0;
    writer_put(&p,
               "{\n  \"bos_token\": \"<|startoftext|>\",\n  \"eos_token\": \"<|endoftext|>\",\n"
               "  \"model_max_length\": %d,\n  \"pad_token\": \"<|endoftext|>\",\n"
               "  \"tokenizer_class\": \"CLIPTokenizer\",\n"
               "  \"unk_token\": \"<|endoftext|>\"\n}\n",
               s->places);
    return words_write(&p, folder, "tokenizer/tokenizer_config.json");
}

static inline error words_pipeline(const shapes_sizes *s, const char *folder, arena scratch)
{
    writer p = {.memory = &scratch};
    const char *scheduler = s->head ? "DDIMScheduler" : "PNDMScheduler";
    writer_put(&p,
               "{\n  \"_class_name\": \"StableDiffusionPipeline\",\n"
               "  \"feature_extractor\": [null, null],\n  \"requires_safety_checker\": false,\n"
               "  \"safety_checker\": [null, null],\n"
               "  \"scheduler\": [\"diffusers\", \"%s\"],\n"
               "  \"text_encoder\": [\"transformers\", \"CLIPTextModel\"],\n"
               "  \"tokenizer\": [\"transformers\", \"CLIPTokenizer\"],\n"
               "  \"unet\": [\"diffusers\", \"UNet2DConditionModel\"],\n"
               "  \"vae\": [\"diffusers\", \"AutoencoderKL\"]\n}\n",
               scheduler);
    error wrong = words_write(&p, folder, "model_index.json");
    p.used = 0;
    writer_put(&p,
               "{\n  \"_class_name\": \"%s\",\n  \"beta_end\": 0.012,\n"
               "  \"beta_schedule\": \"scaled_linear\",\n  \"beta_start\": 0.00085,\n"
               "  \"clip_sample\": false,\n"
               "  \"num_train_timesteps\": 1000,\n  \"prediction_type\": \"%s\",\n"
               "  \"set_alpha_to_one\": false,\n  \"skip_prk_steps\": true,\n"
               "  \"steps_offset\": 1,\n  \"timestep_spacing\": \"leading\"\n}\n",
               scheduler, s->head ? "v_prediction" : "epsilon");
    return wrong ? wrong : words_write(&p, folder, "scheduler/scheduler_config.json");
}

/* All of it; makes the folders. */
static inline error words_save(const shapes_sizes *s, const char *folder, arena scratch)
{
    static const char *const names[] = {"",          "unet",     "vae", "text_encoder",
                                        "tokenizer", "scheduler"};
    error wrong = NULL;
    for (int i = 0; i < 6 && !wrong; i++) {
        if (i == 4 && s->clip) continue;
        char path[4200];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        wrong = file_make_folder(path);
    }
    if (!wrong) wrong = words_unet(s, folder, scratch);
    if (!wrong) wrong = words_vae(s, folder, scratch);
    if (!wrong) wrong = words_text(s, folder, scratch);
    if (!wrong && !s->clip) wrong = words_tokenizer(s, folder, scratch);
    return wrong ? wrong : words_pipeline(s, folder, scratch);
}

#endif
