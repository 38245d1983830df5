// How a figure is printed and what several of the benchmarks measure.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lamda::bench {

/// One line: `name value unit (target)`.
void report(const std::string& name, double value, const std::string& unit, const std::string& target);
double median(std::vector<double> values);
/// Private_Clean + Private_Dirty of the process, in MiB; 0 when it is gone.
double private_memory(pid_t pid);
/// Of the monotonic clock, in seconds.
double now_seconds();

}  // namespace lamda::bench
