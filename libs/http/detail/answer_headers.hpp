// Headers of every answer: protection in browsers, CORS, and the date.
#pragma once

#include <string>
#include <vector>

#include "core/clock.hpp"
#include "http/message.hpp"

namespace lamda::http {

/// Adds, unless the handler has set them: `nosniff`; a Content-Security-Policy under which a browser that is
/// led to the answer loads and runs nothing; no Referer; `Cross-Origin-Resource-Policy: same-origin`, so that
/// no page of another site holds the answer in its process (requests by CORS are not subject to it).
/// @param secure the request came over TLS: browsers then use nothing else for a year (RFC 6797)
void add_protection(Response& response, bool secure);

/// Headers by which the pages of other origins may send requests and read answers (Fetch, section 3.3).
class CrossOrigin {
  public:
    /// @param origins `*` or exact origins; empty: no headers
    explicit CrossOrigin(std::vector<std::string> origins);
    /// Adds those of an answer to a page of `origin`; empty: the request names none. Pages of listed origins
    /// may send cookies; with `*` none may, since every site could then act as the user.
    void add(Response& response, const std::string& origin) const;
    /// Adds those of an answer to a preflight, and those of add(). @param methods of the path
    void add_preflight(Response& response, const std::string& origin,
                       const std::vector<std::string>& methods) const;

  private:
    /// Value of Access-Control-Allow-Origin; empty: not allowed.
    std::string allowed(const std::string& origin) const;

    const std::vector<std::string> origins_;
    const bool any_;
};

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
std::string http_date(Timestamp at);

}  // namespace lamda::http
