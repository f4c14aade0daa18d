/* What the grammar makes of prompts, worked out by hand, and how weights act. */
#include "models/prompt.h"
#include "text_fixture.h"
#include <math.h>
#include <time.h>

#define COUNT(x) (sizeof(x) / sizeof *(x))

static tokenizer clip;

static int open_clip(void **state)
{
    return make_room(state) || tokenizer_open(NULL, &memory, scratch, &clip) != NULL;
}

static prompt read_with(const char *text, prompt_options options, arena *keep)
{
    prompt p;
    assert_null(prompt_read(&clip, text, options, keep, scratch, &p));
    return p;
}

/* "a cat:1.1 / dog": pieces with weights that are not 1, chunks. Pieces within a word end with "+".
 * Start, end and what fills up must be where they belong, with weight 1. */
static char *shown(const prompt *p)
{
    static char out[1 << 16];
    size_t at = 0;
    out[0] = 0;
    for (int c = 0; c < p->chunks; c++) {
        const int32_t *ids = p->ids + c * p->length;
        int n = p->length;
        assert_true(ids[0] == clip.start && ids[n - 1] == clip.end);
        while (n > 1 && ids[n - 1] == clip.end) n--;
        if (c > 0) at += (size_t)sprintf(out + at, at && out[at - 1] != ' ' ? " / " : "/ ");
        for (int i = 0; i < p->length; i++) {
            float weight = p->weights ? p->weights[c * p->length + i] : 1;
            if (i == 0 || i >= n) assert_true(weight == 1);
            if (i == 0 || i >= n) continue;
            const char *name = clip.pieces.names[ids[i]], *end = strstr(name, "</w>");
            int length = end ? (int)(end - name) : (int)strlen(name);
            at += (size_t)sprintf(out + at, "%s%.*s%s", i > 1 ? " " : "", length, name,
                                  end ? "" : "+");
            if (weight != 1) at += (size_t)sprintf(out + at, ":%.4g", (double)weight);
        }
    }
    return out;
}

