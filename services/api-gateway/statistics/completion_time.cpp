#include "services/api-gateway/statistics/completion_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lamda::gateway {

std::int64_t completion_ms(int grade) {
    return grade <= 0 ? 1'000 : std::llround(1'000.0 * std::exp2((grade - 0.5) / 8));
}

std::string share_json(std::int64_t ten_thousandths) {
    const auto share = std::clamp<std::int64_t>(ten_thousandths, 0, 10'000);
    return fmt::format("{}.{:04}", share / 10'000, share % 10'000);
}

}  // namespace lamda::gateway
