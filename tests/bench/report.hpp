// Output of a figure, and measurements shared by several benchmarks.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lamda::bench {

/// Prints one line: `name value unit (target)`.
void report(const std::string& name, double value, const std::string& unit, const std::string& target);
double median(std::vector<double> values);
/// Private_Clean + Private_Dirty of the process, in MiB; 0 if it has ended.
double private_memory(pid_t pid);
/// Seconds of the monotonic clock.
double now_seconds();

}  // namespace lamda::bench
