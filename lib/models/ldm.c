#include "models/ldm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the beginning of a name is exchanged, then its rest. In `asked` a * is any number: the first
 * is i, the next j. In `stored`, # is number + i (layers + 1) + j, where a missing j is the last
 * one; < and > are i and j; ^ is i counted from the other end. */
typedef struct rule {
    const char *asked, *stored;
    int number;
    const struct rule *rest;
} rule;

/* In a list for the rest of a name, `number` is which third of the tensor is meant, from 1. */
static const rule unet_block[] = {
    {.asked = "norm1.", .stored = "in_layers.0."},
    {.asked = "conv1.", .stored = "in_layers.2."},
    {.asked = "time_emb_proj.", .stored = "emb_layers.1."},
    {.asked = "norm2.", .stored = "out_layers.0."},
    {.asked = "conv2.", .stored = "out_layers.3."},
    {.asked = "conv_shortcut.", .stored = "skip_connection."},
    {0},
};
static const rule unet[] = {
    {"time_embedding.linear_1.", "time_embed.0.", 0, NULL},
    {"time_embedding.linear_2.", "time_embed.2.", 0, NULL},
    {"conv_in.", "input_blocks.0.0.", 0, NULL},
    {"conv_norm_out.", "out.0.", 0, NULL},
    {"conv_out.", "out.2.", 0, NULL},
    {"down_blocks.*.resnets.*.", "input_blocks.#.0.", 1, unet_block},
    {"down_blocks.*.attentions.*.", "input_blocks.#.1.", 1, NULL},
    {"down_blocks.*.downsamplers.0.conv.", "input_blocks.#.0.op.", 1, NULL},
    {"mid_block.resnets.0.", "middle_block.0.", 0, unet_block},
    {"mid_block.attentions.0.", "middle_block.1.", 0, NULL},
    {"mid_block.resnets.1.", "middle_block.2.", 0, unet_block},
    {"up_blocks.*.resnets.*.", "output_blocks.#.0.", 0, unet_block},
    {"up_blocks.*.attentions.*.", "output_blocks.#.1.", 0, NULL},
    {"up_blocks.*.upsamplers.0.conv.", "output_blocks.#.2.conv.", 0, NULL},
    {"up_blocks.*.upsamplers.0.conv.", "output_blocks.#.1.conv.", 0, NULL}, /* no attention */
    {0},
};
static const rule vae_block[] = {
    /* of a resnet, then of an attention */
    {.asked = "conv_shortcut.", .stored = "nin_shortcut."},
    {.asked = "group_norm.", .stored = "norm."},
    {.asked = "to_q.", .stored = "q."},
    {.asked = "to_k.", .stored = "k."},
    {.asked = "to_v.", .stored = "v."},
    {.asked = "to_out.0.", .stored = "proj_out."},
    {0},
};
static const rule vae[] = {
    /* behind encoder. or decoder. */
    {"down_blocks.*.resnets.*.", "down.<.block.>.", 0, vae_block},
    {"down_blocks.*.downsamplers.0.", "down.<.downsample.", 0, NULL},
    {"up_blocks.*.resnets.*.", "up.^.block.>.", 0, vae_block},
    {"up_blocks.*.upsamplers.0.", "up.^.upsample.", 0, NULL},
    {"mid_block.resnets.0.", "mid.block_1.", 0, NULL},
    {"mid_block.resnets.1.", "mid.block_2.", 0, NULL},
    {"mid_block.attentions.0.", "mid.attn_1.", 0, vae_block},
    {"conv_norm_out.", "norm_out.", 0, NULL},
    {"", "", 0, NULL},
    {0},
};
static const rule clip[] = {
    /* of 1.x, also as merging programs write it */
    {"", "", 0, NULL},
    {"text_model.", "", 0, NULL},
    {"", "text_model.", 0, NULL},
    {0},
};
static const rule openclip_block[] = {
    {.asked = "self_attn.q_proj.", .stored = "attn.in_proj_", .number = 1},
    {.asked = "self_attn.k_proj.", .stored = "attn.in_proj_", .number = 2},
    {.asked = "self_attn.v_proj.", .stored = "attn.in_proj_", .number = 3},
    {.asked = "self_attn.out_proj.", .stored = "attn.out_proj."},
    {.asked = "layer_norm1.", .stored = "ln_1."},
    {.asked = "layer_norm2.", .stored = "ln_2."},
    {.asked = "mlp.fc1.", .stored = "mlp.c_fc."},
    {.asked = "mlp.fc2.", .stored = "mlp.c_proj."},
    {0},
};
static const rule openclip[] = {
    {"encoder.layers.*.", "transformer.resblocks.<.", 0, openclip_block},
    {"embeddings.token_embedding.", "token_embedding.", 0, NULL},
    {"embeddings.position_embedding.weight", "positional_embedding", 0, NULL},
    {"final_layer_norm.", "ln_final.", 0, NULL},
    {0},
};

