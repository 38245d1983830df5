#include "telemetry/log_limit.hpp"

#include <utility>

namespace lamda::telemetry {

std::optional<std::uint64_t> LogLimit::admit(Steady now) {
    if (last_ && now - *last_ < every_) {
        ++left_out_;
        return std::nullopt;
    }
    last_ = now;
    return std::exchange(left_out_, 0);
}

}  // namespace lamda::telemetry
