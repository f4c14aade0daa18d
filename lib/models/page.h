/** @file page.h
 *  A text that grows word by word.
 *
 *      page p = {0};
 *      page_put(&p, "{\"layers\": %d", 3);
 */
#ifndef MODELS_PAGE_H
#define MODELS_PAGE_H
#include "base/error.h"
#include <stddef.h>

/** Begins as zeros. */
typedef struct {
    size_t used;
    char text[1 << 14]; /**< ends with a 0 */
} page;

/** Add to it as printf does; what does not fit is cut.
 *  @param p      the page
 *  @param format what to add */
void page_put(page *p, const char *format, ...) ERROR_FORMAT(2);

#endif
