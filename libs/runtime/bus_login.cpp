#include "runtime/bus_login.hpp"

#include "natsauth/claims.hpp"

namespace lamda::runtime {

namespace {

Result<natsauth::Credentials> read_file(const std::string& path) {
    const auto text = read_secret_file(path);
    return text ? natsauth::parse_credentials(text->reveal())
                : Error{"unreadable", "names a file that cannot be read", ""};
}

}  // namespace

std::optional<bus::Login> read_nats_login(Settings& settings) {
    constexpr auto kName = "NATS_CREDS_FILE";
    const auto path = settings.maybe_text(
        kName, "file with the bus's credentials (lamda nats init); absent: the login of NATS_URL");
    if (!path) {
        return std::nullopt;
    }
    const auto credentials = read_file(*path);
    if (!credentials) {
        settings.mistake(kName, credentials.error().message);
        return std::nullopt;
    }
    return make_login(natsauth::decode(credentials->jwt)->name, [path = *path] {
        auto now = read_file(path);
        if (!now) {
            throw std::runtime_error(now.error().message);
        }
        return *std::move(now);
    });
}

bus::Login make_login(std::string name, std::function<natsauth::Credentials()> current) {
    return {std::move(name), [current] { return current().jwt; },
            [current](const std::string& nonce) {
                const auto signature = current().key.sign(as_bytes(nonce));
                return std::vector<std::uint8_t>(signature.begin(), signature.end());
            }};
}

}  // namespace lamda::runtime
