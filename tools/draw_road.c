/* The road through the lessons, drawn from what their pages say (road.h): a box for each lesson, an
 * arrow from a lesson to each that builds on it.
 *
 *     build/tools/draw_road          out/road.svg, and the boxes as numbers in out/road.csv
 *
 * Four boxes in a row, then back in the next row, so that most arrows are short. An arrow to
 * another box than the next goes around the boxes, between the rows. What follows from other arrows
 * is left out: who needs 02 by way of 03 gets no arrow from 02.
 */
#include "draw/canvas.h"
#include "draw/text.h"
#include "road.h"

enum { COLUMNS = 4, LINES = 2, LANES = 6 };
static const double WIDTH = 700, EDGE = 8, TOP = 8, GAP = 34, BETWEEN = 46, HEIGHT = 66, INSET = 9;
static const colour fill = {244, 244, 244, 255};

static double box_width(void)
{
    return (WIDTH - 2 * EDGE - (COLUMNS - 1) * GAP) / COLUMNS;
}

/* Where the i-th lesson stands: the rows go there and back. */
static canvas_box box_of(int i)
{
    int row = i / COLUMNS, column = row % 2 ? COLUMNS - 1 - i % COLUMNS : i % COLUMNS;
    return (canvas_box){EDGE + column * (box_width() + GAP), TOP + row * (HEIGHT + BETWEEN),
                        box_width(), HEIGHT};
}

static void draw_title(canvas *c, const char *title, canvas_point at, double room)
{
    const canvas_font font = {12, colour_ink, 0, 0};
    char line[LINES][TEXT_LINE];
    int n = text_wrap(line, LINES, title, font.size, room);
    for (int k = 0; k < n; k++, at.y += 15) canvas_text(c, line[k], at, font);
}

static void draw_box(canvas *c, const road_lesson *l, canvas_box b)
{
    char words[32];
    canvas_rectangle(c, b, (canvas_pen){fill, colour_ink, 1.5, 0});
    snprintf(words, sizeof words, "%s", l->number);
    canvas_text(c, words, (canvas_point){b.x + INSET, b.y + 22},
                (canvas_font){17, colour_ink, 0, 0});
    snprintf(words, sizeof words, "%d min", l->minutes);
    canvas_text(c, words, (canvas_point){b.x + b.w - INSET, b.y + 21},
                (canvas_font){11, colour_ink, 1, 0});
    draw_title(c, l->title, (canvas_point){b.x + INSET, b.y + 41}, b.w - 2 * INSET);
}

/* A line through points with a head at its end. */
static void draw_arrow(canvas *c, int n, const canvas_point *p)
{
    const double length = 8, half = 4;
    canvas_point tip = p[n - 1], from = p[n - 2];
    double dx = tip.x - from.x, dy = tip.y - from.y, far = hypot(dx, dy);
    dx /= far, dy /= far;
    canvas_point base = {tip.x - length * dx, tip.y - length * dy};
    canvas_point head[] = {
        tip, {base.x - half * dy, base.y + half * dx}, {base.x + half * dy, base.y - half * dx}};
    canvas_path(c, n, p, false, (canvas_pen){{0}, colour_ink, 1.5, 0});
    canvas_path(c, 3, head, true, (canvas_pen){colour_ink, colour_ink, 1, 0});
}

/* To the next box: along the row, or down at its end. */
static void draw_next(canvas *c, int from)
{
    canvas_box a = box_of(from), b = box_of(from + 1);
    canvas_point p[2] = {{a.x + a.w / 2, a.y + a.h}, {b.x + b.w / 2, b.y}};
    if (a.y == b.y) {
        bool right = b.x > a.x;
        p[0] = (canvas_point){right ? a.x + a.w : a.x, a.y + a.h / 2};
        p[1] = (canvas_point){right ? b.x : b.x + b.w, b.y + b.h / 2};
    }
    draw_arrow(c, 2, p);
}

/* To any other box: out on the side that faces it (below, where both are in one row), between the
 * rows, down between two columns if need be, and in on the side that faces. Each in its lane. */
