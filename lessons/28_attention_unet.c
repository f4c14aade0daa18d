/* Lesson 28. Mixing by similarity: how words touch pixels.
 *
 * Everything that asks has a query q, everything that can be asked a key k and a value v. Who asks
 * takes from all values, the more of each the better its key answers the query. That is attention,
 * and no weights are needed to see what it does: here pixels ask words, then pixels ask pixels.
 * Then comes the network that is built of it, with the size and the work of each level.
 *
 *     make run L=28       prints tables, writes out/28_words.png, 28_pixels.png and 28_unet.svg
 *     build/lessons/28_attention_unet --model PATH     also out/28_maps.png: words in your model
 *
 * Look for: what does the left pupil look at? Which pixels turn blue? Where is the work?
 * Needs: 05, 27. Runs in about a second. Try: H = 0.5: how sure is a pixel of its word then?
 */
#include "any_model.h"
#include "looking.h"
#include "pipeline/words.h"
#include "tokens.h"
#include "unet_drawing.h"

enum { WIDTH = 72, HEIGHT = 48, PIXELS = WIDTH * HEIGHT, WORDS = 5, FUR = 2, SEED = 28 };
enum { EYE_X = 27, EYE_Y = 18, MOST = 8, TIME = 500 };
static const double H = 0.1, PATCH_H = 0.5, NOISE = 0.2;
static const char *const word[WORDS] = {"eye", "nose", "fur", "chin", "pupil"};
static const int at[WORDS][2] = {{24, 17}, {42, 38}, {20, 25}, {16, 44}, {27, 18}}; /* its colour */

/* y[i] = sum over j of p[i][j] v[j],  p[i] = softmax over j of q[i] . k[j] / sqrt(size) */
static void attend(tensor q, tensor k, tensor v, tensor p, tensor y)
{
    tensor_fill(y, 0);
    for (int i = 0; i < q.w; i++) {
        float *share = p.data + (size_t)i * (size_t)k.w, most = -INFINITY, total = 0;
        for (int j = 0; j < k.w; j++) {
            share[j] = 0;
            for (int c = 0; c < q.c; c++) share[j] += q.data[i * q.c + c] * k.data[j * q.c + c];
            most = fmaxf(most, share[j] /= sqrtf((float)q.c));
        }
        for (int j = 0; j < k.w; j++) total += share[j] = expf(share[j] - most);
        for (int j = 0; j < k.w; j++) {
            share[j] /= total;
            for (int c = 0; c < v.c; c++) y.data[i * v.c + c] += share[j] * v.data[j * v.c + c];
        }
    }
}

/* a: pixels ask words. A word's key is the colour of one pixel, and so is what it says. */
static void part_a(lesson *l, tensor photo)
{
    image picture[WORDS + 3] = {image_from_tensor(&l->memory, photo, 0)};
    const char *caption[WORDS + 3] = {"the photograph", "what the words say", "\"fur\" says blue"};
    tensor colours = tensor_new(&l->memory, 1, 1, WORDS, 3), said = tensor_like(&l->memory, photo);
    tensor p = tensor_new(&l->memory, 1, 1, PIXELS, WORDS), y = looking_flat(said);
    for (int i = 0; i < 3 * WORDS; i++)
        colours.data[i] = photo.data[3 * (at[i / 3][1] * WIDTH + at[i / 3][0]) + i % 3];
    tensor q = looking_queries(photo, H, &l->memory), k = looking_keys(colours, &l->memory);
    attend(q, k, colours, p, y);
    lesson_expect(l, "by hand and by the library", looking_apart(l, q, k, colours, y), 0, 1e-6);
    picture[1] = image_from_tensor(&l->memory, said, 0);
    memcpy(colours.data + 3 * FUR, (float[]){-0.6f, -0.2f, 0.8f}, 3 * sizeof(float));
    attend(q, k, colours, p, y); /* the same keys, another value */
    picture[2] = image_from_tensor(&l->memory, said, 0);
    printf("word    share of all that is asked\n");
    for (int j = 0; j < WORDS; j++) {
        double all = 0;
        for (int i = 0; i < PIXELS; i++) all += (double)p.data[i * WORDS + j];
        picture[3 + j] = looking_map(l, WIDTH, HEIGHT, p.data + j, WORDS, 1);
        caption[3 + j] = lesson_words(l, "who asks \"%s\"", word[j]);
        printf("%-7s %5.3f\n", word[j], all / PIXELS);
    }
    strip all = {.rows = 2, .columns = 4, .pictures = picture, .captions = caption, .scale = 3};
    lesson_strip(l, "28_words", &all);
}