/* A prompt, and what is read from it: weights behind a colon, chunks behind a slash. */
static const char *const grammar[][2] = {
    {"", ""},
    {"a cat", "a cat"},
    {"a (cat)", "a cat:1.1"},
    {"a ((cat))", "a cat:1.21"},
    {"(a (cat))", "a:1.1 cat:1.21"},
    {"a (cat:1.3) dog", "a cat:1.3 dog"},
    {"a (red (cat:1.5):1.2)", "a red:1.2 cat:1.8"},
    {"a [cat]", "a cat:0.9091"},
    {"a [[cat]]", "a cat:0.8264"},
    {"[(cat)]", "cat"},
    {"(cat:.5)(dog:2.)", "cat:0.5 dog:2"},
    {"(cat:-1) (dog:+2)", "cat:-1 dog:2"},
    {"(cat : 1.5 )", "cat:1.5"},
    {"(cat:0)", "cat:0"},
    {"(un)(real)", "unreal:1.1"}, /* one text, so one word */
    {"un(real:1)", "unreal"},
    {"un(real)", "un real:1.1"},
    /* escaped */
    {"\\(cat\\)", "( cat )"},
    {"(\\(cat\\))", "(:1.1 cat:1.1 ):1.1"},
    {"\\[a\\] \\\\ b\\c", "[ a ] \\ bc"},
    {"cat\\", "cat"},
    {"(cat\\:1.3)", "cat:1.3"},
    /* unbalanced */
    {"(cat", "cat:1.1"},
    {"a ((cat) dog", "a cat:1.21 dog:1.1"},
    {"cat)", "cat )"},
    {"cat] dog", "cat ] dog"},
    {"[cat", "cat:0.9091"},
    {")(", ")"},
    {"(a [b) c]", "a:1.1 b c:0.9091"}, /* each kind pairs up with its own */
    {"()", ""},
    {"(((", ""},
    /* no weights */
    {"cat:1.3)", "cat : 1 . 3 )"},
    {"[cat:1.3]", "cat:0.9091 ::0.9091 1:0.9091 .:0.9091 3:0.9091"},
    {"(cat:)", "cat:1.1 ::1.1"},
    {"(cat:.)", "cat:1.1 :+:1.1 .:1.1"},
    {"(cat:1.2.3)", "cat:1.1 ::1.1 1:1.1 .:1.1 2:1.1 .:1.1 3:1.1"},
    {"(cat:nan)", "cat:1.1 ::1.1 nan:1.1"},
    {"(cat:inf)", "cat:1.1 ::1.1 inf:1.1"},
    {"(cat:1e3)", "cat:1.1 ::1.1 1:1.1 e:1.1 3:1.1"},
    {"(cat:--1)", "cat:1.1 :+:1.1 --:1.1 1:1.1"},
    {"(cat:1.3", "cat:1.1 ::1.1 1:1.1 .:1.1 3:1.1"},
    {"(a:b:1.3)", "a:1.3 ::1.3 b:1.3"},
    /* large ones */
    {"(cat:99999999999999999999999999)", "cat:1e+06"},
    {"(cat:-99999999999999999999999999)", "cat:-1e+06"},
    {"((cat:1000000):1000000)", "cat:1e+06"},
    {"(cat:0.000000000000000000000000000001)", "cat:1e-30"},
    {"(cat:1.30000000000000000000000000000)", "cat:1.3"},
    /* BREAK */
    {"a cat BREAK a dog", "a cat / a dog"},
    {"cat BREAK", "cat"},
    {"BREAK cat", "/ cat"},
    {"cat BREAK BREAK dog", "cat / / dog"},
    {"(cat)BREAK(dog)", "cat:1.1 / dog:1.1"},
    {"(cat BREAK dog)", "cat:1.1 / dog:1.1"},
    {"BREAKfast", "breakfast"},
    {"xBREAK", "x+ break"},
    {"_BREAK", "_ break"},
    {"\xc3\xa9"
     "BREAK",
     "\xc3\x83\xc2\xa9+ break"},
    {"break", "break"},
    {"a,BREAK,b", "a , / , b"},
    {"\xe2\x80\x94"
     "BREAK",
     "\xc3\xa2\xc4\xa2\xc4\xb6"},
};

static void test_the_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(grammar); i++) {
        arena keep = memory;
        prompt p = read_with(grammar[i][0], (prompt_options){0}, &keep);
        if (strcmp(shown(&p), grammar[i][1]) != 0)
            fail_msg("%s\nis\n%s\nnot\n%s", grammar[i][0], shown(&p), grammar[i][1]);
    }
}

/* n words "a", with a comma in the place of some. */
static char *words(int n, const int *commas, int count)
{
    static char text[1 << 12];
    memset(text, ' ', sizeof text);
    for (int i = 0; i < n; i++) text[2 * i] = 'a';
    for (int i = 0; i < count; i++) text[2 * commas[i]] = ',';
    text[2 * n] = 0;
    return text;
}

