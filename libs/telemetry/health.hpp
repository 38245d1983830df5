// Health: named checks of what a process depends on, as plain values.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace lamda::telemetry {

struct Check {
    bool ok = false;
    std::string detail;  ///< for operators: what the process waits for
    bool operator==(const Check&) const = default;
};

/// Named checks of one process. Ready if every check is ok. Thread-safe.
class Health {
  public:
    /// Registers a check that is not ok yet.
    void expect(const std::string& name, const std::string& detail = "starting");
    /// Returns true if the check changed (so that the caller logs it once).
    bool set(const std::string& name, bool ok, const std::string& detail = "");
    bool ready() const;
    std::map<std::string, Check> checks() const;

  private:
    mutable std::mutex mutex_;
    std::map<std::string, Check> checks_;
};

}  // namespace lamda::telemetry
