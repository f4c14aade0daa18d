#define _DEFAULT_SOURCE /* clock_gettime */
#include "nn/profile.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static profile *asked;

double profile_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void profile_start(profile *p)
{
    p->begin = profile_clock();
    asked = p;
}

void profile_stop(void)
{
    asked = NULL;
}

double profile_enter(void)
{
    return asked ? profile_clock() : 0;
}

static profile_row *row_of(const char *name)
{
    for (int i = 0; i < asked->rows; i++)
        if (strcmp(asked->row[i].name, name) == 0) return &asked->row[i];
    if (asked->rows == PROFILE_ROWS) {
        strcpy(asked->row[PROFILE_ROWS - 1].name, "others");
        return &asked->row[PROFILE_ROWS - 1];
    }
    profile_row *row = &asked->row[asked->rows++];
    snprintf(row->name, sizeof row->name, "%s", name);
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
