// Secrets in memory: as few copies as possible, wiped when no longer needed.
#pragma once

#include <optional>
#include <string>

namespace lamda::runtime {

/// Overwrites the string's whole capacity and empties it.
void wipe(std::string& text);

/// A secret that does not print itself and wipes itself on destruction. Each copy is another place in memory.
class Secret {
  public:
    Secret() = default;
    /// Takes over the text and wipes the source.
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

/// Reads a whole file without additional buffers; at most 64 KiB. Absent: unreadable or larger.
std::optional<Secret> read_secret_file(const std::string& path);
/// Text before the first line end, without a byte order mark. Keeps white space: a password may contain it.
Secret first_line(const Secret& text);
/// Removes white space at both ends.
Secret trimmed(const Secret& text);

/// Removes a variable from this process's environment, which /proc/<pid>/environ and core dumps also show:
/// its value is overwritten in place. Not while other threads read the environment.
void forget_variable(const std::string& name);

}  // namespace lamda::runtime
