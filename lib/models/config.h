/** @file config.h
 *  A JSON file: how many blocks a network has, how wide they are. Also the head of a weights file.
 *
 *  A network asks for each number once, with what holds where the file is silent:
 *
 *      const config *c;
 *      error wrong = config_read("unet/config.json", keep, &c);
 *      if (wrong) return wrong;
 *      int layers = config_int(c, "layers_per_block", 2);
 *      bool linear = config_bool(c, "use_linear_projection", false);
 *      return config_trouble(c);
 *
 *  A value of the wrong kind is written down once, in config_trouble(), and the other value is
 *  handed out. Parsed by jansson, which refuses a key that stands twice, text that is not UTF-8,
 *  numbers that overflow and more than 2,048 levels. The name is not "json": that prefix is taken.
 */
#ifndef MODELS_CONFIG_H
#define MODELS_CONFIG_H
#include "base/arena.h"
#include "base/error.h"
#include <stdbool.h>

/** What a value is. */
typedef enum {
    CONFIG_NULL,
    CONFIG_BOOL,
    CONFIG_NUMBER,
    CONFIG_TEXT,
    CONFIG_LIST,
    CONFIG_TABLE
} config_kind;

/** A file, and what was wrong in it; only config.c looks inside. */
typedef struct config_file config_file;

/** A value; the whole file is one, a table. All of it lives in the arena it was read into. */
typedef struct config {
    const char *key;             /**< its name in a table, or NULL in a list */
    config_kind kind;            /**< what it is */
    int count;                   /**< of a list or table: how many are inside */
    const struct config *inside; /**< [count] these */
    const char *text;            /**< of a text */
    double number;               /**< of a number; 0 or 1 of a bool */
    config_file *file;           /**< where it stands */
} config;

/** Read a file of at most 16 MiB whose outermost value is a table.
 *  @param path which
 *  @param keep where it lives
 *  @param out  set when all went well
 *  @return NULL, or why not, with the file's name and the line */
error config_read(const char *path, arena *keep, const config **out);

/** The same from memory, of any size.
 *  @param text  JSON
 *  @param bytes how much of it
 *  @param name  what errors call it
 *  @param keep  where the result lives; untouched by an error
 *  @param out   set when all went well
 *  @return NULL, or why not */
error config_parse(const void *text, size_t bytes, const char *name, arena *keep,
                   const config **out);

/** What the file is called, as it was given.
 *  @param c any value of it
 *  @return that, in the file's arena */
const char *config_name(const config *c);

/** A value of a table.
 *  @param c   a table
 *  @param key its name
 *  @return it, or NULL where there is none or it is null */
const config *config_find(const config *c, const char *key);

/** A whole number.
 *  @param c         a table
 *  @param key       its name
 *  @param otherwise what holds where it is missing or null
 *  @return it */
int config_int(const config *c, const char *key, int otherwise);

/** A number.
 *  @param c         a table
 *  @param key       its name
 *  @param otherwise what holds where it is missing or null
 *  @return it */
double config_number(const config *c, const char *key, double otherwise);

/** True or false.
 *  @param c         a table
 *  @param key       its name
 *  @param otherwise what holds where it is missing or null
 *  @return it */
bool config_bool(const config *c, const char *key, bool otherwise);

/** A text.
 *  @param c         a table
 *  @param key       its name
 *  @param otherwise what holds where it is missing or null
 *  @return it */
const char *config_text(const config *c, const char *key, const char *otherwise);

/** How many values a list has.
 *  @param c   a table
 *  @param key the list's name
 *  @return that; 1 for a value that is no list, 0 where there is none */
int config_count(const config *c, const char *key);

/** One of a list of whole numbers, or the one number that stands for all of them.
 *  @param c         a table
 *  @param key       the list's name
 *  @param i         which; beyond the end is trouble
 *  @param otherwise what holds where there is no such list
 *  @return it */
int config_int_at(const config *c, const char *key, int i, int otherwise);

/** One of a list of texts.
 *  @param c         a table
 *  @param key       the list's name
 *  @param i         which; beyond the end is trouble
 *  @param otherwise what holds where there is no such list
 *  @return it */
const char *config_text_at(const config *c, const char *key, int i, const char *otherwise);

/** What was of the wrong kind, the first of it.
 *  @param c any value of the file
 *  @return NULL, or a line that names file, key and what was wanted */
error config_trouble(const config *c);

/** What unet_read() and its like say of the numbers of a file, with its name.
 *  @param c     any value of the file
 *  @param wrong an error, or NULL
 *  @return it, behind the file's name where it does not have that yet */
error config_blame(const config *c, error wrong);

#endif
