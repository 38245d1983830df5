#include "tools/cli/secrets.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tools/cli/gateway.hpp"
#include "wire/secrets.hpp"

namespace lamda::cli {
namespace {

CommandRefused refused(const std::string& name, const std::string& reason) {
    return {kExitUsage, "--secret " + name + ": " + reason};
}

/// Reads without a stream, whose buffer would not be wiped.
crypto::SecretBytes read_secret(const std::string& name, const std::string& path) {
    const int file = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        throw refused(name, "cannot read " + path + ": " + std::strerror(errno));
    }
    crypto::SecretBytes buffer(wire::kMostSecretBytes + 1);
    std::size_t size = 0;
    ssize_t got = 1;
    while (got != 0 && size < buffer.size()) {
        got = ::read(file, buffer.data() + size, buffer.size() - size);
        if (got < 0 && errno != EINTR) {
            const std::string reason = std::strerror(errno);
            ::close(file);
            throw refused(name, "cannot read " + path + ": " + reason);
        }
        size += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    ::close(file);
    if (size > wire::kMostSecretBytes) {
        throw refused(name, path + " has more than 16,384 bytes");
    }
    return crypto::SecretBytes(buffer.view().first(size));
}

}  // namespace

nlohmann::json with_secrets(Context& context, const nlohmann::json& spec,
                            const std::map<std::string, std::string>& files,
                            const wire::SpecDefaults& defaults) {
    auto complete = wire::complete_job_spec(spec.dump(), defaults);
    if (!complete) {
        throw CommandRefused(kExitUsage,
                             "the spec is not usable: " + complete.error().message +
                                 (complete.error().where.empty() ? "" : " (" + complete.error().where + ")"));
    }
    const auto answer =
        nlohmann::json::parse(gateway_get(context, "/api/nodes/" + complete->provider.hex() + "/key"));
    const auto key = from_hex(answer.value("public_key", std::string()));
    if (!key) {
        throw CommandRefused(1, "nothing was paid: the gateway's answer has no public key of the provider");
    }
    const auto bare = *complete;
    for (const auto& [name, path] : files) {
        if (complete->secrets.contains(name)) {
            throw refused(name, "the spec has a secret of this name already");
        }
        auto sealed = wire::seal_secret(bare, name, read_secret(name, path).view(), *key);
        if (!sealed && sealed.error().code == "invalid_public_key") {
            throw CommandRefused(1,
                                 "nothing was paid: the gateway gave a wrong key: " + sealed.error().message);
        }
        if (!sealed) {
            throw refused(name, sealed.error().message);
        }
        complete->secrets.emplace(name, std::move(*sealed));
    }
    const auto canonical = wire::canonical_json(*complete);
    if (const auto whole = wire::parse_job_spec(canonical); !whole) {
        throw CommandRefused(kExitUsage,
                             "--secret: " + whole.error().message + " (" + whole.error().where + ")");
    }
    return nlohmann::json::parse(canonical);
}

}  // namespace lamda::cli
