/* The network's layers at the shapes of Stable Diffusion 1.5, beside OpenBLAS, BLIS and oneDNN and
 * below the roof of this machine: docs/speed.md.
 *
 *     make bench-nn     all of it, some minutes; P="linear conv" runs parts, P=--help lists them */
#include "base/file.h"
#include "base/parallel.h"
#include "nn/isa.h"
#include "nn/parts.h"
#include "nn/peers.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *what;
    void (*run)(table *t, arena scratch);
} parts[] = {
    {"linear", "linear layers and 1x1 convolutions", part_linear},
    {"conv", "3x3 convolutions", part_conv},
    {"attention", "attention", part_attention},
    {"norm", "group norm and layer norm", part_norm},
};
enum { PARTS = sizeof parts / sizeof *parts };
static const size_t ROOM = (size_t)2 << 30; /* bytes that the largest shapes take */

static int help(void)
{
    printf("bench_nn [--shared] [PART...]   measure these, or all:\n");
    for (int i = 0; i < PARTS; i++) printf("  %-12s%s\n", parts[i].name, parts[i].what);
    printf("Each prints a table and draws out/bench_PART.svg; out/bench_roofline.svg has all.\n"
           "--shared: others work on this machine, so one thread runs and only the seconds that\n"
           "the processor gives to it count. OMP_NUM_THREADS sets the threads, DIFFUSION_ISA the\n"
           "instruction set. docs/speed.md says what is measured and how.\n");
    return 0;
}

/* Bit i: part i is wanted; 0 for a word that is none. */
static unsigned wanted_parts(int count, char **words)
{
    unsigned wanted = 0;
    for (int i = 0; i < count; i++) {
        int k = 0;
        while (k < PARTS && strcmp(words[i], parts[k].name) != 0) k++;
        if (k == PARTS) {
            fprintf(stderr, "there is no part \"%s\"; see bench_nn --help\n", words[i]);
            return 0;
        }
        wanted |= 1u << k;
    }
    return wanted ? wanted : (1u << PARTS) - 1;
}

int main(int count, char **given)
{
    static table tables[PARTS];
    const table *all[PARTS];
    for (int i = 1; i < count; i++)
        if (strcmp(given[i], "--help") == 0) return help();
    if (count > 1 && strcmp(given[1], "--shared") == 0) {
        machine_shared = true, given++, count--;
        parallel_set_threads(1);
    }
    unsigned wanted = wanted_parts(count - 1, given + 1);
    if (!wanted) return 1;
    error wrong = isa_choose(NULL);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    if (strcmp(isa_name(), "plain") == 0) {
        printf(
            "the plain twins run no races; without PLAIN=1 and DIFFUSION_ISA there are others\n");
        return 0;
    }
    wrong = file_make_folder("out");
    arena memory = arena_make(0);
    if (!wrong && arena_left(memory) < ROOM) wrong = "there is too little memory";
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    machine m = machine_look(memory);
    peers_open();
    for (int i = 0; i < PARTS; i++) {
        tables[i].m = &m, all[i] = &tables[i];
        if (wanted & 1u << i) parts[i].run(&tables[i], memory);
    }
    table_roofline(all, PARTS, &m, memory);
    arena_free(memory);
    bool cut = fflush(stdout) != 0;
    if (cut) fprintf(stderr, "cannot write\n");
    return table_unsaved || cut;
}
