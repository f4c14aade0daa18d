/* Reads the SVG files that lib/draw writes: is it well-formed, and where does each text lie? */
#ifndef TESTS_SVG_CHECK_H
#define TESTS_SVG_CHECK_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "draw/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka's own compares floats. */
#define assert_near(a, b, within) assert_true(fabs((a) - (b)) <= (within))

enum { SVG_TEXTS = 400 };

typedef struct {
    double left, top, right, bottom; /* of the rectangle around it */
    bool slanted;
    char words[128]; /* without marks for raised and lowered letters */
} svg_text;

/* A whole file, ended with a 0. */
static inline char *svg_read(const char *path, arena *keep)
{
    file f;
    assert_null(file_map(path, &f));
    char *text = arena_take(keep, f.bytes + 1);
    memcpy(text, f.data, f.bytes);
    text[f.bytes] = 0;
    file_unmap(f);
    return text;
}

/* Every tag is closed by its own name, in order; no stray < or &. */
static inline bool svg_well_formed(const char *s)
{
    const char *open[64];
    size_t length[64];
    int depth = 0;
    for (; *s; s++) {
        if (*s == '&' && strspn(s + 1, "abcdefghijklmnopqrstuvwxyz#0123456789xFD") == 0)
            return false;
        if (*s == '&' && s[1 + strspn(s + 1, "abcdefghijklmnopqrstuvwxyz#0123456789xFD")] != ';')
            return false;
        if (*s != '<') continue;
        const char *end = strchr(s, '>'), *name = s + 1 + (s[1] == '/');
        size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (!end || n == 0 || memchr(s + 1, '<', (size_t)(end - s - 1))) return false;
        int quotes = 0;
        for (const char *q = s; q < end; q++) quotes += *q == '"';
        if (quotes % 2) return false;
        if (s[1] == '/') {
            if (depth == 0 || length[--depth] != n || memcmp(open[depth], name, n) != 0)
                return false;
        } else if (end[-1] != '/') {
            if (depth == 64) return false;
            open[depth] = name, length[depth++] = n;
        }
        s = end;
    }
    return depth == 0;
}

static inline double svg_number(const char *tag, const char *name)
{
    const char *end = strchr(tag, '>'), *at = strstr(tag, name);
    return at && at < end ? strtod(at + strlen(name), NULL) : 0;
}

static inline void svg_place(svg_text *t, const char *tag, double width)
{
    double x = svg_number(tag, " x=\""), y = svg_number(tag, " y=\"");
    double size = svg_number(tag, " font-size=\""), turn = svg_number(tag, "rotate(");
    const char *end = strchr(tag, '>'), *anchor = strstr(tag, "text-anchor=\"");
    double left = anchor < end && anchor[13] == 'm' ? -width / 2 : anchor[13] == 'e' ? -width : 0;
    double c = cos(turn * acos(-1) / 180), s = sin(turn * acos(-1) / 180);
    *t = (svg_text){1e9, 1e9, -1e9, -1e9, turn != 0 && fabs(turn) != 90, ""};
    for (int i = 0; i < 4; i++) {
        double u = left + (i % 2) * width, v = i < 2 ? -0.75 * size : 0.23 * size;
        double px = x + c * u - s * v, py = y + s * u + c * v;
        t->left = fmin(t->left, px), t->right = fmax(t->right, px);
        t->top = fmin(t->top, py), t->bottom = fmax(t->bottom, py);
    }
}

/* All texts of an SVG, with their extents. */
static inline int svg_texts(const char *s, svg_text out[SVG_TEXTS])
{
    int n = 0;
    for (const char *tag = s; (tag = strstr(tag, "<text")) && n < SVG_TEXTS; tag++) {
        double size = svg_number(tag, " font-size=\""), width = 0;
        char words[128] = "";
        size_t used = 0;
        for (const char *at = strchr(tag, '>') + 1; strncmp(at, "</text>", 7) != 0;) {
            if (*at == '<') {
                if (at[1] == 't') size = svg_number(at, " font-size=\"");
                at = strchr(at, '>') + 1;
                continue;
            }
            text_reader r = {.at = at};
            char one[8] = {0}; /* one letter at a time, so that no markup is seen */
            text_next(&r);
            memcpy(one, at, (size_t)(r.at - at));
            if (used + 8 < sizeof words) used += (size_t)sprintf(words + used, "%s", one);
            width += size * text_advance(r.letter);
            at = *at == '&' ? strchr(at, ';') + 1 : r.at;
        }
        svg_place(&out[n], tag, width);
        memcpy(out[n++].words, words, sizeof words);
    }
    return n;
}

/* No text leaves the picture, and no two upright ones overlap. */
static inline void svg_assert_texts_fit(const char *s)
{
    static svg_text t[SVG_TEXTS];
    int n = svg_texts(s, t);
    double w = svg_number(s, " width=\""), h = svg_number(s, " height=\"");
    for (int i = 0; i < n; i++) {
        bool inside = t[i].left >= 0 && t[i].top >= 0 && t[i].right <= w && t[i].bottom <= h;
        if (!inside)
            print_error("cut: \"%s\" %g %g %g %g of %g %g\n", t[i].words, t[i].left, t[i].top,
                        t[i].right, t[i].bottom, w, h);
        assert_true(inside);
        for (int j = 0; j < i; j++) {
            bool apart = t[i].left >= t[j].right || t[j].left >= t[i].right ||
                         t[i].top >= t[j].bottom || t[j].top >= t[i].bottom;
            bool fine = apart || (t[i].slanted && t[j].slanted);
            if (!fine)
                print_error("overlap: \"%s\" (%g %g) and \"%s\" (%g %g)\n", t[i].words, t[i].left,
                            t[i].top, t[j].words, t[j].left, t[j].top);
            assert_true(fine);
        }
    }
}

#endif
