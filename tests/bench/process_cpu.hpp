// Processor time of child processes.
#pragma once

#include <string>
#include <vector>

namespace lamda::bench {

/// Seconds of user and system time of this process's descendants with one of these names (at most 15
/// characters, as in /proc/<pid>/comm), and of their children that have ended. Resolution: 10 ms.
double cpu_of_processes(const std::vector<std::string>& names);

}  // namespace lamda::bench