static void test_chunks(void **state)
{
    (void)state;
    static const struct {
        int words, comma, also, option, chunks;
        int first, second; /* how many ids chunks 1 and 2 have */
    } rows[] = {
        {74, -1, -1, 0, 1, 74, 0},     {75, -1, -1, 0, 1, 75, 0},
        {76, -1, -1, 0, 2, 75, 1},     {150, -1, -1, 0, 2, 75, 75},
        {151, -1, -1, 0, 3, 75, 75},   {75, 70, -1, 0, 1, 75, 0}, /* all have room: nothing moves */
        {76, 70, -1, 0, 2, 71, 5},   /* what stands behind the comma moves */
        {76, 55, -1, 0, 2, 56, 20},  /* 19 move, and the one that had no room */
        {76, 54, -1, 0, 2, 75, 1},   /* 20 would have to */
        {76, 74, -1, 0, 2, 75, 1},   /* the comma is the last one of its chunk */
        {76, 75, -1, 0, 2, 75, 1},   /* it is the first one of the next */
        {160, 75, -1, 0, 3, 75, 75}, /* ... where it does not count */
        {160, 76, -1, 0, 3, 75, 75},   {76, 70, -1, -1, 2, 75, 1},
        {76, 54, -1, 21, 2, 55, 21},   {76, 0, -1, 75, 2, 1, 75},
        {77, 0, -1, 75, 3, 1, 75},     /* the one that moved fills the next chunk */
        {76, 70, 75, 0, 2, 75, 1},     /* a comma itself needs no other */
        {160, 70, 75, 200, 3, 75, 75}, /* ... and forgets it */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        arena keep = memory;
        const char *text =
            words(rows[i].words, &rows[i].comma, (rows[i].comma >= 0) + (rows[i].also >= 0));
        prompt p = read_with(text, (prompt_options){.comma = rows[i].option}, &keep);
        assert_true(!p.weights && p.tokens == (size_t)rows[i].words);
        int counts[3] = {0};
        for (int c = 0; c < p.chunks; c++) {
            const int32_t *ids = p.ids + c * p.length;
            while (ids[1 + counts[c]] != clip.end) counts[c]++;
        }
        assert_int_equal(counts[0] + counts[1] + counts[2], rows[i].words);
        if (p.chunks != rows[i].chunks || counts[0] != rows[i].first || counts[1] != rows[i].second)
            fail_msg("row %zu: %d chunks of %d, %d, ...", i, p.chunks, counts[0], counts[1]);
    }
    arena keep = memory;
    prompt p = read_with("a a a, a a a a a a", (prompt_options){.length = 7}, &keep);
    assert_string_equal(shown(&p), "a a a , / a a a a a / a");
    p = read_with("a a a, a a a a a a", (prompt_options){.length = 3}, &keep);
    assert_string_equal(shown(&p), "a / a / a / , / a / a / a / a / a / a");
    p = read_with("(a a a, a BREAK b:2)", (prompt_options){.length = 6}, &keep);
    assert_string_equal(shown(&p), "a:2 a:2 a:2 ,:2 / a:2 / b:2");
}

/* As diffusers reads: all signs are text, one chunk. */
static void test_literal(void **state)
{
    (void)state;
    static const char *const texts[] = {"a (cat:1.3) [dog] BREAK \\(x", "", "a cat"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        arena keep = memory;
        int32_t framed[77];
        tokenizer_ids ids;
        assert_null(tokenizer_read(&clip, texts[i], strlen(texts[i]), &keep, scratch, &ids));
        tokenizer_frame(&clip, ids, 77, framed);
        prompt p = read_with(texts[i], (prompt_options){.literal = true}, &keep);
        assert_true(p.chunks == 1 && !p.weights && p.tokens == ids.count);
        assert_memory_equal(p.ids, framed, sizeof framed);
    }
    arena keep = memory;
    prompt p = read_with(words(100, NULL, 0), (prompt_options){.literal = true}, &keep);
    assert_true(p.chunks == 1 && p.tokens == 100 && p.ids[75] == p.ids[1] && p.ids[76] == clip.end);
    /* without any sign of the grammar both are the same */
    p = read_with("a photo, of a cat", (prompt_options){0}, &keep);
    prompt q = read_with("a photo, of a cat", (prompt_options){.literal = true}, &keep);
    assert_true(p.chunks == 1 && !p.weights);
    assert_memory_equal(p.ids, q.ids, 77 * sizeof *p.ids);
}

static void test_filled_up(void **state)
{
    (void)state;
    arena keep = memory;
    prompt p = read_with("(cat) dog", (prompt_options){0}, &keep), same = p;
    prompt_fill(&clip, &p, 1, &keep);
    assert_memory_equal(&p, &same, sizeof p);
    prompt_fill(&clip, &p, 3, &keep);
    assert_int_equal(p.chunks, 3);
    assert_string_equal(shown(&p), "cat:1.1 dog / / ");
    prompt empty = read_with("", (prompt_options){0}, &keep);
    assert_memory_equal(empty.ids, p.ids + 77, 77 * sizeof *p.ids);
    assert_memory_equal(empty.ids, p.ids + 154, 77 * sizeof *p.ids);
    prompt_fill(&clip, &empty, 2, &keep);
    assert_true(!empty.weights && empty.chunks == 2);
}

