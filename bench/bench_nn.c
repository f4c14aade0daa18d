/* The network's layers at the shapes of Stable Diffusion 1.5, beside OpenBLAS, BLIS and oneDNN and under
 * the roof of this machine: docs/speed.md.
 *
 *     make bench-nn                  all of it, some minutes; P="linear conv" runs parts
 *     OMP_NUM_THREADS=1 ...          on one thread; DIFFUSION_ISA=avx2 ...  with other instructions */
#define _POSIX_C_SOURCE 200809L /* mkdir */
#include "nn/isa.h"
#include "nn/parts.h"
#include "nn/peers.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

static void help(FILE *to)
{
    fprintf(to, "bench_nn [PART...]   measure these, or all:\n");
    for (int i = 0; i < PARTS; i++) fprintf(to, "  %-12s%s\n", parts[i].name, parts[i].what);
    fprintf(to,
            "Each prints a table and draws out/bench_PART.svg; out/bench_roofline.svg has all.\n"
            "OMP_NUM_THREADS sets the threads, DIFFUSION_ISA the instruction set. docs/speed.md\n"
            "says what is measured and how.\n");
}

static bool wanted(const char *name, char **given)
{
    for (int i = 0; given[i]; i++)
        if (strcmp(given[i], name) == 0) return true;
    return !*given;
}

static bool known(const char *name)
{
    for (int i = 0; i < PARTS; i++)
        if (strcmp(parts[i].name, name) == 0) return true;
    return false;
}

int main(int count, char **given)
{
    static table tables[PARTS];
    const table *all[PARTS];
    for (int i = 1; i < count; i++)
        if (!known(given[i])) {
            bool asked = strcmp(given[i], "--help") == 0;
            if (!asked) fprintf(stderr, "there is no part \"%s\"\n", given[i]);
            help(asked ? stdout : stderr);
            return asked ? 0 : 2;
        }
    error wrong = isa_choose(NULL);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    if (strcmp(isa_name(), "plain") == 0)
        return printf(
                   "the plain twins run no races: without PLAIN=1 and DIFFUSION_ISA there are fast "
                   "kernels\n"),
               0;
    mkdir("out", 0777);
    arena memory = arena_make(0);
    machine m = machine_look(memory);
    peers_open();
    for (int i = 0; i < PARTS; i++) {
        tables[i].m = &m, all[i] = &tables[i];
        if (wanted(parts[i].name, given + 1)) parts[i].run(&tables[i], memory);
    }
    table_roofline(all, PARTS, &m, memory);
    arena_free(memory);
    return 0;
}
