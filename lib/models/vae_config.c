/* vae.h: the numbers of a VAE, from its config.json. */
#include "models/vae.h"
#include <string.h>

/* clang-format off */
vae_config vae_usual(void)
{
    return (vae_config){
        .picture = 3, .out = 3, .latent = 4, .levels = 4, .channels = {128, 256, 512, 512},
        .layers = 2, .groups = 32, .scale = 0.18215, .attention = true, .before = true,
        .behind = true};
}
/* clang-format on */

error vae_check(const vae_config *c)
{
    if (c->levels < 1 || c->levels > BLOCKS_LEVELS || c->layers < 1 || c->layers >= BLOCKS_LAYERS)
        return error_make("a VAE of %d levels of %d layers: at most %d and %d are possible",
                          c->levels, c->layers, BLOCKS_LEVELS, BLOCKS_LAYERS - 1);
    if (c->picture < 1 || c->out < 1 || c->latent < 1 || c->groups < 1 ||
        c->picture > BLOCKS_WIDEST || c->out > BLOCKS_WIDEST || c->latent > BLOCKS_WIDEST ||
        !(c->scale > 0))
        return error_make("a VAE with in_channels %d, out_channels %d, latent_channels %d, "
                          "norm_num_groups %d, scaling_factor %g: not above 0, or above %d",
                          c->picture, c->out, c->latent, c->groups, c->scale, BLOCKS_WIDEST);
    for (int i = 0; i < c->levels; i++)
        if (c->channels[i] < 1 || c->channels[i] > BLOCKS_WIDEST || c->channels[i] % c->groups)
            return error_make("block_out_channels: %d is no multiple of norm_num_groups %d, or is "
                              "above %d",
                              c->channels[i], c->groups, BLOCKS_WIDEST);
    return NULL;
}

/* Every level is of the one kind that is built here. */
static error check_types(const config *from, const char *key, const char *only, int levels)
{
    const char *const known[] = {only, NULL};
    int count = config_count(from, key);
    if (config_find(from, key) && count != levels)
        return error_make("\"%s\" has %d values, not %d", key, count, levels);
    for (int i = 0; i < count; i++) {
        const char *type = config_text_at(from, key, i, only);
        if (strcmp(type, only)) return error_unknown(key, type, known);
    }
    return NULL;
}

error vae_read(const config *from, vae_config *out)
{
    vae_config c = vae_usual();
    const char *act = config_text(from, "act_fn", "silu");
    if (strcmp(act, "silu")) return error_make("\"act_fn\" is %s; only silu is supported", act);
    if (config_find(from, "latents_mean") || config_find(from, "latents_std"))
        return error_make("\"latents_mean\" and \"latents_std\" are not supported");
    c.picture = config_int(from, "in_channels", 3), c.out = config_int(from, "out_channels", 3);
    c.latent = config_int(from, "latent_channels", 4);
    c.layers = config_int(from, "layers_per_block", 1);
    c.groups = config_int(from, "norm_num_groups", 32);
    c.scale = config_number(from, "scaling_factor", 0.18215);
    c.shift = config_number(from, "shift_factor", 0);
    c.attention = config_bool(from, "mid_block_add_attention", true);
    c.before = config_bool(from, "use_post_quant_conv", true);
    c.behind = config_bool(from, "use_quant_conv", true);
    c.levels =
        config_find(from, "block_out_channels") ? config_count(from, "block_out_channels") : 1;
    for (int i = 0; i < c.levels && i < BLOCKS_LEVELS; i++)
        c.channels[i] = config_int_at(from, "block_out_channels", i, 64);
    error wrong = check_types(from, "down_block_types", "DownEncoderBlock2D", c.levels);
    if (!wrong) wrong = check_types(from, "up_block_types", "UpDecoderBlock2D", c.levels);
    if (!wrong) wrong = config_trouble(from);
    *out = c;
    return wrong ? wrong : vae_check(&c);
}
