#include "runtime/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/duration.hpp"

namespace lamda::runtime {

namespace {

std::string_view trim(std::string_view text) {
    const std::size_t from = text.find_first_not_of(" \t\r\n");
    return from == std::string_view::npos ? std::string_view()
                                          : text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

bool is_http_url(std::string_view url) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (url.starts_with(scheme)) {
            const std::string_view rest = url.substr(scheme.size());
            return !rest.empty() && rest[0] != '/' &&
                   std::all_of(rest.begin(), rest.end(), [](char c) { return c > 0x20 && c < 0x7F; });
        }
    }
    return false;
}

std::optional<std::uint64_t> digits(const std::string& text) {
    if (text.empty() || text.size() > 19 ||
        !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    return std::stoull(text);
}

}  // namespace

Settings::Settings(Source source, Forget forget) : source_(std::move(source)), forget_(std::move(forget)) {}

Settings Settings::from_environment() {
    return Settings(
        [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
        },
        forget_variable);
}

void Settings::ask(const std::string& name, const std::string& help,
                   const std::optional<std::string>& fallback) {
    const bool known =
        std::any_of(asked_.begin(), asked_.end(), [&](const Asked& asked) { return asked.name == name; });
    if (!known) {
        asked_.push_back({name, help, fallback});
    }
}

std::optional<std::string> Settings::get(const std::string& name, const std::string& help,
                                         const std::optional<std::string>& fallback) {
    ask(name, help, fallback);
    auto value = source_(name);
    // `NAME=` in an environment file means "not set" to everyone who writes one.
    if (!value || trim(*value).empty()) {
        return std::nullopt;
    }
    return std::string(trim(*value));
}

void Settings::mistake(const std::string& name, const std::string& message) {
    const bool known = std::any_of(mistakes_.begin(), mistakes_.end(),
                                   [&](const Mistake& other) { return other.name == name; });
    if (!known) {
        mistakes_.push_back({name, message});
    }
}

std::string Settings::text(const std::string& name, const std::string& help,
                           const std::optional<std::string>& fallback) {
    auto value = get(name, help, fallback);
    if (value) {
        return *std::move(value);
    }
    if (!fallback) {
        mistake(name, "is required: " + help);
    }
    return fallback.value_or("");
}

std::optional<std::string> Settings::maybe_text(const std::string& name, const std::string& help) {
    return get(name, help, "");
}

Secret Settings::secret(const std::string& name, const std::string& help, bool required) {
    const std::string file_name = name + "_FILE";
    ask(name, help, required ? std::nullopt : std::optional<std::string>(""));
    const auto path = get(file_name, "a file whose first line is " + name, "");
    Secret secret = trimmed(Secret(source_(name).value_or("")));
    if (forget_) {
        forget_(name);
    }
    if (!secret.empty() && path) {
        mistake(name, "is set, and so is " + file_name + ": set one of them");
        return {};
    }
    if (secret.empty() && path) {
        return secret_from(file_name, *path);
    }
    if (secret.empty() && required) {
        mistake(name, "is required (or " + file_name + "): " + help);
    }
    return secret;
}

Secret Settings::secret_from(const std::string& file_name, const std::string& path) {
    const auto text = read_secret_file(path);
    if (!text) {
        mistake(file_name, "names a file that cannot be read");
        return {};
    }
    Secret secret = trimmed(first_line(*text));
    if (secret.empty()) {
        mistake(file_name, "names a file whose first line is empty");
    }
    return secret;
}

bool Settings::is_set(const std::string& name) const {
    auto value = source_(name);
    const bool set = value && !trim(*value).empty();
    if (value) {
        wipe(*value);
    }
    return set;
}

std::optional<Secret> Settings::credential(const std::string& name) {
    const auto folder = source_("CREDENTIALS_DIRECTORY");
    const std::string path = folder.value_or("") + "/" + name;
    if (!folder || ::access(path.c_str(), F_OK) != 0) {
        return std::nullopt;
    }
    auto secret = read_secret_file(path);
    if (!secret || secret->empty()) {
        mistake(name, "the credential cannot be read, or is empty");
    }
    return secret;
}

std::string Settings::environment() {
    return text("ENVIRONMENT", "what this installation is called; production: keys are kept better",
                "development");
}

Address Settings::address(const std::string& name, const std::string& help) {
    const auto value = get(name, help, std::nullopt);
    if (!value) {
        mistake(name, "is required: " + help);
        return {};
    }
    auto parsed = Address::parse(*value);
    if (!parsed || parsed->is_zero()) {
        mistake(name, "is no address: 0x and 40 hex digits, not all zero");
        return {};
    }
    return *parsed;
}

std::uint64_t Settings::number(const std::string& name, const std::string& help, std::uint64_t fallback,
                               std::uint64_t least, std::uint64_t most) {
    const auto value = get(name, help, std::to_string(fallback));
    if (!value) {
        return fallback;
    }
    const auto number = digits(*value);
    if (!number || *number < least || *number > most) {
        mistake(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
        return fallback;
    }
    return *number;
}

std::optional<std::uint64_t> Settings::maybe_number(const std::string& name, const std::string& help) {
    const auto value = get(name, help, "");
    if (!value) {
        return std::nullopt;
    }
    const auto number = digits(*value);
    if (!number) {
        mistake(name, "must be a whole number");
    }
    return number;
}

bool Settings::boolean(const std::string& name, const std::string& help, bool fallback) {
    const std::string value =
        get(name, help, fallback ? "true" : "false").value_or(fallback ? "true" : "false");
    if (value == "true" || value == "1" || value == "yes" || value == "on") {
        return true;
    }
    if (value != "false" && value != "0" && value != "no" && value != "off") {
        mistake(name, "must be true or false");
        return fallback;
    }
    return false;
}

Millis Settings::duration(const std::string& name, const std::string& help, const std::string& fallback) {
    const auto parsed = parse_duration(get(name, help, fallback).value_or(fallback));
    if (!parsed) {
        mistake(name, parsed.error().message);
        return *parse_duration(fallback);
    }
    return *parsed;
}

std::vector<std::string> Settings::list(const std::string& name, const std::string& help, bool required,
                                        const std::string& fallback) {
    const auto shown = required && fallback.empty() ? std::nullopt : std::optional<std::string>(fallback);
    const std::string value = get(name, help, shown).value_or(fallback);
    std::vector<std::string> out;
    std::string_view rest = value;
    while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        const std::string_view item = trim(rest.substr(0, comma));
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        if (!item.empty()) {
            out.emplace_back(item);
        }
    }
    if (out.empty() && required) {
        mistake(name, "is required (one or more, comma-separated): " + help);
    }
    return out;
}

std::vector<std::string> Settings::urls(const std::string& name, const std::string& help) {
    auto out = list(name, help);
    // An endpoint's URL often carries its key: the message must not repeat it.
    if (!std::all_of(out.begin(), out.end(), is_http_url)) {
        mistake(name, "must be http:// or https:// URLs, comma-separated");
    }
    return out;
}

std::string Settings::one_of(const std::string& name, const std::string& help,
                             const std::vector<std::string>& allowed, const std::string& fallback) {
    std::string value = get(name, help, fallback).value_or(fallback);
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
        std::string all;
        for (const std::string& each : allowed) {
            all += (all.empty() ? "" : ", ") + each;
        }
        mistake(name, "must be one of: " + all);
        return fallback;
    }
    return value;
}

}  // namespace lamda::runtime
