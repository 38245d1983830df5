// Conditional requests and the encoding of answers: ETag, 304, gzip, and how long an answer may be cached.
#pragma once

#include <string>
#include <string_view>

#include "core/memory_budget.hpp"
#include "http/message.hpp"

namespace lamda::http {

/// Weak entity tag of a body: 128 bits of its SHA-256. Weak (RFC 9110, section 8.8.1), because the compressed
/// body of the same text has the same tag, and because nothing here needs equal bytes (no ranges).
std::string entity_tag(std::string_view body);

/// True if If-None-Match names the tag, by weak comparison, or is `*` (RFC 9110, sections 8.8.3.2
/// and 13.1.2).
bool names_tag(std::string_view if_none_match, std::string_view tag);

struct RepresentationRules {
    bool validators = false;   ///< ETag, 304 and Cache-Control
    bool compression = false;  ///< gzip
};

/// Changes a complete answer into the one that is sent. Headers of the handler remain: a tag of its own is
/// compared in place of the body's, and nothing is compressed or tagged under its `Cache-Control: no-store`.
///
/// With validators a 200 to GET and HEAD has `ETag` and `Cache-Control: no-cache` (any cache may store it,
/// and asks each time), `private` too if the request carries credentials; every other answer has `no-store`,
/// so that no cache keeps a 404 of an object that appears later.
///
/// With compression a 200 of a text format has `Vary: Accept-Encoding`, and is compressed if it has at least
/// kLeastCompressed bytes. A request with a cookie gets no compressed answer: the length of one that held
/// both a secret and text of another site would reveal the secret to that site (BREACH), and only cookies are
/// sent by a browser on behalf of other sites.
void represent(Response& response, const Request& request, const RepresentationRules& rules,
               MemoryBudget* memory);

/// The value of the answer's header; null: none. @param name in any case
std::string* find_header(Response& response, std::string_view name);

/// Adds a name to the header Vary. @param name in its usual case
void add_vary(Response& response, std::string_view name);

}  // namespace lamda::http
