/* The release. The Makefile reads it from here. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define TOGGLED_VERSION "0.3.0"

#endif
