/* road.h: what the pages of the lessons say of themselves in their first lines,
 *
 *     # 03 Add noise: a photograph sinks into noise
 *
 *     12 minutes to read. Before it: [02 Schedules](02_schedules.md).
 *
 * so that the picture of the road and the table of lessons need no list of their own. A number may
 * end with a letter: 30b. A page that does not begin so, names a lesson that is not there, or needs
 * itself by way of others is an error that says which and what to write.
 */
#ifndef ROAD_H
#define ROAD_H
#include "base/file.h"
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROAD_MOST = 100, ROAD_PARENTS = 4, ROAD_NAME = 80, ROAD_LINE = 200 };

typedef struct {
    char page[ROAD_NAME]; /* 03_add_noise.md */
    char number[4];       /* 03, or 30b */
    int minutes;
    char title[ROAD_NAME];                     /* Add noise */
    char idea[ROAD_LINE];                      /* a photograph sinks into noise */
    int parents;                               /* lessons named after "Before it:" */
    char before[ROAD_PARENTS][ROAD_NAME];      /* their pages */
    char before_name[ROAD_PARENTS][ROAD_NAME]; /* what they are called there: 02 Schedules */
    int parent[ROAD_PARENTS];                  /* their places on the road */
} road_lesson;

typedef struct {
    int n;
    road_lesson lesson[ROAD_MOST];    /* by their numbers */
    bool needs[ROAD_MOST][ROAD_MOST]; /* does the one need the other, by however many between? */
} road;

/* Copy what stands before `end` in a text, and go on behind it; false when it is not there or does
 * not fit. */
static inline bool road_take(const char **at, const char *end, char *out, size_t room)
{
    const char *stop = strstr(*at, end);
    if (!stop || stop == *at || (size_t)(stop - *at) >= room) return false;
    memcpy(out, *at, (size_t)(stop - *at));
    out[stop - *at] = 0;
    *at = stop + strlen(end);
    return !strchr(out, '\n');
}

/* "nothing ...", or one link and more. */
static inline error road_parents(const char *at, road_lesson *out)
{
    if (strncmp(at, "nothing", 7) == 0) return NULL;
    for (const char *open; (open = strchr(at, '[')); out->parents++) {
        int k = out->parents;
        at = open + 1;
        if (k == ROAD_PARENTS)
            return error_make("%s names more than %d lessons before it", out->page, ROAD_PARENTS);
        if (!road_take(&at, "](", out->before_name[k], ROAD_NAME) ||
            !road_take(&at, ")", out->before[k], ROAD_NAME))
            return error_make("%s: a link after \"Before it:\" is not closed", out->page);
    }
    if (out->parents == 0)
        return error_make("%s: after \"Before it:\" comes neither a link nor \"nothing\"",
                          out->page);
    return NULL;
}

/* Read the first lines of a page. */
static inline error road_read_page(const char *page, const char *text, road_lesson *out)
{
    const char *at = text;
    char *end, lines[1000], *stop;
    *out = (road_lesson){0};
    if (strlen(page) >= ROAD_NAME) return error_make("%s: a shorter name, please", page);
    strcpy(out->page, page);
    size_t length = strcspn(page, "_");
    if (length >= sizeof out->number) return error_make("%s: begin with 03_ or 03b_", page);
    memcpy(out->number, page, length);
    bool named =
        strncmp(at, "# ", 2) == 0 && strncmp(at + 2, page, length) == 0 && at[2 + length] == ' ';
    if (named) at += 3 + length;
    if (!named || !road_take(&at, ": ", out->title, ROAD_NAME) ||
        !road_take(&at, "\n\n", out->idea, ROAD_LINE))
        return error_make("%s must begin with \"# %s Title: the one idea\" and an empty line", page,
                          out->number);
    snprintf(lines, sizeof lines, "%s", at); /* the paragraph that follows, as one line */
    stop = strstr(lines, "\n\n");
    if (stop) *stop = 0;
    for (char *c = lines; *c; c++)
        if (*c == '\n') *c = ' ';
    out->minutes = (int)strtol(lines, &end, 10);
    static const char form[] = " minutes to read. Before it: ";
    if (out->minutes < 1 || out->minutes > 600 || strncmp(end, form, sizeof form - 1) != 0)
        return error_make("%s: the third line must begin with \"N%s\"", page, form);
    return road_parents(end + sizeof form - 1, out);
}

