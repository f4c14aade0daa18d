/* What goes wrong, made on purpose.
 *
 * The whole of a small image generator: a list of noise sizes, a network, a loop of steps, bytes
 * for a screen. And eighteen mistakes that people make in it, each of them one line. The right line
 * stands first; the line below it that begins with `if (bug == 7)` puts the broken one in its place
 * when mistake 7 is asked for. Leave out the lines that begin so, and you read the right program.
 * Nothing is painted by hand: each wrong picture is what the mistake really makes of the noise.
 *
 *     build/tools/draw_wrong          prints a table, draws out/wrong_*.png, which
 *                                     docs/looks_wrong.md shows and explains
 *     build/tools/draw_wrong 7        draws out/wrong_07.png: which line is it? (make break BUG=7)
 *     build/tools/draw_wrong --check  compares the numbers with what the page says
 *
 * Runs in under two seconds.
 */
#include "../lessons/icons.h"
#include "../lessons/lesson.h"
#include "base/rng.h"
#include "diffusion/exact.h"
#include "diffusion/network.h"
#include "diffusion/sampler.h"

enum { SIDE = 32, BATCH = 3, STEPS = 20, SEEN = 14, T = 1000, BUGS = 18, SEED = 24 };
enum { STRENGTHS = 5, KNOWN = ICONS * STRENGTHS, LOOKS = 5, ROWS = BATCH + 1, NOT_REACHED = -1 };
static const double grain = 0.05, rarity = 0.05;

/* What the network was trained on: eight icons, on paper with a fine grain. Nearly all of them have
 * their full strength, but it has seen that there are paler and stronger ones. */
typedef struct {
    tensor known; /* [KNOWN, SIDE, SIDE, 3] */
    double width[KNOWN], weight[KNOWN];
    schedule scaled_linear, linear;
    exact_mixture pictures;
} world;

static void make_world(world *w, arena *keep)
{
    tensor icons = icons_draw(keep, SIDE);
    w->known = tensor_new(keep, KNOWN, SIDE, SIDE, 3);
    for (int k = 0; k < KNOWN; k++) {
        double strength = 0.4 + 0.3 * (k % STRENGTHS), off = (strength - 1) / rarity;
        tensor_scale(tensor_pictures(w->known, k, 1), strength,
                     tensor_pictures(icons, k / STRENGTHS, 1));
        w->width[k] = grain;
        w->weight[k] = exp(-off * off / 2);
    }
    w->pictures = (exact_mixture){.centre = w->known, .weight = w->weight, .width = w->width};
    schedule_options usual = {0};
    lesson_must(schedule_make("scaled_linear", usual, keep, &w->scaled_linear));
    lesson_must(schedule_make("linear", usual, keep, &w->linear));
}

/* The network: it is told x / sqrt(1 + sigma^2) and the time t, and says the noise in it, eps; or,
 * if it was trained to, v. It is played by the exact denoiser, so it never errs by itself. */
typedef enum { SAYS_EPS, SAYS_V } speech;

static void network_says(const world *w, speech kind, tensor said, tensor in, double t, arena s)
{
    double sigma = schedule_sigma(&w->scaled_linear, t), up = sqrt(1 + sigma * sigma);
    denoiser d = exact_denoiser(&w->pictures);
    tensor x = tensor_like(&s, in);
    answer guess = denoiser_room(d, &s, x);
    tensor_scale(x, up, in);
    denoiser_ask(d, guess, x, sigma, s);
    tensor_mix(said, 1 / sigma, x, -1 / sigma, guess.x0);
    if (kind == SAYS_V) tensor_mix(said, 1 / up, said, -sigma / up, guess.x0);
}

/* One picture generated, with one mistake (or with none: 0). */
typedef struct {
    int bug;
    bool ddpm; /* by DDPM's steps, else by Euler's */
    double t[STEPS], size[STEPS + 1];
    tensor x, seen;       /* at the end, and after step SEEN, shrunk to be shown */
    double spread[LOOKS]; /* standard deviation of x / sqrt(1 + sigma^2) */
} attempt;

