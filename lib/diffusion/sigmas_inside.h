/** @file sigmas_inside.h
 *  What a list of sigmas is made from, shared by sigmas.c, which makes it, and sigmas_rules.c,
 *  where each list has its function and its line. Nobody else includes this.
 */
#ifndef DIFFUSION_SIGMAS_INSIDE_H
#define DIFFUSION_SIGMAS_INSIDE_H
#include "diffusion/sigmas.h"

/** What a rule may look at. There are n + 1 sizes in all; the rule divides its range with `nodes`
 *  numbers: n where a 0 (or, after trained times, the smallest size) is put at the end, n + 1 where
 *  the rule goes all the way, or where the 0 is put in place of its last number. */
typedef struct {
    const schedule *s;   /**< may be NULL for rules that speak of sizes */
    sigmas_options o;    /**< sigma_min and sigma_max are filled in after `begin` */
    int steps;           /**< in all; where the list rises, more than n */
    int n;               /**< steps of the list as it falls */
    int nodes;           /**< >= 1 */
    double t_max, t_min; /**< rules in SIGMAS_TIME: the times of sigma_max and sigma_min */
    schedule own;        /**< for a rule that brings its schedule along */
    const double *row;   /**< the rule's */
} sigmas_plan;

/** A rule: what makes one of the lists. */
typedef struct {
    const char *name; /**< the list's */
    enum {
        SIGMAS_RANGE,   /**< its numbers are sizes, from sigma_max to sigma_min */
        SIGMAS_SHAPE,   /**< sizes from sigma_max to 0 (or sigma_min) */
        SIGMAS_TABLE,   /**< sizes that stand in a table, so that no range can be chosen */
        SIGMAS_TIME,    /**< times, from t_max to t_min */
        SIGMAS_TRAINED, /**< some of the trained times 0 .. T-1; no range */
    } in;
    double (*at)(const sigmas_plan *p, int i); /**< number i < nodes */
    error (*begin)(sigmas_plan *p); /**< NULL, or: refuse the wish or set the rule's own range */
    const double *row;              /**< NULL, or a table */
    int more;                       /**< 1: one number more, for the 0 to be put in its place */
    /** NULL, or: write the list that rises, of p->steps + 1 sizes; the p->n + 1 of the list that
     *  falls stand at the end of the same room */
    void (*rise)(const sigmas_plan *p, const double *falling, double *at);
} sigmas_rule;

/** The rules, in the order of sigmas_names. */
extern const sigmas_rule sigmas_rules[];

#endif
