#define _DEFAULT_SOURCE /* clock_gettime */
#include "nn/profile.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static profile *asked; /* where layers write; NULL: nobody asks */

double profile_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The part that ends now has its time. */
static void end_part(void)
{
    double now = profile_clock();
    asked->part[asked->now].seconds += now - asked->since;
    asked->since = now;
}

static int part_of(const char *name)
{
    int i = 0;
    while (i < asked->parts && strcmp(asked->part[i].name, name) != 0) i++;
    if (i == PROFILE_PARTS) return PROFILE_PARTS - 1;
    if (i == asked->parts) asked->part[asked->parts++].name = name;
    return i;
}

void profile_start(profile *p, const char *part)
{
    asked = p;
    p->since = profile_clock();
    p->now = part_of(part);
}

void profile_part(const char *name)
{
    if (!asked) return;
    end_part();
    asked->now = part_of(name);
}

void profile_stop(void)
{
    if (asked) end_part();
    asked = NULL;
}

double profile_enter(void)
{
    return asked ? profile_clock() : 0;
}

static profile_row *row_of(const char *name)
{
    for (int i = 0; i < asked->rows; i++)
        if (asked->row[i].part == asked->now && strcmp(asked->row[i].name, name) == 0)
            return &asked->row[i];
    int full = asked->rows == PROFILE_ROWS;
    profile_row *row = &asked->row[full ? PROFILE_ROWS - 1 : asked->rows++];
    snprintf(row->name, sizeof row->name, "%s", full ? "others" : name);
    row->part = asked->now;
    return row;
}

void profile_leave(double enter, double flop, const char *name, ...)
{
    if (!asked) return;
    char text[sizeof asked->row[0].name];
    va_list arguments;
    va_start(arguments, name);
    vsnprintf(text, sizeof text, name, arguments);
    va_end(arguments);
    profile_row *row = row_of(text);
    row->calls++, row->seconds += profile_clock() - enter, row->flop += flop;
}