/* The list of noise sizes that the walk goes down. */
static void make_list(attempt *a, const world *w)
{
    const int bug = a->bug;
    double alpha_bar = 1, sigma[T];
    for (int t = 0; t < T; t++) {
        double beta = schedule_beta(&w->scaled_linear, t);
        if (bug == 13) beta = schedule_beta(&w->linear, t);
        alpha_bar *= 1 - beta;
        if (bug == 5) alpha_bar = 1 - beta;
        sigma[t] = sqrt((1 - alpha_bar) / alpha_bar);
        if (bug == 6) sigma[t] = sqrt((alpha_bar - 1) / alpha_bar);
    }
    for (int i = 0; i < STEPS; i++) {
        int t = T - 1 - i * T / STEPS;
        a->t[i] = t;
        a->size[i] = sigma[t];
    }
    a->size[STEPS] = 0;
    if (bug == 7) a->size[STEPS] = a->size[STEPS - 1];
}

/* Pure noise of the first size. */
static void start(attempt *a, rng *r, arena scratch)
{
    const int bug = a->bug;
    rng_normal(r, a->x, scratch);
    for (int k = 1; k < BATCH; k++)
        if (bug == 17) tensor_copy(tensor_pictures(a->x, k, 1), tensor_pictures(a->x, 0, 1));
    double first = a->size[0];
    if (bug == 16) first = 1;
    tensor_scale(a->x, first, a->x);
}

/* One step from sigma to next, given the guess x0. Euler goes towards it. DDPM goes further, and
 * renoises; its last step does not. */
static void step(attempt *a, tensor x0, double sigma, double next, rng *r, arena scratch)
{
    const int bug = a->bug;
    double keep = next / sigma;
    if (a->ddpm) keep *= next / sigma;
    tensor_mix(a->x, keep, a->x, 1 - keep, x0);
    if (!a->ddpm) return;
    double s2 = sigma * sigma, n2 = next * next, up = sqrt((s2 - n2) * (1 + n2) / (1 + s2));
    tensor z = tensor_like(&scratch, a->x);
    rng_normal(r, z, scratch);
    bool renoise = next > 0;
    if (bug == 8) renoise = true;
    if (renoise) tensor_add_scaled(a->x, up, z);
}

static double spread(tensor x, double sigma)
{
    double count = (double)tensor_count(x), mean = 0, square = 0;
    for (size_t i = 0; i < tensor_count(x); i++) mean += (double)x.data[i] / count;
    for (size_t i = 0; i < tensor_count(x); i++)
        square += ((double)x.data[i] - mean) * ((double)x.data[i] - mean) / count;
    return sqrt(square / (1 + sigma * sigma));
}

/* The loop: scale, ask, guess, step. */
static void walk(attempt *a, const world *w, rng *r, arena scratch)
{
    const int bug = a->bug;
    tensor in = tensor_like(&scratch, a->x), said = tensor_like(&scratch, a->x);
    tensor x0 = tensor_like(&scratch, a->x);
    int counter = 0; /* the sampler counts its own steps */
    for (int i = 0; i < STEPS; i++) {
        double t = a->t[i];
        if (bug == 4) t = i;
        int now = counter++;
        if (bug == 3) now = counter++;
        if (now >= STEPS) break;
        double sigma = a->size[now], next = a->size[now + 1];
        double scale = 1 / sqrt(1 + sigma * sigma);
        if (bug == 15) scale = 1;
        if (i % 5 == 0) a->spread[i / 5] = spread(a->x, sigma);
        tensor_scale(in, scale, a->x);
        speech kind = SAYS_EPS;
        if (bug == 12) kind = SAYS_V;
        network_says(w, kind, said, in, t, scratch);
        tensor_mix(x0, 1, a->x, -sigma, said);
        if (bug == 1) tensor_mix(x0, 1, a->x, sigma, said);
        if (bug == 2) tensor_copy(x0, said);
        if (bug == 10) tensor_mix(x0, scale * scale, a->x, -scale * sigma, said);
        step(a, x0, sigma, next, r, scratch);
        if (i < SEEN) tensor_scale(a->seen, 1 / sqrt(1 + next * next), a->x);
    }
    a->spread[LOOKS - 1] = spread(a->x, 0);
}

