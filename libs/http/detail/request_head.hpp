// The head of a request (RFC 9112, sections 2 to 5), read strictly.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace lamda::http {

/// What a refusal's answer needs to know of the one who asked, as far as it could be read.
struct Asker {
    std::string method;
    std::string path;    ///< without the query
    std::string origin;  ///< empty: none, or more than one
};

/// Why no request can be made of the bytes; the stream cannot be read on after it.
struct Refusal {
    int status = 400;
    std::string code;
    std::string detail;
    Asker asker = {};
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
/// Framing that two readers could understand in two ways is refused (RFC 9112, sections 6.3 and 11.2), and so
/// are encoded bodies: decoding would put the limit on them out of force.
std::variant<RequestHead, Refusal> read_head(std::string_view text);
/// Reads on over lines that are wrong. @param text a head, or the beginning of one: only whole lines count
Asker read_asker(std::string_view text);

}  // namespace lamda::http
