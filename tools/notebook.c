/* A notebook from its C source and the program it compiles to:
 *
 *     build/tools/notebook notebooks-c/02_schedules.c build/notebooks-c/02_schedules OUT.ipynb
 *
 * The source is cut into cells at lines "// %%", and what the program prints into their outputs, at
 * the lines that notebook.h prints after each CELL. A line "FIGURE path words" is replaced by that
 * PNG. The words are for those who cannot see it. Format: nbformat 4.5, laid out as Jupyter does.
 * Where anything is wrong there is one line on stderr, exit code 1, and OUT.ipynb is as it was. */
#define _GNU_SOURCE
#include "base/arena.h"
#include "base/file.h"
#include "base/writer.h"
#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CELLS = 200 };
static const char separator[] = "\036\n"; /* what notebook.h prints after each cell */
enum { PNG_PER_PIXEL = 2 }; /* lib/draw makes two pixels of a PNG for one of the page */

/* A piece of a text that stays where it is. */
typedef struct {
    const char *at;
    size_t length;
} words;

typedef enum { TEXT, CODE, END } cell_kind;

typedef struct {
    cell_kind kind;
    int number; /* n of CELL(n); 0: it only defines */
    int line;   /* where it begins in the source */
    words lines;
} cell;

typedef struct {
    const char *source, *program;
    arena memory;
    cell cells[CELLS];
    int count, last; /* cells, and the number of the last CELL */
    words output;    /* what the program printed and no cell has taken yet */
    json_t *json;    /* what becomes of it */
} notebook;

/* The next line, with its line end, is taken off the front. */
static bool next_line(words *rest, words *line)
{
    if (rest->length == 0) return false;
    const char *end = memchr(rest->at, '\n', rest->length);
    *line = (words){rest->at, end ? (size_t)(end + 1 - rest->at) : rest->length};
    rest->at += line->length;
    rest->length -= line->length;
    return true;
}

static bool begins(words w, const char *with)
{
    size_t length = strlen(with);
    return w.length >= length && memcmp(w.at, with, length) == 0;
}

static words without(words w, size_t front)
{
    return (words){w.at + front, w.length - front};
}

/* White space at the end goes. */
static words stripped(words w)
{
    while (w.length > 0 && strchr(" \t\r\n", w.at[w.length - 1])) w.length--;
    return w;
}

/* Reading the source. */

static error begin_cell(notebook *n, words line, int at)
{
    static const char *const kinds[] = {
        [TEXT] = "// %% [markdown]", [CODE] = "// %%", [END] = "// %% [end]"};
    line = stripped(line);
    if (n->count == CELLS) return error_make("%s has more than %d cells", n->source, CELLS);
    if (n->count > 0 && n->cells[n->count - 1].kind == END)
        return error_make("%s:%d: a cell after // %%%% [end]", n->source, at);
    for (int k = TEXT; k <= END; k++) {
        if (line.length != strlen(kinds[k]) || !begins(line, kinds[k])) continue;
        n->cells[n->count++] = (cell){.kind = (cell_kind)k, .line = at};
        return NULL;
    }
    return error_make("%s:%d: begins no cell; known: // %%%%, // %%%% [markdown], // %%%% [end]",
                      n->source, at);
}

/* CELL(n) opens its cell, so that the cell can be run again, and is the next of its kind. */
static error begin_run(notebook *n, cell *c, words line, int at)
{
    int number = 0;
    for (size_t i = strlen("CELL(");
         i < line.length && isdigit((unsigned char)line.at[i]) && number < CELLS; i++)
        number = 10 * number + line.at[i] - '0';
    if (c->lines.length > 0)
        return error_make("%s:%d: CELL must open its cell: what stands before it in the cell could "
                          "not be run again",
                          n->source, at);
    if (number != n->last + 1)
        return error_make("%s:%d: CELL(%d) is next", n->source, at, n->last + 1);
    c->number = n->last = number;
    return NULL;
}

static error add_line(notebook *n, words line, int at)
{
    size_t length = stripped(line).length;
    if (length == 0) return NULL;
    if (n->count == 0)
        return error_make("%s:%d: a notebook begins with a line // %%%%", n->source, at);
    cell *c = &n->cells[n->count - 1];
    if (c->kind == TEXT && !begins(line, "// ") && !(begins(line, "//") && length == 2))
        return error_make("%s:%d: words stand behind \"// \"", n->source, at);
    error wrong = NULL;
    if (c->kind == CODE && begins(line, "CELL(")) wrong = begin_run(n, c, line, at);
    if (c->lines.length == 0) c->lines.at = line.at;
    c->lines.length = (size_t)(line.at + length - c->lines.at);
    return wrong;
}

