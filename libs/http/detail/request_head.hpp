// Parses the head of a request (RFC 9112, sections 2 to 5) strictly.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace lamda::http {

/// Parts of the request that a refusal's answer needs, as far as they were readable.
struct Requester {
    std::string method;
    std::string path;    ///< without the query
    std::string origin;  ///< empty: none, or more than one
};

/// Reason why the bytes are not a request; the stream cannot be read further.
struct Refusal {
    int status = 400;
    std::string code;
    std::string detail;
    Requester requester = {};
};

struct RequestHead {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< names in lowercase; repeated ones joined by ", "
    bool keep_alive = true;
    bool chunked = false;
    bool expects_continue = false;
    std::uint64_t content_length = 0;
};

/// @param text the head with the line end of its last line, without the empty line.
/// Refuses framing that two readers could understand differently (RFC 9112, sections 6.3 and 11.2), and
/// encoded bodies: decoding would bypass their limit.
std::variant<RequestHead, Refusal> read_head(std::string_view text);
/// Skips malformed lines. @param text a head, or its beginning: only complete lines count
Requester read_requester(std::string_view text);

}  // namespace lamda::http