/* Numbers to bytes. PyTorch hands a picture over channel after channel: first all that is red. */
static image show(const attempt *a, tensor one, arena *keep)
{
    const int bug = a->bug;
    real number[3 * SIDE * SIDE];
    image out = image_new(keep, SIDE, SIDE, 3);
    tensor_to_nchw(number, one);
    for (int i = 0; i < 3 * SIDE * SIDE; i++) {
        int c = i % 3, column = i / 3 % SIDE, row = i / 3 / SIDE;
        int place = (c * SIDE + row) * SIDE + column;
        if (bug == 18) place = (row * SIDE + column) * 3 + c;
        double value = (double)number[place];
        if (bug == 11) value = (value + 1) / 2;
        double cut = fmin(1, fmax(-1, value));
        if (bug == 9) cut = value;
        int channel = c;
        if (bug == 14) channel = 2 - c;
        image_at(out, column, row)[channel] = (unsigned char)lrint((cut + 1) * 127.5);
    }
    return out;
}

/* The first six numbers, and 8, go by DDPM's steps, the others by Euler's. */
static bool by_ddpm(int bug)
{
    return bug <= 6 || bug == 8;
}

static attempt generate(int bug, bool ddpm, const world *w, arena *keep)
{
    attempt a = {.bug = bug, .ddpm = ddpm, .x = tensor_new(keep, BATCH, SIDE, SIDE, 3)};
    rng r = rng_torch(SEED);
    a.seen = tensor_like(keep, a.x);
    for (int i = 0; i < LOOKS; i++) a.spread[i] = NOT_REACHED;
    make_list(&a, w);
    start(&a, &r, *keep);
    walk(&a, w, &r, *keep);
    return a;
}

/* How far apart the first two pictures of the batch are. */
static double apart(const attempt *a)
{
    return tensor_distance(tensor_pictures(a->x, 0, 1), tensor_pictures(a->x, 1, 1));
}

static void print_head(void)
{
    printf("      standard deviation of x / sqrt(1 + sigma^2) at     pictures      last\n");
    printf("         start    look 5   look 10   look 15       end   1 and 2      size\n");
}

static void print_number(double value)
{
    if (isnan(value))
        printf(" %9s", "NaN");
    else if (value < 0)
        printf(" %9s", "-");
    else
        printf(value < 100 ? " %9.3f" : " %9.0f", value);
}

static void print_row(const char *name, const attempt *a)
{
    printf("%-5s", name);
    for (int i = 0; i < LOOKS; i++) print_number(a->spread[i]);
    print_number(apart(a));
    print_number(a->size[STEPS]);
    printf("\n");
}

/* The right outcome and some wrong ones side by side, under their numbers. */
static void draw(lesson *l, const char *name, const attempt *right, const attempt *wrong, int n)
{
    image picture[ROWS * (BUGS + 1)];
    const char *column[BUGS + 1] = {"right"};
    const char *row[ROWS] = {lesson_words(l, "after step %d", SEEN), "end"};
    for (int j = 0; j <= n; j++) {
        const attempt *a = j ? &wrong[j - 1] : right;
        if (j) column[j] = lesson_words(l, "%d", a->bug);
        picture[j] = show(a, tensor_pictures(a->seen, 0, 1), &l->memory);
        for (int k = 0; k < BATCH; k++)
            picture[(k + 1) * (n + 1) + j] = show(a, tensor_pictures(a->x, k, 1), &l->memory);
    }
    strip all = {.rows = ROWS, .columns = n + 1, .pictures = picture, .scale = 3};
    all.column_names = column;
    all.row_names = row;
    lesson_strip(l, name, &all);
}

