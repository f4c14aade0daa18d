/* Prints docs/index.md: the text in tools/index.txt, with what the pages and programs of the
 * lessons say of themselves in its places.
 *
 *     @table              a row for each lesson that has a page
 *     @ask 02 question    a row, when lesson 02 has a page: the question, and the lesson
 *     @later 07 Title     named among the lessons to come, as long as 07 has no page
 *     {lessons} {minutes} how many there are, and minutes to read them all
 *
 * So a new lesson needs no change here: when its page is there it moves into the table.
 */
#include "road.h"

enum { TEXT = 1 << 16, WIDTH = 120 };

/* "Runs in well under a second." in the lesson's source: "well under a second". */
static error runs_in(const road_lesson *l, char *out, size_t room)
{
    static const char words[] = "Runs in ";
    char path[2 * ROAD_NAME], text[4000];
    size_t used = 0;
    snprintf(path, sizeof path, "lessons/%.*s.c", (int)strlen(l->page) - 3, l->page);
    error wrong = road_beginning(path, text, sizeof text);
    const char *at = wrong ? NULL : strstr(text, words);
    if (wrong) return wrong;
    if (!at) return error_make("%s does not say \"%s...\"", path, words);
    for (at += sizeof words - 1; *at && used + 1 < room; at++) {
        if (at[0] == '.' && (at[1] == ' ' || at[1] == '\n')) break;
        if (*at == '\n')
            at += strspn(at, "\n *") - 1, out[used++] = ' ';
        else
            out[used++] = *at;
    }
    out[used] = 0;
    return NULL;
}

static void print_link(const road_lesson *l)
{
    printf("[%s %s](%s)", l->number, l->title, l->page);
}

static error print_table(const road *r)
{
    char words[ROAD_NAME];
    printf("| lesson | the one idea | to read | to run | before it |\n|---|---|---|---|---|\n");
    for (int i = 0; i < r->n; i++) {
        const road_lesson *l = &r->lesson[i];
        error wrong = runs_in(l, words, sizeof words);
        if (wrong) return wrong;
        printf("| ");
        print_link(l);
        printf(" | %s | %d min | %s | ", l->idea, l->minutes, words);
        for (int k = 0; k < l->parents; k++)
            printf("%s%s", k ? ", " : "", r->lesson[l->parent[k]].number);
        printf("%s |\n", l->parents ? "" : "-");
    }
    return NULL;
}

/* "@ask 02 words", with begin "@ask ": from the number on, which may be 30b. NULL when the line has
 * another form. */
static const char *numbered(const char *line, const char *begin)
{
    if (strncmp(line, begin, strlen(begin)) != 0) return NULL;
    const char *number = line + strlen(begin);
    bool letter = number[0] && number[1] && number[2] >= 'a' && number[2] <= 'z';
    return strspn(number, "0123456789") == 2 && number[2 + letter] == ' ' && number[3 + letter]
               ? number
               : NULL;
}

static const road_lesson *with_number(const road *r, const char *number)
{
    for (int i = 0; i < r->n; i++)
        if (strncmp(r->lesson[i].number, number, strcspn(number, " ")) == 0 &&
            strlen(r->lesson[i].number) == strcspn(number, " "))
            return &r->lesson[i];
    return NULL;
}

/* One name more in a sentence, in lines that are not too long. */
static int print_later(const char *name, int column)
{
    int length = (int)strlen(name);
    if (column == 0)
        column = printf("Still to be written:");
    else
        column += printf(",");
    if (column + length + 2 > WIDTH)
        column = printf("\n") - 1;
    else
        column += printf(" ");
    return column + printf("%s", name);
}

static void print_text(const road *r, const char *line)
{
    int minutes = 0;
    for (int i = 0; i < r->n; i++) minutes += r->lesson[i].minutes;
    for (; *line; line++) {
        if (strncmp(line, "{lessons}", 9) == 0)
            printf("%d", r->n), line += 8;
        else if (strncmp(line, "{minutes}", 9) == 0)
            printf("%d", minutes), line += 8;
        else
            putchar(*line);
    }
    putchar('\n');
}

static error print_line(const road *r, const char *line)
{
    const char *ask = numbered(line, "@ask ");
    const road_lesson *l = ask ? with_number(r, ask) : NULL;
    if (strcmp(line, "@table") == 0) return print_table(r);
    if (line[0] == '@' && !ask)
        return error_make("tools/index.txt: \"%.60s\" is none of @table, @ask NN question, "
                          "@later NN Title",
                          line);
    if (l) {
        printf("| %s | ", strchr(ask, ' ') + 1);
        print_link(l);
        printf(" |\n");
    }
    if (!ask) print_text(r, line);
    return NULL;
}

static error print_page(const road *r, char *text)
{
    int column = 0; /* of the lessons to come, 0 outside */
    error wrong = NULL;
    for (char *line = text, *next; !wrong && *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next) *next++ = 0;
        const char *later = numbered(line, "@later ");
        if (!later && column) printf(".\n");
        if (!later) column = 0;
        if (!later)
            wrong = print_line(r, line);
        else if (!with_number(r, later))
            column = print_later(later, column);
    }
    if (column) printf(".\n");
    return wrong;
}

int main(void)
{
    static road r;
    static char text[TEXT];
    error wrong = road_read("docs", &r);
    if (!wrong) wrong = road_beginning("tools/index.txt", text, sizeof text);
    if (!wrong && strlen(text) == TEXT - 1) wrong = "tools/index.txt is longer than 64 KiB";
    if (!wrong) wrong = print_page(&r, text);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    return fflush(stdout) != 0 || ferror(stdout);
}
