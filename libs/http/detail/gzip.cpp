#include "http/detail/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "http/detail/field_list.hpp"

namespace lamda::http {

namespace {

/// State of zlib at its default window and memory level (zconf.h): 2^17 for the window, 2^17 for the hashes.
constexpr std::size_t kStateBytes = (2U << 17) + 8'192;
constexpr int kGzipWindowBits = 15 + 16;  // 16: with a header of gzip
constexpr int kMemoryLevel = 8;
constexpr int kUnweighted = 1'000;

/// Weight in thousandths (RFC 9110, section 12.4.2): `q=` 0 to 1 with up to three digits. Nothing: malformed.
std::optional<int> weight_of(std::string_view parameter) {
    if (parameter.empty()) {
        return kUnweighted;
    }
    if (parameter.size() < 3 || parameter.size() > 7 || lowercase(parameter.substr(0, 2)) != "q=" ||
        (parameter[2] != '0' && parameter[2] != '1') || (parameter.size() > 3 && parameter[3] != '.')) {
        return std::nullopt;
    }
    std::string digits(parameter.substr(std::min<std::size_t>(4, parameter.size())));
    digits.resize(3, '0');
    int thousandths = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), thousandths);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    const int weight = (parameter[2] == '1' ? 1'000 : 0) + thousandths;
    return weight <= 1'000 ? std::optional(weight) : std::nullopt;
}

}  // namespace

bool prefers_gzip(std::string_view accept_encoding) {
    std::optional<int> gzip;
    std::optional<int> any;
    std::optional<int> identity;
    for (const auto item : list_items(accept_encoding)) {
        const auto semicolon = item.find(';');
        const std::string coding = lowercase(trimmed(item.substr(0, semicolon)));
        const auto weight = weight_of(
            semicolon == std::string_view::npos ? std::string_view() : trimmed(item.substr(semicolon + 1)));
        if (coding == "gzip" || coding == "x-gzip") {
            gzip = weight.value_or(0);
        } else if (coding == "*") {
            any = weight.value_or(0);
        } else if (coding == "identity") {
            identity = weight.value_or(0);
        }
    }
    const int offered = gzip.value_or(any.value_or(0));
    return offered > 0 && offered >= identity.value_or(0);
}

bool is_compressible(std::string_view content_type) {
    const std::string type = lowercase(trimmed(content_type.substr(0, content_type.find(';'))));
    return type.starts_with("text/") || type == "application/json" || type.ends_with("+json") ||
           type == "application/javascript" || type == "image/svg+xml";
}

std::optional<std::string> gzip(std::string_view body, MemoryBudget* memory) {
    if (body.empty()) {
        return std::nullopt;
    }
    const std::size_t room = body.size() - 1;  // a longer result is of no use
    const auto share =
        memory == nullptr ? std::optional(MemoryBudget::Share()) : memory->take(kStateBytes + room);
    z_stream stream{};
    if (!share || ::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                                 Z_DEFAULT_STRATEGY) != Z_OK) {
        return std::nullopt;
    }
    std::string compressed(room, '\0');
    // The interface of zlib is not const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    stream.avail_in = static_cast<uInt>(body.size());
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = static_cast<uInt>(room);
    const bool shorter = ::deflate(&stream, Z_FINISH) == Z_STREAM_END;
    const std::size_t size = stream.total_out;
    ::deflateEnd(&stream);
    // A copy, so that the answer holds only what it needs.
    return shorter ? std::optional(compressed.substr(0, size)) : std::nullopt;
}

}  // namespace lamda::http
