/** @file scheduler.h
 *  What a model's scheduler_config.json asks for, in our words: diffusers keeps in one class what
 *  are three things here, the schedule of training, the list of sigmas and the sampler.
 *
 *  A model comes with such a config, and people choose another sampler for it. Then, as with
 *  diffusers' from_config, the spacing, the offset and what the network says stay in force.
 */
#ifndef PIPELINE_SCHEDULER_H
#define PIPELINE_SCHEDULER_H
#include "pipeline/names.h"

/** The config. What is NULL or 0 takes the class's own value. */
typedef struct {
    const char *name;    /**< _class_name; any sampler's name will do */
    const char *spacing; /**< timestep_spacing: linspace, leading or trailing */
    const char *list;    /**< karras, exponential, beta_sigmas, ...: a list that is not even in t */
    int offset;          /**< steps_offset, of leading */
    const char *last; /**< final_sigmas_type: zero or sigma_min; of DPM-Solver's family and Euler */
    const char *last_time; /**< the same, told from set_alpha_to_one; of DDIM and PNDM */
    bool plms;             /**< skip_prk_steps */
    int order;             /**< solver_order */
} scheduler_config;

/** What is wished for. */
typedef struct {
    const char *name; /**< another sampler, by any of its names; NULL: the config's */
    const char *list; /**< another list of sigmas; NULL: the one in the sampler's name, or the
                           config's */
    int steps;
} scheduler_wish;

/** A walk that is ready, but for its first picture. */
typedef struct {
    names_choice rule; /**< the sampler and its options */
    sigmas walk;       /**< the sizes of the noise, n + 1 or more (sigmas.h) */
    double start;      /**< the first x is so many times normal noise */
    double end; /**< what comes out is multiplied with this: 1, or below where the list ends above
                       0 and the class thinks in variance-preserving pictures */
    double (*time)(double t); /**< what the network is told of a time; NULL: the time itself */
} scheduler_plan;

/** Which list, which first noise.
 *  @param c       the model's config
 *  @param w       another sampler or list, and how many steps
 *  @param s       the schedule of training
 *  @param keep    where the list lives
 *  @param out     the plan
 *  @return NULL, or which name is unknown, or why the list cannot be had */
error scheduler_make(const scheduler_config *c, scheduler_wish w, const schedule *s, arena *keep,
                     scheduler_plan *out);

#endif
