#include "pipeline/model.h"
#include <string.h>

/* What the scheduler's file says of sampling, where it says it. */
static scheduler_config sampling(const checkpoint_scheduler *s)
{
    /* diffusers' pipeline has an offset of 1, whatever the file says */
    scheduler_config c = {.name = s->name, .spacing = s->spacing, .offset = 1, .plms = true};
    const config *said = s->config;
    if (!said) return c.last_time = "sigma_min", c; /* as Stable Diffusion 1.5's file says */
    c.plms = config_bool(said, "skip_prk_steps", false);
    c.order = config_int(said, "solver_order", 0);
    if (config_bool(said, "use_karras_sigmas", false)) c.list = "karras";
    if (config_bool(said, "use_exponential_sigmas", false)) c.list = "exponential";
    if (config_bool(said, "use_beta_sigmas", false)) c.list = "beta_sigmas";
    c.last = config_text(said, "final_sigmas_type", NULL);
    if (config_find(said, "set_alpha_to_one")) c.last_time = s->alpha_to_one ? "zero" : "sigma_min";
    const char *algorithm = config_text(said, "algorithm_type", "dpmsolver++");
    if (strcmp(algorithm, "dpmsolver++") != 0 && strstr(c.name, "DPMSolverMultistep"))
        c.name = algorithm;
    return c;
}

static error says_of(const char *prediction, network_prediction *out)
{
    static const char *const names[] = {"epsilon", "v_prediction", "sample", NULL};
    static const network_prediction says[] = {NETWORK_EPS, NETWORK_V, NETWORK_X0};
    for (int i = 0; names[i]; i++)
        if (strcmp(prediction, names[i]) == 0) return *out = says[i], NULL;
    return error_unknown("prediction type", prediction, names);
}

static error training(const checkpoint_scheduler *s, arena *keep, model *out)
{
    error wrong = says_of(s->prediction, &out->says);
    schedule_options o = {.T = s->times, .manner = SCHEDULE_DIFFUSERS};
    if (strcmp(s->beta_schedule, "linear") == 0 || strcmp(s->beta_schedule, "scaled_linear") == 0)
        o.beta_start = s->beta_start, o.beta_end = s->beta_end;
    if (!wrong) wrong = schedule_make(s->beta_schedule, o, keep, &out->schedule);
    schedule trained = out->schedule;
    if (!wrong && s->zero_snr) wrong = schedule_zero_snr(&trained, keep, &out->schedule);
    out->scheduler = sampling(s);
    if (!wrong && s->config) wrong = config_trouble(s->config);
    return s->config ? config_blame(s->config, wrong) : wrong;
}

static error networks(const checkpoint *c, arena *keep, model *out)
{
    unet_config of_unet;
    vae_config of_vae;
    error wrong = config_blame(c->unet.config, unet_read(c->unet.config, &of_unet));
    if (!wrong) wrong = unet_load(c->unet.weights, of_unet, keep, &out->unet);
    if (!wrong) wrong = config_blame(c->vae.config, vae_read(c->vae.config, &of_vae));
    if (!wrong) wrong = vae_load(c->vae.weights, of_vae, keep, &out->vae);
    if (!wrong) wrong = clip_text_load(c->text.weights, c->text.config, keep, &out->text);
    if (!wrong && out->unet.config.text != out->text.width)
        wrong = error_make("%.300s: the network wants texts of %d numbers, its encoder makes %d",
                           c->path, out->unet.config.text, out->text.width);
    if (!wrong && of_vae.out != 3)
        wrong = error_make("%.300s: its VAE makes %d channels, not 3", c->path, of_vae.out);
    if (wrong) return wrong;
    double side = config_number(c->unet.config, "sample_size", 64) * vae_factor(&out->vae);
    out->side = side >= 1 && side <= 8192 ? (int)side : 512;
    return NULL;
}

error model_open(const char *path, arena *keep, arena scratch, model *out)
{
    *out = (model){0};
    error wrong = checkpoint_open(path, keep, scratch, &out->files);
    if (wrong) return wrong;
    wrong = training(&out->files.scheduler, keep, out);
    if (!wrong) wrong = networks(&out->files, keep, out);
    if (!wrong) wrong = tokenizer_open(out->files.tokenizer, keep, scratch, &out->tokenizer);
    if (wrong) checkpoint_close(&out->files);
    return wrong;
}

error model_use_taesd(model *m, const char *path, arena *keep)
{
    checkpoint_part part;
    taesd_config c = taesd_usual();
    taesd *t = arena_take(keep, sizeof *t);
    error wrong = checkpoint_open_part(path, keep, &part);
    if (wrong) return wrong;
    if (part.config) wrong = config_blame(part.config, taesd_read(part.config, &c));
    if (!wrong) wrong = taesd_load(part.weights, c, keep, t);
    if (!wrong && (c.latent != m->vae.config.latent || c.out != 3 ||
                   1 << (c.decoder.levels - 1) != vae_factor(&m->vae)))
        wrong = error_make("%.300s: latents of %d channels, %d levels: not those of the model",
                           path, c.latent, c.decoder.levels);
    if (wrong) return weights_close(part.weights), wrong;
    m->taesd = t, m->taesd_files = part.weights;
    return NULL;
}

error model_check(const model *m)
{
    error wrong = checkpoint_check(&m->files);
    return wrong || !m->taesd ? wrong : weights_check(m->taesd_files);
}

void model_close(model *m)
{
    if (m->taesd) weights_close(m->taesd_files);
    checkpoint_close(&m->files);
}

void model_rest(const model *m)
{
    weights_rest(m->files.unet.weights);
}
