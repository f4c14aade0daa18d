/* The names of one file for all tensors of Stable Diffusion 1.x, told by walking through both
 * networks as their two programs build them: no rule is shared with what is tested.
 */
#include "model_fixture.h"
#include "models/ldm.h"

enum { MOST = 1300 };
static box one;

/* Pairs of names; ours begins with its part: "unet:conv_in.weight". */
static char asked[MOST][192], stored[MOST][192];
static int pairs;

static void pair(const char *ours, const char *a, const char *theirs, const char *b)
{
    assert_true(pairs < MOST);
    snprintf(asked[pairs], sizeof asked[0], "%s%s", ours, a);
    snprintf(stored[pairs++], sizeof stored[0], "%s%s", theirs, b);
}

static void both(const char *ours, const char *a, const char *theirs, const char *b)
{
    char from[96], to[96];
    const char *const ends[] = {"weight", "bias"};
    for (int i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%s.%s", a, ends[i]);
        snprintf(to, sizeof to, "%s.%s", b, ends[i]);
        pair(ours, from, theirs, to);
    }
}

static void resnet(const char *ours, const char *theirs, bool shortcut)
{
    both(ours, "norm1", theirs, "in_layers.0");
    both(ours, "conv1", theirs, "in_layers.2");
    both(ours, "time_emb_proj", theirs, "emb_layers.1");
    both(ours, "norm2", theirs, "out_layers.0");
    both(ours, "conv2", theirs, "out_layers.3");
    if (shortcut) both(ours, "conv_shortcut", theirs, "skip_connection");
}

static void transformer(const char *ours, const char *theirs)
{
    static const char *const same[] = {"norm",
                                       "proj_in",
                                       "proj_out",
                                       "transformer_blocks.0.norm1",
                                       "transformer_blocks.0.norm2",
                                       "transformer_blocks.0.norm3",
                                       "transformer_blocks.0.ff.net.0.proj",
                                       "transformer_blocks.0.ff.net.2",
                                       "transformer_blocks.0.attn1.to_out.0",
                                       "transformer_blocks.0.attn2.to_out.0"};
    for (int i = 0; i < 10; i++) both(ours, same[i], theirs, same[i]);
    for (int i = 1; i <= 2; i++)
        for (const char *c = "qkv"; *c; c++) {
            char name[64];
            snprintf(name, sizeof name, "transformer_blocks.0.attn%d.to_%c.weight", i, *c);
            pair(ours, name, theirs, name);
        }
}

/* A block of the UNet that has number `k` in the file, level i and place j for us. */
static void block(const char *way, int k, int i, int j, bool shortcut, bool attends)
{
    char ours[64], theirs[64];
    bool down = strcmp(way, "down") == 0;
    snprintf(ours, sizeof ours, "unet:%s_blocks.%d.resnets.%d.", way, i, j);
    snprintf(theirs, sizeof theirs, "model.diffusion_model.%s_blocks.%d.0.",
             down ? "input" : "output", k);
    resnet(ours, theirs, shortcut);
    if (!attends) return;
    snprintf(ours, sizeof ours, "unet:%s_blocks.%d.attentions.%d.", way, i, j);
    snprintf(theirs, sizeof theirs, "model.diffusion_model.%s_blocks.%d.1.",
             down ? "input" : "output", k);
    transformer(ours, theirs);
}

static const char model[] = "model.diffusion_model.";

static void list_unet(int levels, int layers)
{
    int k = 0;
    char ours[64], theirs[64];
    both("unet:", "time_embedding.linear_1", model, "time_embed.0");
    both("unet:", "time_embedding.linear_2", model, "time_embed.2");
    both("unet:", "conv_in", model, "input_blocks.0.0");
    for (int i = 0; i < levels; i++) {
        for (int j = 0; j < layers; j++)
            block("down", ++k, i, j, j == 0 && (i == 1 || i == 2), i < levels - 1);
        if (i == levels - 1) break;
        snprintf(ours, sizeof ours, "down_blocks.%d.downsamplers.0.conv", i);
        snprintf(theirs, sizeof theirs, "input_blocks.%d.0.op", ++k);
        both("unet:", ours, model, theirs);
    }
    resnet("unet:mid_block.resnets.0.", "model.diffusion_model.middle_block.0.", false);
    transformer("unet:mid_block.attentions.0.", "model.diffusion_model.middle_block.1.");
    resnet("unet:mid_block.resnets.1.", "model.diffusion_model.middle_block.2.", false);
    k = 0;
    for (int i = 0; i < levels; i++)
        for (int j = 0; j <= layers; j++, k++) {
            block("up", k, i, j, true, i > 0);
            if (j < layers || i == levels - 1) continue;
            snprintf(ours, sizeof ours, "up_blocks.%d.upsamplers.0.conv", i);
            snprintf(theirs, sizeof theirs, "output_blocks.%d.%d.conv", k, i > 0 ? 2 : 1);
            both("unet:", ours, model, theirs);
        }
    both("unet:", "conv_norm_out", model, "out.0");
    both("unet:", "conv_out", model, "out.2");
}

