/* Ids of thousands of strings beside those of transformers. */
#include "golden/tokenizer.h"
#include "models/unicode.h"
#include "text_fixture.h"
#include <time.h>

#define COUNT(x) (sizeof(x) / sizeof *(x))

static tokenizer clip; /* from the pairs that stand in the library */

static int open_clip(void **state)
{
    return make_room(state) || tokenizer_open(NULL, &memory, scratch, &clip) != NULL;
}

static tokenizer_ids ids_of(const tokenizer *t, const char *text, size_t bytes, arena *keep)
{
    tokenizer_ids out;
    assert_null(tokenizer_read(t, text, bytes, keep, scratch, &out));
    return out;
}

/* ---- The generator, as tools/golden/tokenizer.py has it ---- */

static uint32_t dice;

static int below(int n)
{
    dice = dice * 1664525u + 1013904223u;
    return (int)((dice >> 8) % (uint32_t)n);
}

static const int32_t (*ranges_of(int pool))[2]
{
    const int32_t(*ranges)[2] = golden_ranges;
    for (int i = 0; i < pool; i++) ranges += golden_pool_sizes[i];
    return ranges;
}

static size_t draw(int number, int longest, char *out)
{
    dice = (uint32_t)number * 2654435761u + 1;
    int one = below(GOLDEN_POOLS), other = below(GOLDEN_POOLS), n = below(longest + 1);
    size_t bytes = 0;
    for (int i = 0; i < n; i++) {
        int pool = below(4) == 0 ? other : one;
        const int32_t *range = ranges_of(pool)[below(golden_pool_sizes[pool])];
        bytes += unicode_encode(range[0] + below(range[1] - range[0] + 1), out + bytes);
    }
    return bytes;
}

static size_t draw_bytes(int number, char *out)
{
    static const unsigned char lead[] = {0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed,
                                         0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
    dice = (uint32_t)number * 2654435761u + 1;
    int n = below(20);
    for (int i = 0; i < n; i++) {
        int kind = below(3);
        out[i] = (char)(kind == 0   ? lead[below(12)]
                        : kind == 1 ? 0x80 + below(64)
                                    : 1 + below(255));
    }
    return (size_t)n;
}

static uint32_t hash_on(uint32_t h, tokenizer_ids ids)
{
    for (size_t i = 0; i < ids.count; i++) h = (h ^ (uint32_t)ids.ids[i]) * 16777619u;
    return h;
}

static void hold_hash(const char *text, size_t bytes, uint32_t right, int number)
{
    arena keep = answers;
    tokenizer_ids ids = ids_of(&clip, text, bytes, &keep);
    if (hash_on(2166136261u, ids) != right)
        fail_msg("other ids for string %d: \"%.*s\"", number, bytes < 200 ? (int)bytes : 200, text);
}

static void hold_list(const tokenizer *t, const golden_list *lists, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        arena keep = answers;
        tokenizer_ids ids = ids_of(t, lists[i].text, strlen(lists[i].text), &keep);
        size_t right = (size_t)lists[i].count;
        if (ids.count != right || memcmp(ids.ids, lists[i].ids, right * sizeof *ids.ids) != 0)
            fail_msg("other ids for \"%s\"", lists[i].text);
    }
}

static void test_drawn_strings(void **state)
{
    (void)state;
    static char text[40000 * 4];
    hold_list(&clip, golden_bare, COUNT(golden_bare));
    hold_list(&clip, golden_drawn, COUNT(golden_drawn));
    for (int i = 0; i < GOLDEN_HASHED; i++) hold_hash(text, draw(i, 30, text), golden_hashes[i], i);
    for (int i = 0; i < (int)COUNT(golden_byte_hashes); i++)
        hold_hash(text, draw_bytes(i, text), golden_byte_hashes[i], i);
    for (int i = 0; i < (int)COUNT(golden_long_hashes); i++)
        hold_hash(text, draw(GOLDEN_HASHED + i, 40000, text), golden_long_hashes[i], i);
}

static void test_every_code_point(void **state)
{
    (void)state;
    const int32_t(*range)[2] = ranges_of(GOLDEN_POOLS - 1);
    arena large = scratch;
    scratch = arena_make((size_t)1 << 18); /* quick to forget, where memory is watched */
    for (size_t i = 0; i < COUNT(golden_range_hashes); i++) {
        uint32_t h = 2166136261u;
        for (int32_t c = range[i][0]; c <= range[i][1]; c++) {
            char text[4];
            arena keep = answers;
            h = hash_on(h, ids_of(&clip, text, unicode_encode(c, text), &keep));
        }
        if (h != golden_range_hashes[i])
            fail_msg("other ids within U+%04X to U+%04X", (unsigned)range[i][0],
                     (unsigned)range[i][1]);
    }
    arena_free(scratch);
    scratch = large;
}

