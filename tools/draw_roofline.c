/* The roofline of one machine, and the rungs of lesson 30 under it.
 *
 *     build/tools/draw_roofline           two tables, and out/roofline.svg
 *     build/tools/draw_roofline --check   the tables, each number compared with what is known
 *
 * Nothing is measured here, so that all machines draw the same: each rung's walk through memory is
 * made again, line by line, past a cache that counts what must be fetched (lessons/cache.h). The
 * speeds are those that were kept (lessons/speed.h). docs/roofline.md explains both.
 */
#include "../lessons/cache.h"
#include "../lessons/speed.h"

/* As lesson 30 had them when the speeds were kept; whoever turns its knobs does not move this. */
enum { ROWS = 192, IN = 2048, OUT = 2048, BAND = 16, DEPTH = 256, WIDE = 16, HIGH = 6 };
enum { NUMBERS = CACHE_LINE / (int)sizeof(float), TOGETHER = 4 };
enum { X, W, Y, PIECE, HALVES };
static cache near = {.sets = CACHE_512K};

/* A number of an array, all of whose bytes lie in a row. (Real memory is given out in pages of 4096
 * bytes that lie anywhere; with those strewn about the numbers change by a tenth at most.) */
static void touch(int array, long number)
{
    cache_touch(&near, ((long)array << 26) + number * (array == HALVES ? 2 : 4));
}

/* The compiler makes some columns at once. */
static void naive(int rows)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < OUT; j += TOGETHER)
            for (int k = 0; k < IN; k++) touch(W, k * OUT + j), touch(X, i * (IN + 16) + k);
}

/* Rows of w, `band` at a time; all of them: loop order. */
static void bands(int rows, int band)
{
    for (int k0 = 0; k0 < IN; k0 += band)
        for (int i = 0; i < rows; i++)
            for (int k = k0; k < k0 + band; k++)
                for (int j = 0; j < OUT; j += NUMBERS) touch(W, k * OUT + j), touch(Y, i * OUT + j);
}

static void order(int rows)
{
    bands(rows, IN);
}

static void blocked(int rows)
{
    bands(rows, BAND);
}

/* A tile's walk: `row` rows of x and y, a piece of w wherever it is. */
static void tile(int i, int j, int k0, int array, int first, int stride)
{
    for (int k = 0; k < DEPTH; k++) {
        touch(array, first + k * stride);
        for (int r = 0; r < HIGH && k % NUMBERS == 0; r++) touch(X, (i + r) * (IN + 16) + k0 + k);
    }
    for (int r = 0; r < HIGH; r++) touch(Y, (i + r) * OUT + j);
}

static void pieces(int rows, int from)
{
    for (int k = 0; k < IN; k += DEPTH)
        for (int j = 0; j < OUT; j += WIDE) {
            for (int d = 0; d < DEPTH && from; d++)
                touch(from, (k + d) * OUT + j), touch(PIECE, d * WIDE);
            for (int i = 0; i < rows; i += HIGH)
                if (from)
                    tile(i, j, k, PIECE, 0, WIDE);
                else
                    tile(i, j, k, W, k * OUT + j, OUT);
        }
}

static void vector(int rows)
{
    pieces(rows, 0);
}

static void packed(int rows)
{
    pieces(rows, W);
}

static void f16(int rows)
{
    pieces(rows, HALVES);
}

/* What a processor can reach at most with so many operations for a byte. */
static double most(double intensity, double peak)
{
    return fmin(peak, intensity * speed_kept.weights);
}

/* Words beside the points: the last two rungs lie on each other. */
static void draw(lesson *l, const double *intensity)
{
    const double *speed = speed_kept.ladder, slope = speed_kept.weights;
    double across[] = {0.05, speed_kept.all / slope, 300}, core[] = {speed_kept.one / slope, 300};
    double up[] = {0.05 * slope, speed_kept.all, speed_kept.all};
    double level[] = {speed_kept.one, speed_kept.one};
    plot p = {.title = lesson_words(l, "One product under the roof of %s", speed_kept.where),
              .x = {.label = "FLOP for each byte fetched", .log = true, .low = 0.05, .high = 300},
              .y = {.label = "GFLOP/s", .log = true, .low = 0.3, .high = 500}};
    plot_series *roof = plot_line(&p, NULL, 3, across, up);
    roof->marker = PLOT_NO_MARKERS, roof->width = 3, roof->ink = colour_ink;
    roof = plot_line(&p, NULL, 2, core, level);
    roof->marker = PLOT_NO_MARKERS, roof->ink = colour_ink;
    plot_points(&p, NULL, SPEED_RUNGS, intensity, speed)->width = 9;
    for (int k = 0; k < SPEED_RUNGS - 1; k++) {
        const char *words = k == SPEED_RUNGS - 2 ? "threads, f16" : speed_names[k];
        plot_text(&p, intensity[k] * 1.15, speed[k] / 1.1, words);
    }
    plot_text(&p, 0.06, 9, "bytes limit");
    plot_text(&p, 10, 1.25 * speed_kept.all, "arithmetic limits, two cores");
    plot_text(&p, 10, 1.25 * speed_kept.one, "one core");
    lesson_plot(l, "roofline", 1, 1, &p);
}

