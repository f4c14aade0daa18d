/* unet.h: the numbers of a UNet, from its config.json. */
#include "models/unet.h"
#include <stdio.h>
#include <string.h>

/* clang-format off */
unet_config unet_usual(void)
{
    return (unet_config){
        .in = 4, .out = 4, .levels = 4, .channels = {320, 640, 1280, 1280}, .layers = {2, 2, 2, 2},
        .heads = {8, 8, 8, 8}, .transformers = {1, 1, 1, 1}, .middle = true, .text = 768,
        .text_down = {true, true, true, false}, .text_up = {false, true, true, true},
        .groups = 32, .epsilon = 1e-5f};
}
/* clang-format on */

error unet_check(const unet_config *c)
{
    if (c->levels < 1 || c->levels > BLOCKS_LEVELS)
        return error_make("a UNet of %d levels: 1 to %d are possible", c->levels, BLOCKS_LEVELS);
    if (c->in < 1 || c->out < 1 || c->text < 1 || c->groups < 1 || c->in > BLOCKS_WIDEST ||
        c->out > BLOCKS_WIDEST || c->text > BLOCKS_WIDEST)
        return error_make("a UNet with in_channels %d, out_channels %d, cross_attention_dim %d, "
                          "norm_num_groups %d: not 1 to %d",
                          c->in, c->out, c->text, c->groups, BLOCKS_WIDEST);
    if (!(c->channels[0] / 2 - c->time.shift > 0))
        return error_make("freq_shift: %g of %d waves", c->time.shift, c->channels[0] / 2);
    for (int i = 0; i < c->levels; i++) {
        int channels = c->channels[i], heads = c->heads[i];
        if (channels < 1 || channels > BLOCKS_WIDEST || channels % c->groups)
            return error_make("block_out_channels: %d is no multiple of norm_num_groups %d, or is "
                              "above %d",
                              channels, c->groups, BLOCKS_WIDEST);
        if (heads < 1 || channels % heads)
            return error_make("attention_head_dim: %d heads cannot share %d channels", heads,
                              channels);
        if (c->layers[i] < 1 || c->layers[i] >= BLOCKS_LAYERS || c->transformers[i] < 1 ||
            c->transformers[i] >= BLOCKS_LAYERS)
            return error_make("layers_per_block %d, transformer_layers_per_block %d: not 1 to %d",
                              c->layers[i], c->transformers[i], BLOCKS_LAYERS - 1);
    }
    return NULL;
}

/* What a config may say only so, since nothing else is built here; NULL: it may not say it. Values
 * as in the file. */
static const struct {
    const char *only, *keys[13]; /* NULL behind the last */
} fixed[] = {
    {"1", {"downsample_padding", "mid_block_scale_factor", "resnet_out_scale_factor"}},
    {"3", {"conv_in_kernel", "conv_out_kernel"}},
    {"default", {"attention_type", "resnet_time_scale_shift"}},
    {"false",
     {"center_input_sample", "class_embeddings_concat", "dual_cross_attention",
      "only_cross_attention", "resnet_skip_time_act"}},
    {"positional", {"time_embedding_type"}},
    {"silu", {"act_fn"}},
    {NULL,
     {"addition_embed_type", "class_embed_type", "cross_attention_norm", "encoder_hid_dim",
      "encoder_hid_dim_type", "num_attention_heads", "num_class_embeds",
      "reverse_transformer_layers_per_block", "time_cond_proj_dim", "time_embedding_act_fn",
      "time_embedding_dim", "timestep_post_act"}},
};

/* As the file has it. */
static const char *value_of(const config *c, char number[32])
{
    if (c->kind == CONFIG_TEXT) return c->text;
    if (c->kind == CONFIG_BOOL) return c->number != 0 ? "true" : "false";
    if (c->kind != CONFIG_NUMBER) return "something else";
    return snprintf(number, 32, "%g", c->number), number;
}

static error only_what_is_built(const config *from)
{
    char number[32];
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        for (const char *const *key = fixed[i].keys; *key; key++) {
            const config *c = config_find(from, *key);
            const char *only = fixed[i].only;
            const char *text = c ? value_of(c, number) : NULL;
            if (c && (!only || strcmp(text, only)))
                return error_make("\"%s\" is %s; only %s is supported", *key, text,
                                  only ? only : "null");
        }
    return NULL;
}

/* Whether level i of a list of block types is the kind with text. */
static error read_type(const config *from, const char *key, int i, const char *const kinds[3],
                       bool *with_text)
{
    const char *type = config_text_at(from, key, i, kinds[*with_text]);
    *with_text = !strcmp(type, kinds[1]);
    return *with_text || !strcmp(type, kinds[0]) ? NULL : error_unknown(key, type, kinds);
}

static error read_level(const config *from, int i, unet_config *c)
{
    static const char *const down[] = {"DownBlock2D", "CrossAttnDownBlock2D", NULL},
                             *const up[] = {"UpBlock2D", "CrossAttnUpBlock2D", NULL};
    c->channels[i] = config_int_at(from, "block_out_channels", i, c->channels[i]);
    c->layers[i] = config_int_at(from, "layers_per_block", i, 2);
    c->heads[i] = config_int_at(from, "attention_head_dim", i, 8);
    c->transformers[i] = config_int_at(from, "transformer_layers_per_block", i, 1);
    error wrong = read_type(from, "down_block_types", i, down, &c->text_down[i]);
    return wrong ? wrong : read_type(from, "up_block_types", i, up, &c->text_up[i]);
}

/* Whether a key is there and has no value: some small models have no middle block. */
static bool says_null(const config *from, const char *key)
{
    for (int i = 0; i < from->count; i++)
        if (!strcmp(from->inside[i].key, key)) return from->inside[i].kind == CONFIG_NULL;
    return false;
}

error unet_read(const config *from, unet_config *out)
{
    unet_config c = unet_usual();
    error wrong = only_what_is_built(from);
    static const char *const lists[] = {"block_out_channels", "down_block_types", "up_block_types"};
    static const char *const middles[] = {"UNetMidBlock2DCrossAttn", NULL};
    if (wrong) return wrong;
    c.in = config_int(from, "in_channels", 4), c.out = config_int(from, "out_channels", 4);
    c.text = config_int_at(from, "cross_attention_dim", 0, 1280);
    c.groups = config_int(from, "norm_num_groups", 32);
    c.epsilon = (float)config_number(from, "norm_eps", 1e-5);
    c.time.sines_first = !config_bool(from, "flip_sin_to_cos", true);
    c.time.shift = config_number(from, "freq_shift", 0);
    if (config_find(from, lists[0])) c.levels = config_count(from, lists[0]);
    for (int i = 0; i < 3; i++)
        if (config_find(from, lists[i]) && config_count(from, lists[i]) != c.levels)
            return error_make("\"%s\" has %d values, not %d", lists[i],
                              config_count(from, lists[i]), c.levels);
    for (int i = 0; i < c.levels && i < BLOCKS_LEVELS; i++)
        if ((wrong = read_level(from, i, &c))) return wrong;
    c.middle = !says_null(from, "mid_block_type");
    const char *middle = config_text(from, "mid_block_type", middles[0]);
    if (strcmp(middle, middles[0])) return error_unknown("mid_block_type", middle, middles);
    *out = c;
    wrong = config_trouble(from);
    return wrong ? wrong : unet_check(&c);
}
