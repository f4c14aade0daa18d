#include "draw/canvas.h"
#include "draw/codec.h"

const char canvas_credit[] = "diffusion.c, CC BY 4.0";

const double canvas_dashes[CANVAS_DASHES][7] = {
    {0}, {7, 5}, {0.1, 4}, {8, 4.5, 0.1, 4.5}, {15, 5}, {8, 4, 0.1, 4, 0.1, 4}};

canvas canvas_make(const char *path, double w, double h, arena *memory)
{
    bool svg = codec_ends_in(path, ".svg");
    canvas c = {.w = ceil(w), .h = ceil(h), .memory = memory};
    c.kind = svg ? &canvas_svg : &canvas_png;
    c.clip = canvas_whole(&c);
    if (svg || codec_ends_in(path, ".png"))
        c.kind->begin(&c);
    else
        c.wrong = error_make("cannot write %s: its name must end in .png or .svg", path);
    return c;
}

canvas_box canvas_whole(const canvas *c)
{
    return (canvas_box){0, 0, c->w, c->h};
}

void canvas_path(canvas *c, int n, const canvas_point *p, bool closed, canvas_pen pen)
{
    if (pen.dash < 0) pen.dash = 0;
    if (n > 0 && !c->wrong) c->kind->path(c, n, p, closed, pen);
}

void canvas_rectangle(canvas *c, canvas_box b, canvas_pen pen)
{
    canvas_point corner[] = {
        {b.x, b.y}, {b.x + b.w, b.y}, {b.x + b.w, b.y + b.h}, {b.x, b.y + b.h}};
    canvas_path(c, 4, corner, true, pen);
}

void canvas_line(canvas *c, canvas_point p, canvas_point q, canvas_pen pen)
{
    canvas_path(c, 2, (canvas_point[]){p, q}, false, pen);
}

void canvas_text(canvas *c, const char *text, canvas_point at, canvas_font font)
{
    if (text && *text && !c->wrong) c->kind->text(c, text, at, font);
}

void canvas_picture(canvas *c, image picture, canvas_box where)
{
    if (!c->wrong) c->kind->picture(c, picture, where);
}

void canvas_clip(canvas *c, canvas_box b)
{
    c->clip = b;
    if (c->kind->clip && !c->wrong) c->kind->clip(c);
}

error canvas_save(canvas *c, const char *path)
{
    return c->wrong ? c->wrong : c->kind->save(c, path);
}
