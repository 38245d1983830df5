// Conditional and range requests for content with a strong entity tag (RFC 9110, sections 13 and 14).
#pragma once

#include <cstdint>
#include <string_view>

#include "http/message.hpp"

namespace lamda::http {

/// Part of the content that a request selects.
struct Selection {
    enum class Kind {
        kWhole,         ///< 200
        kPart,          ///< 206
        kUnsatisfiable  ///< 416: the content ends before the range
    };
    Kind kind = Kind::kWhole;
    std::uint64_t first = 0;  ///< bytes before the selected ones
    std::uint64_t size = 0;   ///< selected bytes; kUnsatisfiable: 0
};

/// Reads `Range` of a GET, one range in bytes. Several ranges, other units and malformed ones select the
/// whole, as does an `If-Range` that is not exactly the tag.
/// @param tag strong, with its quotes  @param size bytes of the whole content
Selection select_range(const Request& request, std::string_view tag, std::uint64_t size);

/// True if `If-None-Match` of the request names the tag: the answer is 304.
bool is_unchanged(const Request& request, std::string_view tag);

/// True if `If-None-Match` of the request is `*`, which names the tag of any content that exists.
bool names_any_tag(const Request& request);

}  // namespace lamda::http