/* ---- Files ---- */

static void test_files_of_stable_diffusion(void **state)
{
    (void)state;
    arena keep = memory;
    const char *vocab = clip_vocab(&keep);
    tokenizer t;
    int32_t framed[77];
    put_all(vocab, clip_merges_text("\n", &keep), golden_config_sd1, NULL, NULL);
    assert_null(tokenizer_open(FOLDER, &keep, scratch, &t));
    assert_true(t.pad == 49407 && t.start == 49406 && t.end == 49407 && t.comma == 267);
    hold_list(&t, golden_sd1, COUNT(golden_sd1));
    tokenizer_frame(&t, ids_of(&t, "a cat, a cat, a cat, !", 22, &keep), 77, framed);
    assert_memory_equal(framed, golden_framed_sd1, sizeof framed);

    put_all(vocab, clip_merges_text("\r\n", &keep), "{}", golden_config_sd2, NULL);
    assert_null(tokenizer_open(FOLDER, &keep, scratch, &t));
    assert_true(t.pad == 0);
    hold_list(&t, golden_sd2, COUNT(golden_sd2));
    tokenizer_frame(&t, ids_of(&t, "a cat, a cat, a cat, !", 22, &keep), 77, framed);
    assert_memory_equal(framed, golden_framed_sd2, sizeof framed);
    char text[281] = "";
    for (int i = 0; i < 40; i++) memcpy(text + 7 * i, "a cat, ", 8);
    tokenizer_frame(&t, ids_of(&t, text, 280, &keep), 77, framed);
    assert_memory_equal(framed, golden_cut_sd2, sizeof framed);
}

/* Ids of its own, bytes that are no pieces, a pair that comes twice. */
static void test_a_tiny_vocabulary(void **state)
{
    (void)state;
    arena keep = memory;
    tokenizer t;
    put_all(golden_tiny_vocab, golden_tiny_merges, NULL, NULL, NULL);
    assert_null(tokenizer_open(FOLDER, &keep, scratch, &t));
    hold_list(&t, golden_tiny, COUNT(golden_tiny));
    static char whole[4000];
    static const char *const merges[] = {
        "\"a t</w>\", \"c a\", \"c at</w>\", \"a a\", \"a a</w>\", \"c a\"",
        "[\"a\", \"t</w>\"], [\"c\", \"a\"], [\"c\", \"at</w>\"], [\"a\", \"a\"], [\"a\", "
        "\"a</w>\"], "
        "[\"c\", \"a\"]"};
    for (int i = 0; i < 2; i++) { /* the same in one file, old and new */
        snprintf(whole, sizeof whole, "{\"model\": {\"vocab\": %s, \"merges\": [%s]}}",
                 golden_tiny_vocab, merges[i]);
        put_all(NULL, NULL, NULL, NULL, whole);
        assert_null(tokenizer_open(FOLDER, &keep, scratch, &t));
        hold_list(&t, golden_tiny, COUNT(golden_tiny));
    }
}

/* What the files say of special tokens: is <|ENDOFTEXT|> one, and what fills up? Each row as
 * transformers 5.23 has it. */