static void vae_resnet(const char *ours, const char *theirs, bool shortcut)
{
    static const char *const same[] = {"norm1", "conv1", "norm2", "conv2"};
    for (int i = 0; i < 4; i++) both(ours, same[i], theirs, same[i]);
    if (shortcut) both(ours, "conv_shortcut", theirs, "nin_shortcut");
}

static void vae_middle(const char *side)
{
    char a[64], b[64];
    for (int i = 0; i < 2; i++) {
        snprintf(a, sizeof a, "vae:%s.mid_block.resnets.%d.", side, i);
        snprintf(b, sizeof b, "first_stage_model.%s.mid.block_%d.", side, i + 1);
        vae_resnet(a, b, false);
    }
    snprintf(a, sizeof a, "vae:%s.mid_block.attentions.0.", side);
    snprintf(b, sizeof b, "first_stage_model.%s.mid.attn_1.", side);
    both(a, "group_norm", b, "norm");
    both(a, "to_q", b, "q");
    both(a, "to_k", b, "k");
    both(a, "to_v", b, "v");
    both(a, "to_out.0", b, "proj_out");
}

static void list_vae(int levels)
{
    static const char *const ways[] = {"down", "up"}, *const sides[] = {"encoder", "decoder"};
    static const bool widens[2][4] = {{false, true, true, false}, {false, false, true, true}};
    char a[64], b[64];
    for (int way = 0; way < 2; way++) {
        for (int i = 0; i < levels; i++) {
            int there = way == 0 ? i : levels - 1 - i;
            for (int j = 0; j < 2 + way; j++) {
                snprintf(a, sizeof a, "vae:%s.%s_blocks.%d.resnets.%d.", sides[way], ways[way], i,
                         j);
                snprintf(b, sizeof b, "first_stage_model.%s.%s.%d.block.%d.", sides[way], ways[way],
                         there, j);
                vae_resnet(a, b, j == 0 && widens[way][i]);
            }
            if (i == levels - 1) continue;
            snprintf(a, sizeof a, "vae:%s.%s_blocks.%d.%ssamplers.0.", sides[way], ways[way], i,
                     ways[way]);
            snprintf(b, sizeof b, "first_stage_model.%s.%s.%d.%ssample.", sides[way], ways[way],
                     there, ways[way]);
            both(a, "conv", b, "conv");
        }
        vae_middle(sides[way]);
        snprintf(a, sizeof a, "vae:%s.", sides[way]);
        snprintf(b, sizeof b, "first_stage_model.%s.", sides[way]);
        both(a, "conv_in", b, "conv_in");
        both(a, "conv_norm_out", b, "norm_out");
        both(a, "conv_out", b, "conv_out");
    }
    both("vae:", "quant_conv", "first_stage_model.", "quant_conv");
    both("vae:", "post_quant_conv", "first_stage_model.", "post_quant_conv");
}

static void list_text(int layers, const char *begin)
{
    static const char *const same[] = {
        "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj",
        "layer_norm1",      "layer_norm2",      "mlp.fc1",          "mlp.fc2"};
    char a[80], b[80];
    for (int i = 0; i < layers; i++)
        for (int k = 0; k < 8; k++) {
            snprintf(a, sizeof a, "text:text_model.encoder.layers.%d.", i);
            snprintf(b, sizeof b, "%sencoder.layers.%d.", begin, i);
            both(a, same[k], b, same[k]);
        }
    both("text:text_model.", "final_layer_norm", begin, "final_layer_norm");
    pair("text:text_model.", "embeddings.token_embedding.weight", begin,
         "embeddings.token_embedding.weight");
    pair("text:text_model.", "embeddings.position_embedding.weight", begin,
         "embeddings.position_embedding.weight");
    pair("text:text_model.", "embeddings.position_ids", begin, "embeddings.position_ids");
}

/* Tensor i is a row of i + 1 numbers: so it is known again. */
static void assert_all_found(void)
{
    safetensors s;
    box_begin(&one);
    for (int i = 0; i < pairs; i++) box_add(&one, stored[i], "F16", (int[4]){i + 1});
    box_save(&one, ROOM "/ldm", 0);
    assert_null(safetensors_open(ROOM "/ldm", &memory, &s));
    ldm names = ldm_look(&s);
    static const struct {
        const char *part;
        weights_naming *naming;
    } parts[] = {{"unet:", ldm_unet}, {"vae:", ldm_vae}, {"text:", ldm_text}};
    for (int p = 0; p < 3; p++) {
        weights w = weights_from(&s, 1, &memory);
        weights_rename(w, parts[p].naming, &names);
        for (int i = 0; i < pairs; i++) {
            size_t length = strlen(parts[p].part);
            if (strncmp(asked[i], parts[p].part, length) != 0) continue;
            int found = weights_side(w, asked[i] + length, 0);
            if (found != i + 1)
                fail_msg("%s must be %s, is %s", asked[i], stored[i],
                         found ? stored[found - 1] : "nowhere");
        }
        assert_false(weights_has(w, "down_blocks.0.resnets.0.nothing.weight"));
    }
    safetensors_close(s);
}

