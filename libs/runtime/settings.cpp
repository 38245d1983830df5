#include "runtime/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/duration.hpp"
#include "crypto/address_text.hpp"
#include "runtime/setting_names.hpp"

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

std::string lowercase(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return text;
}

}  // namespace

Settings::Settings(Source source, Forget forget) : source_(std::move(source)), forget_(std::move(forget)) {}

Settings Settings::from_environment(EnvFile file) {
    const auto shared = std::make_shared<EnvFile>(std::move(file));
    return Settings(
        [shared](const std::string& name) -> std::optional<std::string> {
            if (const char* value = std::getenv(name.c_str())) {
                return value;
            }
            const auto found = shared->find(name);
            return found == shared->end() ? std::nullopt : std::optional<std::string>(found->second);
        },
        [shared](const std::string& name) {
            forget_variable(name);
            if (const auto found = shared->find(name); found != shared->end()) {
                wipe(found->second);
                shared->erase(found);
            }
        });
}

EnvFile take_secrets(EnvFile file, const std::vector<std::string>& kept) {
    for (const auto& name : secret_names()) {
        const bool keep = std::find(kept.begin(), kept.end(), name) != kept.end();
        const char* value = std::getenv(name.c_str());
        if (keep && value != nullptr) {
            wipe(file[name]);
            file[name] = value;
        }
        if (const auto found = file.find(name); !keep && found != file.end()) {
            wipe(found->second);
            file.erase(found);
        }
        forget_variable(name);
    }
    return file;
}

std::vector<std::string> names_set(const EnvFile& file) {
    std::vector<std::string> out;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        out.emplace_back(text.substr(0, text.find('=')));
    }
    for (const auto& [name, value] : file) {
        out.push_back(name);
    }
    return out;
}

void Settings::finish(const std::vector<std::string>& set_names) {
    for (const auto& [name, meant] : misspellings(set_names)) {
        mistake(name, "is not a setting; did you mean " + meant + "?");
    }
    for (const auto& name : secret_names()) {
        if (forget_) {
            forget_(name);
        }
    }
}

bool Settings::in_quotes(const std::string& name, std::string_view value) {
    const bool quoted =
        value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    if (quoted) {
        mistake(name,
                "is in quotes, which are part of the value (docker run --env-file keeps them): "
                "remove them");
    }
    return quoted;
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
    // `NAME=` in an environment file means "not set".
    if (!value || trim(*value).empty()) {
        return std::nullopt;
    }
    if (in_quotes(name, trim(*value))) {
        return std::nullopt;
    }
    return std::string(trim(*value));
}

std::string Settings::normal_form(const std::string& name, const std::string& help,
                                  Result<std::string> (*parse)(std::string_view),
                                  const std::optional<std::string>& fallback) {
    const auto value = text(name, help, fallback);
    return value.empty() ? value : normal(name, value, parse);
}

std::vector<std::string> Settings::normal_forms(const std::string& name, const std::string& help,
                                                Result<std::string> (*parse)(std::string_view)) {
    auto out = list(name, help, false);
    for (auto& item : out) {
        item = normal(name, item, parse);
    }
    return out;
}

std::string Settings::normal(const std::string& name, const std::string& value,
                             Result<std::string> (*parse)(std::string_view)) {
    auto parsed = parse(value);
    if (!parsed) {
        mistake(name, parsed.error().message);
    }
    return parsed ? *std::move(parsed) : std::string();
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
    if (in_quotes(name, secret.reveal())) {
        return {};
    }
    if (!secret.empty() && path) {
        mistake(name, "is set together with " + file_name + ": set one of them");
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
    return one_of("ENVIRONMENT", "development or production; production refuses unsafe sources of keys",
                  {"development", "production"}, "development");
}

Address Settings::address(const std::string& name, const std::string& help) {
    const auto value = get(name, help, std::nullopt);
    if (!value) {
        mistake(name, "is required: " + help);
        return {};
    }
    auto parsed = crypto::parse_address(*value);
    if (!parsed || parsed->is_zero()) {
        mistake(name, !parsed && parsed.error().code == "invalid_checksum"
                          ? parsed.error().message
                          : "is not an address: use 0x and 40 hex digits, not all zero");
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
    const std::string shown = fallback ? "true" : "false";
    const std::string value = lowercase(get(name, help, shown).value_or(shown));
    if (value != "true" && value != "false") {
        mistake(name, "must be true or false");
        return fallback;
    }
    return value == "true";
}

int Settings::port(const std::string& name, const std::string& help, std::uint16_t fallback) {
    const int out = static_cast<int>(number(name, help, fallback, 0, 65'535));
    const auto [other, fresh] = ports_.emplace(out, name);
    if (out != 0 && !fresh && other->second != name) {
        mistake(name, "is the same port as " + other->second + ": use different ports");
    }
    return out;
}

Millis Settings::duration(const std::string& name, const std::string& help, const std::string& fallback) {
    const auto parsed = parse_duration(get(name, help, fallback).value_or(fallback));
    if (!parsed) {
        mistake(name, parsed.error().message);
        return *parse_duration(fallback);
    }
    return *parsed;
}

Millis Settings::positive_duration(const std::string& name, const std::string& help,
                                   const std::string& fallback) {
    const Millis out = duration(name, help, fallback);
    if (out.count() <= 0) {
        mistake(name, "must be longer than 0");
        return *parse_duration(fallback);
    }
    return out;
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
    // An endpoint's URL often contains its key: the message must not repeat it.
    if (!std::all_of(out.begin(), out.end(), is_http_url)) {
        mistake(name, "must be http:// or https:// URLs, comma-separated");
    }
    return out;
}

std::string Settings::one_of(const std::string& name, const std::string& help,
                             const std::vector<std::string>& allowed, const std::string& fallback) {
    std::string value = lowercase(get(name, help, fallback).value_or(fallback));
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
