#include "pipeline/picture.h"
#include "diffusion/guidance.h"
#include "nn/profile.h"
#include "pipeline/words.h"

picture_wish picture_usual(void)
{
    return (picture_wish){.prompt = "", .negative = "", .guidance = 7.5, .steps = 20, .batch = 1};
}

/* What the network is asked with. */
typedef struct {
    const unet *unet;
    transformer_text text;
    int k; /* conditionings of each picture */
    double (*time)(double t);
} question;

/* Answer j n + i is about picture i with conditioning j. All in one batch, so that each weight is
 * fetched once. */
static void ask(void *self, tensor out, tensor in, double t, arena scratch)
{
    question *q = self;
    tensor x = tensor_new(&scratch, q->k * in.n, in.h, in.w, in.c);
    for (int j = 0; j < q->k; j++) tensor_copy(tensor_pictures(x, j * in.n, in.n), in);
    profile_part("network");
    unet_apply(q->unet, x, q->time ? q->time(t) : t, q->text, out, scratch);
    profile_part("sampler");
}

/* A generator for each picture. */
typedef struct {
    rng *each;
    float *room; /* for the numbers of a picture in the field's order */
} generators;

static void draw_each(void *self, tensor z, int number, double from, double to)
{
    generators *g = self;
    (void)number, (void)from, (void)to;
    for (int i = 0; i < z.n; i++) {
        tensor one = tensor_pictures(z, i, 1);
        rng_normal32(&g->each[i], g->room, tensor_count(one));
        tensor_from_nchw(one, g->room);
    }
}

/* Where noise comes from, and the first of it in x. */
static noise first_noise(const picture_wish *w, tensor x, generators *g, arena *keep, arena scratch)
{
    noise source = noise_fresh(rng_torch(w->seed));
    if (w->philox) {
        g->each = arena_take(keep, (size_t)x.n * sizeof *g->each);
        g->room = arena_take(keep, tensor_count(x) / (size_t)x.n * sizeof *g->room);
        for (int i = 0; i < x.n; i++) g->each[i] = rng_philox(w->seed + (uint64_t)i);
        source = noise_given(draw_each, g);
    }
    noise_draw(&source, x, 1, 0, scratch);
    return source;
}

/* Whether what all of it takes is there, before any of it is taken: the pictures and what layers
 * remember of the text in `keep`, the network or the decoder in `scratch`. */
static error check_room(const model *m, const picture_wish *w, int tokens, arena keep,
                        arena scratch)
{
    enum { MOST = 1 << 26 }; /* pixels */
    int factor = vae_factor(&m->vae), k = w->guidance == 1 ? 1 : 2;
    tensor x = {NULL, w->batch, w->height / factor, w->width / factor, m->unet.config.in};
    double pixels = (double)w->height * w->width;
    if (pixels > MOST || (double)k * x.n * x.h * x.w > MOST)
        return error_make("%d x %d x %d pixels at once are too many", x.n, w->width, w->height);
    size_t latents = tensor_count(x) * sizeof *x.data;
    size_t text = m->unet.remembered + (size_t)m->text.width; /* numbers for each token */
    size_t kept = (size_t)x.n * (size_t)pixels * 3 * sizeof *x.data + 4 * latents;
    x.n *= k;
    kept += (size_t)x.n * (size_t)tokens * text * sizeof *x.data + blocks_linear_room();
    size_t walk = (SAMPLER_ROOM + 2) * latents + unet_room(&m->unet, x, tokens);
    size_t most = blocks_larger(walk, m->taesd ? taesd_decode_room(m->taesd, x.h, x.w)
                                               : vae_decode_room(&m->vae, x.h, x.w));
    if (kept < arena_left(keep) && most < arena_left(scratch)) return NULL;
    return error_make("%d x %d x %d pixels, %d tokens: %.0f MB are more than there is", w->batch,
                      w->width, w->height, tokens, (double)(kept + most) / 1e6);
}

/* The k texts for each picture of the batch: what is not wanted, then what is; the latter alone
 * where k is 1. [k batch, 1, tokens, C]. */
static error understand(const model *m, const picture_wish *w, int k, arena *keep, arena scratch,
                        tensor *out)
{
    const char *const texts[] = {w->negative, w->prompt, NULL};
    tensor said;
    profile_part("text");
    error wrong = words_say(m, texts + 2 - k, w->clip_skip, keep, scratch, &said);
    if (!wrong) wrong = check_room(m, w, said.w, *keep, scratch);
    if (wrong) return wrong;
    *out = tensor_new(keep, k * w->batch, 1, said.w, said.c);
    for (int i = 0; i < out->n; i++)
        tensor_copy(tensor_pictures(*out, i, 1), tensor_pictures(said, i / w->batch, 1));
    return NULL;
}