static inline int road_find(const road *r, const char *page)
{
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->lesson[i].page, page) == 0) return i;
    return -1;
}

/* Who needs whom, also by way of others. */
static inline void road_follow(road *r)
{
    memset(r->needs, 0, sizeof r->needs);
    for (int i = 0; i < r->n; i++)
        for (int k = 0; k < r->lesson[i].parents; k++) r->needs[i][r->lesson[i].parent[k]] = true;
    for (int by = 0; by < r->n; by++)
        for (int i = 0; i < r->n; i++)
            for (int j = 0; j < r->n; j++) r->needs[i][j] |= r->needs[i][by] && r->needs[by][j];
}

/* Find every lesson that is named, by the name it has itself; no lesson may need itself. */
static inline error road_link(road *r)
{
    char name[ROAD_NAME + 16];
    for (int i = 0; i < r->n; i++) {
        road_lesson *l = &r->lesson[i];
        for (int k = 0; k < l->parents; k++) {
            int j = l->parent[k] = road_find(r, l->before[k]);
            if (j < 0)
                return error_make("%s: before it shall come %s, which is not there", l->page,
                                  l->before[k]);
            snprintf(name, sizeof name, "%s %s", r->lesson[j].number, r->lesson[j].title);
            if (strcmp(name, l->before_name[k]) != 0)
                return error_make("%s: what it calls \"%s\" calls itself \"%s\"", l->page,
                                  l->before_name[k], name);
        }
    }
    road_follow(r);
    for (int i = 0; i < r->n; i++) {
        const road_lesson *l = &r->lesson[i];
        for (int k = 0; k < l->parents; k++)
            if (r->needs[l->parent[k]][i])
                return error_make("%s needs itself, by way of %s", l->page, l->before[k]);
    }
    return NULL;
}

/* Put a page in its place. */
static inline error road_add(road *r, const char *page, const char *text)
{
    road_lesson l;
    error wrong = road_read_page(page, text, &l);
    int i = r->n;
    if (wrong) return wrong;
    if (r->n == ROAD_MOST) return error_make("more than %d lessons", ROAD_MOST);
    for (; i > 0 && strcmp(r->lesson[i - 1].number, l.number) > 0; i--)
        r->lesson[i] = r->lesson[i - 1];
    if (i > 0 && strcmp(r->lesson[i - 1].number, l.number) == 0)
        return error_make("%s and %s have one number", r->lesson[i - 1].page, page);
    r->lesson[i] = l;
    r->n++;
    return NULL;
}

/* The beginning of a file as a text. */
static inline error road_beginning(const char *path, char *out, size_t room)
{
    file f;
    error wrong = file_map(path, &f);
    if (wrong) return wrong;
    size_t bytes = f.bytes < room - 1 ? f.bytes : room - 1;
    if (bytes > 0) memcpy(out, f.data, bytes);
    out[bytes] = 0;
    file_unmap(f);
    return NULL;
}

/* Is this the name of a lesson's page? */
static inline bool road_is_page(const char *name)
{
    const char *end = strrchr(name, '.');
    size_t digits = strspn(name, "0123456789");
    bool letter = name[digits] >= 'a' && name[digits] <= 'z';
    return digits == 2 && name[2 + letter] == '_' && end && strcmp(end, ".md") == 0;
}

/* All lessons that have a page in a folder.
 *  @param folder docs
 *  @param out    the road, in the order of the numbers
 *  @return NULL, or which page is wrong, and how */
static inline error road_read(const char *folder, road *out)
{
    char path[600], text[4000];
    error wrong = NULL;
    DIR *open = opendir(folder);
    *out = (road){0};
    if (!open) return error_make("cannot look into %s", folder);
    for (struct dirent *e; !wrong && (e = readdir(open));) {
        if (!road_is_page(e->d_name)) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        wrong = road_beginning(path, text, sizeof text);
        if (!wrong) wrong = road_add(out, e->d_name, text);
    }
    closedir(open);
    if (!wrong && out->n == 0) wrong = error_make("there is no lesson's page in %s", folder);
    return wrong ? wrong : road_link(out);
}

#endif
