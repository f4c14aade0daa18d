#include "models/prompt.h"
#include "models/unicode.h"
#include <math.h>
#include <string.h>

enum { LENGTH = 77, COMMA = 20, ROOM = 300, LITTLE = 1 << 17, NO_ID = -1, NO_BRACKET = -1 };
static const double UP = 1.1, DOWN = 1 / 1.1, MOST = 1e6;

static double within(double weight)
{
    return fmax(-MOST, fmin(weight, MOST));
}

/* ---- Brackets ---- */

/* A round bracket; those around it stand before it. */
typedef struct {
    int32_t around; /* the one that it stands in, or NO_BRACKET */
    double weight;  /* of it alone, then with all around it */
} bracket;

/* Text of one weight, or BREAK. */
typedef struct {
    size_t begin, end; /* in `plain` */
    int32_t round;     /* the bracket that it stands in, or NO_BRACKET */
    int32_t squares;   /* how many of the others it stands in */
    bool stop;         /* BREAK */
} piece;

typedef struct {
    const char *at, *end; /* what is to be read */
    char *plain;          /* the text without its grammar */
    size_t bytes, length; /* of it, and of the text as it came */
    piece *pieces;
    bracket *brackets;
    size_t count;          /* of pieces */
    int32_t rounds;        /* of brackets */
    int32_t open, squares; /* the bracket we are in; how many square ones are open */
} reader;

static void add(reader *r, const char *text, size_t n, bool stop)
{
    if (n > 0) memcpy(r->plain + r->bytes, text, n);
    r->pieces[r->count++] = (piece){r->bytes, r->bytes + n, r->open, r->squares, stop};
    r->bytes += n;
}

static bool is_word(int32_t code)
{
    unicode_kind kind = unicode_kind_of(code);
    return kind == UNICODE_LETTER || kind == UNICODE_NUMBER || code == '_';
}

/* Text without brackets; BREAK is one where it is a word. */
static void run(reader *r, const char *text, size_t n)
{
    bool inside = false; /* of a word */
    size_t begin = 0;
    int32_t code;
    for (size_t i = 0; i < n;) {
        bool stop = !inside && n - i >= 5 && memcmp(text + i, "BREAK", 5) == 0;
        if (stop && n - i > 5) unicode_decode(text + i + 5, n - i - 5, &code);
        if (stop && (n - i == 5 || !is_word(code))) {
            add(r, text + begin, i - begin, false);
            add(r, NULL, 0, true);
            begin = i += 5;
            continue;
        }
        i += unicode_decode(text + i, n - i, &code);
        inside = is_word(code);
    }
    add(r, text + begin, n - begin, false);
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r'))) at++;
    return at;
}

/* ":1.3)". Where it stands here: what comes behind it; else NULL. By hand, since strtod() knows
 * more numbers, and other points in other countries. */
static const char *number(const char *at, const char *end, double *out)
{
    double value = 0, parts = 1;
    int digits = 0, points = 0;
    at = skip_space(at + 1, end);
    bool minus = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    for (; at < end && ((*at >= '0' && *at <= '9') || *at == '.'); at++) {
        if (*at == '.') points++;
        if (*at == '.' && points < 2) continue;
        digits++;
        if (value < 1e15)
            value = 10 * value + (*at - '0'), parts *= points ? 10 : 1;
        else if (!points)
            value *= 10;
    }
    at = skip_space(at, end);
    *out = within(minus ? -value / parts : value / parts);
    return at < end && *at == ')' && digits > 0 && points < 2 ? at + 1 : NULL;
}

static void close_round(reader *r, double weight)
{
    r->brackets[r->open].weight = weight;
    r->open = r->brackets[r->open].around;
}

