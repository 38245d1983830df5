#include "services/api-gateway/session/sign_in_message.hpp"

#include <algorithm>

#include "core/u256.hpp"
#include "crypto/address_text.hpp"
#include "crypto/signer.hpp"

namespace lamda::gateway {

namespace {

constexpr std::string_view kHeading = " wants you to sign in with your Ethereum account:";
constexpr std::string_view kSubDelims = "!$&'()*+,;=";
constexpr std::string_view kReserved = ":/?#[]@!$&'()*+,;=";

Error invalid(const std::string& message) {
    return {"invalid_message", message, ""};
}

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_unreserved(char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
bool is_in(std::string_view set, char c) {
    return set.find(c) != std::string_view::npos;
}

/// True if each character is unreserved, in `more`, or part of a percent-encoded byte (RFC 3986, section 2).
bool has_uri_characters(std::string_view text, std::string_view more) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
                return false;
            }
            i += 2;
        } else if (!is_unreserved(text[i]) && !is_in(more, text[i])) {
            return false;
        }
    }
    return true;
}

bool is_scheme(std::string_view text) {
    return !text.empty() && is_alpha(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    });
}

bool is_authority(std::string_view text) {
    const auto host = text.substr(text.find('@') + 1);  // npos + 1: no user, the whole text
    const bool literal = host.starts_with('[');
    const auto end = literal ? host.find(']') : host.find(':');
    if (literal && end == std::string_view::npos) {
        return false;
    }
    const auto port =
        end == std::string_view::npos ? std::string_view() : host.substr(end + (literal ? 1 : 0));
    const auto name = literal ? host.substr(1, end - 1) : host.substr(0, end);
    const bool has_port =
        port.empty() || (port.front() == ':' && std::all_of(port.begin() + 1, port.end(), is_digit));
    return !name.empty() && has_port && has_uri_characters(name, literal ? ":" : kSubDelims) &&
           has_uri_characters(text.substr(0, text.find('@') == std::string_view::npos ? 0 : text.find('@')),
                              "!$&'()*+,;=:");
}

bool is_uri(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) {
        return false;
    }
    auto rest = text.substr(colon + 1);
    const auto hash = rest.find('#');
    if (hash != std::string_view::npos && !has_uri_characters(rest.substr(hash + 1), "!$&'()*+,;=:@/?")) {
        return false;
    }
    rest = rest.substr(0, hash);
    if (rest.starts_with("//")) {
        const auto end = std::min(rest.find_first_of("/?", 2), rest.size());
        if (!is_authority(rest.substr(2, end - 2))) {
            return false;
        }
        rest = rest.substr(end);
    }
    return has_uri_characters(rest, "!$&'()*+,;=:@/?");
}

/// Takes lines from the front of the message.
class Lines {
  public:
    explicit Lines(std::string_view text) : rest_(text) {}
    bool ended() const { return ended_; }
    /// The next line, without taking it; empty at the end.
    std::string_view peek() const { return ended_ ? std::string_view() : rest_.substr(0, rest_.find('\n')); }
    std::string_view take() {
        const auto line = peek();
        if (line.size() == rest_.size()) {
            ended_ = true;
        } else {
            rest_.remove_prefix(line.size() + 1);
        }
        return line;
    }
    /// The text after `prefix` of the next line; nullopt: another line is next.
    std::optional<std::string_view> take_field(std::string_view prefix) {
        if (ended_ || !peek().starts_with(prefix)) {
            return std::nullopt;
        }
        return take().substr(prefix.size());
    }

  private:
    std::string_view rest_;
    bool ended_ = false;
};

using Fault = std::optional<Error>;

Fault read_heading(Lines& lines, SignInMessage& out) {
    const auto heading = lines.take();
    if (!heading.ends_with(kHeading)) {
        return invalid("the first line must be: <domain> wants you to sign in with your Ethereum account:");
    }
    auto domain = heading.substr(0, heading.size() - kHeading.size());
    if (const auto end = domain.find("://"); end != std::string_view::npos) {
        out.scheme = domain.substr(0, end);
        domain.remove_prefix(end + 3);
        if (!is_scheme(out.scheme)) {
            return invalid("the scheme before the domain must be like https");
        }
    }
    if (!is_authority(domain)) {
        return invalid("the domain must be a host, and its port unless it is the scheme's default");
    }
    out.domain = domain;
    const auto address = lines.take();
    const auto parsed = crypto::parse_address(address);
    if (!parsed || crypto::checksum_address(*parsed) != address) {
        return invalid("the second line must be the address, with the checksum of EIP-55");
    }
    out.address = *parsed;
    return std::nullopt;
}

