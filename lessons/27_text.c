/* Lesson 27. What the network hears of your words.
 *
 * A network computes with numbers. So a prompt is cut into pieces, each piece has a number, and
 * another network, the text encoder, makes 77 rows of numbers of them. Each step is done by hand.
 *
 *     make run L=27       prints tables, writes out/27_merges.svg, 27_tokens.svg and 27_cosine.svg
 *     build/lessons/27_text "your own prompt" --model stable-diffusion-v1-5
 *
 * Look for: which pieces is a platypus made of? Which rows change when the last word does?
 * Needs: 00. Runs in about a second. Without --model the encoder's weights are dice: pieces and
 * shapes are real then, meaning is not there. Try: no mask in part c (`last` is q.w - 1).
 */
#include "any_model.h"
#include "encoder.h"
#include "tokens.h"

enum { WORDS = 6, PROMPTS = 5, LAYERS = 2, LONGEST = 1024 };
#define TEN "very very very very very very very very very very "
static const char *const word = "diffusion", *const many =
                                                 TEN TEN TEN TEN TEN TEN TEN "big, cat in a hat";

/* a: of all pairs of neighbours the one that stands first in the list becomes one piece. */
static bool merge(const char *list, tokens_word *w)
{
    const char *first = NULL;
    char line[2 * TOKENS_LETTERS + 4];
    int at = 0;
    for (int i = 0; i + 1 < w->n; i++) {
        snprintf(line, sizeof line, "\n%s %s\n", w->name[i], w->name[i + 1]);
        const char *place = strstr(list, line);
        if (place && (!first || place < first)) first = place, at = i;
    }
    if (!first) return false;
    snprintf(line, sizeof line, "%s%s", w->name[at], w->name[at + 1]);
    snprintf(w->name[at], TOKENS_LETTERS, "%.60s", line);
    w->n--, w->line = 0;
    for (int i = at + 1; i < w->n; i++) memcpy(w->name[i], w->name[i + 1], TOKENS_LETTERS);
    for (const char *c = list; c <= first; c++) w->line += *c == '\n';
    return true;
}

static void part_a(lesson *l, const any_model *m, const char *list)
{
    static const char *const words[WORDS] = {"lighthouse",  "hedgehogs",   "platypus",
                                             "candlelight", "watercolour", "bioluminescent"};
    tokens_word step[TOKENS_PIECES] = {tokens_letters(word)};
    int steps = 0, wrong = 0;
    printf("  line  pieces of \"%s\"\n", word);
    do {
        tokens_print(&step[steps]);
        step[steps + 1] = step[steps];
    } while (merge(list, &step[++steps]));
    tokens_ladder(l, "27_merges", step, steps);
    printf("\nwords as pieces, and the numbers of these\n");
    for (int k = 0; k < WORDS; k++) {
        tokens_word w = tokens_letters(words[k]);
        while (merge(list, &w)) continue;
        wrong += tokens_compare(l, &m->sd.tokenizer, words[k], &w, m->scratch);
    }
    lesson_expect(l, "pieces that the library has otherwise", wrong, 0, 0);
}

/* b: chunks of 77, and weights. */
static void part_b(lesson *l, const any_model *m, const char *text)
{
    static const char *const prompts[PROMPTS] = {"a photograph of an astronaut riding a horse",
                                                 "a (cat:1.3)", "a ((cat)) on [a mat]",
                                                 "a cat BREAK a mat", many};
    static const int ids[] = {49406, 320, 8853, 539, 550, 18376, 6765, 320, 4558, 49407, 49407};
    printf("\ntokens  chunks  prompt, and where a weight is not 1\n");
    for (int k = 0; k < PROMPTS; k++) {
        prompt p = any_model_read(l, m, prompts[k]);
        if (k == 0) lesson_expect(l, "ids of the astronaut", memcmp(p.ids, ids, sizeof ids), 0, 0);
        printf("%6zu %7d  %.44s", p.tokens, p.chunks, prompts[k]);
        for (int i = 0; p.weights && i < p.length; i++)
            if (p.weights[i] != 1) printf("  %.3g", (double)p.weights[i]);
        printf("\n");
    }
    tokens_strip(l, "27_tokens", &m->sd.tokenizer, any_model_read(l, m, text));
}