static void test_special_tokens(void **state)
{
    (void)state;
#define IN_ANY_CASE(word)  "{\"content\": \"" word "\", \"normalized\": true}"
#define AS_IT_STANDS(word) "{\"content\": \"" word "\", \"normalized\": false}"
    static const struct {
        const char *options, *map;
        bool any_case;
        int pad;
    } rows[] = {
        {NULL, NULL, false, 0},
        {"{\"eos_token\": " IN_ANY_CASE("<|endoftext|>") "}", NULL, false, 0},
        {"{\"pad_token\": " IN_ANY_CASE("<|endoftext|>") "}", NULL, true, 0},
        {"{\"pad_token\": \"c\"}", NULL, false, 9},
        {"{\"pad_token\": \"c\", \"unk_token\": " IN_ANY_CASE("<|endoftext|>") "}", NULL, true, 9},
        {"{\"pad_token\": \"c\"}", "{\"pad_token\": \"a\"}", false, 3},
        {"{\"pad_token\": \"c\"}", "{\"eos_token\": \"<|endoftext|>\"}", false, 9},
        {"{\"pad_token\": null}", NULL, false, 0},
        {"{\"added_tokens_decoder\": {\"0\": " IN_ANY_CASE("<|endoftext|>") "}}", NULL, true, 0},
        {"{\"added_tokens_decoder\": {\"0\": " AS_IT_STANDS(
             "<|endoftext|>") "}, \"pad_token\": " IN_ANY_CASE("<|endoftext|>") "}",
         NULL, false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        arena keep = memory;
        tokenizer t;
        put_all(golden_tiny_vocab, golden_tiny_merges, rows[i].options, rows[i].map, NULL);
        assert_null(tokenizer_open(FOLDER, &keep, scratch, &t));
        size_t count = ids_of(&t, "<|ENDOFTEXT|>", 13, &keep).count;
        if (t.pad != rows[i].pad || (count == 1) != rows[i].any_case)
            fail_msg("row %zu: pad is %d, %zu ids", i, t.pad, count);
    }
}

static void test_added_tokens(void **state)
{
    (void)state;
    arena keep = memory;
    tokenizer t;
    put_all(golden_tiny_vocab, golden_tiny_merges,
            "{\"added_tokens_decoder\": {\"77\": " AS_IT_STANDS("<Cat>") ", \"78\": " AS_IT_STANDS(
                "<Cat>-like") ", \"5000\": " IN_ANY_CASE("a") "}}",
            NULL, NULL);
    assert_null(tokenizer_open(FOLDER, &keep, scratch, &t));
    const char text[] = "cat <Cat><Cat>-like<Cat>-lik A aa";
    const int32_t right[] = {0, 3, 11, 77, 78, 77, 0, 0, 0, 0, 3, 3, 3}; /* "a" has the id 3 */
    tokenizer_ids ids = ids_of(&t, text, sizeof text - 1, &keep);
    assert_int_equal(ids.count, COUNT(right));
    assert_memory_equal(ids.ids, right, sizeof right);
}

static void refuse(const char *vocab, const char *merges, const char *options, const char *words)
{
    arena keep = memory;
    tokenizer t;
    put_all(vocab, merges, options, NULL, NULL);
    error wrong = tokenizer_open(FOLDER, &keep, scratch, &t);
    assert_says(wrong, words);
    assert_says(wrong, FOLDER);
    assert_ptr_equal(keep.begin, memory.begin);
}

#define ENDS "\"<|startoftext|>\": 0, \"<|endoftext|>\": 1"

static void test_wrong_files_are_refused(void **state)
{
    (void)state;
    const char *good = "{\"a\": 2, \"b\": 3, \"ab\": 4, " ENDS "}", *merges = "a b\n";
    refuse(NULL, NULL, NULL, "has neither vocab.json with merges.txt nor tokenizer.json");
    refuse(good, NULL, NULL, "merges.txt");
    refuse("", merges, NULL, "vocab.json");
    refuse("[1]", merges, NULL, "vocab.json");
    refuse("{}", merges, NULL, "vocab.json: the vocabulary");
    refuse("{\"a\": 1", merges, NULL, "vocab.json");
    refuse("{\"a\": 1, \"a\": 2, " ENDS "}", merges, NULL, "vocab.json");
    refuse("{\"a\": 1.5, " ENDS "}", merges, NULL,
           "vocab.json: the id of \"a\" is no whole number");
    refuse("{\"a\": -1, " ENDS "}", merges, NULL, "the id of \"a\" is no whole number");
    refuse("{\"a\": \"x\", " ENDS "}", merges, NULL, "the id of \"a\" is no whole number");
    refuse("{\"a\": 99999999, " ENDS "}", merges, NULL, "0 to 1048575");
    refuse("{\"a\": 1, " ENDS "}", "", NULL, "has the id 1, which another piece has, too");
    refuse("{\"a\": 2}", "", NULL, "the token \"<|startoftext|>\" is not in the vocabulary");
    refuse(good, "a c\n", NULL, "merges.txt: pair 1, \"a c\": \"c\" is not in the vocabulary");
    refuse(good, "a b\nb a\n", NULL, "pair 2, \"b a\": \"ba\" is not in the vocabulary");
    refuse(good, "#version\n\na b\nab\n", NULL, "merges.txt, line 4: not two pieces");
    refuse(good, "a b c\n", NULL, "line 1: not two pieces");
    refuse(good, " a\n", NULL, "line 1: not two pieces");
    refuse(good, "a ", NULL, "line 1: not two pieces");
    refuse(good, merges, "{\"pad_token\": \"!\"}", "the token \"!\" is not in the vocabulary");
    refuse(good, merges, "{\"pad_token\": 7}", "tokenizer_config.json: \"pad_token\" is no token");
    refuse(good, merges, "{\"pad_token\": {}}", "\"pad_token\" is no token");
    refuse(good, merges, "{\"pad_token\": \"\"}", "special tokens");
    refuse(good, merges, "{\"added_tokens_decoder\": {\"x\": {\"content\": \"q\"}}}",
           "\"q\" has no id");
    refuse(good, merges, "{\"added_tokens_decoder\": {\"7\": 3}}", "no \"content\"");
    refuse(good, merges,
           "{\"added_tokens_decoder\": {\"7\": {\"content\": \"q\", \"normalized\": 1}}}",
           "normalized");
}

/* ---- Byte pairs ---- */

/* The paper's way: look through the whole word for the first pair of the list, again and again. */
static size_t plainly(char (*pairs)[2][8], int count, const char *word, char out[][32])
{
    size_t n = strlen(word);
    for (size_t i = 0; i < n; i++) snprintf(out[i], 32, "%c%s", word[i], i + 1 < n ? "" : "</w>");
    for (int p = 0; p < count;) {
        size_t i = 0;
        while (i + 1 < n &&
               (strcmp(out[i], pairs[p][0]) != 0 || strcmp(out[i + 1], pairs[p][1]) != 0))
            i++;
        if (i + 1 >= n && ++p) continue;
        char right[32];
        memcpy(right, out[i + 1], sizeof right);
        strcat(out[i], right);
        memmove(out + i + 1, out + i + 2, (n - i - 2) * sizeof *out);
        n--, p = 0;
    }
    return n;
}

static void test_pairs_as_the_paper_has_them(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 400; seed++) {
        arena keep = memory;
        bpe_space space = bpe_space_for(30, &keep);
        char pairs[12][2][8], names[40][16] = {"a", "b", "a</w>", "b</w>"}, word[30], parts[30][32];
        int known = 4, count = 0;
        bpe b = bpe_begin(40, 12, &keep);
        dice = seed;
        for (int i = 0; i < 4; i++) bpe_add(&b, names[i], i);
        for (int k = 0; k < 30 && count < 12; k++) { /* pairs of pieces that are there */
            const char *l = names[below(known)], *r = names[below(known)];
            if (strchr(l, '<') || strlen(l) + strlen(r) > 7) continue;
            snprintf(pairs[count][0], 8, "%s", l), snprintf(pairs[count][1], 8, "%s", r);
            snprintf(names[known], 16, "%s%s", pairs[count][0], pairs[count][1]);
            if (bpe_find(&b, names[known]) >= 0) continue;
            count++;
            bpe_add(&b, names[known], known);
            bpe_merge(&b, bpe_find(&b, l), bpe_find(&b, r), known);
            known++;
        }
        b.unknown = 0;
        bpe_ready(&b);
        for (int k = 0; k < 20; k++) {
            int n = 1 + below(28), i = 0;
            int32_t ids[30];
            for (; i < n; i++) word[i] = (char)('a' + below(2));
            word[n] = 0;
            size_t right = plainly(pairs, count, word, parts);
            size_t got = bpe_word(&b, word, (size_t)n, ids, space);
            assert_int_equal(got, right);
            for (size_t j = 0; j < got; j++) assert_string_equal(b.names[ids[j]], parts[j]);
        }
    }
}

