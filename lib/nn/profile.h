/** @file profile.h
 *  Where the time goes: layers write down what they did and how long it took, while somebody asks.
 *
 *      profile p = {0};
 *      profile_start(&p, "decoder");
 *      ...                             layers run
 *      profile_part("the rest");
 *      ...
 *      profile_stop();
 *      p.row[i]                        "conv 2 x 64 x 64, 320 to 320", 12 calls, 0.9 s, 90.6 GFLOP
 *      p.part[i]                       "decoder", 3.1 s
 *
 *  Layers are called one after the other, from one thread; so are these.
 */
#ifndef NN_PROFILE_H
#define NN_PROFILE_H

enum {
    PROFILE_ROWS = 256, /**< what does not fit into them is counted in the last */
    PROFILE_PARTS = 8,  /**< the same */
};

/** A stretch of the work. All of the time belongs to one of them, so they add up to the whole. */
typedef struct {
    const char *name;
    double seconds;
} profile_stretch;

/** All calls of one kind and shape. */
typedef struct {
    char name[64];  /**< "linear 4096 rows, 320 to 320" */
    int part;       /**< in which part of the work */
    int calls;      /**< so many */
    double seconds; /**< of all of them */
    double flop;    /**< additions and multiplications of all of them, as the plain sum has them */
} profile_row;

/** What was written down. */
typedef struct {
    profile_row row[PROFILE_ROWS];
    profile_stretch part[PROFILE_PARTS];
    int rows, parts; /**< that are used */
    int now;         /**< the part we are in */
    double since;    /**< profile_clock() when it began */
} profile;

/** Write into this from now on.
 *  @param p    zeros, or what is to be added to; stays with the caller
 *  @param part the name of the first part, a constant */
void profile_start(profile *p, const char *part);

/** Another part of the work begins, or goes on. Without effect where nobody asks.
 *  @param name a constant */
void profile_part(const char *name);

/** Write no more. */
void profile_stop(void);

/** Seconds on a clock that only runs forward.
 *  @return since some time */
double profile_clock(void);

/** For layers: the time at which one begins.
 *  @return profile_clock(), or 0 where nobody asks */
double profile_enter(void);

/** For layers: one has ended.
 *  @param enter what profile_enter() gave
 *  @param flop  what it computed
 *  @param name  as printf has it, what it is and its shape; not looked at where nobody asks */
void profile_leave(double enter, double flop, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

#endif
