/* What the configuration files of a diffusers folder would say, told from the shapes of a file that
 * comes without them. Written as JSON, so that networks are made from one kind of thing. */
#include "base/writer.h"
#include "models/ldm.h"

enum { LEVELS = 16 };

/* "down_block_types": ["CrossAttnDownBlock2D", ...] of one way, from level `from` in steps. */
static void put_types(writer *json, const char *way, const bool *attends, int from, int step,
                      int levels)
{
    writer_put(json, ", \"%c%s_block_types\": [", way[0] + ('a' - 'A'), way + 1);
    for (int i = 0; i < levels; i++)
        writer_put(json, "%s\"%s%sBlock2D\"", i ? ", " : "",
                   attends[from + i * step] ? "CrossAttn" : "", way);
    writer_put(json, "]");
}

static error parsed(const writer *json, const char *name, const config **out)
{
    if (json->full) return error_make("%.300s: no memory left", name);
    return config_parse(json->text, json->used, name, json->memory, out);
}

/* How many things of that name there are, numbered from 0. */
static int count(weights w, const char *name, const char *inside)
{
    int n = 0;
    while (weights_has(weights_in(w, "%s.%d", name, n), inside)) n++;
    return n;
}

/* Of 64 channels each. */
static int heads(int channels)
{
    return channels >= 64 ? channels / 64 : 1;
}

error ldm_unet_config(weights w, const char *name, arena *keep, const config **out)
{
    writer json = {.memory = keep};
    int levels = 0, channels[LEVELS], cross = 0;
    bool attends[LEVELS], linear = false;
    for (; levels < LEVELS; levels++) {
        weights block = weights_in(w, "down_blocks.%d", levels);
        channels[levels] = weights_side(block, "resnets.0.conv2.weight", 0);
        if (channels[levels] == 0) break;
        attends[levels] = weights_has(block, "attentions.0.norm.weight");
        if (!attends[levels]) continue;
        weights attention = weights_in(block, "attentions.0");
        cross = weights_side(attention, "transformer_blocks.0.attn2.to_k.weight", 1);
        linear = weights_side(attention, "proj_in.weight", 2) == 0;
    }
    int layers = count(w, "down_blocks.0.resnets", "norm1.weight");
    if (levels == 0) return error_make("%.300s: it has no UNet", name);
    writer_put(&json, "{\"in_channels\": %d, \"out_channels\": %d, \"layers_per_block\": %d",
               weights_side(w, "conv_in.weight", 1), weights_side(w, "conv_out.weight", 0), layers);
    writer_put(&json, ", \"cross_attention_dim\": %d, \"use_linear_projection\": %s", cross,
               linear ? "true" : "false");
    put_types(&json, "Down", attends, 0, 1, levels);
    put_types(&json, "Up", attends, levels - 1, -1, levels);
    writer_put(&json, ", \"block_out_channels\": [");
    for (int i = 0; i < levels; i++) writer_put(&json, "%s%d", i ? ", " : "", channels[i]);
    /* Stable Diffusion 1.x has 8 heads everywhere, 2.x heads of 64 channels. */
    writer_put(&json, "], \"attention_head_dim\": [");
    for (int i = 0; i < levels; i++)
        writer_put(&json, "%s%d", i ? ", " : "", heads(linear ? channels[i] : 512));
    writer_put(&json, "]}");
    return parsed(&json, name, out);
}

error ldm_vae_config(weights w, const char *name, arena *keep, const config **out)
{
    writer json = {.memory = keep};
    int levels = count(w, "decoder.up_blocks", "resnets.0.conv2.weight");
    int layers = count(w, "decoder.up_blocks.0.resnets", "norm1.weight");
    if (levels == 0) return error_make("%.300s: it has no VAE", name);
    writer_put(&json, "{\"block_out_channels\": [");
    for (int i = levels - 1; i >= 0; i--)
        writer_put(
            &json, "%s%d", i < levels - 1 ? ", " : "",
            weights_side(weights_in(w, "decoder.up_blocks.%d", i), "resnets.0.conv2.weight", 0));
    writer_put(&json, "], \"layers_per_block\": %d, \"latent_channels\": %d, \"out_channels\": %d",
               layers - 1, weights_side(w, "decoder.conv_in.weight", 1),
               weights_side(w, "decoder.conv_out.weight", 0));
    writer_put(&json, ", \"in_channels\": %d, \"scaling_factor\": 0.18215}",
               weights_side(w, "decoder.conv_out.weight", 0));
    return parsed(&json, name, out);
}

error ldm_text_config(weights w, bool openclip, const char *name, arena *keep, const config **out)
{
    writer json = {.memory = keep};
    weights text = weights_in(w, "text_model");
    int layers = count(text, "encoder.layers", "layer_norm1.weight");
    int width = weights_side(text, "embeddings.token_embedding.weight", 1);
    if (layers == 0) return error_make("%.300s: it has no text encoder", name);
    writer_put(&json, "{\"hidden_size\": %d, \"vocab_size\": %d, \"max_position_embeddings\": %d",
               width, weights_side(text, "embeddings.token_embedding.weight", 0),
               weights_side(text, "embeddings.position_embedding.weight", 0));
    writer_put(&json, ", \"intermediate_size\": %d, \"num_attention_heads\": %d",
               weights_side(text, "encoder.layers.0.mlp.fc1.weight", 0), heads(width));
    writer_put(&json, ", \"num_hidden_layers\": %d, \"hidden_act\": \"%s\"}", layers - openclip,
               openclip ? "gelu" : "quick_gelu");
    return parsed(&json, name, out);
}
