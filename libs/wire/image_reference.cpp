#include "wire/image_reference.hpp"

#include <algorithm>
#include <optional>

namespace lamda::wire {
namespace {

constexpr std::size_t kMostName = 255;
constexpr std::size_t kMostTag = 128;
constexpr std::string_view kDockerHub = "docker.io";
constexpr std::string_view kOldDockerHub = "index.docker.io";

Error bad(const std::string& why) {
    return Error{"invalid_image", "not an image reference (name[:tag][@digest]): " + why, ""};
}

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return is_lower(c) || is_upper(c);
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}
bool is_word(char c) {
    return is_letter(c) || is_digit(c) || c == '_';
}

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
    return std::all_of(text.begin(), text.end(), predicate);
}

/// True if every part between the separators satisfies `part`.
template <class Predicate>
bool each_part(std::string_view text, char separator, Predicate part) {
    while (true) {
        const auto at = text.find(separator);
        if (!part(text.substr(0, at))) {
            return false;
        }
        if (at == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(at + 1);
    }
}

bool is_domain_label(std::string_view label) {
    return !label.empty() && label.front() != '-' && label.back() != '-' &&
           all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_domain(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos || end < 2 ||
            !all_of(
                text.substr(1, end - 1),
                [](char c) { return is_hex(c) || (c >= 'A' && c <= 'F') || c == ':'; })) {
            return false;
        }
        const auto rest = text.substr(end + 1);
        return rest.empty() || (rest.front() == ':' && rest.size() > 1 && all_of(rest.substr(1), is_digit));
    }
    const auto colon = text.find(':');
    if (colon != std::string_view::npos &&
        (colon + 1 == text.size() || !all_of(text.substr(colon + 1), is_digit))) {
        return false;
    }
    return each_part(text.substr(0, colon), '.', is_domain_label);
}

/// [a-z0-9]+ joined by one `.`, one or two `_`, or any number of `-`.
bool is_path_component(std::string_view text) {
    const auto alnum = [](char c) { return is_lower(c) || is_digit(c); };
    if (text.empty() || !alnum(text.front()) || !alnum(text.back())) {
        return false;
    }
    for (std::size_t i = 0; i < text.size();) {
        if (alnum(text[i])) {
            ++i;
            continue;
        }
        const auto end = text.find_first_not_of(text[i], i);
        const std::size_t run = end - i;  // the text ends with a letter or digit
        const bool joins = text[i] == '-' || (text[i] == '_' && run <= 2) || (text[i] == '.' && run == 1);
        if (!joins || !alnum(text[end])) {
            return false;
        }
        i = end;
    }
    return true;
}

/// True if the first component is a registry: it cannot be the first component of a path on Docker Hub.
bool names_registry(std::string_view first) {
    return first == "localhost" || first.find_first_of(".:[") != std::string_view::npos ||
           std::any_of(first.begin(), first.end(), is_upper);
}

/// The registry that a name begins with; empty: Docker Hub.
std::string_view named_registry(std::string_view name) {
    const auto slash = name.find('/');
    const auto first = name.substr(0, slash);
    return slash != std::string_view::npos && names_registry(first) ? first : std::string_view();
}

std::optional<std::string> wrong_digest(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return "a digest is algorithm:hex";
    }
    const auto algorithm = text.substr(0, colon);
    const auto hex = text.substr(colon + 1);
    const std::size_t digits = algorithm == "sha256" ? 64 : algorithm == "sha384" ? 96 : 128;
    if (algorithm != "sha256" && algorithm != "sha384" && algorithm != "sha512") {
        return "the digest's algorithm must be sha256, sha384 or sha512";
    }
    if (hex.size() != digits || !all_of(hex, is_hex)) {
        return "a " + std::string(algorithm) + " digest has " + std::to_string(digits) +
               " lowercase hex digits";
    }
    return std::nullopt;
}

std::optional<std::string> wrong_name(std::string_view name) {
    if (name.size() == 64 && all_of(name, is_hex)) {
        return "64 hex digits are an image id, which no registry resolves";
    }
    if (const auto registry = named_registry(name); !registry.empty()) {
        if (!is_domain(registry)) {
            return "the part before the first / is no registry host (write no scheme such as docker://)";
        }
        name.remove_prefix(registry.size() + 1);
    }
    if (std::any_of(name.begin(), name.end(), is_upper)) {
        return "the name must be lowercase";
    }
    if (!each_part(name, '/', is_path_component)) {
        return "each part of the name has lowercase letters and digits, with single . or - or _ between them";
    }
    return std::nullopt;
}

}  // namespace

Status check_image_reference(std::string_view text) {
    if (text.empty() || text.size() > kMostName) {
        return bad("1 to 255 bytes are needed");
    }
    if (const auto at = text.find('@'); at != std::string_view::npos) {
        if (const auto why = wrong_digest(text.substr(at + 1))) {
            return bad(*why);
        }
        text = text.substr(0, at);
    }
    const auto colon = text.rfind(':');
    const auto slash = text.rfind('/');
    if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
        const auto tag = text.substr(colon + 1);
        const bool fits = !tag.empty() && tag.size() <= kMostTag && is_word(tag.front()) &&
                          all_of(tag, [](char c) { return is_word(c) || c == '.' || c == '-'; });
        if (!fits) {
            return bad("a tag has 1 to 128 letters, digits, _ . or -, and begins with none of . -");
        }
        text = text.substr(0, colon);
    }
    if (const auto why = wrong_name(text)) {
        return bad(*why);
    }
    return Ok{};
}

std::string registry_of(std::string_view reference) {
    std::string registry(named_registry(reference.substr(0, reference.find('@'))));
    std::transform(registry.begin(), registry.end(), registry.begin(),
                   [](char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; });
    return registry.empty() || registry == kOldDockerHub ? std::string(kDockerHub) : registry;
}

std::string normalize_image(std::string_view reference) {
    const auto registry = registry_of(reference);
    if (const auto named = named_registry(reference); !named.empty()) {
        reference.remove_prefix(named.size() + 1);
    }
    std::string path(reference);
    if (registry == kDockerHub && reference.find('/') == std::string_view::npos) {
        path.insert(0, "library/");
    }
    if (path.find_first_of(":@") == std::string::npos) {
        path += ":latest";
    }
    return registry + "/" + path;
}

}  // namespace lamda::wire
