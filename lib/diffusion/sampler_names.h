/** @file sampler_names.h
 *  A sampler is found whatever the user calls it.
 *
 *  The field has many names for one rule, and some of its names mean a rule with certain options,
 *  or with a list of its own. "DPM++ 2M Karras" (web UIs), "DPMSolverMultistepScheduler"
 *  (diffusers), "sample_dpmpp_2m" and "k_dpmpp_2m" (k-diffusion and others) are all dpmpp_2m, the
 *  first on the list karras.
 *
 *      sampler_choice choice;
 *      error wrong = sampler_choose("DPM++ 2M SDE Heun Exponential", &choice);
 *      sampler s = sampler_make(choice.kind, model, walk, source);     // walk by choice.list
 *      s.options = choice.options;
 */
#ifndef DIFFUSION_SAMPLER_NAMES_H
#define DIFFUSION_SAMPLER_NAMES_H
#include "diffusion/sampler.h"

/** What a name means. */
typedef struct {
    const sampler_kind *kind; /**< the rule */
    const char *list;         /**< the list in its name or of its own, for sigmas_make(), or NULL */
    sampler_options options;  /**< the rule's usual ones, changed as the name says */
} sampler_choice;

/** A name that means more than a rule. */
typedef struct {
    const char *names; /**< commas between */
    sampler_choice choice;
} sampler_preset;

/** All of them; names NULL at the end. The plain ones are in each kind's `also`. */
extern const sampler_preset sampler_presets[];

/** Find a sampler by name. Only letters and digits count (+ is read as p), large or small; the name
 *  of a list of sigmas may follow it; a "sample_" or "k_" before it and a "_gpu" behind it say
 *  nothing.
 *  @param name as somebody, somewhere, calls it
 *  @param out  what it means
 *  @return NULL, or the names known here and the nearest */
error sampler_choose(const char *name, sampler_choice *out);

#endif
