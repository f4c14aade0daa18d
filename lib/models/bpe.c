#include "models/bpe.h"
#include "models/unicode.h"
#include <string.h>

/** Two neighbours that become one. `rank` is -1 where the table has none. */
struct bpe_pair {
    int32_t left, right, becomes, rank;
};

/* The smallest 2^k - 1 that leaves a third of the places free. */
static uint32_t mask_for(size_t n)
{
    uint32_t mask = 15;
    while (mask - mask / 4 < n) mask = 2 * mask + 1;
    return mask;
}

static uint32_t hash_name(const char *name)
{
    uint32_t h = 2166136261u; /* Fowler, Noll and Vo */
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 16777619u;
    return h ^ h >> 15;
}

static uint32_t hash_pair(int32_t left, int32_t right)
{
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32);
}

size_t bpe_room(int ids, size_t pairs)
{
    return (size_t)ids * sizeof(char *) + ((size_t)mask_for((size_t)ids) + 1) * sizeof(uint32_t) +
           ((size_t)mask_for(pairs) + 1) * sizeof(struct bpe_pair) + 3 * 64;
}

bpe bpe_begin(int ids, size_t pairs, arena *keep)
{
    bpe b = {.count = ids, .unknown = -1};
    b.names_at = mask_for((size_t)ids), b.pairs_at = mask_for(pairs);
    size_t names = (size_t)ids * sizeof *b.names,
           named = (b.names_at + (size_t)1) * sizeof *b.named;
    b.names = memset(arena_take(keep, names), 0, names);
    b.named = memset(arena_take(keep, named), 0, named);
    b.pairs = arena_take(keep, (b.pairs_at + (size_t)1) * sizeof *b.pairs);
    for (size_t i = 0; i <= b.pairs_at; i++) b.pairs[i] = (struct bpe_pair){-1, -1, -1, -1};
    return b;
}

/* Where the name stands, or the free place where it would. */
static uint32_t *place(const bpe *b, const char *name)
{
    uint32_t i = hash_name(name) & b->names_at;
    while (b->named[i] && strcmp(b->names[b->named[i] - 1], name) != 0) i = (i + 1) & b->names_at;
    return &b->named[i];
}

bool bpe_add(bpe *b, const char *name, int id)
{
    PROMISE(id >= 0 && id < b->count, "bpe_add: ids as they were announced");
    uint32_t *at = place(b, name);
    if (*at || b->names[id]) return false;
    *at = (uint32_t)id + 1;
    b->names[id] = name;
    return true;
}

int bpe_find(const bpe *b, const char *name)
{
    return (int)*place(b, name) - 1;
}

static struct bpe_pair *pair_of(const bpe *b, int32_t left, int32_t right)
{
    uint32_t i = hash_pair(left, right) & b->pairs_at;
    while (b->pairs[i].rank >= 0 && (b->pairs[i].left != left || b->pairs[i].right != right))
        i = (i + 1) & b->pairs_at;
    return &b->pairs[i];
}

void bpe_merge(bpe *b, int left, int right, int becomes)
{
    PROMISE(b->ranks >= 0 && (uint32_t)b->ranks < b->pairs_at, "bpe_merge: as many as announced");
    *pair_of(b, left, right) = (struct bpe_pair){left, right, becomes, b->ranks++};
}

int32_t bpe_letter(int byte)
{
    if ((byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xff && byte != 0xad)) return byte;
    return 0x100 + (byte <= ' ' ? byte : byte <= 0xa0 ? byte - '~' + ' ' : 0x43);
}

void bpe_ready(bpe *b)
{
    for (int byte = 0; byte < 256; byte++) {
        char name[8];
        size_t n = unicode_encode(bpe_letter(byte), name);
        name[n] = 0;
        b->bytes[0][byte] = bpe_find(b, name);
        memcpy(name + n, "</w>", 5);
        b->bytes[1][byte] = bpe_find(b, name);
        for (int end = 0; end < 2; end++)
            if (b->bytes[end][byte] < 0) b->bytes[end][byte] = b->unknown;
    }
}

/* A heap: the least key on top, each at least as large as the one at half its place. A key is a
 * pair's rank, then the place of its left half: the first pair of the list, and of these the
 * leftmost. */
typedef struct {
    uint64_t *keys;
    size_t n;
} heap;

static void push(heap *h, uint64_t key)
{
    size_t i = h->n++;
    for (; i > 0 && h->keys[(i - 1) / 2] > key; i = (i - 1) / 2) h->keys[i] = h->keys[(i - 1) / 2];
    h->keys[i] = key;
}

static uint64_t pop(heap *h)
{
    uint64_t top = h->keys[0], key = h->keys[--h->n];
    size_t i = 0;
    for (size_t child = 1; child < h->n; i = child, child = 2 * i + 1) {
        if (child + 1 < h->n && h->keys[child + 1] < h->keys[child]) child++;
        if (h->keys[child] >= key) break;
        h->keys[i] = h->keys[child];
    }
    h->keys[i] = key;
    return top;
}

/* The pieces of a word in a chain: a piece is named by the place of its first byte. */
typedef struct {
    const bpe *b;
    int32_t *id, *before, *after; /* id -1: it is part of one before */
    int32_t n;
    heap pairs;
} chain;

static void offer(chain *c, int32_t left)
{
    int32_t right = left >= 0 ? c->after[left] : c->n;
    if (right >= c->n) return;
    int32_t rank = pair_of(c->b, c->id[left], c->id[right])->rank;
    if (rank >= 0) push(&c->pairs, (uint64_t)rank << 32 | (uint32_t)left);
}

static void join(chain *c, uint64_t key)
{
    int32_t left = (int32_t)(key & 0xffffffff), right = c->after[left];
    if (c->id[left] < 0 || right >= c->n) return;
    const struct bpe_pair *pair = pair_of(c->b, c->id[left], c->id[right]);
    if (pair->rank < 0 || (uint64_t)pair->rank != key >> 32) return; /* one of them has grown */
    c->id[left] = pair->becomes, c->id[right] = -1;
    c->after[left] = c->after[right];
    if (c->after[left] < c->n) c->before[c->after[left]] = left;
    offer(c, c->before[left]);
    offer(c, left);
}

size_t bpe_word(const bpe *b, const char *word, size_t n, int32_t *ids, arena scratch)
{
    PROMISE(n >= 1 && n < INT32_MAX, "bpe_word: a word has 1 to 2^31 - 2 bytes");
    chain c = {.b = b, .id = ids, .n = (int32_t)n};
    c.before = arena_take(&scratch, n * sizeof *c.before);
    c.after = arena_take(&scratch, n * sizeof *c.after);
    c.pairs.keys = arena_take(&scratch, 3 * n * sizeof *c.pairs.keys); /* n, then 2 for each join */
    for (int32_t i = 0; i < c.n; i++) {
        ids[i] = b->bytes[i == c.n - 1][(unsigned char)word[i]];
        c.before[i] = i - 1, c.after[i] = i + 1;
    }
    for (int32_t i = 0; i + 1 < c.n; i++) offer(&c, i);
    while (c.pairs.n > 0) join(&c, pop(&c.pairs));
    size_t pieces = 0;
    for (int32_t i = 0; i < c.n; i = c.after[i]) ids[pieces++] = ids[i];
    return pieces;
}
