// Request bodies: strict JSON objects (no duplicate keys, no floats).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem/problem.hpp"

namespace lamda::views {

/// The members of a body. Collects faults while members are read, so that one answer names all of them.
class Body {
  public:
    /// Unknown and missing members are faults. @throws problem::Problem if the body is not a JSON object
    Body(std::string_view text, const std::vector<std::string>& required,
         const std::vector<std::string>& optional = {});

    /// A member's canonical JSON; nullopt if absent.
    std::optional<std::string> json(const std::string& name) const;
    /// A string; nullopt if the member is absent, or not a string, which is a fault.
    std::optional<std::string> text(const std::string& name);

    void refuse(problem::FieldError fault) { faults_.push_back(std::move(fault)); }
    /// Adds a fault. @param error its `where` is the pointer below the member
    void refuse(const std::string& name, const Error& error);
    bool faultless() const { return faults_.empty(); }
    const std::vector<problem::FieldError>& faults() const { return faults_; }
    /// @throws problem::Problem 400 `invalid_request` with all faults, if any
    void require_faultless() const;

  private:
    std::map<std::string, std::string> members_;
    std::vector<problem::FieldError> faults_;
};

/// RFC 6901 JSON pointer to a member of the body.
std::string pointer_to(const std::string& key);
/// Members of a body as text: strings unquoted, numbers and booleans as in JSON.
struct Members {
    std::multimap<std::string, std::string> scalars;
    std::map<std::string, std::vector<std::string>> arrays;  ///< of strings
};
/// An empty body has none. @throws problem::Problem with every member of another type
Members members_of(std::string_view body);

}  // namespace lamda::views