/* c: each row asks (q) the rows up to itself what they are (k), and takes of what they say (v). */
static void attend(tensor q, tensor k, tensor v, int heads, tensor y)
{
    for (int i = 0; i < q.w; i++)
        for (int from = 0, size = q.c / heads; from < q.c; from += size) {
            double share[LONGEST], total = 0;
            int last = i; /* the mask */
            for (int j = 0; j <= last; j++) {
                double score = 0;
                for (int c = from; c < from + size; c++)
                    score += (double)q.data[i * q.c + c] * (double)k.data[j * q.c + c];
                total += share[j] = exp(score / sqrt(size));
            }
            for (int c = from; c < from + size; c++) {
                double sum = 0;
                for (int j = 0; j <= last; j++) sum += share[j] * (double)v.data[j * q.c + c];
                y.data[i * q.c + c] = (float)(sum / total);
            }
        }
}

/* Two prompts that differ in their last word: which rows hear of it? */
static void part_c(lesson *l, const any_model *m)
{
    static const char *const names[] = {"start", "a", "red", "cat or dog", "end", "one more end"};
    clip_text c = m->sd.text;
    if (c.layers > LAYERS) c.layers = LAYERS; /* plain loops are slow */
    prompt cat = any_model_read(l, m, "a red cat"), dog = any_model_read(l, m, "a red dog");
    tensor x = encoder_run(&c, cat.ids, attend, &l->memory, m->scratch);
    tensor y = encoder_run(&c, dog.ids, attend, &l->memory, m->scratch);
    tensor library = tensor_like(&l->memory, x), row = {x.data, 1, 1, 1, c.width};
    printf("\nrow  \"a red cat\" or \"a red dog\"  apart\n");
    for (int i = 0; i < 6; i++, row.data += c.width) {
        double apart = tensor_distance(row, (tensor){y.data + i * c.width, 1, 1, 1, c.width});
        printf("%3d  %-27s %.3f\n", i, names[i], apart);
        if (i < 3) lesson_expect(l, "a row before the last word", apart, 0, 0);
    }
    lesson_must(clip_text_apply(&c, cat.ids, 1, 0, library.data, m->scratch));
    lesson_expect(l, "by hand and by the library", tensor_distance(x, library), 0, 1e-5);
}

/* d: the row of the end token has heard all words before it. How alike are two prompts' rows? */
static void part_d(lesson *l, const any_model *m)
{
    static const char *const texts[] = {"a dog",         "a puppy",      "a skunk",
                                        "a skunk puppy", "a lighthouse", NULL};
    float *end[PROMPTS];
    for (int i = 0; i < PROMPTS; i++) {
        prompt p = any_model_read(l, m, texts[i]);
        end[i] = tensor_new(&l->memory, 1, 1, p.length, m->sd.text.width).data;
        lesson_must(clip_text_apply(&m->sd.text, p.ids, 1, 0, end[i], m->scratch));
        end[i] += ((int)p.tokens + 1) * m->sd.text.width;
    }
    encoder_alike(l, m->dice ? "cosines, weights are dice" : "cosines, your model", texts, end,
                  m->sd.text.width);
}

int main(int argc, char **argv)
{
    const char *text = "a platypus reading by candlelight, watercolour", *path = NULL;
    lesson l = lesson_begin_asking(argc, argv, " [PROMPT] [--model PATH]", &text, &path);
    any_model m = any_model_make(&l, path);
    part_a(&l, &m, tokens_list(&l));
    part_b(&l, &m, text);
    part_c(&l, &m);
    part_d(&l, &m);
    any_model_free(&m);
    return lesson_end(&l);
}
