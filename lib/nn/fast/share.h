/** @file share.h
 *  How work is cut into parts.
 */
#ifndef NN_FAST_SHARE_H
#define NN_FAST_SHARE_H

/** The smaller one. */
static inline int share_least(int a, int b)
{
    return a < b ? a : b;
}

/** How many parts n makes, of at most `most` each. */
static inline int share_parts(int n, int most)
{
    return (n + most - 1) / most;
}

/** The next multiple of `of`, or n itself. */
static inline int share_whole(int n, int of)
{
    return share_parts(n, of) * of;
}

/** Where part i of `parts` begins, of n as even as they can be. */
static inline int share_first(int n, int i, int parts)
{
    return (int)((long long)n * i / parts);
}
#endif