Fault read_statement(Lines& lines, SignInMessage& out) {
    if (lines.ended() || !lines.take().empty()) {
        return invalid("an empty line must follow the address");
    }
    if (!lines.peek().empty()) {
        const auto statement = lines.take();
        if (!std::all_of(statement.begin(), statement.end(),
                         [](char c) { return c == ' ' || is_unreserved(c) || is_in(kReserved, c); })) {
            return invalid(
                "the statement must be one line of ASCII letters, digits, blanks and "
                "-._~:/?#[]@!$&'()*+,;=");
        }
        out.statement = statement;
    }
    if (lines.ended() || !lines.take().empty()) {
        return invalid("an empty line must precede the line URI");
    }
    return std::nullopt;
}

Fault read_time(const std::string& name, std::string_view text, Timestamp& out) {
    const auto parsed = parse_rfc3339(text);
    if (!parsed) {
        return invalid(name + " must be a time in RFC 3339 form, such as 2026-11-20T10:00:00.000Z");
    }
    out = *parsed;
    return std::nullopt;
}

Fault read_time(Lines& lines, const std::string& name, std::optional<Timestamp>& out) {
    const auto text = lines.take_field(name + ": ");
    return text ? read_time(name, *text, out.emplace()) : std::nullopt;
}

Fault read_required(Lines& lines, SignInMessage& out) {
    const auto uri = lines.take_field("URI: ");
    if (!uri || !is_uri(*uri)) {
        return invalid("the line URI must follow, with a URI (RFC 3986)");
    }
    out.uri = *uri;
    if (lines.take_field("Version: ") != "1") {
        return invalid("the line Version must follow, with 1");
    }
    const auto chain_text = lines.take_field("Chain ID: ");
    const auto number = u256_from_decimal(chain_text.value_or(""));
    const auto chain = number ? to_u64(*number) : Result<std::uint64_t>(number.error());
    if (!chain) {
        return invalid("the line Chain ID must follow, with a decimal number");
    }
    out.chain_id = ChainId{*chain};
    const auto nonce = lines.take_field("Nonce: ");
    if (!nonce || nonce->size() < 8 ||
        !std::all_of(nonce->begin(), nonce->end(), [](char c) { return is_alpha(c) || is_digit(c); })) {
        return invalid("the line Nonce must follow, with at least 8 letters and digits");
    }
    out.nonce = *nonce;
    const auto issued = lines.take_field("Issued At: ");
    if (!issued) {
        return invalid("the line Issued At must follow");
    }
    return read_time("Issued At", *issued, out.issued_at);
}

Fault read_optional(Lines& lines, SignInMessage& out) {
    if (auto fault = read_time(lines, "Expiration Time", out.expiration_time)) {
        return fault;
    }
    if (auto fault = read_time(lines, "Not Before", out.not_before)) {
        return fault;
    }
    if (const auto id = lines.take_field("Request ID: ")) {
        if (!has_uri_characters(*id, "!$&'()*+,;=:@")) {
            return invalid("Request ID must consist of the characters of a path segment (RFC 3986)");
        }
        out.request_id = *id;
    }
    if (!lines.ended() && lines.peek() == "Resources:") {
        lines.take();
        while (const auto resource = lines.take_field("- ")) {
            if (!is_uri(*resource)) {
                return invalid("each resource must be a URI (RFC 3986)");
            }
            out.resources.emplace_back(*resource);
        }
    }
    return lines.ended()
               ? std::nullopt
               : Fault(invalid("unexpected text after the known lines; they are Expiration Time, Not "
                               "Before, Request ID and Resources, in this order"));
}

}  // namespace

Result<SignInMessage> parse_sign_in_message(std::string_view text) {
    if (text.size() > kLongestMessage) {
        return invalid("the message must have at most " + std::to_string(kLongestMessage) + " bytes");
    }
    Lines lines(text);
    SignInMessage out;
    for (const auto read : {read_heading, read_statement, read_required, read_optional}) {
        if (auto fault = read(lines, out)) {
            return *std::move(fault);
        }
    }
    return out;
}

std::string authority_of(std::string_view uri) {
    const auto colon = uri.find("://");
    std::string out(uri.substr(0, std::min(colon, uri.size())));
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    std::transform(out.begin(), out.end(), out.begin(), lower);
    if (colon == std::string_view::npos || (out != "https" && out != "http")) {
        return "";
    }
    const auto rest = uri.substr(colon + 3);
    out = rest.substr(0, rest.find_first_of("/?#"));
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

}  // namespace lamda::gateway
