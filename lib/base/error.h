/** @file error.h
 *  What went wrong, in one line that a person can act on.
 *
 *  A function that can fail for a reason outside the program (a file, a user's wish) returns an
 *  `error`: NULL when all went well, else the line to show. The library never prints and never
 *  exits; programs do. A caller's broken promise (a NULL, shapes that do not match) is a bug of
 *  the caller and aborts.
 *
 *      error wrong = image_load("cat.png", &memory, &cat);
 *      if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/** NULL, or a line without a line end, valid until this thread's next error_make(). */
typedef const char *error;

/** @def ERROR_FORMAT
 *  Lets the compiler check a format, which is argument `at`, with what follows it. */
#if defined(__GNUC__)
#define ERROR_FORMAT(at) __attribute__((format(printf, at, (at) + 1)))
#else
#define ERROR_FORMAT(at)
#endif

/** Word an error, as printf does; cut after 1,023 bytes, control characters shown as `?`. An
 *  earlier error may be quoted in it.
 *  @param format what went wrong and what to do about it
 *  @return the line, never NULL */
error error_make(const char *format, ...) ERROR_FORMAT(1);

/** A name that is not in a list: says which are known and which of them is nearest.
 *  @param what  the kind of thing, "sampler"
 *  @param given what the user wrote
 *  @param known the names, NULL at the end
 *  @return the line, never NULL */
error error_unknown(const char *what, const char *given, const char *const *known);

/** Abort with a line on stderr; what PROMISE calls.
 *  @param text which promise was broken
 *  @param file where
 *  @param line where */
_Noreturn void error_broken_promise(const char *text, const char *file, int line);

/** What the caller has promised. */
#define PROMISE(holds, text) ((holds) ? (void)0 : error_broken_promise(text, __FILE__, __LINE__))

#endif
