// Problem documents (RFC 9457): the form of every refusal, over HTTP and on the bus.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace lamda::problem {

/// One invalid part of a request.
struct FieldError {
    /// JSON pointer into the body, `?name` for a query parameter, or `{name}` of the path.
    std::string pointer;
    std::string code;
    std::string detail;
    bool operator==(const FieldError&) const = default;
};

/// Thrown by those who answer a request; converted to the answer at its edge.
struct Problem {
    int status = 500;  ///< HTTP status code, also on the bus
    std::string code = "internal";
    std::string title;  ///< empty: the reason phrase of the status
    std::string detail;
    std::vector<FieldError> errors;
    int retry_after = 0;  ///< seconds; 0: none, or the default for a 503. Not part of the document
};

/// 400 `invalid_request` for a refused input.
Problem invalid(const Error& error, const std::string& pointer);

/// {"type":"urn:lamda:error:<code>","title","status","detail","instance","code","request_id","errors":[…]},
/// without `errors` if there are none. Texts may come from a client: bytes that are not UTF-8 become U+FFFD.
/// @param instance path of the request; empty on the bus  @param request_id as sent to the client; empty on
/// the bus
std::string to_json(const Problem& problem, std::string_view instance = "", std::string_view request_id = "");

}  // namespace lamda::problem
