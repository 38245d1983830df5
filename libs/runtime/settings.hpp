// Settings from the environment: each read once; every mistake reported at once and by name.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "runtime/env_file.hpp"
#include "runtime/secret.hpp"

namespace lamda::runtime {

struct Mistake {
    std::string name;
    std::string message;
};

/// Reads names, records mistakes, and lists the settings that were read (for --help). A mistake yields a
/// default value, so that reading continues; the caller checks mistakes() at the end.
class Settings {
  public:
    using Source = std::function<std::optional<std::string>(const std::string& name)>;
    /// Makes the source forget a value after it was read.
    using Forget = std::function<void(const std::string& name)>;
    explicit Settings(Source source, Forget forget = nullptr);
    /// Reads the environment and, for names that it does not set, `file`. Secrets are removed from both when
    /// read: only while there is one thread.
    static Settings from_environment(EnvFile file = {});

    std::string text(const std::string& name, const std::string& help,
                     const std::optional<std::string>& fallback = {});
    std::optional<std::string> maybe_text(const std::string& name, const std::string& help);
    /// NAME, or the first line of the file in NAME_FILE; setting both is a mistake. The source forgets the
    /// value: read it once.
    Secret secret(const std::string& name, const std::string& help, bool required = true);
    Address address(const std::string& name, const std::string& help);
    std::uint64_t number(const std::string& name, const std::string& help, std::uint64_t fallback,
                         std::uint64_t least, std::uint64_t most);
    std::optional<std::uint64_t> maybe_number(const std::string& name, const std::string& help);
    /// A TCP port; 0: any free port. Two settings with the same port are a mistake.
    int port(const std::string& name, const std::string& help, std::uint16_t fallback);
    /// `true` or `false`, in any case.
    bool boolean(const std::string& name, const std::string& help, bool fallback);
    Millis duration(const std::string& name, const std::string& help, const std::string& fallback);
    /// Like duration(), above zero.
    Millis positive_duration(const std::string& name, const std::string& help, const std::string& fallback);
    /// Comma-separated, trimmed; at least one item if required.
    std::vector<std::string> list(const std::string& name, const std::string& help, bool required = true,
                                  const std::string& fallback = "");
    /// Comma-separated http(s) URLs, at least one.
    std::vector<std::string> urls(const std::string& name, const std::string& help);
    std::string one_of(const std::string& name, const std::string& help,
                       const std::vector<std::string>& allowed, const std::string& fallback);
    /// Reads with any parser; mistakes are reported under the name, without the value.
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
    /// A text in the normal form of its parser; empty if it is absent or a mistake. Required without a
    /// fallback.
    std::string normal_form(const std::string& name, const std::string& help,
                            Result<std::string> (*parse)(std::string_view),
                            const std::optional<std::string>& fallback = {});
    /// The items of a list that may be empty, each in its normal form.
    std::vector<std::string> normal_forms(const std::string& name, const std::string& help,
                                          Result<std::string> (*parse)(std::string_view));
    void mistake(const std::string& name, const std::string& message);

    /// True if the name has a value; does not record a read.
    bool is_set(const std::string& name) const;
    /// The whole content of a file in systemd's CREDENTIALS_DIRECTORY (systemd.exec(5), "Credentials").
    /// Absent: the directory or the file does not exist.
    std::optional<Secret> credential(const std::string& name);
    /// ENVIRONMENT: `development` or `production`, in any case.
    std::string environment();
    /// Records a mistake for each variable that is nearly a setting's name (setting_names.hpp), and makes the
    /// source forget every remaining secret, read or not. Call last.
    void finish(const std::vector<std::string>& set_names);

    const std::vector<Mistake>& mistakes() const { return mistakes_; }
    struct Asked {
        std::string name;
        std::string help;
        std::optional<std::string> fallback;
    };
    const std::vector<Asked>& asked() const { return asked_; }

  private:
    std::string normal(const std::string& name, const std::string& value,
                       Result<std::string> (*parse)(std::string_view));
    void ask(const std::string& name, const std::string& help, const std::optional<std::string>& fallback);
    std::optional<std::string> get(const std::string& name, const std::string& help,
                                   const std::optional<std::string>& fallback);
    Secret secret_from(const std::string& file_name, const std::string& path);
    /// Records a mistake for quotes that a shell would have removed.
    bool in_quotes(const std::string& name, std::string_view value);

    Source source_;
    Forget forget_;
    std::vector<Mistake> mistakes_;
    std::vector<Asked> asked_;
    std::map<int, std::string> ports_;  ///< port → the setting that uses it
};

/// Removes every secret (setting_names.hpp) from this process's environment. Those in `kept` move into the
/// file and replace its values; the others are wiped in both. For programs that read settings when they need
/// them. Only while there is one thread.
EnvFile take_secrets(EnvFile file, const std::vector<std::string>& kept);

/// Names of this process's environment and of `file`.
std::vector<std::string> names_set(const EnvFile& file);

}  // namespace lamda::runtime