/* ---- Sizes ---- */

/* Half a second for a megabyte where all goes well; minutes if any part took n^2 steps. */
static void test_a_megabyte_takes_no_time(void **state)
{
    (void)state;
    static const char *const patterns[] = {"a", "\xcc\x81\xcc\xa3", "!?", "<|endoftext|", "\xff",
                                           " "};
    char *text = malloc(LONG_TEXT);
    for (size_t p = 0; p < COUNT(patterns); p++) {
        size_t n = strlen(patterns[p]);
        for (size_t i = 0; i < LONG_TEXT; i++) text[i] = patterns[p][i % n];
        arena keep = answers;
        clock_t begin = clock();
        ids_of(&clip, text, LONG_TEXT, &keep);
        assert_true(clock() - begin < 20 * CLOCKS_PER_SEC);
    }
    free(text);
}

static void test_too_long_for_memory(void **state)
{
    (void)state;
    static char text[100000];
    arena little = scratch, keep = memory;
    tokenizer_ids out;
    little.end = little.begin + (1 << 20);
    memset(text, 'a', sizeof text);
    assert_says(tokenizer_read(&clip, text, sizeof text, &keep, little, &out), "too long");
    assert_null(tokenizer_read(&clip, text, 4000, &keep, little, &out));
    little = memory, little.end = little.begin + 4096;
    assert_says(tokenizer_read(&clip, text, 4000, &little, scratch, &out), "too long");
    assert_says(tokenizer_open(NULL, &little, scratch, &clip), "memory");
    assert_says(tokenizer_open(NULL, &keep, little, &clip), "too many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drawn_strings),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_files_of_stable_diffusion),
        cmocka_unit_test(test_a_tiny_vocabulary),
        cmocka_unit_test(test_special_tokens),
        cmocka_unit_test(test_added_tokens),
        cmocka_unit_test(test_wrong_files_are_refused),
        cmocka_unit_test(test_pairs_as_the_paper_has_them),
        cmocka_unit_test(test_a_megabyte_takes_no_time),
        cmocka_unit_test(test_too_long_for_memory),
    };
    return cmocka_run_group_tests(tests, open_clip, NULL);
}