static void test_stable_diffusion_1(void **state)
{
    (void)state;
    pairs = 0;
    list_unet(4, 2);
    assert_int_equal(pairs, 686);
    list_vae(4);
    assert_int_equal(pairs, 686 + 248);
    list_text(12, "cond_stage_model.transformer.text_model.");
    assert_int_equal(pairs, 1131);
    assert_all_found();
}

static void test_other_sizes(void **state)
{
    (void)state;
    for (int levels = 1; levels <= 4; levels++)
        for (int layers = 1; layers <= 3; layers++) {
            pairs = 0;
            list_unet(levels, layers);
            list_vae(levels);
            list_text(2, "cond_stage_model.transformer."); /* as some merging programs write it */
            assert_all_found();
        }
}

/* Stable Diffusion 2.x: one matrix has q, k and v; the last layer is there, and not used. */
static void test_openclip(void **state)
{
    (void)state;
    static const char begin[] = "cond_stage_model.model.";
    static const struct {
        const char *ours, *theirs;
        int part, rows;
    } names[] = {
        {"self_attn.q_proj.weight", "attn.in_proj_weight", 0, 2},
        {"self_attn.k_proj.weight", "attn.in_proj_weight", 1, 2},
        {"self_attn.v_proj.weight", "attn.in_proj_weight", 2, 2},
        {"self_attn.k_proj.bias", "attn.in_proj_bias", 1, 2},
        {"self_attn.out_proj.weight", "attn.out_proj.weight", 0, 2},
        {"layer_norm1.bias", "ln_1.bias", 0, 4},
        {"layer_norm1.weight", "ln_1.weight", 0, 4},
        {"layer_norm2.weight", "ln_2.weight", 0, 5},
        {"mlp.fc1.weight", "mlp.c_fc.weight", 0, 8},
        {"mlp.fc2.bias", "mlp.c_proj.bias", 0, 3},
    };
    char name[128];
    box_begin(&one);
    for (int layer = 0; layer < 3; layer++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            bool third = strstr(names[i].theirs, "in_proj");
            snprintf(name, sizeof name, "%stransformer.resblocks.%d.%s", begin, layer,
                     names[i].theirs);
            if (third && i != 0 && i != 3) continue; /* once is enough */
            box_add(&one, name, "F16", (int[4]){names[i].rows * (third ? 3 : 1)});
        }
    box_add(&one, "cond_stage_model.model.positional_embedding", "F16", (int[4]){77, 3});
    box_add(&one, "cond_stage_model.model.token_embedding.weight", "F16", (int[4]){90, 128});
    box_add(&one, "cond_stage_model.model.ln_final.bias", "F16", (int[4]){9});
    box_save(&one, ROOM "/ldm", 0);
    safetensors s;
    assert_null(safetensors_open(ROOM "/ldm", &memory, &s));
    ldm l = ldm_look(&s);
    assert_true(l.openclip);
    weights w = weights_from(&s, 1, &memory), layer = weights_in(w, "text_model.encoder.layers.2");
    weights_rename(w, ldm_text, &l);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const float *row = weights_floats(layer, names[i].ours, names[i].rows);
        assert_null(weights_trouble(w));
        assert_true(row[0] == (float)(names[i].part * names[i].rows));
    }
    assert_int_equal(weights_side(w, "text_model.embeddings.position_embedding.weight", 0), 77);
    assert_int_equal(weights_side(w, "text_model.final_layer_norm.bias", 0), 9);
    const config *c;
    assert_null(ldm_text_config(w, true, "x", &memory, &c));
    assert_int_equal(config_int(c, "num_hidden_layers", 0), 2);
    assert_int_equal(config_int(c, "num_attention_heads", 0), 2);
    assert_int_equal(config_int(c, "vocab_size", 0), 90);
    assert_int_equal(config_int(c, "max_position_embeddings", 0), 77);
    assert_int_equal(config_int(c, "intermediate_size", 0), 8);
    assert_string_equal(config_text(c, "hidden_act", ""), "gelu");
    safetensors_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stable_diffusion_1),
        cmocka_unit_test(test_other_sizes),
        cmocka_unit_test(test_openclip),
    };
    return cmocka_run_group_tests(tests, make_room, NULL);
}
