/*
 * Attributes that the compiler checks for us. Nothing else belongs here.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

/* The caller has to look at the result. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* It has a stack frame of its own. */
#define NO_INLINE __attribute__((noinline))

/* Argument `fmt` is a printf format for the arguments from `args` on. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#endif
