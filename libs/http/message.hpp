// Requests, answers, and errors as problem documents (RFC 9457).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace lamda::http {

struct Request {
    std::string method;
    std::string path;
    std::map<std::string, std::string> params;  ///< values of the route's `{name}` segments
    std::multimap<std::string, std::string> query;
    std::map<std::string, std::string> headers;  ///< names in lowercase
    std::string body;
    std::string remote_addr;  ///< numeric address of the peer
    std::string client;       ///< the peer, or the client of a proxy on this machine
    std::string request_id;   ///< made by the server; echoed as X-Request-Id
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// One invalid part of a request.
struct FieldError {
    /// JSON pointer into the body, `?name` for a query parameter, or `{name}` of the path.
    std::string pointer;
    std::string code;
    std::string detail;
    bool operator==(const FieldError&) const = default;
};

/// `application/problem+json`: {"type":"urn:lamda:error:<code>","title","status","detail","instance","code",
/// "request_id","errors":[…]}. Thrown by handlers; the server converts it to the answer.
struct Problem {
    int status = 500;
    std::string code = "internal";
    std::string title;  ///< empty: the reason phrase of the status
    std::string detail;
    std::vector<FieldError> errors;
    int retry_after = 0;  ///< seconds; 0: none, or the default for a 503
};
Response to_response(const Problem& problem, const Request& request);
/// 400 `invalid_request` for a refused input.
Problem invalid(const Error& error, const std::string& pointer);

}  // namespace lamda::http
