/* The atlas of samplers: what each makes of one noise in 5, 10, 20 and 40 steps.
 *
 *     build/tools/draw_atlas          draws out/atlas_1.png, ... and out/atlas_error.svg, which
 *                                     docs/samplers.md shows (tools/double_samplers.c prints it)
 *
 * The model is exact: it knows eight icons by heart. So where a walk should end is known too: a
 * sampler that draws no noise follows the ODE, and its limit is a walk of Heun in very many steps;
 * one that does gets its noise from one Brownian path, and its limit is its own walk along that
 * path in very many steps. Runs in a quarter of a minute.
 */
#include "../lessons/icons.h"
#include "../lessons/lesson.h"
#include "atlas.h"
#include "diffusion/exact.h"

enum { SIDE = 16, SEED = 8, COUNTS = 4, COLUMNS = COUNTS + 2, LIMIT = 160, GROUPS = 8 };
enum { STRENGTHS = 5, KNOWN = ICONS * STRENGTHS };
static const int steps[COUNTS] = {5, 10, 20, 40};
static const double tolerance[COUNTS] = {0.2, 0.05, 0.0125, 0.003}, grain = 0.1, rarity = 0.15;
static const sigmas_options range = {.sigma_max = 80, .sigma_min = 0.05};

/* Eight icons on paper with a grain, mostly of their full strength; there are paler and stronger
 * ones too, so that a walk in few steps can go wrong in strength as well as in motif. */
typedef struct {
    double width[KNOWN], weight[KNOWN];
    exact_mixture pictures;
} world;

static void make_world(world *w, arena *keep)
{
    tensor icons = icons_draw(keep, SIDE), known = tensor_new(keep, KNOWN, SIDE, SIDE, 3);
    for (int k = 0; k < KNOWN; k++) {
        double strength = 0.4 + 0.3 * (k % STRENGTHS), off = (strength - 1) / rarity;
        tensor_scale(tensor_pictures(known, k, 1), strength,
                     tensor_pictures(icons, k / STRENGTHS, 1));
        w->width[k] = grain;
        w->weight[k] = exp(-off * off / 2);
    }
    w->pictures = (exact_mixture){.centre = known, .weight = w->weight, .width = w->width};
}

/* Where a walk of n steps ends, or of an adaptive kind with this tolerance. */
typedef struct {
    tensor x;
    int calls;
} end;

static end walked(lesson *l, const sampler_kind *kind, denoiser model, int n, double rtol)
{
    end out = {.x = tensor_new(&l->memory, 1, SIDE, SIDE, 3)};
    rng r = rng_torch(SEED);
    rng_normal(&r, out.x, l->memory);
    sigmas walk;
    schedule trained;
    lesson_must(schedule_make("scaled_linear", (schedule_options){0}, &l->memory, &trained));
    lesson_must(sigmas_make("karras", n, NULL, range, &l->memory, &walk));
    tensor_scale(out.x, walk.at[0], out.x);
    sampler s = sampler_make(kind, model, walk, noise_brownian(SEED, walk.at[0]));
    s.schedule = &trained;
    if (kind->whole_walk) s.options.control.rtol = rtol, s.options.control.atol = rtol / 10;
    lesson_must(sampler_run(&s, out.x, l->memory));
    out.calls = s.calls;
    return out;
}

/* A row of a figure, and a line of a plot. */
typedef struct {
    const sampler_kind *kind;
    image picture[COLUMNS];
    const char *caption[COLUMNS];
    double calls[COUNTS], error[COUNTS];
} row;

static void fill(lesson *l, row *out, const sampler_kind *kind, denoiser model, tensor ode)
{
    tensor start = tensor_like(&l->memory, ode);
    rng r = rng_torch(SEED);
    rng_normal(&r, start, l->memory);
    tensor limit = kind->stochastic ? walked(l, kind, model, LIMIT, 0).x : ode;
    out->kind = kind;
    out->picture[0] = image_from_tensor(&l->memory, start, 0);
    out->picture[COLUMNS - 1] = image_from_tensor(&l->memory, limit, 0);
    for (int i = 0; i < COUNTS; i++) {
        end e = walked(l, kind, model, steps[i], tolerance[i]);
        out->calls[i] = e.calls;
        out->error[i] = tensor_distance(e.x, limit);
        out->picture[i + 1] = image_from_tensor(&l->memory, e.x, 0);
        out->caption[i + 1] = lesson_words(l, "%d calls, %.1g", e.calls, out->error[i]);
    }
}

static void draw_group(lesson *l, int group, const row *rows, int count)
{
    image picture[ATLAS_ROWS * COLUMNS];
    const char *caption[ATLAS_ROWS * COLUMNS], *names[ATLAS_ROWS];
    const char *const columns[COLUMNS] = {"noise", "5 steps", "10", "20", "40", "the limit"};
    for (int i = 0; i < count; i++) {
        names[i] = rows[i].kind->label;
        for (int j = 0; j < COLUMNS; j++) {
            picture[i * COLUMNS + j] = rows[i].picture[j];
            caption[i * COLUMNS + j] = rows[i].caption[j];
        }
    }
    strip all = {.rows = count,
                 .columns = COLUMNS,
                 .pictures = picture,
                 .captions = caption,
                 .scale = 6,
                 .column_names = columns,
                 .row_names = names};
    lesson_strip(l, lesson_words(l, "atlas_%d", group), &all);
}

int main(int argc, char **argv)
{
    static row rows[ATLAS_ROWS * GROUPS];
    static plot chart[GROUPS];
    lesson l = lesson_begin(argc, argv);
    world w = {0};
    make_world(&w, &l.memory);
    denoiser model = exact_denoiser(&w.pictures);
    tensor ode = walked(&l, &sampler_heun, model, 4 * LIMIT, 0).x;
    int count = 0, groups;
    for (int k = 0; samplers[k]; k++)
        if (atlas_shows(samplers[k])) fill(&l, &rows[count++], samplers[k], model, ode);
    for (groups = 0; groups * ATLAS_ROWS < count; groups++) {
        row *first = &rows[groups * ATLAS_ROWS];
        int here = count - groups * ATLAS_ROWS;
        if (here > ATLAS_ROWS) here = ATLAS_ROWS;
        draw_group(&l, groups + 1, first, here);
        chart[groups] = (plot){.width = 480,
                               .height = 400,
                               .x = {.label = "calls of the denoiser", .log = true},
                               .y = {.label = "distance from the limit", .log = true}};
        for (int i = 0; i < here; i++)
            plot_line(&chart[groups], first[i].kind->label, COUNTS, first[i].calls, first[i].error);
    }
    lesson_plot(&l, "atlas_error", (groups + 1) / 2, groups > 1 ? 2 : 1, chart);
    return lesson_end(&l);
}
