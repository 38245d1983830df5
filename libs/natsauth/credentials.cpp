#include "natsauth/credentials.hpp"

#include "natsauth/claims.hpp"

namespace lamda::natsauth {

namespace {

constexpr std::string_view kJwt = "NATS USER JWT";
constexpr std::string_view kSeed = "USER NKEY SEED";

std::string block(std::string_view label, const std::string& content) {
    const std::string name(label);
    return "-----BEGIN " + name + "-----\n" + content + "\n------END " + name + "------\n";
}

/// The first line after the one that begins the block; empty: there is none.
std::string_view content_of(std::string_view text, std::string_view label) {
    const auto begin = text.find("BEGIN " + std::string(label));
    const auto line = begin == std::string_view::npos ? begin : text.find('\n', begin);
    if (line == std::string_view::npos) {
        return {};
    }
    const auto content = text.substr(line + 1);
    return content.substr(0, content.find_first_of("\r\n"));
}

}  // namespace

std::string to_text(const Credentials& credentials) {
    return block(kJwt, credentials.jwt) + "\n" + block(kSeed, credentials.key.seed());
}

Result<Credentials> parse_credentials(std::string_view text) {
    const auto jwt = content_of(text, kJwt);
    const auto claims = decode(jwt);
    if (!claims) {
        return Error{"invalid_credentials",
                     "has no valid user JWT: a creds file of `lamda nats init` is wanted", ""};
    }
    auto key = Nkey::from_seed(KeyKind::kUser, content_of(text, kSeed));
    if (!key) {
        return Error{"invalid_credentials",
                     "has no seed of a user NKey: a creds file of `lamda nats init` is wanted", ""};
    }
    if (claims->subject != key->public_key()) {
        return Error{"invalid_credentials", "its JWT belongs to another key than its seed", ""};
    }
    return Credentials{std::string(jwt), *std::move(key)};
}

}  // namespace lamda::natsauth
