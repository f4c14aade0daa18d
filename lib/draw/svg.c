/* The SVG kind of canvas: every call becomes an element, text stays text. */
#include "draw/canvas.h"
#include "draw/codec.h"
#include "draw/text.h"

/* To a hundredth of a pixel, without needless zeros. */
static double short_of(double v)
{
    return round(v * 100) / 100;
}

static void put_colour(canvas *c, const char *what, colour ink)
{
    if (!ink.a)
        writer_put(&c->svg, " %s=\"none\"", what);
    else
        writer_put(&c->svg, " %s=\"#%02x%02x%02x\"", what, ink.r, ink.g, ink.b);
    if (ink.a && ink.a < 255) writer_put(&c->svg, " %s-opacity=\"%.3g\"", what, ink.a / 255.0);
}

static void begin(canvas *c)
{
    c->svg.memory = c->memory;
    writer_put(&c->svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\"",
               c->w, c->h);
    writer_put(&c->svg, " viewBox=\"0 0 %g %g\"", c->w, c->h);
    writer_put(&c->svg, " font-family=\"'DejaVu Sans', Verdana, sans-serif\">\n");
    writer_put(&c->svg, "<metadata>%s</metadata>\n", canvas_credit);
    writer_put(&c->svg, "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
}

/* A line of no length is a dot: its ends are round. */
static void put_points(canvas *c, int n, const canvas_point *p, bool closed)
{
    writer_put(&c->svg, " d=\"");
    for (int i = 0; i < n; i++) {
        if (canvas_is_gap(p[i])) continue;
        bool first = i == 0 || canvas_is_gap(p[i - 1]),
             last = i + 1 == n || canvas_is_gap(p[i + 1]);
        writer_put(&c->svg, "%c%g %g", first ? 'M' : 'L', short_of(p[i].x), short_of(p[i].y));
        if (last) writer_put(&c->svg, closed ? "Z" : first ? "h0" : "");
    }
    writer_put(&c->svg, "\"");
}

static void path(canvas *c, int n, const canvas_point *p, bool closed, canvas_pen pen)
{
    writer_put(&c->svg, "<path");
    put_colour(c, "fill", pen.fill);
    if (pen.line.a) {
        put_colour(c, "stroke", pen.line);
        writer_put(&c->svg,
                   " stroke-width=\"%g\" stroke-linecap=\"round\" stroke-linejoin=\"round\"",
                   short_of(pen.width));
    }
    const double *dash = canvas_dashes[pen.dash % CANVAS_DASHES];
    for (int i = 0; pen.line.a && dash[i] > 0; i++)
        writer_put(&c->svg, "%s%g", i ? " " : " stroke-dasharray=\"",
                   short_of(dash[i] * pen.width / 2));
    if (pen.line.a && dash[0] > 0) writer_put(&c->svg, "\"");
    put_points(c, n, p, closed);
    writer_put(&c->svg, "/>\n");
}

static void put_letter(canvas *c, const text_reader *r)
{
    unsigned u = r->letter;
    const char *name = u == '&' ? "&amp;" : u == '<' ? "&lt;" : u == '>' ? "&gt;" : NULL;
    if (u == 0xFFFD) name = "&#xFFFD;";
    if (u < ' ') name = " "; /* XML has no control characters */
    writer_put(&c->svg, "%.*s", name ? 8 : (int)(r->at - r->from), name ? name : r->from);
}

static void text(canvas *c, const char *words, canvas_point at, canvas_font font)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    writer_put(&c->svg, "<text x=\"%g\" y=\"%g\"", short_of(at.x), short_of(at.y));
    writer_put(&c->svg, " font-size=\"%g\" text-anchor=\"%s\"", font.size,
               anchors[lround(2 * font.align)]);
    put_colour(c, "fill", font.ink);
    if (font.turn != 0)
        writer_put(&c->svg, " transform=\"rotate(%g %g %g)\"", -font.turn, short_of(at.x),
                   short_of(at.y));
    writer_put(&c->svg, " xml:space=\"preserve\">");
    double rise = 0;
    bool span = false; /* back on the line after a script: a span too, to undo its shift */
    text_reader r = {.at = words};
    while (text_next(&r)) {
        if (r.rise != rise) {
            writer_put(&c->svg, "%s<tspan dy=\"%g\" font-size=\"%g\">", span ? "</tspan>" : "",
                       short_of(font.size * (rise - r.rise)), short_of(font.size * r.scale));
            span = true;
        }
        put_letter(c, &r);
        rise = r.rise;
    }
    writer_put(&c->svg, "%s</text>\n", span ? "</tspan>" : "");
}

static void picture(canvas *c, image what, canvas_box b)
{
    file png;
    writer_room(&c->svg, codec_png_room(what, NULL) / 3 * 4 + 4096); /* for all that follows */
    arena scratch = *c->memory;
    if (image_png(what, NULL, &scratch, &png)) c->svg.full = true;
    if (c->svg.full) return;
    writer_put(&c->svg, "<image x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\"", short_of(b.x),
               short_of(b.y), short_of(b.w), short_of(b.h));
    writer_put(&c->svg, " preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" "
                        "style=\"image-rendering:pixelated\"");
    writer_put(&c->svg, " href=\"data:image/png;base64,");
    writer_put_base64(&c->svg, png.data, png.bytes);
    writer_put(&c->svg, "\"/>\n");
}

static void clip(canvas *c)
{
    canvas_box b = c->clip;
    if (c->clipped) writer_put(&c->svg, "</g>\n");
    c->clipped = b.x > 0 || b.y > 0 || b.w < c->w || b.h < c->h;
    if (!c->clipped) return;
    writer_put(&c->svg, "<clipPath id=\"clip%d\"><rect x=\"%g\" y=\"%g\"", ++c->clips,
               short_of(b.x), short_of(b.y));
    writer_put(&c->svg, " width=\"%g\" height=\"%g\"/></clipPath>", short_of(b.w), short_of(b.h));
    writer_put(&c->svg, "<g clip-path=\"url(#clip%d)\">\n", c->clips);
}

static error save(canvas *c, const char *path)
{
    writer_put(&c->svg, "</svg>\n");
    return writer_save(&c->svg, path);
}

const canvas_kind canvas_svg = {begin, path, text, picture, clip, save};