/* Where `text` goes on behind the pattern; NULL where it does not begin so. */
static const char *behind(const char *pattern, const char *text, int numbers[2])
{
    for (int seen = 0; *pattern; pattern++) {
        char *end = (char *)(size_t)text + 1;
        if (*pattern != '*' && *pattern != *text) return NULL;
        if (*pattern == '*' && (*text < '0' || *text > '9')) return NULL;
        if (*pattern == '*') numbers[seen++] = (int)strtol(text, &end, 10);
        text = end;
    }
    return text;
}

static void add(weights_alias *out, const char *text)
{
    size_t used = strlen(out->name);
    snprintf(out->name + used, sizeof out->name - used, "%s", text);
}

static void add_stored(weights_alias *out, const rule *r, const ldm *l, const int numbers[2])
{
    for (const char *c = r->stored; *c; c++) {
        char piece[16] = {*c};
        int i = numbers[0], j = numbers[1];
        int number = *c == '<'   ? i
                     : *c == '>' ? j
                     : *c == '^' ? l->levels - 1 - i
                                 : r->number + i * (l->layers + 1) + (j < 0 ? l->layers : j);
        if (strchr("<>^#", *c)) snprintf(piece, sizeof piece, "%d", number);
        add(out, piece);
    }
}

/* The rule of that number among those that fit, behind what already stands in `out`. */
static bool rename_by(const rule *rules, const ldm *l, const char *asked, int attempt,
                      weights_alias *out)
{
    for (const rule *r = rules; r->asked; r++) {
        int numbers[2] = {0, -1};
        const char *rest = behind(r->asked, asked, numbers);
        if (!rest || attempt-- > 0) continue;
        add_stored(out, r, l, numbers);
        for (const rule *s = r->rest; s && s->asked; s++) {
            const char *last = behind(s->asked, rest, numbers);
            if (!last) continue;
            add(out, s->stored);
            if (s->number) out->part = s->number - 1, out->parts = 3;
            rest = last;
            break;
        }
        return add(out, rest), true;
    }
    return false;
}

bool ldm_unet(const void *self, const char *asked, int attempt, weights_alias *out)
{
    add(out, "model.diffusion_model.");
    return rename_by(unet, self, asked, attempt, out);
}

bool ldm_vae(const void *self, const char *asked, int attempt, weights_alias *out)
{
    bool side = strncmp(asked, "encoder.", 8) == 0 || strncmp(asked, "decoder.", 8) == 0;
    snprintf(out->name, sizeof out->name, "first_stage_model.%.*s", side ? 8 : 0, asked);
    return rename_by(vae, self, asked + (side ? 8 : 0), attempt, out);
}

bool ldm_text(const void *self, const char *asked, int attempt, weights_alias *out)
{
    const ldm *l = self;
    add(out, l->openclip ? "cond_stage_model.model." : "cond_stage_model.transformer.");
    if (l->openclip && strncmp(asked, "text_model.", 11) == 0) asked += 11;
    return rename_by(l->openclip ? openclip : clip, l, asked, attempt, out);
}

/* How many names there are with the numbers first, first + 1, ... in them. */
static int count_of(const safetensors *f, const char *before, int first, const char *after)
{
    char name[200];
    for (int n = 0;; n++) {
        snprintf(name, sizeof name, "%s%d%s", before, first + n, after);
        if (!safetensors_find(f, name)) return n;
    }
}

ldm ldm_look(const safetensors *f)
{
    return (ldm){
        /* from block 1 on, up to the first that halves, or up to the end */
        .layers = count_of(f, "model.diffusion_model.input_blocks.", 1, ".0.in_layers.0.weight"),
        .levels = count_of(f, "first_stage_model.decoder.up.", 0, ".block.0.conv1.weight"),
        .openclip = safetensors_begin(f, "cond_stage_model.model.") < f->count,
    };
}