static void draw_around(canvas *c, int from, int to, int lane)
{
    canvas_box a = box_of(from), b = box_of(to);
    double aside = 12 + 7 * lane, off = 8 + 6 * lane, side = b.x < a.x ? -1 : 1;
    double x = a.x + a.w / 2 + side * aside, in = b.x + b.w / 2 - side * (aside + 3);
    double out = b.y < a.y ? a.y : a.y + a.h, end = b.y > a.y ? b.y : b.y + b.h;
    double first = b.y < a.y ? out - off : out + off, last = b.y > a.y ? end - off : end + off;
    double between = b.x < a.x || b.x < 2 * EDGE ? b.x + b.w + GAP / 2 : b.x - GAP / 2;
    between += 4 * (lane - (LANES - 1) / 2.0);
    canvas_point p[] = {{x, out},        {x, first}, {between, first},
                        {between, last}, {in, last}, {in, end}};
    bool far = fabs(b.y - a.y) > 1.5 * (HEIGHT + BETWEEN);
    if (!far) { /* one level line does */
        p[2] = (canvas_point){in, first};
        p[3] = (canvas_point){in, end};
    }
    draw_arrow(c, far ? 6 : 4, p);
}

/* Is this arrow more than the others say? */
static bool is_needed(const road *r, const road_lesson *l, int k)
{
    for (int j = 0; j < l->parents; j++)
        if (r->needs[l->parent[j]][l->parent[k]]) return false;
    return true;
}

static error draw(const road *r, const char *path, arena memory)
{
    int rows = (r->n + COLUMNS - 1) / COLUMNS, lane = 0;
    bool below = false; /* does an arrow run below the last row? */
    for (int i = (rows - 1) * COLUMNS; i < r->n; i++)
        for (int k = 0; k < r->lesson[i].parents; k++)
            below |=
                r->lesson[i].parent[k] >= (rows - 1) * COLUMNS && r->lesson[i].parent[k] != i - 1;
    double height = TOP + rows * (HEIGHT + BETWEEN) - (below ? 0 : BETWEEN - EDGE);
    canvas c = canvas_make(path, WIDTH, height, &memory);
    for (int i = 0; i < r->n; i++) {
        const road_lesson *l = &r->lesson[i];
        for (int k = 0; k < l->parents; k++) {
            if (!is_needed(r, l, k)) continue;
            if (l->parent[k] == i - 1)
                draw_next(&c, i - 1);
            else
                draw_around(&c, l->parent[k], i, lane++ % LANES);
        }
    }
    for (int i = 0; i < r->n; i++) draw_box(&c, &r->lesson[i], box_of(i));
    return canvas_save(&c, path);
}

static error write_numbers(const road *r, const char *path, arena memory)
{
    writer w = {.memory = &memory};
    writer_put(&w, "lesson,title,minutes,x,y,before\n");
    for (int i = 0; i < r->n; i++) {
        const road_lesson *l = &r->lesson[i];
        writer_put(&w, "%s,\"%s\",%d,", l->number, l->title, l->minutes);
        writer_put(&w, "%.17g", box_of(i).x);
        writer_put(&w, ",%.17g,\"", box_of(i).y);
        for (int k = 0; k < l->parents; k++)
            writer_put(&w, "%s%s", k ? " " : "", r->lesson[l->parent[k]].number);
        writer_put(&w, "\"\n");
    }
    return writer_save(&w, path);
}

int main(int argc, char **argv)
{
    static road r;
    arena memory = arena_make((size_t)1 << 26);
    error wrong = argc > 1 ? error_make("usage: %s", argv[0]) : road_read("docs", &r);
    if (!wrong && !memory.begin) wrong = "there is no memory left";
    if (!wrong) wrong = file_make_folder("out");
    if (!wrong) wrong = draw(&r, "out/road.svg", memory);
    if (!wrong) wrong = write_numbers(&r, "out/road.csv", memory);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    printf("wrote out/road.svg\n");
    arena_free(memory);
    return 0;
}
