#include "services/node-agent/executor/registry_login.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/image_reference.hpp"

namespace lamda::agent {

using Json = nlohmann::json;
using runtime::Secret;
using runtime::wipe;

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned kSextet = 6;
constexpr unsigned kOctet = 8;

/// RFC 4648, section 5, with padding, as Go's URLEncoding that the engine reads.
Secret base64url(const std::string& bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char byte : bytes) {
        bits = (bits << kOctet) | static_cast<std::uint8_t>(byte);
        for (held += kOctet; held >= kSextet; held -= kSextet) {
            out += kUrlAlphabet[(bits >> (held - kSextet)) & 63U];
        }
    }
    if (held > 0) {
        out += kUrlAlphabet[(bits << (kSextet - held)) & 63U];
    }
    out.append((4 - out.size() % 4) % 4, '=');
    return Secret(std::move(out));
}

/// RFC 4648, section 4; the padding may be missing. Empty: not base64.
Secret from_base64(std::string_view text) {
    text = text.substr(0, text.find_last_not_of("=\r\n") + 1);
    std::string out;
    out.reserve(text.size());
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const auto digit = kAlphabet.find(c);
        if (digit == std::string_view::npos) {
            wipe(out);
            break;
        }
        bits = (bits << kSextet) | static_cast<std::uint32_t>(digit);
        if (held += kSextet; held >= kOctet) {
            held -= kOctet;
            out += static_cast<char>((bits >> held) & 0xFFU);
        }
    }
    return Secret(std::move(out));
}

/// Overwrites every text of a JSON value.
void wipe_texts(Json& value) {
    if (value.is_string()) {
        wipe(value.get_ref<std::string&>());
    } else if (value.is_structured()) {
        for (auto& member : value) {
            wipe_texts(member);
        }
    }
}

struct Wiped {
    Json json;
    ~Wiped() { wipe_texts(json); }
};

/// `https://index.docker.io/v1/` and `Registry:5000/Path/` as `docker.io` and `registry:5000/path`.
std::string scope_of(std::string key) {
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (const auto scheme = key.find("://"); scheme != std::string::npos) {
        key = key.substr(scheme + 3);
        key.resize(std::min(key.find('/'), key.size()));  // the path is that of an API
    }
    key.resize(key.find_last_not_of('/') + 1);
    const auto host = key.substr(0, key.find('/'));
    const bool hub = host == "index.docker.io" || host == "registry-1.docker.io";
    return hub ? "docker.io" + key.substr(host.size()) : key;
}

const std::string& text_in(const Json& entry, const char* name) {
    static const std::string kNone;
    const auto found = entry.find(name);
    return found != entry.end() && found->is_string() ? found->get_ref<const std::string&>() : kNone;
}

/// Value of X-Registry-Auth for an entry of `auths`; empty: it has no login.
Secret header_of(const Json& entry, const std::string& scope) {
    Wiped header{{{"serveraddress", scope.substr(0, scope.find('/'))}}};
    const auto decoded = from_base64(text_in(entry, "auth"));
    const auto& pair = decoded.reveal();
    const auto colon = pair.find(':');
    if (const auto& token = text_in(entry, "identitytoken"); !token.empty()) {
        header.json["identitytoken"] = token;
    } else if (!text_in(entry, "username").empty() && !text_in(entry, "password").empty()) {
        header.json["username"] = text_in(entry, "username");
        header.json["password"] = text_in(entry, "password");
    } else if (colon != std::string::npos && colon > 0) {
        header.json["username"] = pair.substr(0, colon);
        header.json["password"] = pair.substr(colon + 1);
    } else {
        return {};
    }
    Secret text(header.json.dump(-1, ' ', false, Json::error_handler_t::replace));
    return base64url(text.reveal());
}

}  // namespace

Result<std::vector<RegistryLogin>> parse_registry_logins(const Secret& text) {
    const Wiped file{Json::parse(text.reveal(), nullptr, false)};
    if (!file.json.is_object() || !file.json.contains("auths") || !file.json["auths"].is_object()) {
        return Error{"invalid_auth_file", R"(must be a JSON object with "auths", as docker login writes it)",
                     ""};
    }
    std::vector<RegistryLogin> logins;
    for (const auto& [key, entry] : file.json["auths"].items()) {
        auto scope = scope_of(key);
        auto header = entry.is_object() ? header_of(entry, scope) : Secret();
        if (header.empty()) {
            return Error{"invalid_auth_file",
                         "the entry \"" + key +
                             "\" needs auth, or username and password, or identitytoken (programs that keep "
                             "logins, credsStore and credHelpers, are not used)",
                         "/auths"};
        }
        logins.push_back({std::move(scope), std::move(header)});
    }
    return logins;
}

Result<std::vector<RegistryLogin>> read_registry_logins(const std::string& path) {
    const auto text = runtime::read_secret_file(path);
    if (!text) {
        return Error{"unreadable", "the file cannot be read, or is larger than 64 KiB", ""};
    }
    return parse_registry_logins(*text);
}

const RegistryLogin* login_for(std::string_view reference, const std::vector<RegistryLogin>& logins) {
    const auto image = wire::normalize_image(reference);
    const RegistryLogin* best = nullptr;
    for (const auto& login : logins) {
        const auto size = login.scope.size();
        // A scope with a path may be a whole repository: a tag or a digest follows.
        const bool covers = image.starts_with(login.scope) &&
                            (image[size] == '/' || (login.scope.find('/') != std::string::npos &&
                                                    (image[size] == ':' || image[size] == '@')));
        if (covers && (best == nullptr || size > best->scope.size())) {
            best = &login;
        }
    }
    return best;
}

}  // namespace lamda::agent