/* z w, then all of a chunk times what brings back its mean. */
static void test_weights_act(void **state)
{
    (void)state;
    int32_t ids[6] = {0};
    float weights[6] = {1, 2, 1, 1, 1, 1}, z[12] = {1, 2, 3, 4, 5, 9, 1, 2, 3, 4, 5, 6};
    prompt p = {.chunks = 2, .length = 3, .ids = ids, .weights = weights};
    prompt_weigh(&p, z, 2);
    /* the mean of 1 2 3 4 5 9 is 4; that of 1 2 6 8 5 9 is 31/6 */
    const double right[] = {1, 2, 6, 8, 5, 9};
    for (int i = 0; i < 6; i++) assert_true(fabs((double)z[i] - right[i] * 24 / 31) < 1e-6);
    for (int i = 6; i < 12; i++) assert_true(z[i] == (float)(i - 5)); /* weights 1: as it was */

    float none[6] = {1, 2, 3, 4, 5, 9}; /* nothing is left: no mean can be brought back */
    weights[0] = weights[1] = weights[2] = 0;
    p.chunks = 1;
    prompt_weigh(&p, none, 2);
    for (int i = 0; i < 6; i++) assert_true(none[i] == 0);

    float plain[6] = {1, 2, 3, 4, 5, 9}, kept[6];
    memcpy(kept, plain, sizeof kept);
    p.weights = NULL;
    prompt_weigh(&p, plain, 2);
    assert_memory_equal(plain, kept, sizeof kept);
}

/* Seconds; minutes if any part took n^2 steps. */
static void test_deep_and_long(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(",      "(a", "[a", "(a)", "a:1",
                                           "BREAK(", "\\", ": ", "a, "};
    char *text = malloc(LONG_TEXT + 1);
    text[LONG_TEXT] = 0;
    for (size_t k = 0; k < COUNT(patterns); k++) {
        size_t n = strlen(patterns[k]);
        for (size_t i = 0; i < LONG_TEXT; i++) text[i] = patterns[k][i % n];
        arena keep = memory;
        clock_t begin = clock();
        prompt p = read_with(text, (prompt_options){0}, &keep);
        assert_true(clock() - begin < 20 * CLOCKS_PER_SEC);
        for (int i = 0; p.weights && i < p.chunks * p.length; i++)
            assert_true(fabs((double)p.weights[i]) <= 1e6);
    }
    arena keep = memory;
    memset(text, '(', 10000), memcpy(text + 10000, "cat", 3), memset(text + 10003, ')', 10000);
    text[20003] = 0;
    prompt p = read_with(text, (prompt_options){0}, &keep);
    assert_string_equal(shown(&p), "cat:1e+06");
    memset(text, '[', 10000), memset(text + 10003, ']', 10000);
    p = read_with(text, (prompt_options){0}, &keep);
    assert_string_equal(shown(&p), "cat:0");
    free(text);
}

static void test_too_long(void **state)
{
    (void)state;
    arena little = scratch, keep = memory;
    little.end = little.begin + (1 << 18);
    prompt p;
    assert_says(prompt_read(&clip, words(2000, NULL, 0), (prompt_options){0}, &keep, little, &p),
                "a prompt of 4000 bytes is too long");
    little = memory, little.end = little.begin + 4096;
    assert_says(prompt_read(&clip, words(2000, NULL, 0), (prompt_options){0}, &little, scratch, &p),
                "a prompt of 4000 bytes is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_grammar), cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_literal),     cmocka_unit_test(test_filled_up),
        cmocka_unit_test(test_weights_act), cmocka_unit_test(test_deep_and_long),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, open_clip, NULL);
}
