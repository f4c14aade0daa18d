#include "draw/text.h"
#include "base/error.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

/* stb_truetype's only allocations are the points of a letter: they come from an arena. */
#define STBTT_malloc(bytes, from) arena_take(from, bytes)
#define STBTT_free(block, from)   ((void)(block), (void)(from))
#define STBTT_assert(holds)       PROMISE(holds, "stb_truetype")
#define STBTT_STATIC
#define STB_TRUETYPE_IMPLEMENTATION
#include <stb/stb_truetype.h>

extern const unsigned char font_dejavu[]; /* written by tools/embed.c */

enum { NOT_UTF8 = 0xFFFD, TO_BRACE = -1 };
typedef enum { SIGN, DIGIT, LETTER, ACCENT } letter_kind;

/* One code point; what is cut short, overlong or not for text is NOT_UTF8. */
static unsigned read_utf8(const char **at)
{
    static const unsigned least[] = {0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*(*at)++;
    if (first < 0x80) return first;
    int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    unsigned letter = first & (0x3Fu >> more);
    bool good = first >= 0xC2 && first < 0xF5;
    for (int i = 0; good && i < more; i++) {
        good = ((unsigned char)**at & 0xC0) == 0x80;
        if (good) letter = letter << 6 | ((unsigned char)*(*at)++ & 0x3F);
    }
    bool taken = (letter >= 0xD800 && letter < 0xE000) || (letter & 0xFFFE) == 0xFFFE;
    return good && letter >= least[more] && letter < 0x110000 && !taken ? letter : NOT_UTF8;
}

static letter_kind kind_of(unsigned letter)
{
    if (letter < 0x80) return isdigit((int)letter) ? DIGIT : isalpha((int)letter) ? LETTER : SIGN;
    if (letter >= 0x300 && letter < 0x370) return ACCENT;
    return letter >= 0xC0 && letter < 0x2000 ? LETTER : SIGN;
}

/* What follows a ^ or _: all up to the closing brace, or one word: 10^-3, σ_max, x^2y. */
static void open_script(text_reader *r)
{
    r->level = *r->at++ == '^' ? 1 : -1;
    const char *first = r->at;
    unsigned letter = read_utf8(&first);
    letter_kind kind =
        strchr("+-", (int)(letter & 0x7F)) && letter < 0x80 ? DIGIT : kind_of(letter);
    r->script = letter == '{' ? TO_BRACE : (int)kind;
    if (letter == '{') r->at++;
}

static bool opens_script(const text_reader *r)
{
    if (r->at[0] == '^') return r->at[1] && r->at[1] != ' ';
    return r->at[0] == '_' && (r->at[1] == '{' || (r->base == 1 && r->at[1] && r->at[1] != ' '));
}

static bool script_ends(text_reader *r)
{
    const char *next = r->at;
    if (r->script == TO_BRACE) return *r->at == '}' ? r->at++, true : false;
    return r->script == SIGN || kind_of(read_utf8(&next)) != (letter_kind)r->script;
}

bool text_next(text_reader *r)
{
    if (r->level && script_ends(r)) r->level = 0;
    bool opened = !r->level && opens_script(r);
    if (opened) open_script(r);
    if (*r->at == '\\' && r->at[1]) r->at++;
    if (!*r->at) return false;
    r->scale = r->level ? 0.7 : 1;
    r->rise = r->level > 0 ? 0.36 : r->level < 0 ? -0.18 : 0;
    r->from = r->at;
    r->letter = read_utf8(&r->at);
    letter_kind kind = kind_of(r->letter);
    if (kind != ACCENT) r->base = kind == SIGN ? 0 : r->base + 1;
    return true;
}

static stbtt_fontinfo font_open(void)
{
    stbtt_fontinfo font;
    int good = stbtt_InitFont(&font, font_dejavu, 0);
    PROMISE(good, "text: the built-in font is damaged");
    return font;
}

double text_advance(unsigned letter)
{
    stbtt_fontinfo font = font_open();
    int advance, bearing;
    stbtt_GetCodepointHMetrics(&font, (int)letter, &advance, &bearing);
    return advance * (double)stbtt_ScaleForMappingEmToPixels(&font, 1);
}

double text_width(const char *text, double size)
{
    double width = 0;
    text_reader r = {.at = text ? text : ""};
    while (text_next(&r)) width += text_advance(r.letter) * r.scale;
    return width * size;
}

size_t text_copy(char *out, size_t room, const char *words)
{
    size_t n = strlen(words);
    if (n >= room) n = room - 1;
    while (n > 0 && (words[n] & 0xC0) == 0x80) n--; /* inside a letter */
    memcpy(out, words, n);
    out[n] = 0;
    return n;
}

void text_shorten(char *out, size_t room, const char *words)
{
    const char *mark = "…";
    if (words[text_copy(out, room, words)])
        strcpy(out + text_copy(out, room - strlen(mark), words), mark);
}

int text_wrap(char line[][TEXT_LINE], int most, const char *text, double size, double width)
{
    int n = 0;
    const char *at = text ? text : "";
    for (; *at && n < most - 1; n++) {
        size_t fits = 0, take = text_copy(line[n], TEXT_LINE, at);
        for (size_t end = 1; end <= take; end++) {
            if (at[end] != ' ' && at[end] != 0) continue;
            text_copy(line[n], end + 1, at);
            if (text_width(line[n], size) <= width || fits == 0) fits = end;
        }
        at += text_copy(line[n], (fits ? fits : take) + 1, at);
        at += strspn(at, " ");
    }
    if (*at) text_shorten(line[n++], TEXT_LINE, at);
    return n;
}

int text_outline(unsigned letter, arena *keep, canvas_point **out)
{
    enum { PIECES = 6 }; /* a curve becomes so many straight lines */
    stbtt_fontinfo font = font_open();
    font.userdata = keep;
    stbtt_vertex *v = NULL;
    int count = stbtt_GetCodepointShape(&font, (int)letter, &v), n = 0;
    double em = (double)stbtt_ScaleForMappingEmToPixels(&font, 1);
    *out = arena_take(keep, (size_t)(count * PIECES + 1) * sizeof **out);
    for (int i = 0; i < count; i++) {
        canvas_point end = {em * v[i].x, -em * v[i].y}, bend = {em * v[i].cx, -em * v[i].cy};
        if (v[i].type == STBTT_vmove) {
            if (n) (*out)[n++] = CANVAS_GAP;
            (*out)[n++] = end;
            continue;
        }
        canvas_point from = (*out)[n - 1];
        int pieces = v[i].type == STBTT_vcurve ? PIECES : 1;
        for (int k = 1; k < pieces; k++) { /* a quadratic Bezier curve */
            double t = (double)k / pieces, s = 1 - t;
            (*out)[n++] = (canvas_point){s * s * from.x + 2 * s * t * bend.x + t * t * end.x,
                                         s * s * from.y + 2 * s * t * bend.y + t * t * end.y};
        }
        (*out)[n++] = end;
    }
    return n;
}
