// Settings from the environment: each read once, every mistake reported at once and by name.
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

/// Reads names, notes mistakes, and knows what it was asked for (for --help). A mistake yields a default
/// value, so that reading goes on; the caller checks mistakes() at the end.
class Settings {
  public:
    using Source = std::function<std::optional<std::string>(const std::string& name)>;
    /// Makes the source forget a value that has been read.
    using Forget = std::function<void(const std::string& name)>;
    explicit Settings(Source source, Forget forget = nullptr);
    /// The environment, and for what it does not set, `file`. Secrets that are read are removed from both:
    /// while there is one thread only.
    static Settings from_environment(EnvFile file = {});

    std::string text(const std::string& name, const std::string& help,
                     const std::optional<std::string>& fallback = {});
    std::optional<std::string> maybe_text(const std::string& name, const std::string& help);
    /// NAME, or the first line of the file that NAME_FILE names; both is a mistake. The source forgets it:
    /// ask for it once.
    Secret secret(const std::string& name, const std::string& help, bool required = true);
    Address address(const std::string& name, const std::string& help);
    std::uint64_t number(const std::string& name, const std::string& help, std::uint64_t fallback,
                         std::uint64_t least, std::uint64_t most);
    std::optional<std::uint64_t> maybe_number(const std::string& name, const std::string& help);
    /// A TCP port; 0: any free one. Two settings with the same port are a mistake.
    int port(const std::string& name, const std::string& help, std::uint16_t fallback);
    /// `true` or `false`, in any case.
    bool boolean(const std::string& name, const std::string& help, bool fallback);
    Millis duration(const std::string& name, const std::string& help, const std::string& fallback);
    /// The same, above zero.
    Millis positive_duration(const std::string& name, const std::string& help, const std::string& fallback);
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

    /// Whether it has a value; asks for nothing.
    bool is_set(const std::string& name) const;
    /// A file in systemd's CREDENTIALS_DIRECTORY (systemd.exec(5), "Credentials"), whole. Absent: there is no
    /// such directory, or no such file in it.
    std::optional<Secret> credential(const std::string& name);
    /// ENVIRONMENT: `development` or `production`, in any case.
    std::string environment();
    /// Notes a mistake for each variable that is nearly one of our names (setting_names.hpp), and makes the
    /// source forget every secret that is left, read or not. The last thing that is done.
    void finish(const std::vector<std::string>& set_names);

    const std::vector<Mistake>& mistakes() const { return mistakes_; }
    struct Asked {
        std::string name;
        std::string help;
        std::optional<std::string> fallback;
    };
    const std::vector<Asked>& asked() const { return asked_; }

  private:
    void ask(const std::string& name, const std::string& help, const std::optional<std::string>& fallback);
    std::optional<std::string> get(const std::string& name, const std::string& help,
                                   const std::optional<std::string>& fallback);
    Secret secret_from(const std::string& file_name, const std::string& path);
    /// Quotes that a shell would have removed.
    bool in_quotes(const std::string& name, std::string_view value);

    Source source_;
    Forget forget_;
    std::vector<Mistake> mistakes_;
    std::vector<Asked> asked_;
    std::map<int, std::string> ports_;  ///< port → the setting that has it
};

/// Takes every secret (setting_names.hpp) out of this process's environment: those of `kept` move into the
/// file, whose own values they replace, the others are wiped there and here. For programs that read settings
/// when they need them. While there is one thread only.
EnvFile take_secrets(EnvFile file, const std::vector<std::string>& kept);

/// Names of this process's environment and of `file`.
std::vector<std::string> names_set(const EnvFile& file);

}  // namespace lamda::runtime
