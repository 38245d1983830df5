// Result: a value, or the reason why the input for it was refused.
//
// Bad input is a value (Result); broken plumbing is an exception. See CONTRIBUTING.md, "Errors".
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace lamda {

/// Reason why an input was refused.
struct Error {
    std::string code;     ///< stable, for programs: `invalid_address`
    std::string message;  ///< for users: what is wrong and what would be right
    std::string where;    ///< JSON pointer (RFC 6901) or name of the offending part; may be empty

    bool operator==(const Error&) const = default;
};

/// A Result was read as if it held the other content: a bug in the caller.
class BadResultAccess : public std::logic_error {
  public:
    explicit BadResultAccess(const std::string& what) : std::logic_error(what) {}
};

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value)
        : content_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Result(Error error)
        : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

    bool ok() const { return content_.index() == 0; }
    explicit operator bool() const { return ok(); }

    /// Returns the value. @throws BadResultAccess with the error's text if there is none.
    const T& value() const& {
        require_value();
        return std::get<0>(content_);
    }
    T& value() & {
        require_value();
        return std::get<0>(content_);
    }
    T value() && {
        require_value();
        return std::get<0>(std::move(content_));
    }
    const T& operator*() const& { return value(); }
    T& operator*() & { return value(); }
    T operator*() && { return std::move(*this).value(); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }

    /// Returns the error. @throws BadResultAccess if there is a value.
    const Error& error() const {
        if (ok()) {
            throw BadResultAccess("Result holds a value, not an error");
        }
        return std::get<1>(content_);
    }

    // NOLINTNEXTLINE(performance-unnecessary-value-param): moved from where it can be
    T value_or(T other) const { return ok() ? std::get<0>(content_) : std::move(other); }

  private:
    void require_value() const {
        if (!ok()) {
            const Error& e = std::get<1>(content_);
            throw BadResultAccess(e.code + ": " + e.message +
                                  (e.where.empty() ? "" : " (at " + e.where + ")"));
        }
    }
    std::variant<T, Error> content_;
};

/// Success without a value.
struct Ok {
    bool operator==(const Ok&) const = default;
};
using Status = Result<Ok>;

}  // namespace lamda