static error check(const model *m, const picture_wish *w)
{
    int factor = vae_factor(&m->vae);
    if (!w->prompt || !w->negative)
        return error_make("no prompt, or no negative: \"\" is an empty one");
    if (w->width <= 0 || w->height <= 0 || w->width % factor || w->height % factor)
        return error_make("a picture of %d x %d cannot be made: sides are multiples of %d",
                          w->width, w->height, factor);
    int in = m->unet.config.in, latent = m->vae.config.latent;
    if (in != latent || m->unet.config.out != latent)
        return error_make("%.300s: its network takes %d channels and gives %d, where latents have "
                          "%d: it is made for %s, not for text alone",
                          m->files.path, in, m->unet.config.out, latent,
                          in == 2 * latent + 1 ? "inpainting" : "another picture as well");
    if (w->batch < 1 || w->steps < 1) return error_make("no pictures, or no steps, are asked for");
    return NULL;
}

/* All of x is walked down. */
static error walk(const model *m, const picture_wish *w, question *q, const scheduler_plan *plan,
                  tensor x, arena *keep, arena scratch)
{
    network net = {.run = ask, .self = q, .k = q->k, .says = m->says, .schedule = &m->schedule};
    guidance lean = {network_denoiser(&net), &w->guidance, false};
    generators g;
    noise source = first_noise(w, x, &g, keep, scratch);
    /* web UIs begin with noise of size sigma, whatever the sampler */
    tensor_scale(x, w->philox ? plan->walk.at[0] : plan->start, x);
    sampler s = sampler_make(plan->rule.kind, q->k > 1 ? guidance_denoiser(&lean) : lean.model,
                             plan->walk, source);
    s.options = plan->rule.options, s.schedule = &m->schedule;
    s.watch = w->watch, s.watcher = w->watcher;
    error wrong = sampler_run(&s, x, scratch), changed = model_check(m);
    if (changed) return changed; /* which explains all else */
    if (!wrong && s.stopped) return error_make("stopped after %d of %d steps", s.i, s.walk.n);
    if (!wrong) tensor_scale(x, plan->end, x);
    return wrong;
}

/* The wish with a size, if it can be made. */
static error settle(const model *m, const picture_wish *wish, arena keep, arena scratch,
                    picture_wish *out)
{
    *out = *wish;
    if (!out->width) out->width = m->side;
    if (!out->height) out->height = m->side;
    error wrong = check(m, out);
    return wrong ? wrong : check_room(m, out, m->text.length, keep, scratch);
}

error picture_latents(const model *m, const picture_wish *wish, arena *keep, arena scratch,
                      tensor *out)
{
    picture_wish w;
    error wrong = settle(m, wish, *keep, scratch, &w);
    if (wrong) return wrong;
    int factor = vae_factor(&m->vae);
    *out = tensor_new(keep, w.batch, w.height / factor, w.width / factor, m->unet.config.in);
    arena mine = *keep;
    question q = {.unet = &m->unet, .k = w.guidance == 1 ? 1 : 2};
    scheduler_plan plan;
    tensor text;
    scheduler_wish how = {.name = w.sampler, .list = w.list, .steps = w.steps};
    wrong = scheduler_make(&m->scheduler, how, &m->schedule, &mine, &plan);
    const config *said = w.sampler || w.list ? NULL : m->files.scheduler.config;
    if (said) wrong = config_blame(said, wrong);
    if (!wrong) wrong = understand(m, &w, q.k, &mine, scratch, &text);
    if (wrong) return wrong;
    q.time = plan.time;
    q.text = unet_remember(&m->unet, text, &mine);
    profile_part("sampler");
    return walk(m, &w, &q, &plan, *out, &mine, scratch);
}

error picture_make(const model *m, const picture_wish *wish, arena *keep, arena scratch,
                   tensor *out)
{
    picture_wish w;
    error wrong = settle(m, wish, *keep, scratch, &w);
    if (wrong) return wrong;
    *out = tensor_new(keep, w.batch, w.height, w.width, m->vae.config.out);
    arena mine = *keep;
    tensor x;
    wrong = picture_latents(m, &w, &mine, scratch, &x);
    if (wrong) return wrong;
    model_rest(m);
    profile_part("decoder");
    if (m->taesd)
        taesd_decode(m->taesd, x, *out, scratch);
    else
        vae_decode(&m->vae, x, *out, scratch);
    if ((wrong = model_check(m)) || tensor_finite(*out)) return wrong;
    return error_make("the decoder made a picture that is not finite: are its weights whole?");
}
