/** @file report.h
 *  What profile.h wrote down, for people: a table, and a picture of where the time went.
 */
#ifndef PIPELINE_REPORT_H
#define PIPELINE_REPORT_H
#include "base/arena.h"
#include "base/error.h"
#include "nn/profile.h"

/** A table: the parts of the work in the order they began, below each its layers, those that took
 *  longest first, and the rest of its time. Parts add up to the whole, layers to their part.
 *  @param p    after profile_stop(); its rows change places
 *  @param keep where the text lives
 *  @return some lines of 80 columns: calls, seconds, percent of the whole, GFLOP/s */
const char *report_table(profile *p, arena *keep);

/** Bars: the layers that took longest, coloured by their part.
 *  @param p       after profile_stop(); its rows change places
 *  @param path    ends with .svg or .png
 *  @param scratch some MB
 *  @return NULL, or why it could not be written */
error report_picture(profile *p, const char *path, arena scratch);

#endif
