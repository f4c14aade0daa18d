#define _DEFAULT_SOURCE /* syscall */
#include "nn/isa.h"
#include "nn/kernels.h"
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* ISAS comes from the Makefile: X(base) X(avx2) ..., the best last; those that are never taken
 * unasked have a 0. */
#define X(name, usual) extern const kernels kernels_##name;
ISAS
#undef X
#define X(name, usual) #name,
    const char *const isa_names[] = {"plain", ISAS NULL};
#undef X
#define X(name, usual) {&kernels_##name, usual},
static const struct {
    const kernels *table;
    bool usual;
} built[] = {{NULL, true}, ISAS};
#undef X

enum { NONE = -1, BUILT = sizeof built / sizeof *built };
static _Atomic int chosen = NONE; /* two threads may call their first kernels at once */

/* The number of a set; NONE where there is no such name. */
static int number_of(const char *name)
{
    int k = BUILT - 1;
    while (k >= 0 && strcmp(isa_names[k], name) != 0) k--;
    return k;
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The system keeps AMX's registers for those who ask. */
static bool amx_granted(void)
{
#if defined(SYS_arch_prctl)
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, TILES = 18, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    unsigned a, b, c, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & AMX_BF16) && (d & AMX_TILE) &&
           syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILES) == 0;
#else
    return false;
#endif
}
#endif

bool isa_here(const char *name)
{
    if (number_of(name) == NONE) return false;
#if defined(__x86_64__) && defined(__GNUC__)
    unsigned a, b, c = 0, d; /* clang 14 knows no __builtin_cpu_supports("f16c") */
    bool f16c = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
    bool avx2 = f16c && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (strncmp(name, "avx2", 4) == 0) return avx2;
    bool bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
    if (strcmp(name, "avx512_bf16") == 0) return bf16;
    if (strcmp(name, "amx_bf16") == 0) return bf16 && amx_granted();
    if (strncmp(name, "avx512", 6) == 0) return avx512;
#endif
    return true;
}

const char *isa_bf16(void)
{
    return isa_here("amx_bf16") ? "amx_bf16" : isa_here("avx512_bf16") ? "avx512_bf16" : NULL;
}

error isa_choose(const char *name)
{
    int k = BUILT - 1;
    if (!name) name = getenv("DIFFUSION_ISA");
    if (name && *name) {
        k = number_of(name);
        if (k == NONE) return error_unknown("instruction set", name, isa_names);
        if (!isa_here(name)) return error_make("this processor has no %s", name);
    } else
        while (!built[k].usual || !isa_here(isa_names[k])) k--;
    chosen = k;
    return NULL;
}

static int in_use(void)
{
    PROMISE(chosen != NONE || !isa_choose(NULL),
            "DIFFUSION_ISA names no instruction set that is here");
    return chosen;
}

const char *isa_name(void)
{
    return isa_names[in_use()];
}

const kernels *isa_kernels(void)
{
    return built[in_use()].table;
}