static error read_source(notebook *n, file source)
{
    words rest = {(const char *)source.data, source.bytes}, line;
    for (int at = 1; next_line(&rest, &line); at++) {
        error wrong = begins(line, "// %%") ? begin_cell(n, line, at) : add_line(n, line, at);
        if (wrong) return wrong;
    }
    if (n->last == 0) return error_make("%s has no CELL: nothing would be shown", n->source);
    return NULL;
}

/* Running the program. */

static error read_back(notebook *n, FILE *from)
{
    long bytes = fseek(from, 0, SEEK_END) == 0 ? ftell(from) : -1;
    if (bytes < 0) return error_make("cannot read what %s printed", n->program);
    if ((size_t)bytes > arena_left(n->memory)) return "the program printed more than memory holds";
    char *text = arena_take(&n->memory, (size_t)bytes);
    rewind(from);
    if (fread(text, 1, (size_t)bytes, from) != (size_t)bytes)
        return error_make("cannot read what %s printed", n->program);
    n->output = (words){text, (size_t)bytes};
    return NULL;
}

/* What the next cell printed is taken off the front; false when no cell came to its end. */
static bool next_output(words *rest, words *output)
{
    const char *end = memmem(rest->at, rest->length, separator, strlen(separator));
    if (!end) return false;
    *output = (words){rest->at, (size_t)(end - rest->at)};
    *rest = without(*rest, output->length + strlen(separator));
    return true;
}

static error ended(const notebook *n, int status)
{
    int done = 0;
    words rest = n->output, output;
    while (next_output(&rest, &output)) done++;
    if (WIFSIGNALED(status))
        return error_make("%s was ended in cell %d: %s", n->program, done + 1,
                          strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == 127 && done == 0) return error_make("cannot run %s", n->program);
    if (WEXITSTATUS(status) != 0)
        return error_make("%s ended with exit code %d in cell %d", n->program, WEXITSTATUS(status),
                          done + 1);
    if (done != n->last)
        return error_make("%s has run %d cells, and %s has %d: is it older?", n->program, done,
                          n->source, n->last);
    if (rest.length > 0) return error_make("%s prints after its last cell", n->program);
    return NULL;
}

