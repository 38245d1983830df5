// Request bodies: strict JSON objects (no duplicate keys, no floats).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace lamda::views {

/// The members of a body. Faults are collected while members are read, so that one answer names them all.
class Body {
  public:
    /// Unknown and missing members are faults. @throws http::Problem when the body is no JSON object
    Body(const http::Request& request, const std::vector<std::string>& required,
         const std::vector<std::string>& optional = {});

    /// A member's canonical JSON; nothing when it is absent.
    std::optional<std::string> json(const std::string& name) const;
    /// A string; nothing when the member is absent or is no string, which is a fault.
    std::optional<std::string> text(const std::string& name);

    void refuse(http::FieldError fault) { faults_.push_back(std::move(fault)); }
    /// @param error its `where` is the pointer below the member
    void refuse(const std::string& name, const Error& error);
    /// @throws http::Problem 400 `invalid_request` with every fault, if there is one
    void require_faultless() const;

  private:
    std::map<std::string, std::string> members_;
    std::vector<http::FieldError> faults_;
};

/// RFC 6901: the JSON pointer to a member of the body.
std::string pointer_to(const std::string& key);
/// The body's members as text: strings as they are, numbers and booleans as JSON writes them.
/// @throws http::Problem with every member that is none of these
std::multimap<std::string, std::string> scalars_of(const http::Request& request);

}  // namespace lamda::views
