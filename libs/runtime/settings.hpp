// Settings from the environment: each read once, every mistake reported at once and by name.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::runtime {

/// A secret that does not print itself.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    const std::string& reveal() const { return value_; }
    bool empty() const { return value_.empty(); }

  private:
    std::string value_;
};

struct Mistake {
    std::string name;
    std::string message;
};

/// Reads names, notes mistakes, and knows what it was asked for (for --help). A mistake yields a default
/// value, so that reading goes on; the caller checks mistakes() at the end.
class Settings {
  public:
    using Source = std::function<std::optional<std::string>(const std::string& name)>;
    explicit Settings(Source source);
    static Settings from_environment();

    std::string text(const std::string& name, const std::string& help,
                     const std::optional<std::string>& fallback = {});
    std::optional<std::string> maybe_text(const std::string& name, const std::string& help);
    /// NAME, or the first line of the file that NAME_FILE names; both is a mistake.
    Secret secret(const std::string& name, const std::string& help, bool required = true);
    Address address(const std::string& name, const std::string& help);
    std::uint64_t number(const std::string& name, const std::string& help, std::uint64_t fallback,
                         std::uint64_t least, std::uint64_t most);
    std::optional<std::uint64_t> maybe_number(const std::string& name, const std::string& help);
    bool boolean(const std::string& name, const std::string& help, bool fallback);
    Millis duration(const std::string& name, const std::string& help, const std::string& fallback);
    /// Comma-separated, at least one when required; each trimmed.
    std::vector<std::string> list(const std::string& name, const std::string& help, bool required = true,
                                  const std::string& fallback = "");
    /// Comma-separated http(s) URLs, at least one.
    std::vector<std::string> urls(const std::string& name, const std::string& help);
    std::string one_of(const std::string& name, const std::string& help,
                       const std::vector<std::string>& allowed, const std::string& fallback);
    /// Any parser: mistakes are reported under the name, without repeating the value.
    template <class T>
    T parsed(const std::string& name, const std::string& help, const std::string& fallback,
             Result<T> (*parse)(std::string_view), T on_mistake) {
        auto result = parse(text(name, help, fallback));
        if (result) {
            return *result;
        }
        mistake(name, result.error().message);
        return on_mistake;
    }
    void mistake(const std::string& name, const std::string& message);

    const std::vector<Mistake>& mistakes() const { return mistakes_; }
    struct Asked {
        std::string name;
        std::string help;
        std::optional<std::string> fallback;
    };
    const std::vector<Asked>& asked() const { return asked_; }

  private:
    std::optional<std::string> get(const std::string& name, const std::string& help,
                                   const std::optional<std::string>& fallback);
    Source source_;
    std::vector<Mistake> mistakes_;
    std::vector<Asked> asked_;
};

}  // namespace lamda::runtime
