/** @file pi.h
 *  C11 has no name for pi.
 */
#ifndef BASE_PI_H
#define BASE_PI_H

/** Half a turn. */
#define PI 3.14159265358979323846

#endif
