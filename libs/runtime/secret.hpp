// Secrets in memory: in as few places as can be, and gone when they are not needed.
#pragma once

#include <optional>
#include <string>

namespace lamda::runtime {

/// Overwrites all that the string has room for, also beyond its end, and empties it.
void wipe(std::string& text);

/// A secret that does not print itself, and wipes itself when it goes. Each copy is one place more.
class Secret {
  public:
    Secret() = default;
    /// Takes the text over; what is moved in leaves nothing behind.
    explicit Secret(std::string&& text);
    explicit Secret(const char* text) : value_(text) {}
    ~Secret() { wipe(value_); }
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret other) noexcept;

    const std::string& reveal() const { return value_; }
    bool empty() const { return value_.empty(); }

  private:
    std::string value_;
};

/// The whole file, read without a buffer of anybody else's; 64 KiB at most. Absent: it cannot be read, or is
/// larger.
std::optional<Secret> read_secret_file(const std::string& path);
/// Up to the first end of a line, without a byte order mark. White space is kept: it may be a password's.
Secret first_line(const Secret& text);
/// Without white space at both ends.
Secret trimmed(const Secret& text);

/// Removes a variable from this process's environment, where /proc/<pid>/environ and core dumps show it as
/// well: its value is overwritten where it lies. Not while other threads read the environment.
void forget_variable(const std::string& name);

}  // namespace lamda::runtime
