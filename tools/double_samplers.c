/* Prints docs/samplers.md: the text in tools/samplers.txt, with what the samplers say of themselves
 * in their files, and what is measured here, in its places.
 *
 *     @table    a row for each sampler: paper, order promised and measured, price, options
 *     @names    what other programs call them
 *     @atlas    the figures of tools/draw_atlas.c, and a sentence for each sampler in them
 *     @rest     a sentence for each of the others
 *
 * It is built in double, or the higher orders could not be measured.
 */
#include "../tests/order.h"
#include "atlas.h"
#include "pipeline/names.h"
#include <stdio.h>

enum { STEPS = 1280, FEW = 20, TEXT = 1 << 16 };
static arena memory;

/* ---- What is measured ---- */

typedef struct {
    course one, two; /* on one bell, on two bumps */
} measuring;

/* Calls and draws in a walk of 20 steps to 0, as the kind is usually walked. */
static void print_price(const course *c, const sampler_kind *kind)
{
    arena a = memory;
    tensor x = tensor_like(&a, c->start);
    tensor_copy(x, c->start);
    sigmas walk = toy_walk(&a, FEW, HIGH, LOW, true);
    sampler s = sampler_make(kind, exact_denoiser(c->model), walk, noise_fresh(rng_torch(1)));
    s.schedule = &c->trained;
    if (sampler_run(&s, x, a))
        printf("- | - |");
    else
        printf("%d | %d |", s.calls, s.noise.draws);
}

static void print_order(const measuring *m, const sampler_kind *kind)
{
    if (kind->order == 0)
        printf(" - | - |");
    else if (kind->whole_walk || (kind->stochastic && !(kind->takes & SAMPLER_ETA)))
        printf(" %d | %s |", kind->order, kind->whole_walk ? "its own" : "-");
    else
        printf(" %d | %.2f, %.2f |", kind->order, measured_order(&m->one, kind, 0, STEPS, memory),
               measured_order(&m->two, kind, 0, STEPS, memory));
}

static void print_table(void)
{
    measuring m = {course_make(&bell, &memory), course_make(&bumps, &memory)};
    printf("| sampler | paper | order | measured | calls a step | calls in 20 | draws in 20 | "
           "takes |\n|---|---|---|---|---|---|---|---|\n");
    for (int k = 0; samplers[k]; k++) {
        const sampler_kind *kind = samplers[k];
        char options[256];
        sampler_takes(kind, options, sizeof options);
        printf("| [`%s`](../lib/samplers/%s.c) | %s |", kind->name, kind->name, kind->paper);
        print_order(&m, kind);
        printf(" %d | ", kind->evals);
        print_price(&m.one, kind);
        printf(" %s |\n", options);
    }
}

/* ---- Names ---- */

/* "a, b" as `a`, `b`. */
static void print_quoted(const char *names)
{
    for (size_t n; *names; names += n + strspn(names + n, ", ")) {
        n = strcspn(names, ",");
        printf("`%.*s`", (int)n, names);
        if (names[n]) printf(", ");
    }
}

static const char *const forms[] = {[SAMPLER_FORM_USUAL] = "",
                                    [SAMPLER_MIDPOINT] = " form midpoint",
                                    [SAMPLER_HEUN] = " form heun",
                                    [SAMPLER_BH1] = " form bh1",
                                    [SAMPLER_BH2] = " form bh2",
                                    [SAMPLER_EULER_MARUYAMA] = " form euler_maruyama",
                                    [SAMPLER_ANCESTRAL] = " form ancestral",
                                    [SAMPLER_REVERSE] = " form reverse",
                                    [SAMPLER_PLMS] = " form plms",
                                    [SAMPLER_IPNDM_V] = " form ipndm_v"};
static const char *const variances[] = {"", " variance fixed_large", " variance learned",
                                        " variance learned_range"};

static void print_options(const sampler_options *o, double eta)
{
    if (o->eta != eta) printf(" eta %g", o->eta);
    if (o->churn != 0) printf(" churn %g", o->churn);
    if (o->s_noise != 0) printf(" s_noise %g", o->s_noise);
    if (o->noise_max != 0) printf(" noise_min %g noise_max %g", o->noise_min, o->noise_max);
    if (o->order != 0) printf(" order %d", o->order);
    if (o->predictor != 0) printf(" predictor %d", o->predictor);
    printf("%s%s", forms[o->form], variances[o->variance]);
    if (o->r != 0) printf(" r %g", o->r);
    if (o->correct != 0) printf(" correct %d", o->correct);
    if (o->snr != 0) printf(" snr %g", o->snr);
    if (o->noise_prediction) printf(" noise_prediction");
    if (o->pece) printf(" pece");
    if (o->climb) printf(" climb");
    if (o->as_published) printf(" as_published");
}

static void print_names(void)
{
    printf("| elsewhere | here | list | options |\n|---|---|---|---|\n");
    for (int k = 0; samplers[k]; k++) {
        printf("| %s%s", samplers[k]->label, samplers[k]->also ? ", " : "");
        if (samplers[k]->also) print_quoted(samplers[k]->also);
        printf(" | `%s` | | |\n", samplers[k]->name);
    }
    for (const names_preset *p = names_presets; p->names; p++) {
        printf("| ");
        print_quoted(p->names);
        printf(" | `%s` | %s |", p->choice.kind->name, p->choice.list ? p->choice.list : "");
        print_options(&p->choice.options, p->choice.kind->eta);
        printf(" |\n");
    }
}

/* ---- The atlas ---- */

static void print_use(const sampler_kind *kind)
{
    printf("- **%s** (`%s`). %s\n", kind->label, kind->name, kind->use);
}

static void print_atlas(void)
{
    int group = 0, rows = 0;
    for (int k = 0; samplers[k]; k++) {
        if (!atlas_shows(samplers[k])) continue;
        if (rows % ATLAS_ROWS == 0)
            printf("%s![The ends of walks of 5, 10, 20 and 40 steps from one noise, and where they "
                   "lead in the limit](figures/atlas_%d.png)\n\n",
                   rows ? "\n" : "", ++group);
        print_use(samplers[k]);
        rows++;
    }
}

static void print_rest(void)
{
    for (int k = 0; samplers[k]; k++)
        if (!atlas_shows(samplers[k])) print_use(samplers[k]);
}

int main(void)
{
    static char text[TEXT];
    FILE *file = fopen("tools/samplers.txt", "r");
    size_t n = file ? fread(text, 1, TEXT - 1, file) : 0;
    if (!file || !feof(file)) return fprintf(stderr, "cannot read tools/samplers.txt whole\n"), 1;
    fclose(file);
    text[n] = 0;
    memory = arena_make(0);
    for (char *line = text, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next) *next++ = 0;
        if (strcmp(line, "@table") == 0)
            print_table();
        else if (strcmp(line, "@names") == 0)
            print_names();
        else if (strcmp(line, "@atlas") == 0)
            print_atlas();
        else if (strcmp(line, "@rest") == 0)
            print_rest();
        else
            printf("%s\n", line);
    }
    arena_free(memory);
    return fflush(stdout) != 0 || ferror(stdout);
}
