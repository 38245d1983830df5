// Named crash points: in builds with LAMDA_CRASH_POINTS, LAMDA_CRASH_AT=<name>[:<n>] kills the process by
// SIGKILL at the n-th pass (default: the first). In other builds they do nothing.
#pragma once

namespace lamda {

#ifdef LAMDA_CRASH_POINTS
void crash_point(const char* name);
#else
inline void crash_point(const char*) {}
#endif

}  // namespace lamda