static error run(notebook *n)
{
    FILE *output = tmpfile();
    if (!output) return "cannot make a file for what the program prints";
    pid_t child = fork();
    if (child == 0) {
        dup2(fileno(output), STDOUT_FILENO);
        execl(n->program, n->program, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    error wrong = child < 0 || waitpid(child, &status, 0) != child
                      ? error_make("cannot run %s", n->program)
                      : read_back(n, output);
    fclose(output);
    return wrong ? wrong : ended(n, status);
}

/* Writing the notebook. */

/* NULL when it is not UTF-8. */
static json_t *lines_of(words text, cell_kind kind)
{
    json_t *lines = json_array();
    words line;
    while (lines && next_line(&text, &line)) {
        if (kind == TEXT)
            line = without(line, begins(line, "// ") ? 3 : begins(line, "//") ? 2 : 0);
        if (json_array_append_new(lines, json_stringn(line.at, line.length)) == 0) continue;
        json_decref(lines);
        return NULL;
    }
    return lines;
}

static json_t *base64(file png, arena scratch)
{
    writer w = {.memory = &scratch};
    writer_put_base64(&w, png.data, png.bytes);
    return w.full ? NULL : json_stringn(w.text, w.used);
}

static error png_width(file png, const char *path, unsigned *width)
{
    if (png.bytes < 24 || memcmp(png.data, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) != 0)
        return error_make("%s is not a PNG", path);
    for (int i = 16; i < 20; i++) *width = *width << 8 | png.data[i];
    return NULL;
}

static error add_png(notebook *n, json_t *outputs, file png, const char *path, words alt)
{
    unsigned width = 0;
    error wrong = png_width(png, path, &width);
    if (wrong) return wrong;
    json_t *made = json_pack("{s:s, s:{s:o, s:[s%]}, s:{s:{s:s%, s:i}}}", "output_type",
                             "display_data", "data", "image/png", base64(png, n->memory),
                             "text/plain", alt.at, alt.length, "metadata", "image/png", "alt",
                             alt.at, alt.length, "width", (int)(width / PNG_PER_PIXEL));
    if (json_array_append_new(outputs, made) == 0) return NULL;
    return error_make("%s is too large, or its words are not UTF-8", path);
}

/* FIGURE path words */
static error add_figure(notebook *n, json_t *outputs, words line)
{
    char path[300];
    file png;
    line = stripped(without(line, strlen("FIGURE ")));
    const char *space = memchr(line.at, ' ', line.length);
    size_t length = space ? (size_t)(space - line.at) : 0;
    if (length == 0 || length >= sizeof path)
        return error_make("\"FIGURE %.*s\": after the path stands in words what is to be seen",
                          (int)(line.length < 200 ? line.length : 200), line.at);
    snprintf(path, sizeof path, "%.*s", (int)length, line.at);
    error wrong = file_map(path, &png);
    if (wrong) return wrong;
    wrong = add_png(n, outputs, png, path, without(line, length + 1));
    file_unmap(png);
    return wrong;
}

static error add_text(const cell *c, json_t *outputs, words text)
{
    if (text.length == 0 ||
        json_array_append_new(outputs, json_pack("{s:s, s:s, s:o}", "output_type", "stream", "name",
                                                 "stdout", "text", lines_of(text, CODE))) == 0)
        return NULL;
    return error_make("cell %d prints what is not UTF-8", c->number);
}

/* The cell's share of what the program printed: texts and figures, as they come. */
static error add_outputs(notebook *n, const cell *c, json_t *outputs)
{
    words mine = {0}, line;
    next_output(&n->output, &mine);
    words text = {mine.at, 0};
    error wrong = NULL;
    while (!wrong && next_line(&mine, &line)) {
        if (!begins(line, "FIGURE ")) {
            text.length += line.length;
            continue;
        }
        wrong = add_text(c, outputs, text);
        if (!wrong) wrong = add_figure(n, outputs, line);
        text = (words){mine.at, 0};
    }
    return wrong ? wrong : add_text(c, outputs, text);
}

static error add_cell(notebook *n, const cell *c, json_t *cells, int *executed)
{
    char id[20];
    snprintf(id, sizeof id, "cell-%d", (int)json_array_size(cells) + 1);
    json_t *made = json_pack("{s:s, s:s, s:{}, s:o}", "id", id, "cell_type",
                             c->kind == TEXT ? "markdown" : "code", "metadata", "source",
                             lines_of(c->lines, c->kind));
    if (json_array_append_new(cells, made) != 0)
        return error_make("%s:%d: this cell is not UTF-8", n->source, c->line);
    if (c->kind == TEXT) return NULL;
    json_t *outputs = json_array();
    json_object_set_new(made, "execution_count", json_integer(++*executed));
    json_object_set_new(made, "outputs", outputs);
    return c->number ? add_outputs(n, c, outputs) : NULL;
}

static error make(notebook *n)
{
    int executed = 0;
    json_t *cells = json_array();
    n->json = json_pack("{s:o, s:i, s:i, s:{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}}", "cells", cells,
                        "nbformat", 4, "nbformat_minor", 5, "metadata", "kernelspec",
                        "display_name", "C17", "language", "c", "name", "xc17", "language_info",
                        "name", "c", "file_extension", ".c", "mimetype", "text/x-csrc");
    if (!n->json) return "no memory for the notebook";
    error wrong = NULL;
    for (int i = 0; i < n->count && !wrong; i++)
        if (n->cells[i].kind != END) wrong = add_cell(n, &n->cells[i], cells, &executed);
    return wrong;
}

/* As Jupyter lays it out: keys in order, an indent of 1, a line end at the end. */
static error save(const notebook *n, const char *path)
{
    char *text = json_dumps(n->json, JSON_INDENT(1) | JSON_SORT_KEYS);
    if (!text) return "no memory for the notebook";
    size_t length = strlen(text);
    text[length] = '\n'; /* where the 0 was */
    error wrong = file_write(path, text, length + 1);
    free(text);
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc != 4) return fprintf(stderr, "usage: %s SOURCE.c PROGRAM OUT.ipynb\n", argv[0]), 1;
    static notebook n;
    file source;
    n.source = argv[1], n.program = argv[2], n.memory = arena_make(0);
    error wrong = n.memory.begin ? file_map(n.source, &source) : "there is no memory left";
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    wrong = read_source(&n, source);
    if (!wrong) wrong = run(&n);
    if (!wrong) wrong = make(&n);
    if (!wrong) wrong = save(&n, argv[3]);
    if (wrong) fprintf(stderr, "%s: %s\n", argv[3], wrong);
    json_decref(n.json);
    file_unmap(source);
    arena_free(n.memory);
    return wrong ? 1 : 0;
}
