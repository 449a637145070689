// Hot functions for several instruction sets: one source, three of them, chosen when the program
// starts (GCC's target_clones, by ifunc). The sanitizers cannot follow the mechanism, so they run
// the plain one.
//
// HALOTWIN_CLONES stands before the definition of a function; what it calls in its loops must be
// HALOTWIN_INLINE, or it is compiled for the oldest processor only.
#pragma once

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HALOTWIN_CLONES \
  __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define HALOTWIN_CLONES
#endif
#define HALOTWIN_INLINE __attribute__((always_inline)) inline
