// Numbers of statistics in the form of answers: pure functions.
#pragma once

#include <cstdint>
#include <string>

namespace lamda::gateway {

/// Completion time that stands for a grade, in milliseconds: within 5 % of every time of the grade. Grade n >
/// 0 holds the times above 2^((n-1)/8) up to 2^(n/8) seconds; grade 0 the times up to one second, which count
/// as one.
std::int64_t completion_ms(int grade);

/// A share as a JSON number with four decimals: 0 below 0, 1 above 1.
std::string share_json(std::int64_t ten_thousandths);

}  // namespace lamda::gateway
