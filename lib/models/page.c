#include "models/page.h"
#include <stdarg.h>
#include <stdio.h>

void page_put(page *p, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    p->used += (size_t)vsnprintf(p->text + p->used, sizeof p->text - p->used, format, arguments);
    va_end(arguments);
    if (p->used >= sizeof p->text) p->used = sizeof p->text - 1;
}