/* The right program is the library's: the same network, list and noise, walked by its samplers. */
static void runs_network(void *self, tensor out, tensor in, double t, arena scratch)
{
    network_says(self, SAYS_EPS, out, in, t, scratch);
}

static void compare_with_library(lesson *l, world *w, const attempt *right)
{
    network net = {.run = runs_network, .self = w, .schedule = &w->scaled_linear};
    rng r = rng_torch(SEED);
    tensor x = tensor_like(&l->memory, right->x);
    attempt list = *right;
    sigmas walk = {.n = STEPS, .at = list.size, .t = list.t};
    rng_normal(&r, x, l->memory);
    tensor_scale(x, list.size[0], x);
    sampler s = sampler_make(right->ddpm ? &sampler_ddpm : &sampler_euler, network_denoiser(&net),
                             walk, noise_fresh(r));
    if (right->ddpm) s.options.variance = SAMPLER_FIXED_LARGE;
    lesson_must(sampler_run(&s, x, l->memory));
    lesson_expect(l, "the library's picture", tensor_distance(x, right->x), 0, 1e-7);
}

/* No mistake may go unseen. (The numbers in the table are held by tools/quotes.sh: the page shows
 * them.) */
static void expect_seen(lesson *l, const attempt *right, const attempt *wrong)
{
    bool seen = false;
    for (int k = 0; k < BATCH; k++) {
        image one = show(right, tensor_pictures(right->x, k, 1), &l->memory);
        image other = show(wrong, tensor_pictures(wrong->x, k, 1), &l->memory);
        seen |= memcmp(one.pixels, other.pixels, (size_t)(3 * SIDE * SIDE)) != 0;
    }
    lesson_expect(l, lesson_words(l, "mistake %d is seen", wrong->bug), seen, 1, 0);
}

static int number_of(const char *word)
{
    char *end;
    long number = strtol(word, &end, 10);
    if (*end || number < 1 || number > BUGS)
        lesson_must(error_make("the mistakes are numbered 1 to %d: make break BUG=7", BUGS));
    return (int)number;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int first, last;
    } groups[] = {{"wrong_nothing", 1, 6},
                  {"wrong_grain", 7, 9},
                  {"wrong_colours", 10, 14},
                  {"wrong_sharp", 15, 18}};
    static world w;
    lesson l = {.memory = arena_make(0)};
    attempt right[2], wrong[BUGS];
    if (!l.memory.begin) lesson_must("there is no memory left");
    l.checking = argc == 2 && strcmp(argv[1], "--check") == 0;
    int only = argc >= 2 && !l.checking ? number_of(argc == 2 ? argv[1] : "") : 0;
    if (!l.checking) lesson_must(file_make_folder("out"));
    make_world(&w, &l.memory);
    for (int i = 0; i < 2; i++) right[i] = generate(0, i == 1, &w, &l.memory);
    print_head();
    if (only) {
        wrong[0] = generate(only, by_ddpm(only), &w, &l.memory);
        print_row("right", &right[by_ddpm(only)]);
        print_row(argv[1], &wrong[0]);
        draw(&l, lesson_words(&l, "wrong_%02d", only), &right[by_ddpm(only)], wrong, 1);
        return lesson_end(&l);
    }
    print_row("DDPM", &right[1]);
    print_row("Euler", &right[0]);
    for (int i = 0; i < BUGS; i++) {
        wrong[i] = generate(i + 1, by_ddpm(i + 1), &w, &l.memory);
        print_row(lesson_words(&l, "%4d", i + 1), &wrong[i]);
    }
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        draw(&l, groups[i].name, &right[by_ddpm(groups[i].first)], &wrong[groups[i].first - 1],
             groups[i].last - groups[i].first + 1);
    for (int i = 0; i < BUGS && l.checking; i++) expect_seen(&l, &right[wrong[i].ddpm], &wrong[i]);
    for (int i = 0; i < 2 && l.checking; i++) compare_with_library(&l, &w, &right[i]);
    return lesson_end(&l);
}
