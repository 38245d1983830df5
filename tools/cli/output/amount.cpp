#include "tools/cli/output/amount.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace lamda::cli {
namespace {

Error bad(const std::string& why) {
    return Error{"invalid_amount", why + "; write wei (1000000), or a unit: 0.01ether, 5gwei", ""};
}

std::optional<std::size_t> decimals_of(std::string unit) {
    std::transform(unit.begin(), unit.end(), unit.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (unit.empty() || unit == "wei") {
        return 0;
    }
    if (unit == "gwei") {
        return 9;
    }
    if (unit == "ether" || unit == "bnb") {
        return 18;
    }
    return std::nullopt;
}

}  // namespace

Result<U256> parse_amount(std::string_view text) {
    const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
    std::string digits(text.substr(0, end));
    std::string unit(text.substr(end));
    unit.erase(0, unit.find_first_not_of(' ') == std::string::npos ? 0 : unit.find_first_not_of(' '));
    const auto decimals = decimals_of(unit);
    if (!decimals) {
        return bad("unknown unit \"" + unit + "\"");
    }
    std::string fraction;
    if (const auto dot = digits.find('.'); dot != std::string::npos) {
        fraction = digits.substr(dot + 1);
        digits.resize(dot);
        if (digits.empty() || fraction.empty() || fraction.find('.') != std::string::npos) {
            return bad("not a number");
        }
    }
    fraction.erase(fraction.find_last_not_of('0') + 1);
    if (fraction.size() > *decimals) {
        return bad("the amount is not a whole number of wei");
    }
    fraction.append(*decimals - fraction.size(), '0');
    std::string wei = digits + fraction;
    if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) {
        return bad("not a number");
    }
    wei.erase(0, std::min(wei.find_first_not_of('0'), wei.size()));
    if (wei.empty()) {
        return bad("the amount must be more than 0");
    }
    const auto value = u256_from_decimal(wei);
    return value ? value : Result<U256>(bad("the amount is out of range"));
}

}  // namespace lamda::cli
