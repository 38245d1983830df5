// Health as plain values: what a process depends on, and whether it has it.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace lamda::telemetry {

struct Check {
    bool ok = false;
    std::string detail;  ///< for people: what is waited for
    bool operator==(const Check&) const = default;
};

/// Named checks of one process. Ready when every one is ok. Thread-safe.
class Health {
  public:
    /// A check that is known from the start and not ok yet.
    void expect(const std::string& name, const std::string& detail = "starting");
    /// Returns true when the check changed (so that the caller logs it once).
    bool set(const std::string& name, bool ok, const std::string& detail = "");
    bool ready() const;
    std::map<std::string, Check> checks() const;

  private:
    mutable std::mutex mutex_;
    std::map<std::string, Check> checks_;
};

}  // namespace lamda::telemetry