/* One sign of the grammar, or a run of text. */
static void step(reader *r)
{
    static const char signs[] = "\\()[]:"; /* the first five may stand behind a backslash */
    const char *at = r->at;
    double weight;
    const char *behind = *at == ':' && r->open >= 0 ? number(at, r->end, &weight) : NULL;
    r->at = behind ? behind : at + 1;
    if (behind) {
        close_round(r, weight);
    } else if (*at == '\\') {
        bool sign = r->at < r->end && memchr(signs, *r->at, 5);
        add(r, r->at, sign, false);
        r->at += sign;
    } else if (*at == '(') {
        r->brackets[r->rounds] = (bracket){r->open, UP};
        r->open = r->rounds++;
    } else if (*at == '[') {
        r->squares++;
    } else if (*at == ')' && r->open >= 0) {
        close_round(r, UP);
    } else if (*at == ']' && r->squares > 0) {
        r->squares--;
    } else if (memchr(signs, *at, sizeof signs - 1)) {
        add(r, at, 1, false);
    } else {
        while (r->at < r->end && !memchr(signs, *r->at, sizeof signs - 1)) r->at++;
        run(r, at, (size_t)(r->at - at));
    }
}

/* ---- Ids ---- */

/* Ids with weights, NO_ID for BREAK. */
typedef struct {
    int32_t *ids;
    float *weights;
    size_t count;
} list;

/* What brackets make of each piece: the inner times all around it. */
static void weigh_pieces(reader *r, double *weights, arena scratch)
{
    double *down = arena_take(&scratch, (r->length + 1) * sizeof *down);
    down[0] = 1;
    for (size_t i = 0; i < r->length; i++) down[i + 1] = down[i] * DOWN;
    for (bracket *b = r->brackets; b < r->brackets + r->rounds; b++)
        if (b->around >= 0) b->weight = within(b->weight * r->brackets[b->around].weight);
    for (size_t i = 0; i < r->count; i++) {
        const piece *p = &r->pieces[i];
        weights[i] = (p->round >= 0 ? r->brackets[p->round].weight : 1) * down[p->squares];
    }
}

/* Neighbours of one weight are one text. */
static void write_ids(const tokenizer *t, reader *r, list *out, arena scratch)
{
    double *weights = arena_take(&scratch, r->count * sizeof *weights);
    weigh_pieces(r, weights, scratch);
    for (size_t i = 0, end; i < r->count; i = end) {
        size_t first = out->count;
        end = i + 1;
        if (r->pieces[i].stop) {
            out->ids[out->count++] = NO_ID;
            continue;
        }
        while (end < r->count && !r->pieces[end].stop && weights[end] == weights[i]) end++;
        const char *text = r->plain + r->pieces[i].begin;
        size_t bytes = r->pieces[end - 1].end - r->pieces[i].begin;
        out->count += tokenizer_write(t, text, bytes, out->ids + first, scratch);
        for (size_t k = first; k < out->count; k++) out->weights[k] = (float)weights[i];
    }
}

static void read_text(const tokenizer *t, const char *text, size_t n, list *out, arena scratch)
{
    reader r = {.at = text, .end = text + n, .length = n, .open = NO_BRACKET};
    r.plain = arena_take(&scratch, n);
    r.pieces = arena_take(&scratch, (n + 1) * sizeof *r.pieces);
    r.brackets = arena_take(&scratch, n * sizeof *r.brackets);
    while (r.at < r.end) step(&r);
    write_ids(t, &r, out, scratch);
}

/* ---- Chunks ---- */

typedef struct {
    size_t begin, count; /* in the list */
} span;

/* Where chunks begin and end: [list->count + 1] spans at most. */
static size_t cut(const list *l, size_t room, int32_t comma, size_t most, span *out)
{
    size_t chunks = 0, begin = 0, last = SIZE_MAX; /* place of the last comma, if there is one */
    for (size_t i = 0; i < l->count; i++) {
        if (l->ids[i] == NO_ID) {
            out[chunks++] = (span){begin, i - begin};
            begin = i + 1, last = SIZE_MAX;
            continue;
        }
        bool full = i - begin == room;
        if (full && l->ids[i] != comma && last != SIZE_MAX && i - last <= most) {
            out[chunks++] = (span){begin, last + 1 - begin};
            begin = last + 1, last = SIZE_MAX;
        } else if (full) {
            out[chunks++] = (span){begin, room};
            begin = i, last = SIZE_MAX;
        } else if (l->ids[i] == comma) {
            last = i;
        }
    }
    if (l->count > begin || chunks == 0) out[chunks++] = (span){begin, l->count - begin};
    return chunks;
}

