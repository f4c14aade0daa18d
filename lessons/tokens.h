/* tokens.h: for lesson 27: pieces of words as boxes.
 *
 *     tokens_ladder(&l, "27_merges", steps, count);      one word, merge by merge
 *     tokens_strip(&l, "27_tokens", &m.sd.tokenizer, p);   a prompt as the encoder reads it
 */
#ifndef TOKENS_H
#define TOKENS_H
#include "diagram.h"
#include "models/prompt.h"

enum { TOKENS_PIECES = 32, TOKENS_LETTERS = 64 };

/* A word in pieces, and the line of the list that made the last merge. */
typedef struct {
    int n, line;
    char name[TOKENS_PIECES][TOKENS_LETTERS];
} tokens_word;

/* CLIP's list of merges, with a line end before the first line, too. */
static inline const char *tokens_list(lesson *l)
{
    file f;
    lesson_must(file_map("assets/clip/merges.txt", &f));
    char *list = arena_take(&l->memory, f.bytes + 2);
    list[0] = '\n', list[f.bytes + 1] = 0;
    memcpy(list + 1, f.data, f.bytes);
    file_unmap(f);
    return list;
}

static inline tokens_word tokens_letters(const char *text)
{
    tokens_word w = {0};
    PROMISE(strlen(text) <= TOKENS_PIECES, "tokens_letters: a word of up to 32 letters");
    for (; *text; text++)
        snprintf(w.name[w.n++], TOKENS_LETTERS, "%c%s", *text, text[1] ? "" : "</w>");
    return w;
}

static inline void tokens_print(const tokens_word *w)
{
    if (w->line)
        printf("%6d ", w->line);
    else
        printf("       ");
    for (int i = 0; i < w->n; i++) printf(" %s", w->name[i]);
    printf("\n");
}

/* A piece as people read it: "</w>", the end of a word, as a dot. */
static inline const char *tokens_shown(lesson *l, const char *name)
{
    size_t n = strlen(name);
    bool end = n > 4 && strcmp(name + n - 4, "</w>") == 0;
    return lesson_words(l, "%.*s%s", (int)(end ? n - 4 : n), name, end ? "·" : "");
}

/* Print a word, its pieces and their ids; gives how many pieces the library has otherwise. */
static inline int tokens_compare(lesson *l, const tokenizer *t, const char *text,
                                 const tokens_word *w, arena scratch)
{
    tokenizer_ids ids;
    lesson_must(tokenizer_read(t, text, strlen(text), &l->memory, scratch, &ids));
    int wrong = (int)ids.count != w->n;
    printf("%-15s", text);
    for (int i = 0; i < w->n; i++) {
        int id = i < (int)ids.count ? (int)ids.ids[i] : -1;
        wrong += id < 0 || strcmp(t->pieces.names[id], w->name[i]) != 0;
        printf(" %s %d%s", tokens_shown(l, w->name[i]), id, i + 1 < w->n ? "," : "\n");
    }
    return wrong;
}

static inline double tokens_width(const char *words)
{
    return fmax(24, text_width(words, 12.5) + 14);
}

/* Each merge is a row; the piece that it made is dark. */
static inline void tokens_ladder(lesson *l, const char *name, const tokens_word *step, int steps)
{
    const double high = 26, apart = 38, left = 130;
    double wide = 0;
    for (int i = 0; i < step[0].n; i++) wide += tokens_width(tokens_shown(l, step[0].name[i])) + 6;
    diagram d = diagram_begin(l, name, left + wide + 20, steps * apart + 8);
    for (int k = 0; k < steps; k++) {
        double x = left, y = 8 + k * apart;
        const char *why = k ? lesson_words(l, "line %d", step[k].line) : "letters";
        diagram_words(&d, why, (canvas_point){left - 16, y + 18}, 12.5, 1);
        for (int i = 0; i < step[k].n; i++) {
            const char *words = tokens_shown(l, step[k].name[i]);
            bool made = k && strcmp(step[k].name[i], step[k - 1].name[i]) != 0;
            for (int j = 0; made && j < i; j++) /* only the first that differs */
                made = strcmp(step[k].name[j], step[k - 1].name[j]) == 0;
            double w = 0; /* as wide as the letters in it were */
            for (size_t at = 0; step[k].name[i][at] && step[k].name[i][at] != '<'; at++)
                w += tokens_width(lesson_words(l, "%c", step[k].name[i][at])) + 6;
            if (strstr(words, "·")) w += 4;
            diagram_box(&d, (canvas_box){x, y, w - 6, high}, made ? diagram_orange : diagram_pale,
                        words, NULL);
            x += w;
        }
    }
    diagram_end(&d);
}

/* One box of a strip: words, their id, how wide; false behind the last of a chunk. */
typedef struct {
    const char *words, *below;
    double wide, gap; /* the box, and what is left free behind it */
    bool inside;      /* it is a piece of the text */
} tokens_box;

static inline bool tokens_box_of(lesson *l, const tokenizer *t, prompt p, int chunk, int i,
                                 tokens_box *out)
{
    const int32_t *ids = p.ids + chunk * p.length;
    int end = 1;
    while (end + 1 < p.length && ids[end] != t->end) end++;
    int more = p.length - end - 1;
    if (i > end + (more > 0)) return false;
    out->inside = i > 0 && i < end;
    out->words = i == 0     ? "start"
                 : i == end ? "end"
                 : i > end  ? lesson_words(l, "%d to fill up", more)
                            : tokens_shown(l, t->pieces.names[ids[i]]);
    out->below = lesson_words(l, "%d", (int)ids[i]);
    out->wide = fmax(tokens_width(out->words), 44);
    out->gap = out->inside && !strstr(out->words, "·") ? 0 : 8;
    return true;
}

/* The chunks of a prompt: start, pieces with their ids, end, and how much fills up. Pieces of one
 * word touch. First only the height is found. */
static inline void tokens_strip(lesson *l, const char *name, const tokenizer *t, prompt p)
{
    const double high = 36, apart = 50, most = 776, left = 12;
    double y = 8;
    diagram d = {0};
    for (int draw = 0; draw < 2; draw++) {
        if (draw) d = diagram_begin(l, name, most + 2 * left, y);
        y = 8;
        for (int c = 0; c < p.chunks; c++, y += apart) {
            double x = left;
            tokens_box b;
            for (int i = 0; tokens_box_of(l, t, p, c, i, &b); x += b.wide + b.gap, i++) {
                if (x + b.wide > left + most) x = left, y += apart;
                if (draw)
                    diagram_box(&d, (canvas_box){x, y, b.wide, high},
                                b.inside ? diagram_blue : diagram_pale, b.words, b.below);
            }
        }
    }
    diagram_end(&d);
}

#endif
