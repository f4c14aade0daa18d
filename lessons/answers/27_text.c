/* Exercise 27. Where does the list of merges come from?
 *
 * From counting. Somebody took a lot of text, cut it into letters, and looked for the pair of
 * neighbours that stood there most often. That pair is line 1 of the list, and becomes one piece
 * wherever it stands. Then the same again, with the pieces that there are now, 48,894 times.
 * (Sennrich, Haddow and Birch 2016, arXiv:1508.07909, algorithm 1.)
 *
 * Here the text has five words, each with the number of times that it occurs. A dot ends a word.
 * Write how often a pair stands in the text. pieces_of(k) is word k as it is now.
 *
 *     make exercises
 *     build/lessons/answers/27_text            the list that comes out
 *     build/lessons/answers/27_text --check    ends with 0 once your lines are right
 *
 * Page: docs/27_text.md.
 */
#include "../lesson.h"

enum { WORDS = 5, MERGES = 4, PIECES = 8, LETTERS = 16 };
typedef struct {
    int often, n;
    char piece[PIECES][LETTERS];
} counted;

static counted words[WORDS] = {{5, 3, {"c", "a", "t."}},
                               {3, 4, {"c", "a", "t", "s."}},
                               {4, 3, {"h", "a", "t."}},
                               {6, 4, {"t", "h", "a", "t."}},
                               {2, 4, {"w", "h", "a", "t."}}};

/* How often does `left` stand before `right`, in all words as often as they occur? */
static int occurs(const char *left, const char *right)
{
    int count = 0;
    for (const counted *w = words; w < words + WORDS; w++)
        for (int i = 0; i + 1 < w->n; i++)
            if (strcmp(w->piece[i], left) == 0 && strcmp(w->piece[i + 1], right) == 0)
                count += w->often;
    return count;
}

static void merge(const char *left, const char *right)
{
    for (counted *w = words; w < words + WORDS; w++)
        for (int i = 0; i + 1 < w->n; i++) {
            if (strcmp(w->piece[i], left) != 0 || strcmp(w->piece[i + 1], right) != 0) continue;
            char both[2 * LETTERS];
            snprintf(both, sizeof both, "%s%s", left, right);
            memcpy(w->piece[i], both, LETTERS);
            memmove(w->piece[i + 1], w->piece[i + 2], (size_t)(w->n - i - 2) * LETTERS);
            w->n--;
        }
}

int main(int argc, char **argv)
{
    static const int expected[MERGES] = {17, 12, 6, 5};
    lesson l = lesson_begin(argc, argv);
    printf("line  pair           occurs\n");
    for (int line = 0; line < MERGES; line++) {
        char left[LETTERS] = "", right[LETTERS] = "";
        int most = 0;
        for (const counted *w = words; w < words + WORDS; w++)
            for (int i = 0; i + 1 < w->n; i++) {
                int here = occurs(w->piece[i], w->piece[i + 1]);
                if (here <= most) continue;
                most = here;
                memcpy(left, w->piece[i], LETTERS), memcpy(right, w->piece[i + 1], LETTERS);
            }
        printf("%4d  %-6s %-6s %7d\n", line + 1, left, right, most);
        lesson_expect(&l, "the pair that occurs most", most, expected[line], 0);
        merge(left, right);
    }
    lesson_expect(&l, "pieces of \"that\"", words[3].n, 1, 0);
    lesson_expect(&l, "pieces of \"what\"", words[4].n, 2, 0);
    return lesson_end(&l);
}
