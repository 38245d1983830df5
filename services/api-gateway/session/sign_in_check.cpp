#include "services/api-gateway/session/sign_in_check.hpp"

#include <algorithm>

#include "services/api-gateway/session/nonce.hpp"

namespace lamda::gateway {

namespace {

std::string lowercase(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return out;
}

/// Empty, or `:` and one to five digits: no user before the host, and no length without bound.
bool is_port_or_none(std::string_view rest) {
    return rest.empty() ||
           (rest.size() >= 2 && rest.size() <= 6 && rest[0] == ':' &&
            std::all_of(rest.begin() + 1, rest.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

bool is_loopback_host(std::string_view domain) {
    const auto names = {std::string_view("localhost"), std::string_view("127.0.0.1"),
                        std::string_view("[::1]")};
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
        return domain.starts_with(name) && is_port_or_none(domain.substr(name.size()));
    });
}

/// An origin without https can be changed on its way; one on the user's machine is not on any.
bool is_scheme_allowed(std::string_view scheme, std::string_view domain) {
    return scheme.empty() || scheme == "https" || (scheme == "http" && is_loopback_host(domain));
}

}  // namespace

bool SignInDomains::allow(std::string_view domain) const {
    const auto wanted = lowercase(domain);
    return std::find(names.begin(), names.end(), wanted) != names.end() ||
           (loopback && is_loopback_host(wanted));
}

std::vector<Error> check_sign_in(const SignInMessage& message, const SignInRules& rules) {
    std::vector<Error> out;
    const auto refuse = [&](const char* code, const std::string& text) { out.push_back({code, text, ""}); };
    if (!rules.domains.allow(message.domain) ||
        !is_scheme_allowed(lowercase(message.scheme), message.domain)) {
        refuse("wrong_domain", "this gateway accepts no sign-in for this domain");
    }
    if (const auto authority = authority_of(message.uri);
        authority.empty() || !rules.domains.allow(authority)) {
        refuse("wrong_uri", "the URI must be an http(s) URL of a domain that this gateway accepts");
    }
    if (message.chain_id != rules.chain_id) {
        refuse("wrong_chain", "the chain id must be " + std::to_string(rules.chain_id.value));
    }
    if (const auto nonce = check_nonce(rules.nonce_key, message.nonce, rules.now); !nonce) {
        out.push_back(nonce.error());
    }
    if (message.issued_at > rules.now + kClockTolerance) {
        refuse("issued_in_future", "Issued At is in the future; use the time that came with the nonce");
    }
    if (message.issued_at + kNonceValidity + kClockTolerance < rules.now) {
        refuse("issued_too_long_ago", "Issued At is too long ago; use the time that came with the nonce");
    }
    if (message.expiration_time && *message.expiration_time <= rules.now) {
        refuse("expired", "Expiration Time has passed");
    }
    if (message.not_before && *message.not_before > rules.now) {
        refuse("not_yet_valid", "Not Before is in the future");
    }
    return out;
}

}  // namespace lamda::gateway