/* a: the rungs. */
static void part_a(lesson *l)
{
    static void (*const rung[])(int) = {naive, order, blocked, vector, packed, packed, f16};
    static const int rows[] = {1, 2, ROWS, ROWS, ROWS, ROWS, ROWS};
    static const double known[] = {12894, 3223, 218, 554, 34, 34, 37};
    double intensity[SPEED_RUNGS], flop = 2.0 * ROWS * IN * OUT;
    printf("%-9s %10s %10s %10s %10s\n", "rung", "MB", "FLOP/byte", "at most", "reached");
    for (int k = 0; k < SPEED_RUNGS; k++) {
        near = (cache){.sets = CACHE_512K};
        rung[k](rows[k]);
        double bytes = near.fetched * CACHE_LINE * ROWS / rows[k];
        intensity[k] = flop / bytes;
        printf("%-9s %10.0f %10.2f %10.0f %10.1f\n", speed_names[k], 1e-6 * bytes, intensity[k],
               most(intensity[k], k < SPEED_ALONE ? speed_kept.one : speed_kept.all),
               speed_kept.ladder[k]);
        lesson_expect(l, "MB", 1e-6 * bytes, known[k], 0.5);
    }
    draw(l, intensity);
}

/* A layer of Stable Diffusion's network: what it computes, and the bytes that it cannot do without,
 * in 10^6 each. Weights have two bytes, all other numbers four. */
typedef struct {
    const char *name;
    double flop, bytes;
} layer;

static layer linear(const char *name, double rows, double in, double out)
{
    return (layer){name, 2e-6 * rows * in * out, 4e-6 * rows * (in + out) + 2e-6 * in * out};
}

/* b: the layers. */
static void part_b(lesson *l)
{
    const double pixels = 64 * 64, c = 320, heads = 8;
    layer filter = linear("filter 3x3, 64x64, 320 to 320", pixels, 9 * c, c);
    filter.bytes -= 4e-6 * pixels * 8 * c; /* a pixel is read once, not nine times */
    layer im2col = {"  by im2col", filter.flop, filter.bytes + 2 * 4e-6 * 9 * pixels * c};
    layer winograd = {"  by Winograd, F(4)", filter.flop / 4, filter.bytes};
    layer flash = {"attention, 4096 tokens, 8 heads", 4e-6 * pixels * pixels * c,
                   4 * 4e-6 * pixels * c};
    layer table = {"  with its table written down", flash.flop,
                   flash.bytes + 4 * 4e-6 * heads * pixels * pixels};
    const layer layers[] = {linear("linear, 4096 rows, 320 to 320", pixels, c, c),
                            linear("linear, 64 rows, 1280 to 1280", 64, 1280, 1280),
                            linear("  1 row", 1, 1280, 1280),
                            filter,
                            im2col,
                            winograd,
                            flash,
                            table,
                            {"group norm, 64x64, 320", 5e-6 * pixels * c, 12e-6 * pixels * c}};
    printf("\n%-33s %8s %8s %10s %8s %8s\n", "layer", "MFLOP", "MB", "FLOP/byte", "compute",
           "fetch");
    for (int k = 0; k < (int)(sizeof layers / sizeof *layers); k++) {
        const layer *a = &layers[k];
        printf("%-33s %8.0f %8.1f %10.1f %5.1f ms %5.1f ms\n", a->name, a->flop, a->bytes,
               a->flop / a->bytes, a->flop / speed_kept.all, a->bytes / speed_kept.memory);
    }
    lesson_expect(l, "MB of a filter", filter.bytes, 12.3, 0.05);
    lesson_expect(l, "MFLOP of a filter", filter.flop, 7549.7, 0.1);
    lesson_expect(l, "MB of attention's table, four times", table.bytes - flash.bytes, 2147.5, 0.1);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    part_a(&l);
    part_b(&l);
    return lesson_end(&l);
}
