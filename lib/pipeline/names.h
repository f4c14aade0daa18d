/** @file names.h
 *  A sampler is found whatever the user calls it.
 *
 *  The field has many names for one rule, and some of its names mean a rule with certain options,
 *  or with a list of its own. "DPM++ 2M Karras" (web UIs), "DPMSolverMultistepScheduler"
 *  (diffusers), "sample_dpmpp_2m" and "k_dpmpp_2m" (k-diffusion and others) are all dpmpp_2m, the
 *  first on the list karras.
 *
 *      names_choice choice;
 *      error wrong = names_choose("DPM++ 2M SDE Heun Exponential", &choice);
 *      sampler s = sampler_make(choice.kind, model, walk, source);     // walk by choice.list
 *      s.options = choice.options;
 */
#ifndef PIPELINE_NAMES_H
#define PIPELINE_NAMES_H
#include "diffusion/sampler.h"

/** What a name means. */
typedef struct {
    const sampler_kind *kind; /**< the rule */
    const char *list;         /**< the list in its name or of its own, for sigmas_make(), or NULL */
    sampler_options options;  /**< the rule's usual ones, changed as the name says */
} names_choice;

/** A name that means more than a rule. */
typedef struct {
    const char *names; /**< commas between */
    names_choice choice;
} names_preset;

/** All of them; names NULL at the end. The plain ones are in each kind's `also`. */
extern const names_preset names_presets[];

/** Find a sampler by name. Only letters and digits count (+ is read as p), large or small; a
 *  "sample_" or "k_" before it and a "_gpu" behind it say nothing; the name of a list of sigmas may
 *  follow.
 *  @param name as somebody, somewhere, calls it
 *  @param out  what it means
 *  @return NULL, or the names known here and the nearest */
error names_choose(const char *name, names_choice *out);

#endif
