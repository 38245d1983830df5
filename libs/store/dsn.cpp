#include "store/dsn.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace lamda::store {

namespace {

struct Enumeration {
    const char* keyword;
    std::vector<std::string> values;
};

/// libpq checks these only when it connects; then every attempt fails.
const std::vector<Enumeration>& enumerations() {
    static const std::vector<Enumeration> all{
        {"sslmode", {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
        {"channel_binding", {"disable", "prefer", "require"}},
        {"gssencmode", {"disable", "prefer", "require"}},
        {"target_session_attrs", {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}}};
    return all;
}

Error invalid(const std::string& message) {
    return Error{"invalid_dsn", message, ""};
}

bool is_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_port(std::string_view text) {
    if (text.empty()) {
        return true;  // libpq: the default port
    }
    return is_digits(text) && text.size() <= 5 && std::stoul(std::string(text)) >= 1 &&
           std::stoul(std::string(text)) <= 65'535;
}

bool is_uri(const std::string& dsn) {
    return dsn.starts_with("postgres://") || dsn.starts_with("postgresql://");
}

/// Names a parameter of another client library that libpq rejects. Only known names are quoted: with a `?`
/// that is not percent-encoded, a piece of the password looks like a parameter.
std::string unknown_parameter(const std::string& message) {
    for (const char* known : {"schema", "currentSchema", "pgbouncer", "connection_limit", "pool_timeout",
                              "sslaccept", "charset", "serverVersion", "ssl"}) {
        if (message.find("invalid URI query parameter: \"" + std::string(known) + "\"") !=
            std::string::npos) {
            return known;
        }
    }
    return "";
}

Error refused(const std::string& dsn, const std::string& message) {
    if (const auto name = unknown_parameter(message); !name.empty()) {
        return invalid("unknown parameter \"" + name + "\"; remove it or use one of libpq");
    }
    if (is_uri(dsn)) {
        return invalid(
            "is not a PostgreSQL URI: postgres://user:password@host:5432/database, with special characters "
            "of the "
            "password percent-encoded (/ is %2F, % is %25, @ is %40)");
    }
    return invalid(
        "is neither a PostgreSQL URI (postgres://user:password@host:5432/database, without quotes) nor a "
        "string of "
        "keyword=value");
}

Result<DsnParts> checked(DsnParts parts) {
    for (const auto& [keyword, values] : enumerations()) {
        const auto found = parts.find(keyword);
        if (found != parts.end() && std::find(values.begin(), values.end(), found->second) == values.end()) {
            std::string all;
            for (const auto& value : values) {
                all += (all.empty() ? "" : ", ") + value;
            }
            return invalid(std::string(keyword) + " must be one of: " + all);
        }
    }
    const std::string ports = parts.contains("port") ? parts.at("port") : "";
    for (std::size_t begin = 0; begin <= ports.size();) {
        const auto end = std::min(ports.find(',', begin), ports.size());
        if (!is_port(std::string_view(ports).substr(begin, end - begin))) {
            return invalid(
                "the port must be a number from 1 to 65535 (is a / of the password not percent-encoded?)");
        }
        begin = end + 1;
    }
    if (parts.contains("connect_timeout") && !is_digits(parts.at("connect_timeout"))) {
        return invalid("connect_timeout must be a whole number of seconds");
    }
    return parts;
}

}  // namespace

Result<DsnParts> parse_dsn(const std::string& dsn) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(dsn.c_str(), &message), &PQconninfoFree);
    const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, &PQfreemem);
    if (!options) {
        return refused(dsn, message == nullptr ? "" : message);
    }
    DsnParts parts;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) {
            parts[option->keyword] = option->val;
        }
    }
    if (parts.empty() && !is_uri(dsn)) {
        return refused(dsn, "");
    }
    return checked(std::move(parts));
}

std::string dsn_text(const DsnParts& parts) {
    std::string out;
    for (const auto& [keyword, value] : parts) {
        out += (out.empty() ? "" : " ") + keyword + "='";
        for (const char c : value) {
            if (c == '\'' || c == '\\') {
                out += '\\';
            }
            out += c;
        }
        out += '\'';
    }
    return out;
}

}  // namespace lamda::store