/* b: pixels ask pixels. What is alike is mixed, wherever it stands. */
static void part_b(lesson *l, tensor photo)
{
    tensor eps = tensor_like(&l->memory, photo), x = tensor_like(&l->memory, photo);
    tensor y = tensor_like(&l->memory, photo), p = tensor_new(&l->memory, 1, 1, PIXELS, PIXELS);
    rng r = rng_torch(SEED);
    rng_normal(&r, eps, l->memory);
    tensor_mix(x, 1, photo, NOISE, eps);
    tensor near = looking_around(x, &l->memory), clean = looking_around(photo, &l->memory);
    tensor q = looking_queries(near, PATCH_H, &l->memory), k = looking_keys(near, &l->memory);
    attend(q, k, looking_flat(x), p, looking_flat(y));
    double before = tensor_distance(x, photo), after = tensor_distance(y, photo);
    printf("\nnoise %.3f, after one attention %.3f; p has %.0f MB\n\n", before, after,
           4e-6 * (double)tensor_count(p));
    lesson_expect(l, "noise left", after / before, 0.487, 0.01);
    image picture[3] = {image_from_tensor(&l->memory, x, 0), image_from_tensor(&l->memory, y, 0)};
    q = looking_queries(clean, PATCH_H, &l->memory), k = looking_keys(clean, &l->memory);
    q.data += (EYE_Y * WIDTH + EYE_X) * q.c, q.w = 1, eps.w = eps.h = 1;
    attend(q, k, looking_flat(photo), p, eps);
    picture[2] = looking_map(l, WIDTH, HEIGHT, p.data, 1, 0.1f);
    const char *caption[] = {"with noise", "after one attention", "where the left pupil looks"};
    strip all = {.rows = 1, .columns = 3, .pictures = picture, .captions = caption, .scale = 4};
    lesson_strip(l, "28_pixels", &all);
}

/* c: Stable Diffusion's UNet, from its configuration alone. */
static void part_c(lesson *l)
{
    unet_drawing d = unet_drawing_make(l, unet_usual(), 64, 77);
    unet_drawing_print(&d);
    unet_drawing_save(l, "28_unet", &d);
    lesson_expect(l, "weights", d.all.numbers, 859520964, 0);
    lesson_expect(l, "GFLOP of a look", 1e-9 * d.all.flop, 803.273, 5e-4);
}

/* d: how the network's answer changes when the row of one word is that of an empty prompt. */
static void part_d(lesson *l, const any_model *m, image photo)
{
    static const char *const texts[] = {"a cat with green eyes", "", NULL};
    prompt p = any_model_read(l, m, texts[0]);
    int tokens = (int)p.tokens < MOST ? (int)p.tokens : MOST;
    image picture[MOST];
    const char *name[MOST];
    tensor text, x = any_model_noisy(l, m, photo, TIME);
    tensor whole = tensor_like(&l->memory, x), less = tensor_like(&l->memory, x);
    lesson_must(words_say(&m->sd, texts, 0, &l->memory, m->scratch, &text));
    float *says = text.data, *nothing = says + (size_t)text.w * (size_t)text.c;
    text.n = 1;
    looking_ask(l, m, x, TIME, text, whole);
    printf("\nleft out   the answer changes by\n");
    for (int j = 0; j < tokens; j++) {
        says += text.c, nothing += text.c; /* behind the start */
        looking_swap(says, nothing, text.c);
        looking_ask(l, m, x, TIME, text, less);
        looking_swap(says, nothing, text.c);
        name[j] = tokens_shown(l, m->sd.tokenizer.pieces.names[p.ids[j + 1]]);
        picture[j] = looking_change(l, whole, less);
        printf("%-10s %.1f %%\n", name[j], 100 * looking_part(l, whole, less));
    }
    strip all = {.rows = 1, .columns = tokens, .pictures = picture, .captions = name, .scale = 4};
    if (!m->dice) lesson_strip(l, "28_maps", &all);
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    lesson l = lesson_begin_asking(argc, argv, " [--model PATH]", NULL, &path);
    any_model m = any_model_make(&l, path);
    image photo;
    lesson_must(image_load("assets/cat.png", &l.memory, &photo));
    tensor x0 = image_to_tensor(&l.memory, image_reduce(&l.memory, photo, WIDTH, HEIGHT));
    part_a(&l, x0);
    part_b(&l, x0);
    part_c(&l);
    part_d(&l, &m, photo);
    any_model_free(&m);
    return lesson_end(&l);
}