/* Chunk c from these ids. */
static void write_chunk(const tokenizer *t, const list *l, span s, prompt *p, size_t c)
{
    size_t length = (size_t)p->length;
    tokenizer_ids ids = {s.count ? l->ids + s.begin : NULL, s.count};
    tokenizer_frame(t, ids, p->length, p->ids + c * length);
    if (!p->weights) return;
    float *weights = p->weights + c * length;
    for (size_t i = 0; i < length; i++) weights[i] = 1;
    if (s.count > 0) memcpy(weights + 1, l->weights + s.begin, s.count * sizeof *weights);
}

error prompt_read(const tokenizer *t, const char *text, prompt_options options, arena *keep,
                  arena scratch, prompt *out)
{
    if (options.length == 0) options.length = LENGTH;
    if (options.comma == 0) options.comma = COMMA;
    PROMISE(options.length >= 3, "prompt_read: room for start, a token and end");
    size_t n = strlen(text), room = (size_t)options.length - 2, chunks = 1;
    error too_long = error_make("a prompt of %zu bytes is too long to be read", n);
    if (n > TOKENIZER_LONGEST || n * ROOM + LITTLE > arena_left(scratch)) return too_long;
    list l = {.ids = arena_take(&scratch, (3 * n + 1) * sizeof *l.ids)};
    l.weights = arena_take(&scratch, (3 * n + 1) * sizeof *l.weights);
    span *spans = arena_take(&scratch, (3 * n + 2) * sizeof *spans);
    if (options.literal) {
        l.count = tokenizer_write(t, text, n, l.ids, scratch);
        spans[0] = (span){0, l.count < room ? l.count : room};
    } else {
        read_text(t, text, n, &l, scratch);
        chunks = cut(&l, room, t->comma, options.comma < 0 ? 0 : (size_t)options.comma, spans);
    }
    bool weighed = false;
    prompt p = {.chunks = (int)chunks, .length = options.length};
    for (size_t i = 0; i < l.count; i++) {
        p.tokens += l.ids[i] != NO_ID;
        weighed = weighed || (!options.literal && l.ids[i] != NO_ID && l.weights[i] != 1);
    }
    size_t each = (size_t)p.length * sizeof *p.ids; /* as large as that of weights */
    if (chunks > (arena_left(*keep) - 64) / (2 * each + 64)) return too_long;
    p.ids = arena_take(keep, chunks * each);
    p.weights = weighed ? arena_take(keep, chunks * each) : NULL;
    for (size_t c = 0; c < chunks; c++) write_chunk(t, &l, spans[c], &p, c);
    *out = p;
    return NULL;
}

void prompt_fill(const tokenizer *t, prompt *p, int chunks, arena *keep)
{
    if (p->chunks >= chunks) return;
    size_t have = (size_t)p->chunks;
    size_t each = (size_t)p->length * sizeof *p->ids; /* as large as that of weights */
    prompt more = *p;
    more.chunks = chunks, more.ids = arena_take(keep, (size_t)chunks * each);
    memcpy(more.ids, p->ids, have * each);
    if (p->weights)
        more.weights = memcpy(arena_take(keep, (size_t)chunks * each), p->weights, have * each);
    for (size_t c = have; c < (size_t)chunks; c++) write_chunk(t, NULL, (span){0}, &more, c);
    *p = more;
}

/* ---- Weights ---- */

static double mean(const float *z, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)z[i];
    return sum / (double)n;
}

void prompt_weigh(const prompt *p, float *z, int width)
{
    size_t length = (size_t)p->length, wide = (size_t)width, n = length * wide;
    for (int c = 0; p->weights && c < p->chunks; c++, z += n) {
        const float *weights = p->weights + (size_t)c * length;
        double before = mean(z, n);
        bool any = false;
        for (size_t i = 0; i < length; i++) {
            any = any || weights[i] != 1;
            for (size_t k = 0; k < wide; k++) z[i * wide + k] *= weights[i];
        }
        float back = (float)(before / mean(z, n));
        if (!any || !isfinite(back)) continue;
        for (size_t i = 0; i < n; i++) z[i] *= back;
    }
}
