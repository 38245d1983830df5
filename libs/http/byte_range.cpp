#include "http/byte_range.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "http/detail/field_list.hpp"
#include "http/detail/representation.hpp"

namespace lamda::http {

namespace {

constexpr std::string_view kUnit = "bytes=";
constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();

std::string_view value_of(const Request& request, const char* name) {
    const auto at = request.headers.find(name);
    return at == request.headers.end() ? std::string_view() : std::string_view(at->second);
}

/// A number above 64 bits is beyond the end of every content, like the largest one. nullopt: no digits.
std::optional<std::uint64_t> parse_position(std::string_view text) {
    if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    std::uint64_t out = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    return parsed.ec == std::errc() ? out : kMost;
}

Selection part(std::uint64_t first, std::uint64_t size) {
    return {Selection::Kind::kPart, first, size};
}

}  // namespace

Selection select_range(const Request& request, std::string_view tag, std::uint64_t size) {
    const Selection whole{Selection::Kind::kWhole, 0, size};
    const Selection unsatisfiable{Selection::Kind::kUnsatisfiable, 0, 0};
    const std::string_view field = trimmed(value_of(request, "range"));
    const std::string_view condition = trimmed(value_of(request, "if-range"));
    // Units are compared in any case (RFC 9110, section 14.1).
    if (request.method != "GET" || lowercase(field.substr(0, kUnit.size())) != kUnit ||
        (!condition.empty() && condition != tag)) {
        return whole;
    }
    const std::string_view range = trimmed(field.substr(kUnit.size()));
    const auto dash = range.find('-');
    if (dash == std::string_view::npos) {
        return whole;
    }
    const auto first = parse_position(range.substr(0, dash));
    const auto last = parse_position(range.substr(dash + 1));
    if (dash == 0) {
        if (!last || size == 0) {
            return whole;
        }
        const auto suffix = std::min(*last, size);
        return suffix == 0 ? unsatisfiable : part(size - suffix, suffix);
    }
    const bool open = dash + 1 == range.size();
    if (!first || (!open && (!last || *last < *first))) {
        return whole;
    }
    if (*first >= size) {
        return unsatisfiable;
    }
    const auto end = open ? size - 1 : std::min(*last, size - 1);
    return part(*first, end - *first + 1);
}

bool is_unchanged(const Request& request, std::string_view tag) {
    return names_tag(value_of(request, "if-none-match"), tag);
}

bool names_any_tag(const Request& request) {
    return trimmed(value_of(request, "if-none-match")) == "*";
}

}  // namespace lamda::http
