/** @file isa.h
 *  Which instructions the kernels of lib/nn use.
 *
 *  Each fast kernel (lib/nn/fast) is one source, built once for each instruction set; the best that
 *  the processor has is taken when the first kernel is called. The environment variable
 *  DIFFUSION_ISA, or isa_choose(), takes another: tests run all of them.
 *
 *  | name        | what it is |
 *  |---|---|
 *  | plain       | the plain twins, a few lines each: what is computed, and nothing for speed |
 *  | base        | 4 lanes: SSE2, NEON or WebAssembly's SIMD, what all of its kind have |
 *  | avx2        | 8 lanes with FMA and F16C |
 *  | avx2_wide   | the code of avx512 on AVX2, slowly: a test of it where there is none |
 *  | avx2_bf16   | the code of amx_bf16 on AVX2, for the same reason |
 *  | avx512      | 16 lanes, 32 registers |
 *  | avx512_bf16 | as avx512, but linear layers and attention round to bf16. Never unasked |
 *  | amx_bf16    | the same with AMX, and convolutions, too. Never unasked |
 */
#ifndef NN_ISA_H
#define NN_ISA_H
#include "base/error.h"
#include <stdbool.h>

/** What this library was built with, NULL at the end; `make PLAIN=1` leaves "plain" alone. */
extern const char *const isa_names[];

/** Whether a set can be used here.
 *  @param name any
 *  @return whether it is one of isa_names, and this processor has it */
bool isa_here(const char *name);

/** The fastest set that multiplies bf16 with instructions of its own.
 *  @return its name, or NULL: this processor has none */
const char *isa_bf16(void);

/** Take a set, for all kernels from now on. Not while a kernel runs.
 *  @param name one of isa_names; NULL: what DIFFUSION_ISA says, or else the best there is
 *  @return NULL, or the known names, or that the processor lacks it */
error isa_choose(const char *name);

/** The set in use. A wrong DIFFUSION_ISA is a broken promise here: programs call isa_choose(NULL)
 *  first, to say so in a line.
 *  @return its name */
const char *isa_name(void);

#endif
